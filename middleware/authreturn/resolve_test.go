package authreturn_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

var ada = secureflows.Identity{
	Provider: "authreturn", Subject: "7", Email: "ada@example.com", ExpiresAt: start.Add(30 * day),
}

// both runs a test of a Resolver that asks, and of one that has the secret.
func both(t *testing.T, test func(t *testing.T, s *setup), change ...func(*authreturn.Config)) {
	t.Run("remote", func(t *testing.T) { test(t, remotely(t, change...)) })
	t.Run("local", func(t *testing.T) { test(t, locally(t, change...)) })
}

func TestAGoodToken(t *testing.T) {
	both(t, func(t *testing.T, s *setup) {
		identity, err := s.Resolve(t.Context(), good(t, nil))
		require.NoError(t, err)
		assert.Equal(t, ada, identity)
		assert.Equal(t, secureflows.Person{Provider: authreturn.Provider, Subject: "7"}, identity.Person())
	})
}

// Somebody may have another address by now than when the token was made.
func TestTheAddressIsTheAnswers(t *testing.T) {
	s := remotely(t)
	s.service.says(200, `{"valid":true,"user":{"id":7,"email":"lovelace@example.com"}}`)
	identity, err := s.Resolve(t.Context(), good(t, nil))
	require.NoError(t, err)
	assert.Equal(t, "lovelace@example.com", identity.Email)
}

// The token is in a body, and nowhere else.
func TestTheQuestion(t *testing.T) {
	s := remotely(t)
	token := good(t, nil)
	_, err := s.Resolve(t.Context(), token)
	require.NoError(t, err)
	require.Len(t, s.service.requests(), 1)
	question := s.service.requests()[0]
	assert.Equal(t, "POST", question.method)
	assert.Equal(t, "https://authreturn.com/api/verify", question.url)
	assert.Equal(t, token.Reveal(), question.token)
	assert.Equal(t, "application/json", question.header.Get("Content-Type"))
	for name, values := range question.header {
		assert.NotContains(t, strings.Join(values, " "), token.Reveal(), name)
	}
}

func TestTheSecretAsksNobody(t *testing.T) {
	s := locally(t)
	s.service.breaks(errors.New("out of order"))
	_, err := s.Resolve(t.Context(), good(t, nil))
	require.NoError(t, err)
	_, err = s.Resolve(t.Context(), tokenOf(t, sign("another secret of thirty-two bytes", header, claimsOf(start, nil))))
	require.ErrorIs(t, err, secureflows.ErrUnauthenticated)
	assert.Empty(t, s.service.requests())
}

