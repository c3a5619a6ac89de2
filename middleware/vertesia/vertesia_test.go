package vertesia_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"crypto/x509"
	"encoding/pem"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
)

func TestNewRefusesWhatCannotWork(t *testing.T) {
	for name, row := range map[string]struct {
		change func(*vertesia.Config)
		says   string
	}{
		"no issuer":            {func(c *vertesia.Config) { c.Issuer = "" }, "Config.Issuer"},
		"a relative issuer":    {func(c *vertesia.Config) { c.Issuer = "sts.vertesia.example" }, "Config.Issuer"},
		"plain http":           {func(c *vertesia.Config) { c.Issuer = "http://sts.vertesia.example" }, "https"},
		"an issuer's query":    {func(c *vertesia.Config) { c.Issuer += "?a=b" }, "Config.Issuer"},
		"no types":             {func(c *vertesia.Config) { c.Types = nil }, "Config.Types"},
		"no accounts":          {func(c *vertesia.Config) { c.Accounts = nil }, "Config.Accounts"},
		"any type":             {func(c *vertesia.Config) { c.Types = []string{"*"} }, "to the letter"},
		"an empty account":     {func(c *vertesia.Config) { c.Accounts = []string{"acme", ""} }, "to the letter"},
		"an account and space": {func(c *vertesia.Config) { c.Accounts = []string{"acme "} }, "to the letter"},
		"an empty audience":    {func(c *vertesia.Config) { c.Audience = []string{""} }, "Audience"},
		"keys by plain http":   {func(c *vertesia.Config) { c.KeySetURL = "http://keys.example/jwks" }, "Config.KeySetURL"},
		"an hour of leeway":    {func(c *vertesia.Config) { c.Leeway = time.Hour }, "Leeway"},
		"an STS by plain http": {func(c *vertesia.Config) { c.STS = "http://sts.example" }, "Config.STS"},
		"a central query":      {func(c *vertesia.Config) { c.CentralAuth = "https://central.example?x" }, "Config.CentralAuth"},
		"a studio's fragment":  {func(c *vertesia.Config) { c.Studio = studio + "#x" }, "Config.Studio"},
	} {
		s := &service{}
		made, err := vertesia.New(config(s, row.change))
		require.ErrorIs(t, err, secureflows.ErrInvalidRequest, name)
		assert.ErrorContains(t, err, row.says, name)
		assert.ErrorContains(t, err, "vertesia: ", name)
		assert.Nil(t, made, name)
		assert.Empty(t, s.requests, name)
	}
}

func TestResolve(t *testing.T) {
	for name, text := range map[string]string{"ES256": sign(ecKey(), ec, claims()), "RS256": sign(rsaKey(), rs, claims())} {
		t.Run(name, func(t *testing.T) {
			s := &service{}
			identity, err := resolver(t, s).Resolve(t.Context(), token(text))
			require.NoError(t, err)
			assert.Equal(t, secureflows.Identity{
				Provider: "vertesia", Subject: "user:1", Email: "ada@example.com", Tenant: "acme",
				Roles: secureflows.GrantsOf("member", "billing"), Permissions: secureflows.GrantsOf("content:read"),
				ExpiresAt: start.Add(time.Hour),
			}, identity)
			assert.Equal(t, secureflows.Person{Provider: "vertesia", Subject: "user:1"}, identity.Person())
			require.Len(t, s.requests, 1)
			assert.Equal(t, issuer+"/.well-known/jwks", s.requests[0].url)
			assert.NotContains(t, fmt.Sprint(s.requests), text, "the token went nowhere")
		})
	}
}

