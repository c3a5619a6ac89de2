package productflo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/productflo"
)

func TestADocumentedTokenIsItsHolder(t *testing.T) {
	n := newNetwork()
	for name, test := range map[string]struct {
		config productflo.Config
		token  string
	}{
		"HS256": {shared(n), hmacToken(documented())},
		"ES256": {public(n), es256(documented())},
		"RS256": {public(n), sign(`{"alg":"RS256","kid":"rsa"}`, documented().text(), rsaKey)},
	} {
		identity, err := newResolver(t, test.config).Resolve(t.Context(), token(t, test.token))
		require.NoError(t, err, name)
		permissions := secureflows.GrantsOf("project:read", "project:write")
		role, _ := secureflows.RawGrants(json.RawMessage(`"Member"`))
		assert.Equal(t, secureflows.Identity{
			Provider: "productflo", Subject: "6c1b9f2e-0000-4000-8000-000000000001", Tenant: "t-42",
			Roles: role, Permissions: permissions, ExpiresAt: start.Add(time.Hour),
		}, identity, name)
		assert.False(t, identity.Roles.Has("Member"), "a role of unknown meaning lets nobody in")
	}
	for _, request := range n.asked() {
		assert.Equal(t, "GET "+keySetURL, request.name)
		assert.Empty(t, request.bearer, "a key set is not asked with a token")
	}
}

// TestOptionalClaims may be missing, or null, which is nothing.
func TestOptionalClaims(t *testing.T) {
	resolver := newResolver(t, shared(newNetwork()))
	for _, c := range []claims{
		documented().with("tenant_id", nil).with("permissions", nil),
		documented().with("tenant_id", json.RawMessage("null")).with("permissions", json.RawMessage("null")),
	} {
		identity, err := resolver.Resolve(t.Context(), token(t, hmacToken(c)))
		require.NoError(t, err)
		assert.Empty(t, identity.Tenant)
		assert.True(t, identity.Permissions.IsZero())
	}
}

// TestTheEndIsInUTCToTheSecond so that identities can be compared.
func TestTheEndIsInUTCToTheSecond(t *testing.T) {
	resolver := newResolver(t, shared(newNetwork()))
	identity, err := resolver.Resolve(t.Context(), token(t, hmacToken(documented().with("exp", float64(start.Unix())+1.5))))
	require.NoError(t, err)
	assert.Equal(t, start.Add(time.Second), identity.ExpiresAt)
	assert.Equal(t, time.UTC, identity.ExpiresAt.Location())
}

// TestPermissionsAreCarriedAsTheyAre whatever their grammar.
func TestPermissionsAreCarriedAsTheyAre(t *testing.T) {
	resolver := newResolver(t, shared(newNetwork()))
	for _, raw := range []string{`{"project":["read"]}`, `"project:read"`, `7`, `["a",{"b":1}]`, `"\u003c"`} {
		identity, err := resolver.Resolve(t.Context(), token(t, hmacToken(documented().with("permissions", json.RawMessage(raw)))))
		require.NoError(t, err)
		assert.JSONEq(t, raw, identity.Permissions.String())
		assert.False(t, identity.Permissions.Has("project:read"))
	}
}

func TestOperatorsReadRolesAndPermissions(t *testing.T) {
	config := shared(newNetwork())
	config.RolesOf = func(claims map[string]json.RawMessage) secureflows.Grants {
		var metadata struct{ Role string }
		_ = json.Unmarshal(claims["app_metadata"], &metadata)
		return secureflows.GrantsOf(metadata.Role)
	}
	config.PermissionsOf = func(claims map[string]json.RawMessage) secureflows.Grants {
		var text string
		_ = json.Unmarshal(claims["permissions"], &text)
		return secureflows.GrantsOf(strings.Fields(text)...)
	}
	c := documented().with("app_metadata", claims{"role": "admin"}).with("permissions", "read write")
	identity, err := newResolver(t, config).Resolve(t.Context(), token(t, hmacToken(c)))
	require.NoError(t, err)
	assert.True(t, identity.Roles.Has("admin"))
	assert.True(t, identity.Permissions.Has("write"))
}