// refusals are tokens that are let in by neither kind of Resolver.
func refusals(t *testing.T) map[string]refusal {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	require.NoError(t, err)
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))

	const late = `"exp":9999999999`
	with := func(name string, value any) string {
		return sign(secret, header, claimsOf(start, map[string]any{name: value}))
	}
	says := func(claims string) string { return sign(secret, header, claims) }
	headed := func(header string) string { return sign(secret, header, claimsOf(start, nil)) }
	bad, foreign, expired := secureflows.ErrUnauthenticated, middleware.ErrForeignToken, secureflows.ErrTokenExpired
	return map[string]refusal{
		"expired":                     {with("exp", start.Unix()), expired, false},
		"expired long ago":            {with("exp", 0), expired, false},
		"no exp":                      {with("exp", nil), bad, false},
		"exp in words":                {with("exp", "2030-01-01"), bad, false},
		"exp beyond all time":         {says(`{"user_id":7,"exp":1e300}`), bad, false},
		"exp before all time":         {with("exp", -5), bad, false},
		"exp of null":                 {says(`{"user_id":7,"exp":null}`), bad, false},
		"exp in capitals":             {says(`{"user_id":7,"EXP":9999999999}`), bad, false},
		"user 0":                      {with("user_id", 0), bad, false},
		"a negative user":             {with("user_id", -7), bad, false},
		"a fraction of a user":        {with("user_id", 7.5), bad, false},
		"a user spelled otherwise":    {says(`{"user_id":7e0,` + late + `}`), bad, false},
		"a user beyond int64":         {says(`{"user_id":9223372036854775808,` + late + `}`), bad, false},
		"an email that is a list":     {with("email", []string{"ada@example.com"}), bad, false},
		"another secret":              {sign("another secret of thirty-two bytes", header, claimsOf(start, nil)), bad, true},
		"a public key for a secret":   {sign(public, header, claimsOf(start, nil)), bad, true},
		"no signature":                {encode(header) + "." + encode(claimsOf(start, nil)) + ".", bad, true},
		"claims changed":              {swapClaims(headed(header), claimsOf(start, map[string]any{"user_id": 8})), bad, true},
		"alg none":                    {encode(`{"alg":"none","typ":"JWT"}`) + "." + encode(claimsOf(start, nil)) + ".", foreign, false},
		"alg none, signed":            {headed(`{"alg":"none","typ":"JWT"}`), foreign, false},
		"alg hs256":                   {headed(`{"alg":"hs256","typ":"JWT"}`), foreign, false},
		"alg HS384":                   {headed(`{"alg":"HS384","typ":"JWT"}`), foreign, false},
		"alg RS256":                   {headed(`{"alg":"RS256","typ":"JWT"}`), foreign, false},
		"no alg":                      {headed(`{"typ":"JWT"}`), foreign, false},
		"two algs":                    {headed(`{"alg":"none","alg":"HS256"}`), bad, false},
		"a key id":                    {headed(`{"alg":"HS256","typ":"JWT","kid":"1"}`), foreign, false},
		"another type":                {headed(`{"alg":"HS256","typ":"at+jwt"}`), foreign, false},
		"an issuer":                   {with("iss", "https://sts.vertesia.io"), foreign, false},
		"an issuer of null":           {says(`{"user_id":7,"iss":null,` + late + `}`), foreign, false},
		"an audience":                 {with("aud", "us"), foreign, false},
		"a subject":                   {with("sub", "7"), foreign, false},
		"a token id":                  {with("jti", "7"), foreign, false},
		"not yet valid":               {with("nbf", start.Unix()+60), foreign, false},
		"no user":                     {with("user_id", nil), foreign, false},
		"a user in words":             {with("user_id", "7"), foreign, false},
		"a user twice":                {says(`{"user_id":8,"user_id":7,` + late + `}`), bad, false},
		"a date twice":                {says(`{"user_id":7,"exp":1,` + late + `}`), bad, false},
		"claims that are a list":      {says(`[7]`), foreign, false},
		"four parts":                  {headed(header) + ".x", bad, false},
		"two parts":                   {"a.b", foreign, false},
		"no JWT":                      {"sk-canary", foreign, false},
		"a dot behind":                {headed(header) + ".", bad, false},
		"a dot in front":              {"." + headed(header), bad, false},
		"two dots":                    {strings.Replace(headed(header), ".", "..", 1), bad, false},
		"a tilde in front":            {"~" + headed(header), bad, false},
		"a tilde behind the header":   {strings.Replace(headed(header), ".", "~.", 1), bad, false},
		"no third part":               {strings.Join(strings.Split(headed(header), ".")[:2], "."), bad, false},
		"not UTF-8":                   {says("{\"user_id\":7,\"email\":\"\xff\"," + late + "}"), bad, false},
		"padding":                     {headed(header) + "=", bad, false},
		"as large as a token may be":  {forgery(12_000), bad, true},
		"a signature spelled loosely": {loosen(headed(header)), bad, false},
	}
}

// forgery is one with an address of so many bytes, of which 4 characters make 3.
func forgery(address int) string {
	claims := claimsOf(start, map[string]any{"email": strings.Repeat("x", address)})
	return sign("another secret of thirty-two bytes", header, claims)
}

// A larger one is no token at all, and nobody is asked about it.
func TestAnOversizedToken(t *testing.T) {
	large := forgery(13_000)
	_, err := secureflows.NewToken(large)
	require.ErrorIs(t, err, secureflows.ErrInvalidRequest)
	both(t, func(t *testing.T, s *setup) {
		answer := through(middleware.NewBearer(s, middleware.BearerConfig{}), large)
		assert.Equal(t, http.StatusBadRequest, answer.Code)
		assert.Empty(t, s.service.requests())
	})
}

type refusal struct {
	token string
	want  error
	asked bool // by a Resolver without the secret
}

// swapClaims puts other claims under a signature.
func swapClaims(token, claims string) string {
	parts := strings.Split(token, ".")
	return parts[0] + "." + encode(claims) + "." + parts[2]
}

// loosen sets a bit that a lax decoder does not look at.
func loosen(token string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(digits, token[len(token)-1])
	return token[:len(token)-1] + string(digits[last|1])
}

