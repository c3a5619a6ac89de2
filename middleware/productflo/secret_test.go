package productflo_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/productflo"
)

// What is too short, or no secret at all, is refused, and not quoted.
func TestSecretsThatAreRefused(t *testing.T) {
	for text, says := range map[string]string{
		"": "0 bytes", string(secret[:31]): "31 bytes", "\n-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE": "PEM",
		keySet(): "JSON", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ": "OpenSSH", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0123456789A=": "DER",
	} {
		made, err := productflo.NewSecret([]byte(text))
		require.ErrorIs(t, err, secureflows.ErrInvalidRequest, says)
		assert.ErrorContains(t, err, "productflo: ")
		assert.ErrorContains(t, err, says)
		assert.True(t, made.IsZero())
		if text != "" {
			assert.NotContains(t, err.Error(), text[4:20])
		}
	}
}

// challenged gives what a login brings that is answered with a body without a
// session.
func challenged(t *testing.T, body string) (challenge *productflo.ChallengeError) {
	t.Helper()
	n := newNetwork()
	n.answers[loginURL] = answer{status: 200, body: body}
	config := shared(n)
	config.SecondFactor = func(context.Context, json.RawMessage, string) (productflo.Tokens, error) {
		return productflo.Tokens{}, nil
	}
	_, err := newResolver(t, config).Login(t.Context(), "ada@example.com", "secret")
	require.ErrorAs(t, err, &challenge)
	require.JSONEq(t, body, string(challenge.Answer()))
	clear(challenge.Answer())
	require.JSONEq(t, body, string(challenge.Answer()), "a copy was given")
	return challenge
}

func TestNothingSecretIsPrinted(t *testing.T) {
	config := shared(newNetwork())
	resolver := newResolver(t, config)
	tokens := productflo.Tokens{Access: token(t, hmacToken(documented())), Refresh: token(t, "refresh-secret")}
	challenge := challenged(t, `{"ticket":"challenge-secret"}`)
	type application struct { // whose fields fmt reaches past all methods
		resolver  *productflo.Resolver
		inside    productflo.Resolver
		tokens    productflo.Tokens
		config    productflo.Config
		secret    productflo.Secret
		challenge productflo.ChallengeError
	}
	fields := application{resolver, *resolver, tokens, config, config.Secret, *challenge}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		text := fmt.Sprintf(strings.Repeat(verb+" ", 8), config, &config, resolver, tokens, fields, &fields, challenge, *challenge)
		for _, hidden := range []string{
			string(secret[:8]), fmt.Sprintf("%x", secret[:8]), fmt.Sprintf("%d", secret[:4])[1:12], fmt.Sprintf("%#v", secret[:4])[7:20],
			tokens.Access.Reveal()[:12], "refresh-secret", "challenge-secret", fmt.Sprintf("%x", "challenge"), fmt.Sprintf("%d", []byte("chall"))[1:15],
		} {
			assert.NotContains(t, text, hidden, verb)
		}
	}
	assert.Equal(t, "productflo.Resolver", fmt.Sprintf("%+v", resolver))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		assert.Equal(t, challenge.Error(), fmt.Sprintf(verb, challenge), verb)
		assert.Equal(t, challenge.Error(), fmt.Sprintf(verb, *challenge), verb)
	}
	said, err := json.Marshal([]any{challenge, *challenge, config.Secret})
	require.NoError(t, err)
	assert.Equal(t, fmt.Sprintf(`[%q,%[1]q,"[REDACTED]"]`, challenge.Error()), string(said))
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("signing in", "secret", config.Secret, "tokens", tokens, "resolver", resolver, "challenge", challenge, "value", *challenge)
	assert.Equal(t, slog.KindString, slog.AnyValue(config.Secret).Resolve().Kind(), "and no bytes, for handlers that look inside")
	encoded, err := json.Marshal([]any{config.Secret, tokens, resolver, challenge, *challenge})
	require.NoError(t, err)
	for _, text := range []string{logged.String(), string(encoded)} {
		assert.Contains(t, text, "[REDACTED]")
		for _, hidden := range []string{string(secret[:8]), base64.StdEncoding.EncodeToString(secret)[:8], tokens.Access.Reveal()[:12], "refresh-secret", "challenge-secret"} {
			assert.NotContains(t, text, hidden)
		}
	}
}
