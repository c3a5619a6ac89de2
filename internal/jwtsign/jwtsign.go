// Package jwtsign signs and checks the JWTs of the mocks of other providers, by
// the standard library alone: what verifies tokens in middleware shares no code
// with it, so that a mistake in one shows in the other.
package jwtsign

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// The algorithms of RFC 7518 that the providers use.
const (
	HS256 = "HS256"
	ES256 = "ES256"
	RS256 = "RS256"
)

// Key signs by one algorithm. Make one with HMAC or Generate.
type Key struct {
	// Behind a pointer, because fmt prints what one at the top level points to,
	// and nothing further down: whoever prints a server sees no key.
	*private
}

type private struct {
	algorithm string
	id        string // "" is no kid
	secret    []byte
	elliptic  *ecdsa.PrivateKey
	rsa       *rsa.PrivateKey
}

// HMAC is the HS256 key with this secret, which has no id.
func HMAC(secret []byte) *Key {
	return &Key{&private{algorithm: HS256, secret: bytes.Clone(secret)}}
}

// Secret gives the secret of an HMAC key.
func (k *Key) Secret() []byte { return bytes.Clone(k.secret) }

// NewSecret gives 32 random bytes.
func NewSecret() []byte {
	secret := make([]byte, sha256.Size)
	_, _ = rand.Read(secret) // never fails, since Go 1.24
	return secret
}

// Generate makes a key for ES256 or RS256, with the id as its kid.
func Generate(algorithm, id string) *Key {
	key := &Key{&private{algorithm: algorithm, id: id}}
	var err error
	if algorithm == RS256 {
		key.rsa, err = rsa.GenerateKey(rand.Reader, 2048)
	} else {
		key.elliptic, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		panic("jwtsign: generate: " + err.Error()) // the random source never fails
	}
	return key
}

// Sign gives a JWT with exactly these claims. The header has alg, typ and, for a
// key with an id, kid; override replaces its members, and takes away those that
// it has as nil. What the header then says does not change how the token is
// signed.
func (k *Key) Sign(claims, override map[string]any) (string, error) {
	signed, err := k.unsigned(claims, override)
	if err != nil {
		return "", err
	}
	return signed + "." + encode(k.signature(signed)), nil
}

func (k *Key) unsigned(claims, override map[string]any) (string, error) {
	header := map[string]any{"alg": k.algorithm, "typ": "JWT"}
	if k.id != "" {
		header["kid"] = k.id
	}
	for name, value := range override {
		if value == nil {
			delete(header, name)
		} else {
			header[name] = value
		}
	}
	head, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("the header is not JSON: %w", err)
	}
	if claims == nil {
		claims = map[string]any{}
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("the claims are not JSON: %w", err)
	}
	return encode(head) + "." + encode(body), nil
}

func (k *Key) signature(signed string) []byte {
	digest := sha256.Sum256([]byte(signed))
	var signature []byte
	var err error
	switch k.algorithm {
	case HS256:
		return mac(k.secret, signed)
	case RS256:
		signature, err = rsa.SignPKCS1v15(rand.Reader, k.rsa, crypto.SHA256, digest[:])
	default:
		var r, s *big.Int
		if r, s, err = ecdsa.Sign(rand.Reader, k.elliptic, digest[:]); err == nil {
			// Both numbers in full width (RFC 7518, section 3.4).
			signature = make([]byte, 64)
			r.FillBytes(signature[:32])
			s.FillBytes(signature[32:])
		}
	}
	if err != nil {
		panic("jwtsign: sign: " + err.Error()) // the key is one that Generate made
	}
	return signature
}

func mac(secret []byte, signed string) []byte {
	sum := hmac.New(sha256.New, secret)
	sum.Write([]byte(signed))
	return sum.Sum(nil)
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// ErrNotMine is about a token that the key has not signed.
var ErrNotMine = errors.New("jwtsign: the token was not signed with this key")

// Verify gives the claims of a token that this key has signed by its own
// algorithm. Numbers are json.Number. What the claims say, expiry included, is
// left to the caller.
func (k *Key) Verify(token string) (map[string]any, error) {
	head, rest, _ := strings.Cut(token, ".")
	body, tail, found := strings.Cut(rest, ".")
	signature, err := base64.RawURLEncoding.Strict().DecodeString(tail)
	if !found || err != nil {
		return nil, ErrNotMine
	}
	header, err := object(head)
	if err != nil || header["alg"] != k.algorithm {
		return nil, ErrNotMine
	}
	if !k.signs(head+"."+body, signature) {
		return nil, ErrNotMine
	}
	return object(body)
}

func (k *Key) signs(signed string, signature []byte) bool {
	digest := sha256.Sum256([]byte(signed))
	switch k.algorithm {
	case HS256:
		return hmac.Equal(signature, mac(k.secret, signed))
	case RS256:
		return rsa.VerifyPKCS1v15(&k.rsa.PublicKey, crypto.SHA256, digest[:], signature) == nil
	}
	return len(signature) == 64 && ecdsa.Verify(&k.elliptic.PublicKey, digest[:],
		new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
}

// object decodes a part of a token, which is to be one JSON object.
func object(part string) (map[string]any, error) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, ErrNotMine
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var members map[string]any
	if err := decoder.Decode(&members); err != nil || members == nil || decoder.More() {
		return nil, ErrNotMine
	}
	return members, nil
}

// KeyID is the kid that Sign writes, of a token that somebody else may have
// signed: "" when there is none.
func KeyID(token string) string {
	head, _, _ := strings.Cut(token, ".")
	header, err := object(head)
	if err != nil {
		return ""
	}
	id, _ := header["kid"].(string)
	return id
}
