package productflo_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/productflo"
)

// TestAnIssuerIsLeftOutOnPurposeOnly: were it the default, good tokens with an
// issuer would be passed on to whoever is asked next.
func TestAnIssuerIsLeftOutOnPurposeOnly(t *testing.T) {
	for _, keys := range []productflo.Config{{Secret: must(productflo.NewSecret(secret))}, {KeySetURL: keySetURL, Algorithms: []string{"ES256"}}} {
		_, err := productflo.New(keys)
		require.ErrorIs(t, err, secureflows.ErrInvalidRequest)
		require.ErrorContains(t, err, "Config.Issuer is empty")
		require.ErrorContains(t, err, "Config.WithoutIssuer", "the way out")

		keys.Issuer, keys.WithoutIssuer = issuer, true
		_, err = productflo.New(keys)
		require.ErrorIs(t, err, secureflows.ErrInvalidRequest)
		require.ErrorContains(t, err, "both Issuer and WithoutIssuer")
	}
}

// TestWithoutAnIssuerTheShapeDecides, as narrowly as it can.
func TestWithoutAnIssuerTheShapeDecides(t *testing.T) {
	n := newNetwork()
	resolver := newResolver(t, shared(n))
	for name, text := range map[string]string{
		"an issuer":                 hmacToken(documented().with("iss", issuer)),
		"an issuer that is null":    hmacToken(documented().with("iss", json.RawMessage("null"))),
		"another algorithm":         es256(documented()),
		"alg none":                  sign(`{"alg":"none"}`, documented().text(), nil),
		"no role":                   hmacToken(documented().with("role", nil)),
		"no sub":                    hmacToken(documented().with("sub", nil)),
		"sub is a number":           hmacToken(documented().with("sub", 7)),
		"AuthReturn's":              hmacToken(claims{"user_id": 1, "email": "ada@example.com", "iat": 1, "exp": start.Unix() + 10}),
		"signed by somebody else":   sign(hs256, documented().with("iss", "x").text(), otherSecret),
		"claims are a list":         sign(hs256, "[]", secret),
		"the role in other letters": hmacToken(documented().with("role", nil).with("ROLE", "Member")),
	} {
		_, err := resolver.Resolve(t.Context(), token(t, text))
		require.ErrorIs(t, err, middleware.ErrForeignToken, name)
		for _, call := range []func() error{
			func() error { _, err := resolver.Session(t.Context(), token(t, text)); return err },
			func() error { return resolver.Logout(t.Context(), token(t, text)) },
		} {
			require.ErrorIs(t, call(), middleware.ErrForeignToken, name)
		}
	}
	_, err := resolver.Resolve(t.Context(), secureflows.Token{})
	require.ErrorIs(t, err, secureflows.ErrUnauthenticated)
	assert.Empty(t, n.asked(), "no foreign token is sent anywhere")
}