func TestVerifyGivesAllThatATokenSays(t *testing.T) {
	r := resolver(t, &service{})
	got, err := r.Verify(t.Context(), signed("aud", []string{"shop", "desk"}, "picture", "https://p.example", "tags", []string{"t"},
		"ui_restrictions", []string{"u"}, "scopes", []string{"s"}, "groups", []any{map[string]any{"id": "g"}},
		"endpoints", "api.vertesia.example", "abac", map[string]any{"x": []int{1}}, "content_security", map[string]any{},
		"service_caller", map[string]any{"id": "svc"}, "trusted_request_identity", true))
	require.NoError(t, err)
	assert.Equal(t, vertesia.Claims{
		Issuer: issuer, Audience: []string{"shop", "desk"}, Subject: "user:1", ExpiresAt: start.Add(time.Hour), Type: "user",
		UserID: "1", Name: "Ada", Email: "ada@example.com", Picture: "https://p.example",
		Account: vertesia.Account{ID: "acme", Name: "Acme"}, Accounts: []vertesia.Account{{ID: "acme", Name: "Acme"}, {ID: "other", Name: "Other"}},
		Project:      &vertesia.Project{ID: "p1", Name: "One", Account: "acme", Restricted: true},
		AccountRoles: []string{"member", "billing"}, ProjectRoles: []string{"developer"}, Apps: []string{"notes"},
		Permissions: []string{"content:read"}, Scopes: []string{"s"}, Tags: []string{"t"}, UIRestrictions: []string{"u"},
		ContentSecurity: json.RawMessage(`{}`), ABAC: json.RawMessage(`{"x":[1]}`), Groups: json.RawMessage(`[{"id":"g"}]`),
		Endpoints: json.RawMessage(`"api.vertesia.example"`), ServiceCaller: json.RawMessage(`{"id":"svc"}`), TrustedRequestIdentity: true,
	}, got)

	got, err = r.Verify(t.Context(), signed("endpoints", map[string]any{"studio": "a", "store": "b"}, "project", nil))
	require.NoError(t, err)
	assert.JSONEq(t, `{"studio":"a","store":"b"}`, string(got.Endpoints))
	assert.Nil(t, got.Project)
}

// Whoever decides by the permissions alone must not be told more than is so.
func TestConditionsAreNotFlattenedAway(t *testing.T) {
	r := resolver(t, &service{})
	for name, row := range map[string]struct {
		claim string
		value any
		text  string
	}{
		"content_security": {"content_security", map[string]any{"document": []any{}}, `{"permissions":["content:read"],"content_security":{"document":[]}}`},
		"abac":             {"abac", map[string]any{}, `{"permissions":["content:read"],"abac":{}}`},
		"abac of null":     {"abac", json.RawMessage("null"), `{"permissions":["content:read"],"abac":null}`},
	} {
		identity, err := r.Resolve(t.Context(), signed(row.claim, row.value))
		require.NoError(t, err, name)
		assert.False(t, identity.Permissions.Has("content:read"), name)
		assert.JSONEq(t, row.text, string(identity.Permissions.Raw()), name)
		assert.True(t, identity.Roles.Has("member"), name)
	}
	identity, err := r.Resolve(t.Context(), signed())
	require.NoError(t, err)
	assert.True(t, identity.Permissions.Has("content:read"))
}

func pemOf(key any) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(key))})
}

