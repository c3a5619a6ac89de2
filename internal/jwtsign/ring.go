package jwtsign

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
)

// Ring is the keys of a provider that publishes them: a pair for ES256 and one
// for RS256, replaced together. It is safe for concurrent use.
type Ring struct {
	mu    sync.Mutex // guards all below
	pairs []pair     // the newest last, never empty
	made  int
}

// pair makes its keys when they are first asked for: one for RS256 takes longer
// than most tests.
type pair struct {
	id            string // which the kid begins with; the algorithm is its end
	elliptic, rsa func() *Key
}

// NewRing gives a ring with one pair.
func NewRing() *Ring {
	r := &Ring{}
	r.Rotate()
	return r
}

// Rotate signs with a new pair from now on. The old ones stay published.
func (r *Ring) Rotate() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.made++
	id := fmt.Sprintf("%d-", r.made)
	r.pairs = append(r.pairs, pair{
		id:       id,
		elliptic: sync.OnceValue(func() *Key { return Generate(ES256, id+"es256") }),
		rsa:      sync.OnceValue(func() *Key { return Generate(RS256, id+"rs256") }),
	})
}

// RemoveOld leaves only the pair that signs.
func (r *Ring) RemoveOld() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pairs = slices.Clone(r.pairs[len(r.pairs)-1:])
}

func (r *Ring) all() []pair {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.pairs)
}

func (p pair) key(algorithm string) *Key {
	if algorithm == RS256 {
		return p.rsa()
	}
	return p.elliptic()
}

// Key gives the one that signs by ES256 or RS256.
func (r *Ring) Key(algorithm string) *Key {
	pairs := r.all()
	return pairs[len(pairs)-1].key(algorithm)
}

// Verify is Key.Verify for whichever key of the ring has the token's kid.
func (r *Ring) Verify(token string) (map[string]any, error) {
	id := KeyID(token)
	for _, p := range r.all() {
		for _, algorithm := range []string{ES256, RS256} {
			if id == p.id+strings.ToLower(algorithm) {
				return p.key(algorithm).Verify(token)
			}
		}
	}
	return nil, ErrNotMine
}

// JWKS is the key set of RFC 7517 with all keys of the ring, the oldest first.
func (r *Ring) JWKS() []byte {
	keys := []map[string]string{}
	for _, p := range r.all() {
		keys = append(keys, p.elliptic().jwk(), p.rsa().jwk())
	}
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		panic("jwtsign: key set: " + err.Error()) // all are strings
	}
	return text
}

// jwk is the public key as RFC 7518, section 6, has it.
func (k *Key) jwk() map[string]string {
	jwk := map[string]string{"kid": k.id, "alg": k.algorithm, "use": "sig"}
	if k.algorithm == RS256 {
		jwk["kty"] = "RSA"
		jwk["n"] = encode(k.rsa.N.Bytes())
		jwk["e"] = encode(big.NewInt(int64(k.rsa.E)).Bytes())
		return jwk
	}
	point, err := k.elliptic.PublicKey.Bytes() // 4, x, y
	if err != nil {
		panic("jwtsign: key set: " + err.Error()) // the key is one that Generate made
	}
	jwk["kty"], jwk["crv"] = "EC", "P-256"
	jwk["x"], jwk["y"] = encode(point[1:33]), encode(point[33:])
	return jwk
}

// Forge is Sign for hostile tokens, which also does what an attacker does about
// the alg that override asks for: none is without signature, HS256 has the PEM
// of the key's public half as its secret, and ES256 and RS256 take the ring's
// key for it. Any other alg is written, and signed as algorithm says.
func (r *Ring) Forge(algorithm string, claims, override map[string]any) (string, error) {
	switch alg := override["alg"]; alg {
	case ES256, RS256:
		return r.Key(alg.(string)).Sign(claims, override)
	case HS256:
		key := r.Key(algorithm)
		signed, err := key.unsigned(claims, override)
		if err != nil {
			return "", err
		}
		return signed + "." + encode(mac(key.publicPEM(), signed)), nil
	}
	return r.Key(algorithm).Forge(claims, override)
}

// Forge is Sign, but for an alg of none, which is without signature.
func (k *Key) Forge(claims, override map[string]any) (string, error) {
	if override["alg"] != "none" {
		return k.Sign(claims, override)
	}
	signed, err := k.unsigned(claims, override)
	return signed + ".", err
}

// publicPEM is how public keys are handed out.
func (k *Key) publicPEM() []byte {
	var public any
	if k.algorithm == RS256 {
		public = &k.rsa.PublicKey
	} else {
		public = &k.elliptic.PublicKey
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic("jwtsign: public key: " + err.Error()) // the key is one that Generate made
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}
