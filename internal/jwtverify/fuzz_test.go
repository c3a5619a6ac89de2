package jwtverify_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
)

func addTokens(f *testing.F) {
	for _, s := range signers() {
		f.Add(s.token())
		for _, row := range badTokens {
			if token := row.token(s); len(token) < 4096 {
				f.Add(token)
			}
		}
	}
}

// FuzzPeek: what has a shape is read in the same way by go-jose, and what a
// Verifier accepts has one.
func FuzzPeek(f *testing.F) {
	addTokens(f)
	anything := []jose.SignatureAlgorithm{
		jose.HS256, jose.HS384, jose.HS512, jose.ES256, jose.ES384, jose.ES512, jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.EdDSA, "none",
	}
	f.Fuzz(func(t *testing.T, token string) {
		shape, ok := jwtverify.Peek(token)
		parsed, err := jwt.ParseSigned(token, anything)
		if err != nil {
			return
		}
		if !ok {
			// It is stricter in these ways only.
			strict := len(token) > 16<<10 || parsed.UnsafeClaimsWithoutVerification(&map[string]any{}) != nil || !objects(token)
			assert.True(t, strict, "go-jose reads %q", token)
			return
		}
		var claims map[string]any
		if parsed.UnsafeClaimsWithoutVerification(&claims) != nil || !objects(token) {
			return // a claim twice, or text that is none: no Verifier takes them
		}
		assert.Equal(t, parsed.Headers[0].Algorithm, shape.Algorithm)
		assert.Equal(t, parsed.Headers[0].KeyID, shape.KeyID)
		issuer, _ := claims["iss"].(string)
		assert.Equal(t, issuer, shape.Issuer())
		assert.Len(t, shape.Claims, len(claims))
	})
}

func objects(token string) bool {
	for _, part := range strings.Split(token, ".")[:2] {
		text, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil || !strings.HasPrefix(strings.TrimLeft(string(text), " \t\r\n"), "{") || strings.ToValidUTF8(string(text), "") != string(text) {
			return false
		}
	}
	return true
}

// FuzzVerify: nothing is accepted but what was signed, as it was signed. The
// signatures of ES256 are left out of that: of two that fit, one was made.
func FuzzVerify(f *testing.F) {
	addTokens(f)
	all := verifiers(f)
	good := map[string]bool{}
	for name, s := range signers() {
		token := s.token()
		good[unsignedPart(token)] = true
		f.Add(token)
		if name == "ES256" {
			continue
		}
		good[token] = true
	}
	f.Fuzz(func(t *testing.T, token string) {
		for name, v := range all {
			registered, err := v.Verify(context.Background(), token, nil)
			if err != nil {
				assert.Zero(t, registered)
				assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
				assert.Less(t, len(err.Error()), 256)
				continue
			}
			_, ok := jwtverify.Peek(token)
			assert.True(t, ok)
			assert.Equal(t, "jane", registered.Subject)
			assert.True(t, good[unsignedPart(token)], "%q was not signed", token)
			assert.True(t, good[token] || name == "ES256", "%q was not signed so", token)
		}
	})
}

func unsignedPart(token string) string { return token[:strings.LastIndexByte(token, '.')] }

// FuzzKeySet: an answer is the keys or an outage, and an outage leaves what was
// known.
func FuzzKeySet(f *testing.F) {
	f.Add(http.StatusOK, usual())
	f.Add(http.StatusOK, keySet(jwk(otherEC(), "e1"), `{"kty":"oct","k":"AAAA"}`, jwk(wideEC(), "x")))
	f.Add(http.StatusOK, keySet(jwk(ecKey(), "e1", "x5c", []string{"AAAA"}, "use", "enc", "key_ops", 5)))
	for _, row := range badAnswers {
		if text := row.body(); len(text) < 4096 {
			f.Add(row.status, text)
		}
	}
	token, forged := lasting(ecKey(), "e1"), lasting(smallRSA(), "r1")
	f.Fuzz(func(t *testing.T, status int, body string) {
		i, now := newIssuer(usual()), start
		v := verifier(t, jwtverify.Config{
			Algorithms: []string{"ES256", "RS256"}, Keys: i.keysWith(t, jwtverify.KeySetConfig{Now: func() time.Time { return now }}), Now: at,
		})
		verify := func(token string) error {
			_, err := v.Verify(context.Background(), token, nil)
			return err
		}
		require.NoError(t, verify(token))
		i.says(status, body)
		now = now.Add(time.Hour)
		switch err := verify(unknown(1)); { // has the keys fetched anew
		case strings.Contains(err.Error(), "service unavailable"):
			assert.ErrorIs(t, err, secureflows.ErrUnavailable)
			assert.NoError(t, verify(token), "nothing is replaced")
		default:
			assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
			assert.Equal(t, http.StatusOK, status)
			assert.True(t, strings.Contains(body, "EC") || strings.Contains(body, "RSA") || strings.Contains(body, `\u`), "%q has no keys", body)
		}
		assert.Error(t, verify(forged), "nobody publishes such a key that can be used")
	})
}
