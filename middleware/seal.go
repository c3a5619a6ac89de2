package middleware

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
)

// EncryptionKey is 32 random bytes, such as crypto/rand or
//
//	openssl rand 32
//
// gives, kept where the application keeps its secrets. Like a token it prints
// as [REDACTED].
type EncryptionKey []byte

// Format keeps the key out of what is printed, under every verb.
func (EncryptionKey) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[REDACTED]")) }

// LogValue keeps the key out of logs.
func (EncryptionKey) LogValue() slog.Value { return slog.StringValue("[REDACTED]") }

// MarshalText keeps the key out of JSON and the like.
func (EncryptionKey) MarshalText() ([]byte, error) { return []byte("[REDACTED]"), nil }

const keyBytes = 32

// sealer encrypts what leaves this process, by AES-256-GCM.
type sealer struct {
	site string // that it is for: others may have the same keys
	keys []EncryptionKey
}

// newSealer makes up a key where none is given.
func newSealer(site string, keys []EncryptionKey) sealer {
	if len(keys) == 0 {
		made := make(EncryptionKey, keyBytes)
		_, _ = rand.Read(made) // never fails
		return sealer{site, []EncryptionKey{made}}
	}
	own := make([]EncryptionKey, len(keys))
	for i, key := range keys {
		own[i] = append(own[i], key...) // the caller may wipe theirs
	}
	return sealer{site, own}
}

// Each message has a key of its own, derived from a random salt that is sent
// along, so that the number of messages needs no bound as it would with random
// nonces under one key. The nonce is then always the same.
const saltBytes = 16

var nonce [12]byte

// seal encrypts text for one purpose: it opens for that one only.
func (s sealer) seal(purpose string, text []byte) string {
	purpose = s.site + " " + purpose
	sealed := make([]byte, saltBytes, saltBytes+len(text)+16)
	_, _ = rand.Read(sealed) // never fails
	sealed = messageCipher(s.keys[0], sealed, purpose).Seal(sealed, nonce[:], text, []byte(purpose))
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// open gives what was sealed for purpose under any of the keys.
func (s sealer) open(purpose, text string) (opened []byte, ok bool) {
	purpose = s.site + " " + purpose
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(sealed) < saltBytes {
		return nil, false
	}
	salt, sealed := sealed[:saltBytes], sealed[saltBytes:]
	for _, key := range s.keys {
		if opened, err := messageCipher(key, salt, purpose).Open(nil, nonce[:], sealed, []byte(purpose)); err == nil {
			return opened, true
		}
	}
	return nil, false
}

// messageCipher derives the cipher of one message. The errors are of lengths,
// which are constants here.
func messageCipher(key EncryptionKey, salt []byte, purpose string) cipher.AEAD {
	derived, err := hkdf.Key(sha256.New, key, salt, "secureflows-go browser v1 "+purpose, keyBytes)
	if err != nil {
		panic(err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}
