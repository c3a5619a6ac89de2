package jwtverify

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"

	"github.com/secureflows/secureflows-go"
)

// Config is what New takes.
type Config struct {
	// Algorithms are those that a token may be signed with: HS256 with a
	// [Secret], ES256, RS256 or both with a [KeySet]. There is no
	// default, and a token has no say in it.
	Algorithms []string
	// Keys are what tokens are verified with. There is no default.
	Keys Keys
	// Issuer must be the claim "iss", to the letter. "" is not compared.
	Issuer string
	// Audience lists whom tokens may be for: one of them must be in the claim
	// "aud". None is not compared.
	Audience []string
	// Leeway is how far the clocks of issuer and verifier may be apart: a token
	// is good until just before "exp" plus Leeway, and from "nbf" and "iat"
	// minus Leeway on. 0 is none, 5 minutes are the most.
	Leeway time.Duration
	// Now tells the time. nil is time.Now.
	Now func() time.Time
}

const maxLeeway = 5 * time.Minute

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	algorithms []jose.SignatureAlgorithm
	keys       Keys
	issuer     string
	audience   []string
	leeway     time.Duration
	now        func() time.Time
}

// New makes a Verifier. It performs no I/O, and refuses, as
// secureflows.ErrInvalidRequest, what could not work or would not be safe.
func New(cfg Config) (*Verifier, error) {
	if !given(cfg.Keys) {
		return nil, misconfigured("new verifier: Config.Keys is missing: make it by NewSecret or NewKeySet")
	}
	algorithms, err := pinned(cfg.Algorithms, cfg.Keys.algorithms())
	if err != nil {
		return nil, err
	}
	if cfg.Leeway < 0 || cfg.Leeway > maxLeeway {
		return nil, misconfigured("new verifier: Config.Leeway is %v: write something from 0 to %v; clocks that are further apart should be set", cfg.Leeway, maxLeeway)
	}
	if slices.Contains(cfg.Audience, "") {
		return nil, misconfigured(`new verifier: Config.Audience has an empty name: leave it out; no names at all compare nothing`)
	}
	v := &Verifier{
		algorithms: algorithms, keys: cfg.Keys, issuer: cfg.Issuer, audience: slices.Clone(cfg.Audience),
		leeway: cfg.Leeway, now: cfg.Now,
	}
	if v.now == nil {
		v.now = time.Now
	}
	return v, nil
}

// given reports whether keys were made by one of the functions that make them.
func given(keys Keys) bool {
	switch keys := keys.(type) {
	case Secret:
		return !keys.IsZero()
	case *KeySet:
		return keys != nil && keys.client != nil
	}
	return false
}

// pinned gives the algorithms that are wanted. All must be those of the keys:
// if one list could have HS256 and RS256, whoever knows the public key could
// sign with it as a secret.
func pinned(wanted, possible []string) ([]jose.SignatureAlgorithm, error) {
	if len(wanted) == 0 {
		return nil, misconfigured("new verifier: Config.Algorithms is empty: list those that the issuer signs with, of %s", strings.Join(possible, " and "))
	}
	algorithms := make([]jose.SignatureAlgorithm, 0, len(wanted))
	for _, algorithm := range wanted {
		if !slices.Contains(possible, algorithm) {
			return nil, misconfigured("new verifier: Config.Algorithms has %q, which Config.Keys cannot be for: a Secret is for HS256 alone, a KeySet for ES256 and RS256", algorithm)
		}
		algorithms = append(algorithms, jose.SignatureAlgorithm(algorithm))
	}
	return algorithms, nil
}

func misconfigured(format string, values ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{secureflows.ErrInvalidRequest}, values...)...)
}

// refused is what is wrong with a token. None of the reasons quotes it.
func refused(reason string) error {
	return fmt.Errorf("%w: verify token: %s", secureflows.ErrUnauthenticated, reason)
}

