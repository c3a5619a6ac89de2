package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
	"github.com/secureflows/secureflows-go/secureflowstest/vertesiatest"
)

// everyRoute sends a token wherever the backend takes one, also as somebody's old
// token.
func (s *system) everyRoute(token secureflows.Token) {
	for _, path := range []string{"/me", "/notes", "/statistics"} {
		s.get(token, path)
	}
	s.post(token, "/notes", `{"text": "x"}`)
	s.post(token, "/link", proven(s.mocks.authReturn.Token(alan)))
	s.post(s.mocks.secureFlows.Session(grace).Token(), "/link", proven(token))
}

// TestNoTokenReachesAnotherProvider records what all four are sent, of good
// tokens of each kind, on every route.
func TestNoTokenReachesAnotherProvider(t *testing.T) {
	s := newSystem(t)
	tokens := s.mocks.tokens()
	for provider, token := range tokens {
		s.everyRoute(token)
		assert.Subset(t, []string{provider}, s.receivers(token), provider)
	}
	for _, asked := range []string{authreturn.Provider, secureFlows} {
		assert.Equal(t, []string{asked}, s.receivers(tokens[asked]), "what is sent is seen")
	}
}

// TestWhatIsNobodysReachesNoOldProvider, and nobody at all as somebody's old
// token. Beside that secureFlows is sent what has no other owner: its own tokens
// have no shape that could be told.
func TestWhatIsNobodysReachesNoOldProvider(t *testing.T) {
	s := newSystem(t)
	tokens := map[string]secureflows.Token{
		"Firebase, for Vertesia":    bearerToken(t, s.mocks.vertesia.FirebaseToken(ada).Reveal()),
		"Firebase, for secureFlows": bearerToken(t, s.mocks.secureFlows.IDToken(ada).Reveal()),
		"API key of Vertesia":       s.mocks.vertesia.APIKey(vertesiatest.AccountID, ""),
		"API key of AuthReturn":     bearerToken(t, "ar_0123456789abcdef"),
		"garbage":                   bearerToken(t, "garbage-0123456789"),
		"two dots":                  bearerToken(t, "aaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbb.cccccccccccccccccccc"),
		"five parts":                bearerToken(t, "eyJhbGciOiJFUzI1NiJ9.YWFhYQ.YmJiYmJiYmJiYmJiYmJiYg.Y2NjYw.ZGRkZA"),
		"long":                      bearerToken(t, "eyJhbGciOiJIUzI1NiJ9."+strings.Repeat("QUFB", 3000)+".QUFBQQ"),
	}
	for _, issuer := range []string{
		"https://evil.example/.vertesia.io", "https://sts.vertesia.io.evil.example", "https://sts.vertesia.io",
		s.mocks.vertesia.Origin() + "/", strings.ToUpper(s.mocks.vertesia.Origin()),
		"https://securetoken.google.com/project", "https://cognito-idp.eu-west-1.amazonaws.com/pool", "x",
	} {
		for _, alg := range []string{"HS256", "ES256", "RS256", "none"} {
			for n, claims := range []map[string]any{
				{"sub": "1", "type": "user"}, {"user_id": 1, "email": ada}, {"sub": "1", "role": "Member", "tenant_id": tenant},
			} {
				claims["iss"], claims["exp"] = issuer, time.Now().Add(time.Hour).Unix()
				claims["n"] = len(tokens) // no two are alike
				tokens[fmt.Sprint(alg, " of ", issuer, n)] = unsigned(t, alg, claims)
			}
		}
	}
	for name, token := range tokens {
		s.post(s.mocks.secureFlows.Session(grace).Token(), "/link", proven(token))
		assert.Empty(t, s.receivers(token), "%s, as an old token", name)
		s.everyRoute(token)
		assert.Subset(t, []string{secureFlows}, s.receivers(token), name)
		assert.Equal(t, http.StatusUnauthorized, s.get(token, "/me").Code, name)
	}
	for _, request := range s.mocks.vertesia.Requests() {
		assert.Equal(t, "/.well-known/jwks", request.Path)
		assert.Empty(t, request.Tokens)
	}
}

// TestMixturesHaveOneOwnerAtMost makes tokens up from the marks of all kinds.
func TestMixturesHaveOneOwnerAtMost(t *testing.T) {
	s := newSystem(t)
	random := rand.New(rand.NewPCG(1, 2))
	later := time.Now().Add(time.Hour).Unix()
	values := map[string][]any{
		"iss":     {s.mocks.vertesia.Origin(), "https://evil.example/.vertesia.io", "", nil, 7},
		"sub":     {"1", "", 1},
		"user_id": {1, 2, 3, 4, "1", nil, 1.5},
		"email":   {ada},
		"role":    {"Member", nil},
		"type":    {"user", "agent"},
		"account": {map[string]any{"id": vertesiatest.AccountID, "name": "Demo"}},
		"exp":     {later, later, later, "soon", 1},

		"tenant_id": {tenant, nil},
		"aud":       {"x", []string{"x", "y"}},
	}
	owners := make(map[string]int)
	for range 1000 {
		claims := map[string]any{"n": random.Int64()} // no two are alike
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if likely := name == "user_id" || name == "exp"; random.IntN(3) == 0 != likely {
				claims[name] = values[name][random.IntN(len(values[name]))]
			}
		}
		alg := []string{"HS256", "ES256", "RS256", "none", "hs256"}[random.IntN(5)]
		token := unsigned(t, alg, claims)
		assert.NotEqual(t, http.StatusOK, s.get(token, "/me").Code, "%s %v", alg, claims)
		received := s.receivers(token)
		require.LessOrEqual(t, len(received), 1, "%s %v", alg, claims)
		if len(received) == 0 {
			continue
		}
		owners[received[0]]++
		if received[0] != secureFlows {
			require.Equal(t, authreturn.Provider, received[0], "the others are verified here")
			require.Equal(t, "HS256", alg)
			require.NotContains(t, claims, "iss")
			require.NotContains(t, claims, "sub")
			require.NotContains(t, claims, "aud")
			require.Contains(t, claims, "user_id")
		}
	}
	assert.Positive(t, owners[authreturn.Provider])
	assert.Positive(t, owners[secureFlows])
}

// TestExpiredTokensGoNowhere: which no provider needs to be asked about.
func TestExpiredTokensGoNowhere(t *testing.T) {
	s := newSystem(t)
	tokens := s.mocks.tokens()
	delete(tokens, secureFlows)
	s.mocks.authReturn.Advance(31 * 24 * time.Hour)
	s.mocks.vertesia.Advance(2 * time.Hour)
	s.mocks.productFlo.Advance(2 * time.Hour)
	for provider, token := range tokens {
		answer := s.get(token, "/me")
		assert.Equal(t, http.StatusUnauthorized, answer.Code, provider)
		assert.Contains(t, answer.Body.String(), "#expired-token", provider)
		assert.Empty(t, s.receivers(token), provider)
	}
}

// unsigned makes a token of these claims whose signature is nobody's, so that what
// is accepted is a hole.
func unsigned(t *testing.T, alg string, claims map[string]any) secureflows.Token {
	t.Helper()

	payload, err := json.Marshal(claims)
	require.NoError(t, err)
	header, err := json.Marshal(map[string]string{"alg": alg, "typ": "JWT"})
	require.NoError(t, err)
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	mac := hmac.New(sha256.New, []byte("nobody's key, which is long enough"))
	mac.Write([]byte(text))
	return bearerToken(t, text+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
}
