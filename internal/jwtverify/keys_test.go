package jwtverify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
)

func TestWhichKeysOfASetAreUsed(t *testing.T) {
	es, rs := jwk(ecKey(), "e1"), jwk(rsaKey(), "r1")
	for name, row := range map[string]struct {
		keys  []string
		token string
		good  bool
	}{
		"fitting":                             {[]string{jwk(ecKey(), "e1", "use", "sig", "alg", "ES256", "key_ops", []string{"verify"})}, lasting(ecKey(), "e1"), true},
		"of another use":                      {[]string{jwk(ecKey(), "e1", "use", "enc"), rs}, lasting(ecKey(), "e1"), false},
		"of other operations":                 {[]string{jwk(ecKey(), "e1", "key_ops", []string{"sign"}), rs}, lasting(ecKey(), "e1"), false},
		"of no operations":                    {[]string{jwk(ecKey(), "e1", "key_ops", []string{}), rs}, lasting(ecKey(), "e1"), false},
		"for another algorithm":               {[]string{jwk(rsaKey(), "r1", "alg", "PS256"), es}, lasting(rsaKey(), "r1"), false},
		"for an algorithm of others":          {[]string{jwk(rsaKey(), "r1", "alg", "ES256"), es}, lasting(rsaKey(), "r1"), false},
		"for encryption":                      {[]string{jwk(rsaKey(), "r1", "alg", "RSA-OAEP"), es}, lasting(rsaKey(), "r1"), false},
		"an RSA key for ES256":                {[]string{jwk(rsaKey(), "e1")}, lasting(ecKey(), "e1"), false},
		"an EC key for RS256":                 {[]string{jwk(ecKey(), "r1")}, lasting(rsaKey(), "r1"), false},
		"an RSA key of 1024 bits":             {[]string{jwk(smallRSA(), "r1"), es}, lasting(smallRSA(), "r1"), false},
		"P-384":                               {[]string{jwk(wideEC(), "e1"), rs}, lasting(wideEC(), "e1"), false},
		"another id":                          {[]string{jwk(ecKey(), "e1x"), rs}, lasting(ecKey(), "e1"), false},
		"an id in capitals":                   {[]string{jwk(ecKey(), "E1"), rs}, lasting(ecKey(), "e1"), false},
		"a key without an id":                 {[]string{jwk(ecKey(), ""), rs}, lasting(ecKey(), "e1"), false},
		"a private key":                       {[]string{jwk(ecKey(), "e1", "d", encoded(string(must(ecKey().Bytes())))), rs}, lasting(ecKey(), "e1"), false},
		"a key with a member twice":           {[]string{strings.Replace(es, "{", `{"kid":"e0",`, 1), rs}, lasting(ecKey(), "e1"), false},
		"with a malformed certificate":        {[]string{jwk(ecKey(), "e1", "x5c", []string{"AAAA"}, "x5t", "?", "x5t#S256", 5, "x5u", ":")}, lasting(ecKey(), "e1"), true},
		"of malformed operations":             {[]string{jwk(ecKey(), "e1", "key_ops", "verify"), rs}, lasting(ecKey(), "e1"), false},
		"an unknown type beside":              {[]string{`{"kty":"QUANTUM","kid":"q"}`, es}, lasting(ecKey(), "e1"), true},
		"an unknown curve beside":             {[]string{jwk(ecKey(), "x", "crv", "P-999"), es}, lasting(ecKey(), "e1"), true},
		"a broken key beside":                 {[]string{`{"kty":"RSA","kid":"q","n":"!"}`, es}, lasting(ecKey(), "e1"), true},
		"a point off the curve beside":        {[]string{jwk(ecKey(), "x", "y", encoded(strings.Repeat("y", 32))), es}, lasting(ecKey(), "e1"), true},
		"no object beside":                    {[]string{`5`, `null`, `[]`, es}, lasting(ecKey(), "e1"), true},
		"a symmetric key":                     {[]string{`{"kty":"oct","kid":"h1","k":"` + encoded(string(secret)) + `"}`, es}, signer{"HS256", "h1", secret}.token(), false},
		"one id for two algorithms":           {[]string{jwk(rsaKey(), "k"), jwk(ecKey(), "k")}, lasting(ecKey(), "k"), true},
		"one id for two algorithms (2)":       {[]string{jwk(rsaKey(), "k"), jwk(ecKey(), "k")}, lasting(rsaKey(), "k"), true},
		"one id for two keys":                 {[]string{jwk(otherEC(), "k"), jwk(ecKey(), "k")}, lasting(ecKey(), "k"), true},
		"one id for two keys, neither":        {[]string{jwk(otherEC(), "k"), jwk(ecKey(), "k", "use", "enc")}, lasting(ecKey(), "k"), false},
		"no id, one key of the kind":          {[]string{rs, es}, lasting(ecKey(), ""), true},
		"no id, one key of the kind (2)":      {[]string{rs, es}, lasting(rsaKey(), ""), true},
		"no id, another of use":               {[]string{jwk(otherEC(), "e2", "use", "enc"), es}, lasting(ecKey(), ""), true},
		"no id, two keys of the kind":         {[]string{es, jwk(otherEC(), "e2")}, lasting(ecKey(), ""), false},
		"no id, none of the kind":             {[]string{rs}, lasting(ecKey(), ""), false},
		"no id, the only one does not fit":    {[]string{jwk(otherEC(), "e2")}, lasting(ecKey(), ""), false},
		"an id that is empty, one key":        {[]string{es}, signer{"ES256", "x", ecKey()}.with([]any{"kid", ""}, claims()), true},
		"a key without an id, without any":    {[]string{jwk(ecKey(), "")}, lasting(ecKey(), ""), true},
		"the right id and the wrong key":      {[]string{jwk(otherEC(), "e1")}, lasting(ecKey(), "e1"), false},
		"the id of a key of another provider": {[]string{es, jwk(otherEC(), "e2")}, lasting(otherEC(), "e1"), false},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				err := asks(t, newIssuer(keySet(row.keys...)).keys(t)).verify(row.token)
				if row.good {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
				}
			})
		})
	}
}