// TestWhatIsWrongWithAToken is for a Config with an issuer. What names another
// issuer is passed on, and what names this one in any disguise is not.
func TestWhatIsWrongWithAToken(t *testing.T) {
	good := documented().with("iss", issuer).with("aud", "backend")
	signed := func(c claims) string { return sign(hs256, c.text(), secret) }
	duplicate := func(name, value string) string {
		return sign(hs256, strings.Replace(good.text(), "{", `{"`+name+`":`+value+`,`, 1), secret)
	}
	for name, test := range map[string]struct {
		token string
		want  error
	}{
		"expired this second":        {signed(good.with("exp", start.Unix())), secureflows.ErrTokenExpired},
		"expired":                    {signed(good.with("exp", start.Unix()-3600)), secureflows.ErrTokenExpired},
		"expired, other audience":    {signed(good.with("exp", start.Unix()-3600).with("aud", "other")), secureflows.ErrUnauthenticated},
		"expired, wrong key":         {sign(hs256, good.with("exp", start.Unix()-3600).text(), otherSecret), secureflows.ErrUnauthenticated},
		"not yet valid":              {signed(good.with("nbf", start.Unix()+1)), secureflows.ErrUnauthenticated},
		"issued in the future":       {signed(good.with("iat", start.Unix()+1)), secureflows.ErrUnauthenticated},
		"no exp":                     {signed(good.with("exp", nil)), secureflows.ErrUnauthenticated},
		"exp is a string":            {signed(good.with("exp", "2030-01-01")), secureflows.ErrUnauthenticated},
		"exp is beyond all time":     {signed(good.with("exp", 1e300)), secureflows.ErrUnauthenticated},
		"alg none":                   {sign(`{"alg":"none"}`, good.text(), nil), secureflows.ErrUnauthenticated},
		"alg none, a signature":      {sign(`{"alg":"none"}`, good.text(), secret), secureflows.ErrUnauthenticated},
		"alg HS512":                  {sign(`{"alg":"HS512"}`, good.text(), secret), secureflows.ErrUnauthenticated},
		"alg ES256":                  {sign(`{"alg":"ES256","kid":"ec"}`, good.text(), ecKey), secureflows.ErrUnauthenticated},
		"wrong key":                  {sign(hs256, good.text(), otherSecret), secureflows.ErrUnauthenticated},
		"no signature":               {sign(hs256, good.text(), nil), secureflows.ErrUnauthenticated},
		"wrong audience":             {signed(good.with("aud", "other")), secureflows.ErrUnauthenticated},
		"no audience":                {signed(good.with("aud", nil)), secureflows.ErrUnauthenticated},
		"sub twice":                  {duplicate("sub", `"eve"`), secureflows.ErrUnauthenticated},
		"tenant twice":               {duplicate("tenant_id", `"t-1"`), secureflows.ErrUnauthenticated},
		"no sub: an API key":         {signed(good.with("sub", nil)), secureflows.ErrUnauthenticated},
		"sub is empty":               {signed(good.with("sub", "")), secureflows.ErrUnauthenticated},
		"sub is a number":            {signed(good.with("sub", 7)), secureflows.ErrUnauthenticated},
		"tenant is a number":         {signed(good.with("tenant_id", 42)), secureflows.ErrUnauthenticated},
		"tenant is a list":           {signed(good.with("tenant_id", []string{"t-42"})), secureflows.ErrUnauthenticated},
		"crit":                       {sign(`{"alg":"HS256","crit":["x"],"x":1}`, good.text(), secret), secureflows.ErrUnauthenticated},
		"issuer, a slash too many":   {signed(good.with("iss", issuer+"/")), middleware.ErrForeignToken},
		"issuer, hostile suffix":     {signed(good.with("iss", issuer+".evil.example")), middleware.ErrForeignToken},
		"issuer, hostile host":       {signed(good.with("iss", "https://evil.example/.productflo.example.com")), middleware.ErrForeignToken},
		"issuer, in capitals":        {signed(good.with("iss", strings.ToUpper(issuer))), middleware.ErrForeignToken},
		"no issuer":                  {signed(good.with("iss", nil)), middleware.ErrForeignToken},
		"issuer twice":               {duplicate("iss", `"https://evil.example"`), secureflows.ErrUnauthenticated},
		"issuer in another member":   {signed(good.with("iss", nil).with("ISS", issuer)), middleware.ErrForeignToken},
		"no JWT":                     {"sk-0123456789", middleware.ErrForeignToken},
		"padding":                    {signed(good) + "=", secureflows.ErrUnauthenticated},
		"a dot behind":               {signed(good) + ".", secureflows.ErrUnauthenticated},
		"not UTF-8":                  {sign(hs256, strings.Replace(good.text(), "Member", "\xff", 1), secret), secureflows.ErrUnauthenticated},
		"as large as a token may be": {signed(good.with("name", strings.Repeat("x", 11<<10))) + strings.Repeat("A", 500), secureflows.ErrUnauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork()
			config := of(shared(n))
			config.Audience, config.AskSession = []string{"backend"}, true
			resolver := newResolver(t, config)
			_, err := resolver.Resolve(t.Context(), token(t, test.token))
			require.ErrorIs(t, err, test.want)
			require.ErrorIs(t, err, secureflows.ErrSignedOut)
			require.NotErrorIs(t, err, secureflows.ErrUnavailable)
			assert.Equal(t, test.want == middleware.ErrForeignToken, errors.Is(err, middleware.ErrForeignToken))
			assert.Equal(t, test.want == secureflows.ErrTokenExpired, errors.Is(err, secureflows.ErrTokenExpired))
			assert.Empty(t, n.asked(), "nobody is asked about it")
			assertUnquoted(t, err, test.token)
			assert.Equal(t, http.StatusUnauthorized, through(resolver, test.token).Code)
		})
	}
	_, err := secureflows.NewToken(signed(good.with("name", strings.Repeat("x", 16<<10))))
	assert.ErrorIs(t, err, secureflows.ErrInvalidRequest, "a larger one is no token at all")
}