func TestWhatIsRefused(t *testing.T) {
	twice := strings.Replace(claims(), `"sub":`, `"sub":"user:2","sub":`, 1)
	unsigned := encoded(`{"alg":"none","kid":"e"}`) + "." + encoded(claims()) + "."
	for name, row := range map[string]struct {
		text string
		want error
	}{
		"expired":                      {sign(ecKey(), ec, claims("exp", start.Add(-time.Second).Unix())), secureflows.ErrTokenExpired},
		"expired now":                  {sign(ecKey(), ec, claims("exp", start.Unix())), secureflows.ErrTokenExpired},
		"not yet valid":                {sign(ecKey(), ec, claims("nbf", start.Add(time.Second).Unix())), secureflows.ErrUnauthenticated},
		"no exp":                       {sign(ecKey(), ec, claims("exp", nil)), secureflows.ErrUnauthenticated},
		"a string for exp":             {sign(ecKey(), ec, claims("exp", "9999999999")), secureflows.ErrUnauthenticated},
		"alg none":                     {unsigned, secureflows.ErrUnauthenticated},
		"alg NONE":                     {sign(nil, `{"alg":"NONE"}`, claims()), secureflows.ErrUnauthenticated},
		"HS256 by the public EC key":   {sign(pemOf(&ecKey().PublicKey), `{"alg":"HS256","kid":"e"}`, claims()), secureflows.ErrUnauthenticated},
		"HS256 by the public RSA key":  {sign(pemOf(&rsaKey().PublicKey), `{"alg":"HS256","kid":"r"}`, claims()), secureflows.ErrUnauthenticated},
		"ES256 by an HMAC of the key":  {sign(pemOf(&ecKey().PublicKey), ec, claims()), secureflows.ErrUnauthenticated},
		"wrong key":                    {sign(otherKey(), ec, claims()), secureflows.ErrUnauthenticated},
		"an RSA key for ES256":         {sign(rsaKey(), `{"alg":"ES256","kid":"r"}`, claims()), secureflows.ErrUnauthenticated},
		"unknown key":                  {sign(ecKey(), odd, claims()), secureflows.ErrUnauthenticated},
		"duplicate claims":             {sign(ecKey(), ec, twice), secureflows.ErrUnauthenticated},
		"duplicate header":             {sign(ecKey(), `{"alg":"ES256","alg":"ES256","kid":"e"}`, claims()), secureflows.ErrUnauthenticated},
		"its own keys":                 {sign(otherKey(), `{"alg":"ES256","kid":"e","jku":"https://evil.example/jwks"}`, claims()), secureflows.ErrUnauthenticated},
		"no subject":                   {sign(ecKey(), ec, claims("sub", nil)), secureflows.ErrUnauthenticated},
		"empty subject":                {sign(ecKey(), ec, claims("sub", "")), secureflows.ErrUnauthenticated},
		"no iss":                       {sign(ecKey(), ec, claims("iss", nil)), middleware.ErrForeignToken},
		"no JWT":                       {"staff.7", middleware.ErrForeignToken},
		"a key of the API":             {"sk-0123456789abcdef0123456789abcdef", secureflows.ErrUnauthenticated},
		"a key that ends early":        {"sk-", secureflows.ErrUnauthenticated},
		"SK-, which is no key":         {"SK-0123456789abcdef", middleware.ErrForeignToken},
		"sk, which is no key":          {"sk0123456789abcdef", middleware.ErrForeignToken},
		"a dot in front":               {"." + signed().Reveal(), secureflows.ErrUnauthenticated},
		"a tilde in front":             {"~" + signed().Reveal(), secureflows.ErrUnauthenticated},
		"a hostile path":               {sign(ecKey(), ec, claims("iss", "https://evil.example/.vertesia.io")), middleware.ErrForeignToken},
		"a hostile path of our name":   {sign(ecKey(), ec, claims("iss", "https://evil.example/"+issuer)), middleware.ErrForeignToken},
		"a hostile host":               {sign(ecKey(), ec, claims("iss", issuer+".evil.example")), middleware.ErrForeignToken},
		"a hostile user":               {sign(ecKey(), ec, claims("iss", issuer+"@evil.example")), middleware.ErrForeignToken},
		"a region":                     {sign(ecKey(), ec, claims("iss", "https://sts.eu1.vertesia.example")), middleware.ErrForeignToken},
		"a list of issuers":            {sign(ecKey(), ec, claims("iss", []string{issuer})), middleware.ErrForeignToken},
		"an agent":                     {sign(ecKey(), ec, claims("type", "agent")), middleware.ErrNotAllowed},
		"an agent as a user":           {sign(ecKey(), ec, claims("type", "agent", "user_id", "1")), middleware.ErrNotAllowed},
		"an API key":                   {sign(ecKey(), ec, claims("type", "apikey")), middleware.ErrNotAllowed},
		"a service account":            {sign(ecKey(), ec, claims("type", "service_account")), middleware.ErrNotAllowed},
		"another spelling of the type": {sign(ecKey(), ec, claims("type", "User")), middleware.ErrNotAllowed},
		"no type":                      {sign(ecKey(), ec, claims("type", nil)), middleware.ErrNotAllowed},
		"no account":                   {sign(ecKey(), ec, claims("account", nil)), middleware.ErrNotAllowed},
		"an account without id":        {sign(ecKey(), ec, claims("account", map[string]any{"name": "acme"})), middleware.ErrNotAllowed},
		"another customer's account":   {sign(ecKey(), ec, claims("account", map[string]any{"id": "other"})), middleware.ErrNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{}
			r := resolver(t, s)
			err := resolve(r, row.text)
			require.ErrorIs(t, err, row.want)
			assert.Equal(t, errors.Is(row.want, middleware.ErrForeignToken), errors.Is(err, middleware.ErrForeignToken))
			assert.NotErrorIs(t, err, secureflows.ErrUnavailable)
			for _, part := range strings.Split(row.text, ".") {
				if len(part) > 8 {
					assert.NotContains(t, err.Error(), part[:8], "quotes the token")
				}
			}
			for _, asked := range s.requests {
				assert.Equal(t, issuer+"/.well-known/jwks", asked.url)
			}
			if errors.Is(row.want, middleware.ErrForeignToken) {
				assert.Empty(t, s.requests, "before any request")
			}
			_, err = r.Verify(t.Context(), token(row.text))
			assert.ErrorIs(t, err, row.want, "Verify lets nobody in whom Resolve does not")
		})
	}
}