// TestANamelessKeyIsReplaced: without key ids, only a signature that does not
// fit tells that the key is another now.
func TestANamelessKeyIsReplaced(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(keySet(jwk(ecKey(), "")))
		a := asks(t, i.keys(t))
		a.accepts(lasting(ecKey(), ""))
		i.publishes(jwk(otherEC(), ""))
		a.accepts(lasting(otherEC(), ""))
		assert.Equal(t, 2, i.fetches())
		a.saysUnknown(lasting(ecKey(), ""))
		assert.Equal(t, 2, i.fetches())
	})
}

// TestABadSignatureOfAKnownKeyCausesNoFetch, however often.
func TestABadSignatureOfAKnownKeyCausesNoFetch(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		for range 100 {
			assert.ErrorContains(t, a.verify(lasting(otherEC(), "e1")), "signature does not fit")
		}
		assert.Equal(t, 1, i.fetches())
	})
}

func TestMisconfiguredKeySets(t *testing.T) {
	for says, cfg := range map[string]jwtverify.KeySetConfig{
		"no absolute URL":            {},
		"no absolute URL: ":          {URL: "/keys"},
		"no absolute URL: w":         {URL: "issuer.example/keys"},
		"no absolute URL: wr":        {URL: "https:issuer.example"},
		"no absolute URL: wri":       {URL: "https:///keys"},
		"no absolute URL: writ":      {URL: "https://issuer.example:port/keys"},
		"has a user":                 {URL: "https://admin:hunter2@issuer.example/keys"},
		"or a fragment":              {URL: "https://issuer.example/keys#1"},
		"is plain http":              {URL: "http://issuer.example/keys"},
		"is plain http,":             {URL: "http://localhost.evil.example/keys"},
		"is plain http, w":           {URL: "http://127.0.0.1.evil.example/keys"},
		"is plain http, wh":          {URL: "http://10.0.0.1/keys"},
		"no absolute URL: write":     {URL: "ftp://localhost/keys"},
		"MaxAge is -1ns":             {URL: keysURL, MaxAge: -1},
		"MaxAge is 24h0m0.000000001": {URL: keysURL, MaxAge: 24*time.Hour + 1},
		"Cooldown is negative":       {URL: keysURL, Cooldown: -1},
	} {
		_, err := jwtverify.NewKeySet(cfg)
		assert.ErrorIs(t, err, secureflows.ErrInvalidRequest, says)
		assert.ErrorContains(t, err, says)
		assert.NotContains(t, err.Error(), "hunter2")
	}
	for _, good := range []string{keysURL, "http://localhost:8080/keys", "http://127.0.0.1:8080/keys", "http://[::1]:8080/keys", "HTTPS://issuer.example/keys?x=1"} {
		_, err := jwtverify.NewKeySet(jwtverify.KeySetConfig{URL: good})
		assert.NoError(t, err, good)
	}
}

// TestANamelessTokenAmongSeveralKeys: to try each would be to let the token
// choose, and newer keys would not help.
func TestANamelessTokenAmongSeveralKeys(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(keySet(jwk(ecKey(), "e1"), jwk(otherEC(), "e2"), jwk(rsaKey(), "r1")))
		a := asks(t, i.keys(t))
		for range 3 {
			err := a.verify(lasting(ecKey(), ""))
			assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
			assert.ErrorContains(t, err, "which of several keys")
		}
		assert.Equal(t, 1, i.fetches())
		a.accepts(lasting(rsaKey(), ""))
	})
}