// assertUnquoted sees to it that no part of a token is in an error.
func assertUnquoted(t *testing.T, err error, token string) {
	t.Helper()
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err)} {
		for i := 0; i+8 <= len(token); i++ {
			require.NotContains(t, text, token[i:i+8])
		}
	}
}

func TestHS256WithThePublicKeyIsRefused(t *testing.T) {
	n := newNetwork()
	resolver := newResolver(t, public(n))
	for _, key := range []string{keySet(), string(ecKey.X.Bytes()), string(rsaKey.N.Bytes())} {
		for _, header := range []string{`{"alg":"HS256","kid":"rsa"}`, `{"alg":"HS256","kid":"ec"}`, hs256} {
			_, err := resolver.Resolve(t.Context(), token(t, sign(header, documented().text(), []byte(key))))
			require.ErrorIs(t, err, secureflows.ErrUnauthenticated)
		}
	}
	// Nor does one key pass for the other.
	for _, text := range []string{
		sign(`{"alg":"RS256","kid":"ec"}`, documented().text(), ecKey),
		sign(`{"alg":"ES256","kid":"rsa"}`, documented().text(), rsaKey),
		sign(`{"alg":"ES256","kid":"rsa"}`, documented().text(), ecKey),
	} {
		_, err := resolver.Resolve(t.Context(), token(t, text))
		require.ErrorIs(t, err, secureflows.ErrUnauthenticated)
	}
	config := public(n)
	config.Algorithms = []string{"RS256"}
	_, err := newResolver(t, config).Resolve(t.Context(), token(t, es256(documented())))
	require.ErrorIs(t, err, secureflows.ErrUnauthenticated, "an algorithm that the operator has not named")
}

func TestAFloodOfUnknownKeysMakesTwoFetches(t *testing.T) {
	n := newNetwork()
	resolver := newResolver(t, public(n))
	for i := range 10_000 {
		text := sign(fmt.Sprintf(`{"alg":"ES256","kid":"unknown-%d"}`, i), documented().text(), []byte("no key"))
		_, err := resolver.Resolve(t.Context(), token(t, text))
		require.ErrorIs(t, err, secureflows.ErrUnauthenticated)
	}
	assert.LessOrEqual(t, len(n.asked()), 2)
	_, err := resolver.Resolve(t.Context(), token(t, es256(documented())))
	assert.NoError(t, err)
}

