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
	cfg := authreturn.Config{Secret: []byte(secret)}
	signIn, err := authreturn.NewSignIn(s.Resolver, authreturn.SignInConfig{CallbackURL: callbackURL, Done: nothing})
	require.NoError(t, err)
	for want, value := range map[string]any{
		"authreturn.Resolver": s.Resolver, "authreturn.SignIn": signIn, "[REDACTED]": cfg.Secret, "": cfg,
	} {
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
			assertSecret(t, all, form, want)
		}
	}
}

// No error of New's says what the secret is.
func TestARefusedSecretIsNotQuoted(t *testing.T) {
	_, err := authreturn.New(authreturn.Config{Secret: []byte(secret[:31])})
	require.Error(t, err)
	assertSecret(t, err.Error(), secret, "an error")
}
