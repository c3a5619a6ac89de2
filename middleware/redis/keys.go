package redis

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// tag stands for a token in Redis: a keyed hash, of use to nobody without the
// application's keys.
type tag [16]byte

func (t tag) String() string { return base64.RawURLEncoding.EncodeToString(t[:]) }

func parseTag(text string) (t tag, ok bool) {
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	return t, err == nil && copy(t[:], decoded) == len(t) && len(decoded) == len(t)
}

// key is what is derived from one of the application's.
type key struct {
	tagging    []byte
	encrypting []byte
}

// keyring are the application's keys: the first makes what is written, and what
// any of them made is understood.
type keyring []key

func newKeyring(keys []middleware.EncryptionKey) keyring {
	ring := make(keyring, len(keys))
	for i, given := range keys {
		ring[i] = key{derive(given, nil, "tags"), derive(given, nil, "answers")}
	}
	return ring
}

// derive makes a key for one purpose. The error is of a length, which is a
// constant here.
func derive(secret, salt []byte, purpose string) []byte {
	derived, err := hkdf.Key(sha256.New, secret, salt, "secureflows-go redis v1 "+purpose, 32)
	if err != nil {
		panic(err)
	}
	return derived
}

// tags gives those of a token under each key, the first one's first.
func (ring keyring) tags(token secureflows.Token) []tag {
	tags := make([]tag, len(ring))
	for i, key := range ring {
		tags[i] = key.tag(token)
	}
	return tags
}

func (k key) tag(token secureflows.Token) tag {
	mac := hmac.New(sha256.New, k.tagging)
	mac.Write([]byte(token.Reveal()))
	return tag(mac.Sum(nil)[:len(tag{})])
}

// seal encrypts what is said about the token of a tag, with its life beside it.
func (ring keyring) seal(about tag, text []byte) []byte {
	return ring[0].cipher(about).Seal(nil, nil, text, nil)
}

// open gives what was sealed about a tag. It was made under the first key, whose
// tag it lies at.
func (ring keyring) open(about tag, sealed []byte) (text []byte, ok bool) {
	text, err := ring[0].cipher(about).Open(nil, nil, sealed, nil)
	return text, err == nil
}

// cipher is AES-256-GCM under a key for this tag alone: an answer cannot be moved
// to another token, and no key sees so many random nonces that two would meet.
func (k key) cipher(about tag) cipher.AEAD {
	block, err := aes.NewCipher(derive(k.encrypting, about[:], "answer"))
	if err != nil {
		panic(err) // the key has the right length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}
