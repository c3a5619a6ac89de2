package emulator

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"sync"
)

// tokenType keeps the credentials apart: all are signed with one key, and none
// may stand in for another.
type tokenType string

const (
	typeSession tokenType = "SESSION" // the application's bearer token
	typeID      tokenType = "ID"      // stands for the Firebase ID token
	typeSignIn  tokenType = "SIGN_IN" // the hosted pages' own cookie
)

// claims is what a token says about itself. Subject is a session's id in a
// session token and a person's id in the others.
type claims struct {
	Subject  int64     `json:"sub,string"`
	Type     tokenType `json:"tokenType"`
	Revision int64     `json:"tokenRevision,omitempty"`
	// Serial makes two tokens of one instant different, and names the one that
	// ExpireToken ends.
	Serial  int64   `json:"jti,string"`
	Email   string  `json:"email,omitempty"`
	Issued  instant `json:"iat"`
	Expires instant `json:"exp,omitempty"`
}

// MarshalJSON writes a NumericDate with its fraction, which RFC 7519 section 2
// allows: rounding to seconds would end a token early or late, and tests that
// move the clock by exactly a lifetime would notice.
func (i instant) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%09d", i/1e9, i%1e9), nil
}

// UnmarshalJSON reads what MarshalJSON wrote; the signature has been checked.
func (i *instant) UnmarshalJSON(text []byte) error {
	seconds, fraction, _ := strings.Cut(string(text), ".")
	whole, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return err
	}
	nanos, err := strconv.ParseInt(fraction, 10, 64)
	if err != nil {
		return err
	}
	*i = instant(whole*1e9 + nanos)
	return nil
}

// joseHeader is {"alg":"HS256","typ":"JWT"}. A token that does not start with
// exactly these bytes is refused, so there is no algorithm to confuse.
const joseHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."

// signer makes and checks the tokens of one emulator. Its key is random: a
// token of another emulator, or of the real service, is never good here.
type signer struct {
	macs sync.Pool // of hash.Hash, keyed
}

func newSigner() *signer {
	key := make([]byte, sha256.Size)
	rand.Read(key) // never fails: crypto/rand crashes the program instead
	s := &signer{}
	s.macs.New = func() any { return hmac.New(sha256.New, key) }
	return s
}

func (s *signer) sign(c claims) string {
	body, err := json.Marshal(c)
	if err != nil {
		panic("emulator: claims do not marshal: " + err.Error()) // no field can
	}
	input := joseHeader + base64.RawURLEncoding.EncodeToString(body)
	return input + "." + string(s.signature(input))
}

// verify returns the claims of a token of the wanted type whose signature
// holds. Whether it has expired is not asked here: renewal and the browser
// logout take expired tokens.
func (s *signer) verify(token string, want tokenType) (claims, bool) {
	var c claims
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
	if err != nil || json.Unmarshal(body, &c) != nil {
		return c, false
	}
	return c, c.Type == want
}

func (s *signer) signature(input string) []byte {
	mac := s.macs.Get().(hash.Hash)
	defer s.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte(input))
	var sum [sha256.Size]byte
	return base64.RawURLEncoding.AppendEncode(nil, mac.Sum(sum[:0]))
}
