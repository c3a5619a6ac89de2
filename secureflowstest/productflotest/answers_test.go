package productflotest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/productflotest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ada = "ada@example.com"

// reply is an answer with its body read.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends one request. Headers are given in pairs; a body is JSON unless they
// say otherwise.
func ask(t *testing.T, server *productflotest.Server, method, target, body string, header ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.Origin()+target, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return reply{response.StatusCode, response.Header, string(text)}
}

// parts takes a token apart by hand.
func parts(t *testing.T, token string) (signed string, header, claims map[string]any, signature []byte) {
	t.Helper()
	text := strings.Split(token, ".")
	require.Len(t, text, 3)
	for i, into := range []any{&header, &claims} {
		decoded, err := base64.RawURLEncoding.DecodeString(text[i])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(decoded, into))
	}
	signature, err := base64.RawURLEncoding.DecodeString(text[2])
	require.NoError(t, err)
	return text[0] + "." + text[1], header, claims, signature
}

// open verifies an HS256 token by hand, and gives its claims.
func open(t *testing.T, server *productflotest.Server, token string) map[string]any {
	t.Helper()
	signed, header, claims, signature := parts(t, token)
	require.Equal(t, map[string]any{"alg": "HS256", "typ": "JWT"}, header)
	sum := hmac.New(sha256.New, server.Secret())
	io.WriteString(sum, signed)
	require.Equal(t, sum.Sum(nil), signature)
	return claims
}

// demo is a mock with a user who has everything.
func demo(t *testing.T, options ...productflotest.Options) *productflotest.Server {
	t.Helper()
	server := productflotest.NewServer(t, options...)
	server.AddUser(productflotest.User{
		Email: ada, Tenants: []string{"acme", "notes"}, Role: "Member", Permissions: map[string]any{"projects": []string{"read"}},
	})
	return server
}

func TestTokenAsPublished(t *testing.T) {
	server := demo(t)
	before := server.Now().Unix()
	claims := open(t, server, server.Token(ada).Reveal())
	issued := claims["iat"].(float64)
	assert.GreaterOrEqual(t, issued, float64(before))
	assert.Equal(t, map[string]any{
		"sub": server.UserID(ada), "iat": issued, "exp": issued + 3600,
		"tenant_id": "acme", "role": "Member", "permissions": map[string]any{"projects": []any{"read"}},
	}, claims)
	assert.Len(t, server.Secret(), 32)

	claims = open(t, server, server.Token("bob@example.com").Reveal())
	assert.Len(t, claims, 4, "nothing that nobody has said")
	assert.Equal(t, "Member", claims["role"], "which no token is without")
	assert.NotEqual(t, server.UserID(ada), claims["sub"])
	assert.Len(t, claims["sub"], 36)
}

