package jwtsign_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/jwtsign"
)

// The tests of the mocks check signatures with a parser of their own; these are
// about what a mock must refuse to be told.

// Published vector: RFC 7515, appendix A.1.
func TestVerifiesTheTokenOfTheRFC(t *testing.T) {
	secret, err := base64.RawURLEncoding.DecodeString("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
	require.NoError(t, err)
	const token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" +
		".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ" +
		".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	claims, err := jwtsign.HMAC(secret).Verify(token)
	require.NoError(t, err)
	assert.Equal(t, "joe", claims["iss"])
	_, err = jwtsign.HMAC(secret[1:]).Verify(token)
	assert.ErrorIs(t, err, jwtsign.ErrNotMine)
}

func TestVerifyTakesOnlyItsOwn(t *testing.T) {
	ring, other := jwtsign.NewRing(), jwtsign.NewRing()
	secret := jwtsign.HMAC(jwtsign.NewSecret())
	claims := map[string]any{"sub": "1"}
	for _, algorithm := range []string{jwtsign.ES256, jwtsign.RS256} {
		key := ring.Key(algorithm)
		good, err := key.Sign(claims, nil)
		require.NoError(t, err)
		got, err := ring.Verify(good)
		require.NoError(t, err)
		assert.Equal(t, claims, got)

		forge := func(override map[string]any) string {
			token, err := ring.Forge(algorithm, claims, override)
			require.NoError(t, err)
			return token
		}
		parts := strings.Split(good, ".")
		sameID, err := other.Key(algorithm).Sign(claims, nil) // keys of both rings are named alike
		require.NoError(t, err)
		swapped, err := ring.Key(map[string]string{jwtsign.ES256: jwtsign.RS256, jwtsign.RS256: jwtsign.ES256}[algorithm]).
			Sign(claims, map[string]any{"alg": algorithm, "kid": jwtsign.KeyID(good)})
		require.NoError(t, err)
		shared, err := secret.Sign(claims, map[string]any{"kid": jwtsign.KeyID(good)})
		require.NoError(t, err)
		for name, token := range map[string]string{
			"unsigned":               forge(map[string]any{"alg": "none"}),
			"by the public key":      forge(map[string]any{"alg": jwtsign.HS256}),
			"another algorithm":      forge(map[string]any{"alg": "ES384"}),
			"another key's id":       forge(map[string]any{"kid": "1-x"}),
			"no id":                  forge(map[string]any{"kid": nil}),
			"another ring":           sameID,
			"the other key":          swapped,
			"a secret":               shared,
			"other claims":           parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"2"}`)) + "." + parts[2],
			"no signature":           parts[0] + "." + parts[1] + ".",
			"half a signature":       parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])/2],
			"a signature with spare": parts[0] + "." + parts[1] + "." + parts[2] + "AAAA",
			"two parts":              parts[0] + "." + parts[1],
			"four parts":             good + ".x",
			"nothing":                "",
		} {
			_, err := ring.Verify(token)
			assert.ErrorIs(t, err, jwtsign.ErrNotMine, "%s, %s", algorithm, name)
		}
	}
}

func TestClaimsAreOneObject(t *testing.T) {
	secret := jwtsign.HMAC(jwtsign.NewSecret())
	token, err := secret.Sign(nil, nil)
	require.NoError(t, err)
	claims, err := secret.Verify(token)
	require.NoError(t, err)
	assert.Empty(t, claims)
	assert.NotNil(t, claims, "no claims are an empty object, not null")
}