func TestNoTokenAtAll(t *testing.T) {
	s := &service{}
	_, err := resolver(t, s).Resolve(t.Context(), secureflows.Token{})
	require.ErrorIs(t, err, secureflows.ErrUnauthenticated)
	assert.NotErrorIs(t, err, middleware.ErrForeignToken)
	assert.Empty(t, s.requests)
}

// A token may be as long as can be sent, and no longer.
func TestOversizedToken(t *testing.T) {
	r := resolver(t, &service{})
	short := sign(ecKey(), ec, claims("name", strings.Repeat("n", 11<<10)))
	require.NoError(t, resolve(r, short))
	_, err := secureflows.NewToken(sign(ecKey(), ec, claims("name", strings.Repeat("n", 13<<10))))
	require.ErrorIs(t, err, secureflows.ErrInvalidRequest)
}

func TestAudienceIsComparedWhereItIsKnown(t *testing.T) {
	r := resolver(t, &service{}, func(c *vertesia.Config) { c.Audience = []string{"shop", "desk"} })
	assert.NoError(t, resolve(r, signed().Reveal()))
	assert.NoError(t, resolve(r, signed("aud", []string{"x", "desk"}).Reveal()))
	assert.ErrorIs(t, resolve(r, signed("aud", "shop2").Reveal()), secureflows.ErrUnauthenticated)
	assert.ErrorIs(t, resolve(r, signed("aud", nil).Reveal()), secureflows.ErrUnauthenticated)
	assert.NoError(t, resolve(resolver(t, &service{}), signed("aud", nil).Reveal()), "none is not compared")
}

func TestTypesAndAccountsThatAreLetIn(t *testing.T) {
	r := resolver(t, &service{}, func(c *vertesia.Config) { c.Types = []string{"agent"}; c.Accounts = []string{"other"} })
	other := map[string]any{"id": "other"}
	assert.NoError(t, resolve(r, signed("type", "agent", "account", other).Reveal()))
	assert.ErrorIs(t, resolve(r, signed("account", other).Reveal()), middleware.ErrNotAllowed, "a user")
	assert.ErrorIs(t, resolve(r, signed("type", "agent").Reveal()), middleware.ErrNotAllowed, "an account of the token's list of all")
}

// The lists are the adapter's own once it is made.
func TestListsAreCopied(t *testing.T) {
	cfg := config(&service{})
	r, err := vertesia.New(cfg)
	require.NoError(t, err)
	cfg.Types[0], cfg.Accounts[0] = "agent", "other"
	assert.NoError(t, resolve(r, signed().Reveal()))
}

func TestLeewayIsExact(t *testing.T) {
	ends := start.Add(time.Hour)
	for now, want := range map[time.Time]error{
		ends.Add(-time.Nanosecond):               nil,
		ends:                                     nil,
		ends.Add(30*time.Second - 1):             nil,
		ends.Add(30 * time.Second):               secureflows.ErrTokenExpired,
		start.Add(-30 * time.Second):             nil,
		start.Add(-30*time.Second - time.Second): secureflows.ErrUnauthenticated,
	} {
		r := resolver(t, &service{}, at(now), func(c *vertesia.Config) { c.Leeway = 30 * time.Second })
		assert.ErrorIs(t, resolve(r, signed("nbf", start.Unix()).Reveal()), want, now)
	}
}