func TestLogin(t *testing.T) {
	server := demo(t)
	server.Advance(time.Hour)
	got := ask(t, server, "POST", "/auth/login", `{"email":"ada@example.com","password":"correct horse"}`)
	require.Equal(t, 200, got.status)
	assert.Equal(t, "application/json", got.header.Get("Content-Type"))
	assert.Empty(t, got.header.Get("Set-Cookie"))
	var answer struct {
		User    map[string]any
		Session struct {
			AccessToken  string `json:"access_token"`
			TokenType    string `json:"token_type"`
			ExpiresIn    int    `json:"expires_in"`
			RefreshToken string `json:"refresh_token"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &answer))
	assert.Equal(t, "bearer", answer.Session.TokenType)
	assert.Equal(t, 3600, answer.Session.ExpiresIn)
	assert.NotEmpty(t, answer.Session.RefreshToken)
	assert.Equal(t, "acme", open(t, server, answer.Session.AccessToken)["tenant_id"])
	for _, name := range []string{"email_confirmed_at", "confirmed_at", "last_sign_in_at", "created_at", "updated_at"} {
		_, err := time.Parse(time.RFC3339, answer.User[name].(string))
		assert.NoError(t, err, name)
		delete(answer.User, name)
	}
	assert.Equal(t, map[string]any{
		"id": server.UserID(ada), "aud": "authenticated", "role": "authenticated", "email": ada, "phone": "",
		"app_metadata":  map[string]any{"provider": "email", "providers": []any{"email"}},
		"user_metadata": map[string]any{"first_name": "", "last_name": "", "avatar_url": ""}, "identities": []any{},
	}, answer.User)
}

// Each row of what is published, and what it leaves to the mock.
func TestAnswers(t *testing.T) {
	server := demo(t)
	good := server.Token(ada).Reveal()
	claims := server.Claims(ada)
	claims["exp"] = server.Now().Unix()
	expired := server.Sign(claims).Reveal()
	delete(claims, "exp")
	endless := server.Sign(claims).Reveal()
	claims = server.Claims(ada)
	claims["sub"] = "nobody"
	nobody := server.Sign(claims).Reveal()
	unsigned := server.Sign(server.Claims(ada), map[string]any{"alg": "none"}).Reveal()
	foreign := demo(t).Token(ada).Reveal()
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	const login, signUp = `{"email":"ada@example.com","password":"correct horse"}`, `"username":"x","email":"x@example.com","password":"a","confirm_password":"a"}`
	for name, row := range map[string]struct {
		method, target, body string
		header               []string
		status               int
		want                 string // "" is an empty body, "*" any
	}{
		"a login":                     {"POST", "/auth/login", login, nil, 200, "*"},
		"a login into a tenant":       {"POST", "/auth/login", login, []string{"X-Tenant-ID", "notes"}, 200, "*"},
		"a login into another tenant": {"POST", "/auth/login", login, []string{"X-Tenant-ID", "other"}, 403, ""},
		"a wrong password":            {"POST", "/auth/login", `{"email":"ada@example.com","password":"x"}`, nil, 401, ""},
		"a stranger":                  {"POST", "/auth/login", `{"email":"bob@example.com","password":"correct horse"}`, nil, 401, ""},
		"no password":                 {"POST", "/auth/login", `{"email":"ada@example.com"}`, nil, 400, ""},
		"a member of another kind":    {"POST", "/auth/login", `{"email":"ada@example.com","password":1}`, nil, 400, ""},
		"a login that is no JSON":     {"POST", "/auth/login", `{`, nil, 400, ""},
		"a login that is a form":      {"POST", "/auth/login", "email=x", []string{"Content-Type", "application/x-www-form-urlencoded"}, 400, ""},
		"a login by GET":              {"GET", "/auth/login", "", nil, 405, ""},
		"a magic link":                {"POST", "/auth/magic-link", `{"email":"ada@example.com"}`, nil, 200, `{"message":"Magic link sent to email"}`},
		"a magic link to nobody":      {"POST", "/auth/magic-link", `{}`, nil, 400, ""},
		"a phone code":                {"POST", "/auth/phone-otp", `{"phone_number":"+15550100"}`, nil, 200, `{"message":"OTP sent to phone number"}`},
		"a phone code to an address":  {"POST", "/auth/phone-otp", `{"email":"ada@example.com"}`, nil, 400, ""},
		"a session":                   {"GET", "/auth/session", "", bearer(good), 200, `{"id":"` + server.UserID(ada) + `"}`},
		"a session in a tenant":       {"GET", "/auth/session", "", append(bearer(good), "X-Tenant-ID", "notes"), 200, `{"id":"` + server.UserID(ada) + `"}`},
		"a session in another tenant": {"GET", "/auth/session", "", append(bearer(good), "X-Tenant-ID", "other"), 403, ""},
		"no session":                  {"GET", "/auth/session", "", nil, 401, ""},
		"an expired session":          {"GET", "/auth/session", "", bearer(expired), 401, ""},
		"a session without end":       {"GET", "/auth/session", "", bearer(endless), 401, ""},
		"a session of nobody":         {"GET", "/auth/session", "", bearer(nobody), 401, ""},
		"an unsigned session":         {"GET", "/auth/session", "", bearer(unsigned), 401, ""},
		"a foreign session":           {"GET", "/auth/session", "", bearer(foreign), 401, ""},
		"a session in the URL":        {"GET", "/auth/session?token=" + good, "", nil, 401, ""},
		"a session by a cookie":       {"GET", "/auth/session", "", []string{"Cookie", "session=" + good}, 401, ""},
		"a session by POST":           {"POST", "/auth/session", "", bearer(good), 405, ""},
		"a logout of nobody":          {"POST", "/auth/logout", "", nil, 401, ""},
		"a foreign logout":            {"POST", "/auth/logout", "", bearer(foreign), 401, ""},
		"a sign-up":                   {"POST", "/auth/signup", `{"first_name":"New","last_name":"One","username":"n","email":"n1@example.com","password":"a","confirm_password":"a"}`, nil, 200, "*"},
		"a sign-up by full name":      {"POST", "/auth/signup", `{"full_name":"New Two","username":"n","email":"n2@example.com","password":"a","confirm_password":"a"}`, nil, 200, "*"},
		"a second sign-up":            {"POST", "/auth/signup", `{"full_name":"A","username":"n","email":"ada@example.com","password":"a","confirm_password":"a"}`, nil, 409, ""},
		"a sign-up without last name": {"POST", "/auth/signup", `{"first_name":"X",` + signUp, nil, 400, ""},
		"a sign-up without name":      {"POST", "/auth/signup", `{` + signUp, nil, 400, ""},
		"two passwords":               {"POST", "/auth/signup", `{"full_name":"X",` + strings.Replace(signUp, `"a"}`, `"b"}`, 1), nil, 400, ""},
		"a sign-up without username":  {"POST", "/auth/signup", `{"full_name":"X",` + strings.Replace(signUp, `"username"`, `"nick"`, 1), nil, 400, ""},
		"a sign-up without address":   {"POST", "/auth/signup", `{"full_name":"X",` + strings.Replace(signUp, `@`, ``, 1), nil, 400, ""},
		"a key set":                   {"GET", "/mock/jwks.json", "", nil, 404, ""},

		// Not served, because their form is not published.
		"a refresh":            {"POST", "/auth/refresh", `{"refresh_token":"x"}`, nil, 404, ""},
		"a phone login":        {"POST", "/auth/phone-login", `{}`, nil, 404, ""},
		"a phone code's check": {"POST", "/auth/verify-phone-otp", `{}`, nil, 404, ""},
		"a second factor":      {"POST", "/auth/2fa", `{}`, nil, 404, ""},
		"tenants":              {"GET", "/tenants", "", bearer(good), 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, server, row.method, row.target, row.body, row.header...)
			assert.Equal(t, row.status, got.status)
			switch row.want {
			case "*":
				assert.True(t, json.Valid([]byte(got.body)))
			case "":
				assert.Empty(t, got.body)
			default:
				assert.JSONEq(t, row.want, got.body)
			}
		})
	}
}

// accessToken takes the token out of the answer to a login or a sign-up.
func accessToken(t *testing.T, got reply) string {
	t.Helper()
	require.Equal(t, 200, got.status)
	var answer struct {
		Session struct {
			AccessToken string `json:"access_token"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &answer))
	return answer.Session.AccessToken
}

func TestTenantOfALogin(t *testing.T) {
	server := demo(t)
	got := ask(t, server, "POST", "/auth/login", `{"email":"ada@example.com","password":"correct horse"}`, productflotest.TenantHeader, "notes")
	assert.Equal(t, "notes", open(t, server, accessToken(t, got))["tenant_id"])
}

func TestSignUp(t *testing.T) {
	const body = `{"first_name":"Ada","last_name":"L","username":"ada","email":"ada@example.com","password":"a","confirm_password":"a"}`
	for _, without := range []bool{false, true} {
		server := productflotest.NewServer(t, productflotest.Options{SignUpWithoutSession: without})
		got := ask(t, server, "POST", "/auth/signup", body)
		var answer map[string]map[string]any
		require.NoError(t, json.Unmarshal([]byte(got.body), &answer))
		assert.Equal(t, server.UserID(ada), answer["user"]["id"])
		assert.Equal(t, map[string]any{"first_name": "Ada", "last_name": "L", "avatar_url": ""}, answer["user"]["user_metadata"])
		assert.Equal(t, without, answer["user"]["email_confirmed_at"] == nil)
		assert.Equal(t, without, answer["session"] == nil)
		assert.Equal(t, 200, ask(t, server, "POST", "/auth/login", `{"email":"ada@example.com","password":"a"}`).status)
		server.AddUser(productflotest.User{Email: ada, Role: "Owner"})
		assert.Equal(t, answer["user"]["id"], server.UserID(ada), "a change keeps the id")
		assert.Equal(t, "Owner", server.Claims(ada)["role"])
		assert.Equal(t, 200, ask(t, server, "POST", "/auth/login", `{"email":"ada@example.com","password":"a"}`).status, "and the password")
	}
}

func TestLogoutAndClock(t *testing.T) {
	server := demo(t)
	first, second := server.Token(ada).Reveal(), server.Sign(server.Claims(ada), map[string]any{"typ": nil}).Reveal()
	session := func(token string) int {
		return ask(t, server, "GET", "/auth/session", "", "Authorization", "Bearer "+token).status
	}
	out := ask(t, server, "POST", "/auth/logout", "", "Authorization", "Bearer "+first)
	assert.Equal(t, 200, out.status)
	assert.JSONEq(t, `{}`, out.body)
	assert.Equal(t, 401, session(first))
	assert.Equal(t, 401, ask(t, server, "POST", "/auth/logout", "", "Authorization", "Bearer "+first).status)
	server.Advance(59 * time.Minute)
	assert.Equal(t, 200, session(second), "another token lives on")
	server.Advance(time.Minute)
	assert.Equal(t, 401, session(second))
}

func TestCookie(t *testing.T) {
	server := demo(t, productflotest.Options{Cookie: "session"})
	got := ask(t, server, "POST", "/auth/login", `{"email":"ada@example.com","password":"correct horse"}`)
	cookie, err := http.ParseSetCookie(got.header.Get("Set-Cookie"))
	require.NoError(t, err)
	assert.Equal(t, "session", cookie.Name)
	assert.Equal(t, accessToken(t, got), cookie.Value)
	assert.True(t, cookie.HttpOnly)
	assert.True(t, cookie.Secure)
	assert.Equal(t, 3600, cookie.MaxAge)
	header := []string{"Cookie", "session=" + cookie.Value}
	assert.Equal(t, 200, ask(t, server, "GET", "/auth/session", "", header...).status)
	assert.Equal(t, 401, ask(t, server, "GET", "/auth/session", "", append(header, "Authorization", "Bearer x")...).status, "a bearer comes first")
	out := ask(t, server, "POST", "/auth/logout", "", header...)
	gone, err := http.ParseSetCookie(out.header.Get("Set-Cookie"))
	require.NoError(t, err)
	assert.Equal(t, -1, gone.MaxAge)
	assert.Equal(t, 401, ask(t, server, "GET", "/auth/session", "", header...).status)
}

func TestSessionBody(t *testing.T) {
	server := demo(t, productflotest.Options{Session: func(claims map[string]any) any {
		return map[string]any{"id": claims["sub"]}
	}})
	got := ask(t, server, "GET", "/auth/session", "", "Authorization", "Bearer "+server.Token(ada).Reveal())
	assert.JSONEq(t, `{"id":"`+server.UserID(ada)+`"}`, got.body)

	server = demo(t, productflotest.Options{Session: func(map[string]any) any { return func() {} }})
	got = ask(t, server, "GET", "/auth/session", "", "Authorization", "Bearer "+server.Token(ada).Reveal())
	assert.Equal(t, 500, got.status, "what is not JSON")
}

func number(t *testing.T, text string) *big.Int {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(t, err)
	return new(big.Int).SetBytes(b)
}

func TestKeySets(t *testing.T) {
	for _, algorithm := range []string{"ES256", "RS256"} {
		server := demo(t, productflotest.Options{Algorithm: algorithm})
		target, found := strings.CutPrefix(server.JWKSURL(), server.Origin())
		require.True(t, found)
		var set struct {
			Keys []struct{ Kty, Kid, Alg, Crv, X, Y, N, E string }
		}
		require.NoError(t, json.Unmarshal([]byte(ask(t, server, "GET", target, "").body), &set))
		verifies := func(token string) bool {
			signed, header, _, signature := parts(t, token)
			digest := sha256.Sum256([]byte(signed))
			for _, key := range set.Keys {
				switch {
				case key.Kid != header["kid"] || key.Alg != header["alg"]:
				case key.Kty == "EC" && key.Crv == "P-256" && len(signature) == 64:
					public := &ecdsa.PublicKey{Curve: elliptic.P256(), X: number(t, key.X), Y: number(t, key.Y)}
					return ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
				case key.Kty == "RSA":
					public := &rsa.PublicKey{N: number(t, key.N), E: int(number(t, key.E).Int64())}
					return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
				}
			}
			return false
		}
		token := server.Token(ada).Reveal()
		_, header, _, _ := parts(t, token)
		assert.Equal(t, algorithm, header["alg"])
		assert.True(t, verifies(token))
		assert.True(t, verifies(accessToken(t, ask(t, server, "POST", "/auth/login", `{"email":"ada@example.com","password":"correct horse"}`))))
		assert.Equal(t, 200, ask(t, server, "GET", "/auth/session", "", "Authorization", "Bearer "+token).status)
		for _, override := range []map[string]any{{"alg": "none"}, {"alg": "HS256"}, {"alg": "ES384"}, {"kid": "x"}, {"kid": nil}} {
			hostile := server.Sign(server.Claims(ada), override).Reveal()
			assert.False(t, verifies(hostile), fmt.Sprint(override))
			assert.Equal(t, 401, ask(t, server, "GET", "/auth/session", "", "Authorization", "Bearer "+hostile).status, fmt.Sprint(override))
		}
	}
}

func TestFaultsHaveNoBody(t *testing.T) {
	server := demo(t)
	server.Fail(secureflowstest.Fault{Path: "/auth/session", Status: 503, RetryAfter: time.Second})
	got := ask(t, server, "GET", "/auth/session", "", "Authorization", "Bearer "+server.Token(ada).Reveal())
	assert.Equal(t, 503, got.status)
	assert.Equal(t, "1", got.header.Get("Retry-After"))
	assert.Empty(t, got.body)
}