var (
	errTooLong     = refused(fmt.Sprintf("it has more than %d bytes", maxTokenBytes))
	errNotCompact  = refused("it is no signed JWT in compact form, canonically encoded")
	errHeader      = refused("its header is no JSON object, or has a member twice")
	errEncrypted   = refused("it is encrypted; only signed tokens are accepted")
	errCritical    = refused(`its header has "crit" or "b64"; extensions are not accepted`)
	errAlgorithm   = refused("its algorithm is not one that is accepted")
	errMembers     = refused("a member of its header is of another type than it must be")
	errSignature   = refused("the signature does not fit")
	errUnknownKey  = refused("no key of the issuer fits it")
	errWhichKey    = refused("it does not say which of several keys it was signed with")
	errClaims      = refused("its claims are no JSON object in Unicode, have a member twice, or a registered one of another type")
	errNoExpiry    = refused(`it has no "exp"`)
	errIssuer      = refused("it is of another issuer")
	errAudience    = refused("it is for another audience")
	errNotYet      = refused(`"nbf" has not come yet`)
	errOfTheFuture = refused(`"iat" is in the future`)
	errOtherClaims = refused("its claims are not of the types that are expected")
	errExpired     = fmt.Errorf("%w: verify token", secureflows.ErrTokenExpired)
)

// Verify gives the registered claims of a token that is good, and decodes all
// claims into claims, a pointer to a struct, or nil. Names of claims are
// compared to the letter there. Of a token that is refused nothing is decoded,
// unless the reason is that its claims do not fit the struct.
//
// The error wraps secureflows.ErrTokenExpired where everything but the date is
// good, secureflows.ErrUnauthenticated for all else that is wrong with a token,
// and secureflows.ErrUnavailable where keys are needed that cannot be fetched.
// It is that of ctx, as it is, when ctx ends meanwhile. It quotes nothing of
// the token.
func (v *Verifier) Verify(ctx context.Context, token string, claims any) (Registered, error) {
	if into := reflect.ValueOf(claims); claims != nil && (into.Kind() != reflect.Pointer || into.IsNil()) {
		return Registered{}, misconfigured("verify token: claims is a %T: give a pointer to a struct, or nil", claims)
	}
	signed, err := v.parse(token)
	if err != nil {
		return Registered{}, err
	}
	payload, err := v.keys.verify(ctx, signed)
	if err != nil {
		return Registered{}, err
	}
	registered, err := v.read(payload)
	if err != nil {
		return Registered{}, err
	}
	if claims != nil && json.Unmarshal(payload, claims) != nil {
		return Registered{}, errOtherClaims
	}
	return registered, nil
}

// parse reads a token as far as that is possible without a key.
func (v *Verifier) parse(token string) (*signed, error) {
	if len(token) > maxTokenBytes {
		return nil, errTooLong
	}
	part, ok := headerOf(token)
	if !ok {
		return nil, errNotCompact
	}
	h, ok := readHeader(part)
	switch {
	case !ok:
		return nil, errHeader
	case h.Encryption != nil:
		return nil, errEncrypted
	case h.Critical != nil || h.Unencoded != nil:
		return nil, errCritical
	}
	jws, err := jose.ParseSignedCompact(token, v.algorithms)
	if other := (*jose.ErrUnexpectedSignatureAlgorithm)(nil); errors.As(err, &other) {
		return nil, errAlgorithm // err quotes the header
	}
	if err != nil {
		return nil, errMembers
	}
	return &signed{jws: jws, algorithm: jws.Signatures[0].Protected.Algorithm, keyID: jws.Signatures[0].Protected.KeyID}, nil
}

// read gives the registered claims, and compares them. That the token has
// expired is said last: where that is all that is wrong, its user may renew.
func (v *Verifier) read(payload []byte) (Registered, error) {
	var wire wireClaims
	if !isObject(payload) || json.Unmarshal(payload, &wire) != nil {
		return Registered{}, errClaims
	}
	registered, now := wire.registered(), v.now()
	switch {
	case registered.ExpiresAt.IsZero():
		return Registered{}, errNoExpiry
	case v.issuer != "" && registered.Issuer != v.issuer:
		return Registered{}, errIssuer
	case len(v.audience) > 0 && !registered.isFor(v.audience):
		return Registered{}, errAudience
	case now.Add(v.leeway).Before(registered.NotBefore):
		return Registered{}, errNotYet
	case now.Add(v.leeway).Before(registered.IssuedAt):
		return Registered{}, errOfTheFuture
	case !now.Before(registered.ExpiresAt.Add(v.leeway)):
		return Registered{}, errExpired
	}
	return registered, nil
}