// TestLeeway is from the second before to the second after, and no longer.
func TestLeeway(t *testing.T) {
	config := shared(newNetwork())
	config.Leeway = 30 * time.Second
	resolver := newResolver(t, config)
	for seconds, want := range map[int64]error{
		-31: secureflows.ErrTokenExpired, -30: secureflows.ErrTokenExpired, -29: nil,
	} {
		_, err := resolver.Resolve(t.Context(), token(t, hmacToken(documented().with("exp", start.Unix()+seconds))))
		require.ErrorIs(t, err, want, seconds)
	}
	for seconds, want := range map[int64]error{30: nil, 31: secureflows.ErrUnauthenticated} {
		for _, claim := range []string{"nbf", "iat"} {
			_, err := resolver.Resolve(t.Context(), token(t, hmacToken(documented().with(claim, start.Unix()+seconds))))
			require.ErrorIs(t, err, want, claim)
		}
	}
}

// TestAnOutageSignsNobodyOut: 503 and never 401, while the keys cannot be had.
func TestAnOutageSignsNobodyOut(t *testing.T) {
	for name, given := range map[string]answer{
		"network":        {err: errors.New("connection refused")},
		"429":            {status: 429, header: http.Header{"Retry-After": {"7"}}},
		"500":            {status: 500},
		"503":            {status: 503, header: http.Header{"Retry-After": {"7"}}},
		"redirect":       {status: 302, header: http.Header{"Location": {"https://evil.example/"}}},
		"no key set":     {status: 200, body: "<html>"},
		"keys of no use": {status: 200, body: `{"keys":[{"kty":"oct","k":"AAAA"}]}`},
	} {
		n := newNetwork()
		n.answers["GET "+keySetURL] = given
		resolver := newResolver(t, public(n))
		_, err := resolver.Resolve(t.Context(), token(t, es256(documented())))
		require.ErrorIs(t, err, secureflows.ErrUnavailable, name)
		require.NotErrorIs(t, err, secureflows.ErrSignedOut, name)
		w := through(resolver, es256(documented()))
		assert.Equal(t, http.StatusServiceUnavailable, w.Code, name)
		if given.header.Get("Retry-After") != "" {
			assert.Equal(t, "7", w.Header().Get("Retry-After"), name)
		}
	}
}

func TestTheCallersEndIsTheCallers(t *testing.T) {
	n := newNetwork()
	resolver := newResolver(t, public(n))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := resolver.Resolve(ctx, token(t, es256(documented())))
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, secureflows.ErrSignedOut)
}