func TestKeySetElsewhere(t *testing.T) {
	var asked []string
	client := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.String())
		w := httptest.NewRecorder()
		_, _ = w.WriteString(keySet())
		return w.Result(), nil
	})}
	r := resolver(t, &service{}, func(c *vertesia.Config) { c.KeySetURL = "https://keys.example/vertesia"; c.HTTPClient = client })
	require.NoError(t, resolve(r, signed().Reveal()))
	assert.Equal(t, []string{"https://keys.example/vertesia"}, asked)
}

func TestFloodOfUnknownKeys(t *testing.T) {
	s := &service{}
	r := resolver(t, s)
	var tokens []string
	for i := range 100 {
		tokens = append(tokens, sign(otherKey(), fmt.Sprintf(`{"alg":"ES256","kid":"k%d"}`, i), `{"iss":"`+issuer+`","exp":9999999999}`))
	}
	var wait sync.WaitGroup
	for g := range 20 {
		wait.Go(func() {
			for i := range 500 { // 10,000 in all
				err := resolve(r, tokens[(g*500+i)%len(tokens)])
				assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
			}
		})
	}
	wait.Wait()
	assert.LessOrEqual(t, len(s.requests), 2)
	assert.NoError(t, resolve(r, signed().Reveal()))
}

func bearing(text string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+text)
	return r
}

var ok = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if identity, found := secureflows.IdentityFromContext(r.Context()); found {
		fmt.Fprint(w, identity.Subject)
	}
})

func TestAnOutageSignsNobodyOut(t *testing.T) {
	s := &service{down: true}
	bearer := middleware.NewBearer(resolver(t, s), middleware.BearerConfig{})
	w := httptest.NewRecorder()
	bearer.Require(ok).ServeHTTP(w, bearing(signed().Reveal()))
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Equal(t, "7", w.Header().Get("Retry-After"))

	// Keys that are known serve on.
	s.fail(false)
	known := resolver(t, s)
	require.NoError(t, resolve(known, signed().Reveal()))
	s.fail(true)
	w = httptest.NewRecorder()
	middleware.NewBearer(known, middleware.BearerConfig{}).Require(ok).ServeHTTP(w, bearing(sign(rsaKey(), rs, claims())))
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Equal(t, "user:1", w.Body.String())
}

func TestStatusesBehindABearer(t *testing.T) {
	bearer := middleware.NewBearer(resolver(t, &service{}), middleware.BearerConfig{})
	for text, want := range map[string]int{
		signed().Reveal():                              http.StatusOK,
		signed("exp", start.Unix()).Reveal():           http.StatusUnauthorized,
		signed("type", "agent").Reveal():               http.StatusForbidden,
		signed("account", nil).Reveal():                http.StatusForbidden,
		signed("iss", "https://evil.example").Reveal(): http.StatusUnauthorized,
		sign(otherKey(), ec, claims()):                 http.StatusUnauthorized,
		strings.Repeat("a", 17<<10):                    http.StatusBadRequest,
	} {
		w := httptest.NewRecorder()
		bearer.Require(ok).ServeHTTP(w, bearing(text))
		assert.Equal(t, want, w.Code)
	}
}

func TestTheCallersEndIsItsOwn(t *testing.T) {
	s := &service{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := resolver(t, s).Resolve(ctx, signed())
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, secureflows.ErrUnavailable)
	assert.NotErrorIs(t, err, secureflows.ErrSignedOut)
}

// wire records everything that leaves, and answers as nobody.
type wire struct {
	mu   sync.Mutex // guards sent
	sent []string
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := r.Method + " " + r.URL.String() + fmt.Sprint(r.Header)
	if r.Body != nil {
		buffer := make([]byte, 64<<10)
		n, _ := r.Body.Read(buffer)
		text += string(buffer[:n])
	}
	w.sent = append(w.sent, text)
	answer := httptest.NewRecorder()
	answer.Header().Set("Content-Type", "application/json")
	_, _ = answer.WriteString(`{"userId":7,"email":"x@example.com"}`)
	return answer.Result(), nil
}

