package jwtverify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	stdjson "encoding/json"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// keys are those of one answer of the issuer's. They never change.
type keys struct {
	byID        map[keyName][]any
	byAlgorithm map[string][]any
	// number tells the fetch that brought them, and asked when it began.
	number int64
	asked  time.Duration
}

type keyName struct{ algorithm, id string }

// verify gives the claims of a token whose signature fits. known is false where
// a newer answer may have the key.
func (k *keys) verify(token *signed) (payload []byte, known bool, err error) {
	if k == nil {
		return nil, false, nil
	}
	if token.keyID == "" {
		return k.verifyUnnamed(token)
	}
	candidates := k.byID[keyName{token.algorithm, token.keyID}]
	if len(candidates) == 0 {
		return nil, false, nil
	}
	for _, key := range candidates {
		if payload, err := token.jws.Verify(key); err == nil {
			return payload, true, nil
		}
	}
	return nil, true, errSignature
}

// verifyUnnamed is for a token without a key id. Its key is the only one there
// is, but where the signature does not fit, another may have replaced that.
func (k *keys) verifyUnnamed(token *signed) (payload []byte, known bool, err error) {
	candidates := k.byAlgorithm[token.algorithm]
	if len(candidates) > 1 {
		return nil, true, errWhichKey
	}
	if len(candidates) == 1 {
		if payload, err := token.jws.Verify(candidates[0]); err == nil {
			return payload, true, nil
		}
	}
	return nil, false, nil
}

// readKeys reads a JWK set (RFC 7517 section 5), key by key: one of a kind that
// is not known must not make the others unknown too. It is nil where the text is
// no key set, or none of its keys can be used.
func readKeys(text []byte) *keys {
	var set struct {
		Keys []stdjson.RawMessage `json:"keys"`
	}
	if !isObject(text) || json.Unmarshal(text, &set) != nil {
		return nil
	}
	found := &keys{byID: make(map[keyName][]any), byAlgorithm: make(map[string][]any)}
	for _, each := range set.Keys {
		key, id, algorithm := readKey(each)
		if key == nil {
			continue
		}
		found.byAlgorithm[algorithm] = append(found.byAlgorithm[algorithm], key)
		if id != "" {
			name := keyName{algorithm, id}
			found.byID[name] = append(found.byID[name], key)
		}
	}
	if len(found.byAlgorithm) == 0 {
		return nil
	}
	return found
}

// readKey gives a public key and the one algorithm that it is for; nil where it
// is for none. A private key is no key: it has been published.
func readKey(text []byte) (key any, id, algorithm string) {
	var members map[string]stdjson.RawMessage
	if json.Unmarshal(text, &members) != nil || !verifies(members["key_ops"]) {
		return nil, "", ""
	}
	for _, certificate := range []string{"x5c", "x5t", "x5t#S256", "x5u"} {
		delete(members, certificate) // nobody looks at them: one that is malformed spoils no key
	}
	var jwk jose.JSONWebKey
	if text, err := json.Marshal(members); err != nil || json.Unmarshal(text, &jwk) != nil {
		return nil, "", ""
	}
	switch public := jwk.Key.(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() >= minRSABits {
			algorithm = string(jose.RS256)
		}
	case *ecdsa.PublicKey:
		if public.Curve == elliptic.P256() {
			algorithm = string(jose.ES256)
		}
	}
	switch {
	case algorithm == "",
		jwk.Algorithm != "" && jwk.Algorithm != algorithm,
		jwk.Use != "" && jwk.Use != "sig":
		return nil, "", ""
	}
	return jwk.Key, jwk.KeyID, algorithm
}

// verifies reports whether "key_ops", where there is one, allows what is done
// here with a key.
func verifies(operations stdjson.RawMessage) bool {
	var list []string
	return operations == nil || json.Unmarshal(operations, &list) == nil && slices.Contains(list, "verify")
}

// minRSABits is the least of RFC 7518 section 3.3.
const minRSABits = 2048
