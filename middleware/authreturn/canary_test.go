package authreturn_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
)

// assertSecret asserts that no twelve characters of a secret are in text.
func assertSecret(t testing.TB, text, secret, what string) {
	t.Helper()
	require.GreaterOrEqual(t, len(secret), 12, what)
	for i := 0; i+12 <= len(secret); i++ {
		if strings.Contains(text, secret[i:i+12]) {
			require.FailNow(t, "a secret surfaced", "%s: %q", what, secret[i:i+12])
		}
	}
}

// Whoever prints a value must not print a secret.
func TestNothingPrintsItsSecret(t *testing.T) {
	s := locally(t)
	cfg := authreturn.Config{Secret: must(authreturn.NewSecret([]byte(secret)))}
	signIn, err := authreturn.NewSignIn(s.Resolver, authreturn.SignInConfig{CallbackURL: callbackURL, Done: nothing})
	require.NoError(t, err)
	type application struct { // whose fields fmt reaches past all methods
		cfg      authreturn.Config
		secret   authreturn.Secret
		resolver authreturn.Resolver
	}
	own := application{cfg, cfg.Secret, *s.Resolver}
	for name, value := range map[string]any{
		"authreturn.Resolver": s.Resolver, "authreturn.SignIn": signIn, "[REDACTED]": cfg.Secret,
		"a Config": cfg, "a *Config": &cfg, "fields": own, "a pointer": &own, "a list": []any{own, &own},
	} {
		want := name
		if len(strings.Fields(name)) == 2 || name == "fields" {
			want = ""
		}
		var logged bytes.Buffer
		slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "value", value)
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "value", value)
		all := logged.String()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			printed := fmt.Sprintf(verb, value)
			if want != "" {
				assert.Equal(t, want, printed, verb)
			}
			all += printed
		}
		encoded, _ := json.Marshal(value)
		all += string(encoded)
		for _, form := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprint([]byte(secret))} {
			assertSecret(t, all, form, name)
		}
	}
}

// What is too short, or no secret at all, is refused, and not quoted.
func TestSecretsThatAreRefused(t *testing.T) {
	const publicKey = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----"
	for text, says := range map[string]string{
		"": "0 bytes", secret[:31]: "31 bytes", publicKey: "PEM", `{"keys":[{"kty":"RSA","n":"0123456789","e":"AQAB"}]}`: "JSON",
	} {
		made, err := authreturn.NewSecret([]byte(text))
		require.ErrorIs(t, err, secureflows.ErrInvalidRequest)
		assert.ErrorContains(t, err, "authreturn: ")
		assert.ErrorContains(t, err, says)
		assert.True(t, made.IsZero())
		if len(text) >= 12 {
			assertSecret(t, err.Error(), text, "an error")
		}
	}
}
