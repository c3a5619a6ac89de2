// Package jwtverify verifies the tokens of other providers, which are signed
// JWTs, and keeps the keys that they are verified with. It knows no provider:
// the packages under middleware that do are built on it.
//
//	keys, err := jwtverify.NewKeySet(jwtverify.KeySetConfig{URL: issuer + "/.well-known/jwks"})
//	...
//	verifier, err := jwtverify.New(jwtverify.Config{
//		Algorithms: []string{"ES256", "RS256"}, Keys: keys, Issuer: issuer,
//	})
//	...
//	registered, err := verifier.Verify(ctx, token, &claims)
//
// What a token may be is decided by the configuration and never by the token:
// which algorithms, which keys, whose. [Peek] reads a token without any of
// that, to find out whom to ask.
//
// It is stricter than RFC 7515 and RFC 7519 where they leave room: a token has
// one spelling only, must expire, and may bring no extension ("crit", "b64").
package jwtverify