func TestRefused(t *testing.T) {
	for name, row := range refusals(t) {
		t.Run(name, func(t *testing.T) {
			token := tokenOf(t, row.token)
			both(t, func(t *testing.T, s *setup) {
				identity, err := s.Resolve(t.Context(), token)
				require.ErrorIs(t, err, row.want)
				require.ErrorIs(t, err, secureflows.ErrSignedOut)
				assert.Equal(t, row.want == middleware.ErrForeignToken, errors.Is(err, middleware.ErrForeignToken))
				assert.Zero(t, identity)
				assert.NotContains(t, err.Error(), "ada@")
			})
			s := remotely(t)
			_, err := s.Resolve(t.Context(), token)
			require.Error(t, err)
			assert.Equal(t, row.asked, len(s.service.requests()) > 0, "a request")
		})
	}
}

// What the service would let in, and nobody can know who does not ask.
func TestTheSecretIsStricter(t *testing.T) {
	for name, text := range map[string]string{
		"issued in the future":            sign(secret, header, claimsOf(start, map[string]any{"iat": start.Unix() + 1})),
		"an extension that must be known": sign(secret, `{"alg":"HS256","typ":"JWT","crit":["x"],"x":1}`, claimsOf(start, nil)),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := locally(t).Resolve(t.Context(), tokenOf(t, text))
			require.ErrorIs(t, err, secureflows.ErrUnauthenticated)
			_, err = remotely(t).Resolve(t.Context(), tokenOf(t, text))
			require.NoError(t, err)
		})
	}
}

// The first moment that is refused is exp plus Leeway.
func TestLeeway(t *testing.T) {
	for _, leeway := range []time.Duration{0, 30 * time.Second, 5 * time.Minute} {
		t.Run(leeway.String(), func(t *testing.T) {
			both(t, func(t *testing.T, s *setup) {
				if leeway > 0 { // the clock of the service is behind
					s.service.says(200, `{"valid":true,"user":{"id":7,"email":"ada@example.com"}}`)
				}
				token := good(t, nil)
				s.clock.advance(30*day + leeway - time.Nanosecond)
				identity, err := s.Resolve(t.Context(), token)
				require.NoError(t, err)
				assert.Equal(t, start.Add(30*day), identity.ExpiresAt, "leeway is no life of its own")
				s.clock.advance(time.Nanosecond)
				_, err = s.Resolve(t.Context(), token)
				require.ErrorIs(t, err, secureflows.ErrTokenExpired)
			}, withLeeway(leeway))
		})
	}
}

// through makes a request with a bearer token.
func through(bearer *middleware.Bearer, token string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	bearer.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, _ := secureflows.IdentityFromContext(r.Context())
		_, hasSession := secureflows.SessionFromContext(r.Context())
		fmt.Fprint(w, identity.Provider, identity.Subject, hasSession)
	})).ServeHTTP(w, r)
	return w
}

func TestThroughABearer(t *testing.T) {
	both(t, func(t *testing.T, s *setup) {
		bearer := middleware.NewBearer(s, middleware.BearerConfig{})
		answer := through(bearer, good(t, nil).Reveal())
		assert.Equal(t, 200, answer.Code)
		assert.Equal(t, "authreturn7 false", strings.Replace(answer.Body.String(), "7false", "7 false", 1))
		asked := len(s.service.requests())
		assert.Equal(t, 401, through(bearer, good(t, map[string]any{"exp": 1}).Reveal()).Code)
		assert.GreaterOrEqual(t, through(bearer, strings.Repeat("x", 16<<10+1)).Code, 400)
		assert.Len(t, s.service.requests(), asked)
	})
}

func TestAnOutageWithoutAnAnswer(t *testing.T) {
	s := remotely(t)
	token := good(t, nil)
	s.service.breaks(fmt.Errorf("lost while sending %s", token.Reveal()))
	_, err := s.Resolve(t.Context(), token)
	require.ErrorIs(t, err, secureflows.ErrUnavailable)
	assertSecret(t, err.Error(), token.Reveal(), "an error")
	assert.Equal(t, 503, through(middleware.NewBearer(s, middleware.BearerConfig{}), token.Reveal()).Code)
}

func TestTheCallerLeaves(t *testing.T) {
	s := remotely(t)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	_, err := s.Resolve(ctx, good(t, nil))
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, secureflows.ErrSignedOut)
	assert.NotErrorIs(t, err, secureflows.ErrUnavailable)
}