func TestTheTenantIsTheOneOfConfig(t *testing.T) {
	n := newNetwork()
	config := shared(n)
	config.Tenant, config.AskSession = "t-42", true
	resolver := newResolver(t, config)
	for _, c := range []claims{
		documented().with("tenant_id", "t-43"), documented().with("tenant_id", "T-42"), documented().with("tenant_id", nil),
		documented().with("tenant_id", ""), documented().with("tenant_id", json.RawMessage("null")),
		documented().with("tenant_id", nil).with("Tenant_Id", "t-42"),
	} {
		_, err := resolver.Resolve(t.Context(), token(t, hmacToken(c)))
		require.ErrorIs(t, err, middleware.ErrNotAllowed, c)
		require.NotErrorIs(t, err, secureflows.ErrSignedOut)
		assert.Equal(t, http.StatusForbidden, through(resolver, hmacToken(c)).Code)
	}
	assert.Empty(t, n.asked())
	identity, err := resolver.Resolve(t.Context(), token(t, hmacToken(documented())))
	require.NoError(t, err)
	assert.Equal(t, "t-42", identity.Tenant)
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	n, held := newNetwork(), must(productflo.NewSecret(secret))
	for mistake, config := range map[string]productflo.Config{
		"Secret and KeySetURL are empty": {},
		"has both":                       {Secret: held, KeySetURL: keySetURL},
		"Algorithms is empty":            {KeySetURL: keySetURL},
		`Algorithms has "HS256"`:         {KeySetURL: keySetURL, Algorithms: []string{"ES256", "HS256"}},
		`Algorithms has "RS256"`:         {Secret: held, Algorithms: []string{"RS256"}},
		`Algorithms has "none"`:          {Secret: held, Algorithms: []string{"none"}},
		`Algorithms has "HS384"`:         {Secret: held, Algorithms: []string{"HS384"}},
		"Config.KeySetURL is plain http": {KeySetURL: "http://keys.example.com/", Algorithms: []string{"ES256"}},
		"Leeway":                         {Secret: held, Leeway: 5*time.Minute + 1},
		"Audience has an empty name":     {Secret: held, Audience: []string{""}},
		"Config.Origin is plain http":    {Secret: held, Origin: "http://api.productflo.io"},
		"Config.Origin has more than":    {Secret: held, Origin: "https://api.productflo.io/v1"},
	} {
		config.HTTPClient, config.WithoutIssuer = n.client(), true
		resolver, err := productflo.New(config)
		require.ErrorIs(t, err, secureflows.ErrInvalidRequest, mistake)
		assert.ErrorContains(t, err, mistake)
		assert.Nil(t, resolver)
		assert.NotContains(t, err.Error(), string(secret[:8]))
	}
	assert.Empty(t, n.asked())
	for _, config := range []productflo.Config{
		{Secret: held, WithoutIssuer: true}, {Secret: held, Issuer: issuer},
		{Secret: held, WithoutIssuer: true, Algorithms: []string{"HS256"}, Origin: "http://127.0.0.1:8080"},
	} {
		_, err := productflo.New(config)
		assert.NoError(t, err)
	}
}

// TestTheConfigIsTheCallers: what becomes of it afterwards changes nothing.
func TestTheConfigIsTheCallers(t *testing.T) {
	config := shared(newNetwork())
	text := append([]byte(nil), secret...)
	config.Secret, config.Algorithms = must(productflo.NewSecret(text)), []string{"HS256"}
	clear(text)
	resolver := newResolver(t, config)
	config.Algorithms[0] = "none"
	_, err := resolver.Resolve(t.Context(), token(t, hmacToken(documented())))
	require.NoError(t, err)
	assert.Empty(t, config.Origin, "a default is not written into it")
}

// TestNoTokenReachesAnotherProvider: all shapes through one chain, and what went
// out.
func TestNoTokenReachesAnotherProvider(t *testing.T) {
	n := newNetwork()
	config := of(public(n))
	config.AskSession = true
	secureFlows, err := secureflows.New(secureflows.Config{Workspace: "acme", AppID: "notes", HTTPClient: n.client(), MaxRetries: -1})
	require.NoError(t, err)
	authReturn := hmacToken(claims{"user_id": 1, "email": "ada@example.com", "iat": start.Unix(), "exp": start.Unix() + 100})
	vertesia := es256(claims{"iss": "https://sts.vertesia.io", "sub": "user:1", "type": "user", "exp": start.Unix() + 100})
	own := es256(documented().with("iss", issuer))
	opaque := "secureflows-session-token"
	hosts := map[string][]string{"api.productflo.io": {own}, "keys.example.com": {""}}
	old := newResolver(t, config)
	chain := middleware.FirstOf(old, secureFlows)
	forged := sign(`{"alg":"none"}`, documented().with("iss", issuer).text(), nil)
	for _, text := range []string{authReturn, vertesia, own, opaque, forged} {
		_, _ = chain.Resolve(t.Context(), token(t, text))
		assert.Equal(t, text == own || text == forged, old.Owns(token(t, text)))
	}
	var seen int
	for _, request := range n.asked() {
		_, address, _ := strings.Cut(request.name, " ")
		u, err := url.Parse(address)
		require.NoError(t, err)
		if allowed, ours := hosts[u.Hostname()]; ours {
			assert.Contains(t, allowed, request.bearer, request.name)
			seen++
		} else {
			assert.NotEqual(t, own, request.bearer, request.name)
		}
	}
	assert.Equal(t, 2, seen, "the keys, and the session of the one good token")
}
