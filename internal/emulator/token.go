package emulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"hash"
	"hash/maphash"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// tokenType keeps the credentials apart: all are signed with one key, and none
// may stand in for another.
type tokenType string

const (
	typeSession tokenType = "SESSION" // the application's bearer token
	typeID      tokenType = "ID"      // stands for the Firebase ID token
	typeSignIn  tokenType = "SIGN_IN" // the hosted pages' own cookie
	typeUser    tokenType = "USER"    // a person's access to their own sessions of a workspace
)

// claims is what a token says about itself. Subject is a session's id in a
// session token and a person's id in the others.
type claims struct {
	Subject  int64
	Type     tokenType
	Revision int64
	// Serial makes two tokens of one instant different, and names the one that
	// ExpireToken ends.
	Serial  int64
	Issued  instant
	Expires instant
	// Workspace is the tenant's id in a USER token, and 0 in the others.
	Workspace int64
	Email     string // for people who look into an ID token; never read back
}

// marshal writes the claims as JSON, in an order that parseClaims counts on.
// The dates are NumericDates with their fraction, which RFC 7519 section 2
// allows: rounding to seconds would end a token early or late, and tests that
// move the clock by exactly a lifetime would notice.
func (c claims) marshal() []byte {
	b := fmt.Appendf(nil, `{"sub":"%d","tokenType":"%s","tokenRevision":%d,"jti":"%d","iat":%s`,
		c.Subject, c.Type, c.Revision, c.Serial, c.Issued.numericDate())
	if c.Expires != never {
		b = fmt.Appendf(b, `,"exp":%s`, c.Expires.numericDate())
	}
	if c.Workspace != 0 {
		b = fmt.Appendf(b, `,"workspaceId":%d,"role":"USER"`, c.Workspace)
	}
	if c.Email != "" {
		b = appendJSONString(append(b, `,"email":`...), c.Email)
	}
	return append(b, '}')
}

// parseClaims reads what marshal wrote, whose signature has been checked. Every
// request does this, and encoding/json would take longer than all the rest.
func parseClaims(text string) (c claims, ok bool) {
	c.Subject, ok = claimNumber(text, `"sub":"`, "")
	if !ok {
		return c, false
	}
	c.Type = tokenType(claim(text, `"tokenType":"`))
	c.Revision, _ = claimNumber(text, `"tokenRevision":`, "")
	c.Serial, _ = claimNumber(text, `"jti":"`, "")
	c.Workspace, _ = claimNumber(text, `"workspaceId":`, "")
	issued, _ := claimNumber(text, `"iat":`, ".")
	expires, _ := claimNumber(text, `"exp":`, ".")
	c.Issued, c.Expires = instant(issued), instant(expires)
	return c, true
}

// claim is the text from the end of name to the end of its value. Quotes in an
// email are escaped, so none can be taken for the name of a claim.
func claim(text, name string) string {
	_, rest, _ := strings.Cut(text, name)
	if end := strings.IndexAny(rest, `",}`); end >= 0 {
		return rest[:end]
	}
	return ""
}

// claimNumber takes the point out of a NumericDate, which leaves nanoseconds.
func claimNumber(text, name, point string) (int64, bool) {
	digits := claim(text, name)
	if point != "" {
		digits = strings.Replace(digits, point, "", 1)
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	return number, err == nil
}

func (i instant) numericDate() string { return fmt.Sprintf("%d.%09d", i/1e9, i%1e9) }

// joseHeader is {"alg":"HS256","typ":"JWT"}. A token that does not start with
// exactly these bytes is refused, so there is no algorithm to confuse.
const joseHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."

// signer makes and checks the tokens of one emulator. Its key is random: a
// token of another emulator, or of the real service, is never good here.
type signer struct {
	macs sync.Pool // of hash.Hash, keyed
	seed maphash.Seed
	// verified remembers tokens whose signature was found to hold, each in the
	// place its hash picks: an application sends the same one over and over.
	verified [256]atomic.Pointer[verifiedToken]
}

type verifiedToken struct {
	token  []byte
	claims claims
}

func newSigner() *signer {
	key := make([]byte, sha256.Size)
	rand.Read(key) // never fails: crypto/rand crashes the program instead
	s := &signer{seed: maphash.MakeSeed()}
	s.macs.New = func() any { return hmac.New(sha256.New, key) }
	return s
}

func (s *signer) sign(c claims) string {
	input := joseHeader + base64.RawURLEncoding.EncodeToString(c.marshal())
	return input + "." + string(s.signature(input))
}

// verify returns the claims of a token of the wanted type whose signature
// holds. Whether it has expired is not asked here: renewal and the browser
// logout take expired tokens.
func (s *signer) verify(token string, want tokenType) (claims, bool) {
	place := &s.verified[maphash.String(s.seed, token)%uint64(len(s.verified))]
	if known := place.Load(); known != nil && subtle.ConstantTimeCompare(known.token, []byte(token)) == 1 {
		return known.claims, known.claims.Type == want
	}
	c, ok := s.check(token)
	if ok {
		place.Store(&verifiedToken{[]byte(token), c})
	}
	return c, ok && c.Type == want
}

// check is verify without memory.
func (s *signer) check(token string) (c claims, ok bool) {
	end := strings.LastIndexByte(token, '.')
	if end < len(joseHeader) || !strings.HasPrefix(token, joseHeader) {
		return c, false
	}
	// The encoded signatures are compared, not the decoded: base64 has several
	// spellings for the same bytes, and only one of them was issued.
	if subtle.ConstantTimeCompare(s.signature(token[:end]), []byte(token[end+1:])) != 1 {
		return c, false
	}
	body, err := base64.RawURLEncoding.DecodeString(token[len(joseHeader):end])
	if err != nil {
		return c, false
	}
	return parseClaims(string(body))
}

func (s *signer) signature(input string) []byte {
	mac := s.macs.Get().(hash.Hash)
	defer s.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte(input))
	var sum [sha256.Size]byte
	return base64.RawURLEncoding.AppendEncode(nil, mac.Sum(sum[:0]))
}