// A cache must not let somebody in for longer than their token does.
func TestAnAnswerEndsWithItsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &service{clock: &clock{}}
		service.says(200, `{"valid":true,"user":{"id":7,"email":"ada@example.com"}}`)
		resolver, err := authreturn.New(authreturn.Config{HTTPClient: &http.Client{Transport: service}})
		require.NoError(t, err)
		cache := middleware.NewCache(resolver, middleware.CacheConfig{MaxAge: time.Hour})
		token := tokenOf(t, sign(secret, header, claimsOf(time.Now(), map[string]any{"exp": time.Now().Unix() + 60})))
		for range 3 {
			_, err = cache.Resolve(t.Context(), token)
			require.NoError(t, err)
		}
		assert.Len(t, service.requests(), 1)
		time.Sleep(61 * time.Second)
		_, err = cache.Resolve(t.Context(), token)
		require.ErrorIs(t, err, secureflows.ErrTokenExpired)
		assert.Len(t, service.requests(), 1)
	})
}

// told notes the tokens that another provider's resolver is given after it has
// found them its own.
type told struct {
	mark string // of its tokens
	got  []string
}

func (o *told) Resolve(_ context.Context, token secureflows.Token) (secureflows.Identity, error) {
	parts := strings.Split(token.Reveal(), ".")
	claims := []byte(nil)
	if len(parts) == 3 {
		claims, _ = base64.RawURLEncoding.DecodeString(parts[1])
	}
	if o.mark != "" && !strings.Contains(string(claims), o.mark) {
		return secureflows.Identity{}, middleware.ErrForeignToken
	}
	o.got = append(o.got, token.Reveal())
	return secureflows.Identity{Provider: "other", Subject: "1"}, nil
}

// Tokens of four providers come to one route; no two see the same, in whatever
// order the others stand.
func TestNoTokenReachesAnotherProvider(t *testing.T) {
	mock := secureflowstest.NewServer(t)
	tokens := map[string]string{
		"authreturn":        good(t, nil).Reveal(),
		"vertesia":          sign("x", `{"alg":"ES256","typ":"JWT","kid":"1"}`, `{"iss":"https://sts.vertesia.io","sub":"u","type":"user","exp":9999999999}`),
		"vertesia, as ours": sign(secret, header, claimsOf(start, map[string]any{"iss": "https://sts.vertesia.io"})),
		"productflo":        sign("x", header, `{"sub":"u","tenant_id":"t","role":"Owner","iat":1,"exp":9999999999}`),
		"secureflows":       mock.Session("ada@example.com").Token().Reveal(),
		"garbage":           "x",
		"ours, forged":      sign("another secret of thirty-two bytes", header, claimsOf(start, nil)),
		// What was put around it anybody can take off.
		"ours, padded":       good(t, nil).Reveal() + "=",
		"ours, a dot behind": good(t, nil).Reveal() + ".",
	}
	asked := map[string]bool{"authreturn": true, "ours, forged": true}
	for _, first := range []bool{true, false} {
		s := remotely(t)
		vertesia, productflo, last := &told{mark: `"iss"`}, &told{mark: `"sub":"u"`}, &told{}
		chain := middleware.FirstOf(s, vertesia, productflo, last)
		if !first {
			chain = middleware.FirstOf(vertesia, productflo, s, last)
		}
		for name, text := range tokens {
			before := len(s.service.requests())
			_, err := chain.Resolve(t.Context(), tokenOf(t, text))
			assert.Equal(t, strings.HasPrefix(name, "ours, "), err != nil, name)
			assert.Equal(t, name == "authreturn" || strings.HasPrefix(name, "ours, "), s.Owns(tokenOf(t, text)), name)
			assert.Equal(t, asked[name], len(s.service.requests()) > before, name)
		}
		for _, question := range s.service.requests() {
			assert.Contains(t, []string{tokens["authreturn"], tokens["ours, forged"]}, question.token)
		}
		for _, other := range []*told{vertesia, productflo, last} {
			for name, text := range tokens {
				if name == "authreturn" || strings.HasPrefix(name, "ours, ") {
					assert.NotContains(t, other.got, text, name)
				}
			}
		}
		assert.Contains(t, last.got, tokens["secureflows"])
	}
}

// A flood of forged tokens goes no further than the shape lets it.
func TestAFloodOfForeignTokensAsksNobody(t *testing.T) {
	s := remotely(t)
	for i := range 10_000 {
		_, err := s.Resolve(t.Context(), tokenOf(t, sign("x", fmt.Sprintf(`{"alg":"HS256","kid":"%d"}`, i), claimsOf(start, nil))))
		require.ErrorIs(t, err, middleware.ErrForeignToken)
	}
	assert.Empty(t, s.service.requests())
}