// The tokens of others reach neither the STS nor the issuer of keys, and
// Vertesia's reach nobody else, forged ones included.
func TestNoTokenReachesAForeignProvider(t *testing.T) {
	s, elsewhere := &service{}, &wire{}
	client, err := secureflows.New(secureflows.Config{
		Workspace: "demo", AppID: "notes", Origin: "https://secureflows.example", HTTPClient: &http.Client{Transport: elsewhere},
	})
	require.NoError(t, err)
	old := resolver(t, s)
	chain := middleware.FirstOf(old, client)

	foreign := map[string]string{
		"AuthReturn":  sign([]byte("0123456789abcdef0123456789abcdef"), `{"alg":"HS256","typ":"JWT"}`, `{"user_id":1,"email":"a@b.example","iat":1,"exp":9999999999}`),
		"ProductFlo":  sign([]byte("0123456789abcdef0123456789abcdef"), `{"alg":"HS256","typ":"JWT"}`, `{"sub":"u","role":"member","iat":1,"exp":9999999999}`),
		"Firebase":    sign(rsaKey(), rs, `{"iss":"https://securetoken.google.com/x","sub":"u","exp":9999999999}`),
		"secureFlows": sign(otherKey(), ec, `{"sid":"s","exp":9999999999}`),
	}
	for name, text := range foreign {
		_, err := chain.Resolve(t.Context(), token(text))
		require.NoError(t, err, name) // the stand-in for secureFlows takes all
		assert.Empty(t, s.requests, "%s: Vertesia was asked", name)
		assert.False(t, old.Owns(token(text)), name)
	}
	assert.Len(t, elsewhere.sent, len(foreign))

	elsewhere.sent = nil
	for _, spelled := range spellings() {
		_, err := chain.Resolve(t.Context(), signed("iss", spelled))
		require.ErrorIs(t, err, secureflows.ErrUnauthenticated, spelled)
		assert.True(t, old.Owns(signed("iss", spelled)), spelled)
	}
	for _, text := range []string{
		signed().Reveal(), signed("exp", start.Unix()).Reveal(), signed("type", "agent").Reveal(), sign(otherKey(), ec, claims()),
		encoded(`{"alg":"none"}`) + "." + encoded(claims()) + ".", sign([]byte("key"), `{"alg":"HS256"}`, claims()), sign(ecKey(), odd, claims()),
	} {
		_, _ = chain.Resolve(t.Context(), token(text))
		assert.NotContains(t, fmt.Sprint(s.requests), text)
		assert.True(t, old.Owns(token(text)))
	}
	assert.Empty(t, elsewhere.sent, "a token of Vertesia reached secureFlows")
	for _, asked := range s.requests {
		assert.Equal(t, issuer+"/.well-known/jwks", asked.url)
		assert.Empty(t, asked.bearer)
	}
}

func TestItPrintsAsItsName(t *testing.T) {
	r := resolver(t, &service{})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		assert.Equal(t, "vertesia.Resolver", fmt.Sprintf(verb, r))
		assert.Equal(t, "vertesia.SignIn", fmt.Sprintf(verb, signIn(t, r)))
	}
}

func TestLogoutURL(t *testing.T) {
	r := resolver(t, &service{})
	got, err := r.LogoutURL("https://app.example/bye?a=b&c=d")
	require.NoError(t, err)
	assert.Equal(t, "https://internal-auth.vertesia.app/logout?redirect_uri=https%3A%2F%2Fapp.example%2Fbye%3Fa%3Db%26c%3Dd", got)
	got, err = r.LogoutURL("")
	require.NoError(t, err)
	assert.Equal(t, "https://internal-auth.vertesia.app/logout", got)
	for _, bad := range []string{"/bye", "http://app.example/", "javascript:alert(1)", "https://app.example/#x", "https://u:p@app.example/"} {
		_, err := r.LogoutURL(bad)
		assert.ErrorIs(t, err, secureflows.ErrInvalidRequest, bad)
	}
}
