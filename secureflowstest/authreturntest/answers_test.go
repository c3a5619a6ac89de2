package authreturntest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/authreturntest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	ada = "ada@example.com"
	day = 24 * time.Hour
)

// reply is an answer with its body read.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends one request and follows no redirect. Headers are given in pairs; a
// body is JSON unless they say otherwise.
func ask(t *testing.T, server *authreturntest.Server, method, target, body string, header ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.Origin()+target, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return reply{response.StatusCode, response.Header, string(text)}
}

// open verifies a token by hand and gives its header and claims. It shares
// nothing with what signed it.
func open(t *testing.T, secret []byte, token string) (header, claims string) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	sum := hmac.New(sha256.New, secret)
	io.WriteString(sum, parts[0]+"."+parts[1])
	require.Equal(t, base64.RawURLEncoding.EncodeToString(sum.Sum(nil)), parts[2])
	var texts [2]string
	for i := range texts {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		require.NoError(t, err)
		texts[i] = string(text)
	}
	return texts[0], texts[1]
}

// tokenIn takes the token out of a JSON answer.
func tokenIn(t *testing.T, body string) string {
	t.Helper()
	var answer struct{ Token string }
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	return answer.Token
}

// Each row of the provider's guide, and what it leaves to the server.
func TestAnswers(t *testing.T) {
	const wrong = `{"error":"Invalid token"}`
	server := authreturntest.NewServer(t)
	good := server.Token(ada).Reveal() // Ada is the first
	claims := server.Claims(ada)
	claims["exp"] = server.Now().Add(-time.Second).Unix()
	expired := server.Sign(claims).Reveal()
	foreign := authreturntest.NewServer(t).Token(ada).Reveal()
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	inBody := func(token string) string { return `{"token":"` + token + `"}` }
	for name, row := range map[string]struct {
		method, target, body string
		header               []string
		status               int
		want                 string // TOKEN is any that verifies
	}{
		"a sign-up":                      {"POST", "/api/signup", `{"email":"new@example.com","password":"secret"}`, nil, 201, `{"success":true,"token":"TOKEN","user":{"id":2,"email":"new@example.com"}}`},
		"a sign-up without address":      {"POST", "/api/signup", `{"password":"secret"}`, nil, 400, `{"error":"Email and password required"}`},
		"a sign-up without password":     {"POST", "/api/signup", `{"email":"x@example.com"}`, nil, 400, `{"error":"Email and password required"}`},
		"a short password":               {"POST", "/api/signup", `{"email":"x@example.com","password":"äöüäö"}`, nil, 400, `{"error":"Password must be at least 6 characters"}`},
		"a second sign-up":               {"POST", "/api/signup", `{"email":"ada@example.com","password":"secret"}`, nil, 409, `{"error":"Email already exists"}`},
		"a login":                        {"POST", "/api/login", `{"email":"ada@example.com","password":"correct horse"}`, nil, 200, `{"success":true,"token":"TOKEN","user":{"id":1,"email":"ada@example.com"}}`},
		"a wrong password":               {"POST", "/api/login", `{"email":"ada@example.com","password":"wrong horse"}`, nil, 401, `{"error":"Invalid email or password"}`},
		"a stranger":                     {"POST", "/api/login", `{"email":"bob@example.com","password":"correct horse"}`, nil, 401, `{"error":"Invalid email or password"}`},
		"a login without password":       {"POST", "/api/login", `{"email":"ada@example.com"}`, nil, 400, `{"error":"Email and password required"}`},
		"members of another kind":        {"POST", "/api/login", `{"email":1,"password":null}`, nil, 400, `{"error":"Email and password required"}`},
		"members in another letter case": {"POST", "/api/login", `{"Email":"ada@example.com","password":"correct horse"}`, nil, 400, `{"error":"Email and password required"}`},
		"a body that is no JSON":         {"POST", "/api/login", `email`, nil, 400, `{"error":"invalid JSON"}`},
		"a body that is a list":          {"POST", "/api/login", `[]`, nil, 400, `{"error":"invalid JSON"}`},
		"a body that is null":            {"POST", "/api/login", `null`, nil, 400, `{"error":"invalid JSON"}`},
		"two bodies":                     {"POST", "/api/login", `{"email":"ada@example.com","password":"correct horse"}{}`, nil, 400, `{"error":"invalid JSON"}`},
		"a form":                         {"POST", "/api/login", `email=ada%40example.com`, form, 400, `{"error":"the Content-Type is not application/json"}`},
		"a body without end":             {"POST", "/api/login", `{"email":"` + strings.Repeat("x", 1<<20) + `"}`, nil, 400, `{"error":"body too large"}`},

		"verify":                      {"POST", "/api/verify", inBody(good), nil, 200, `{"valid":true,"user":{"id":1,"email":"ada@example.com"}}`},
		"verify what has expired":     {"POST", "/api/verify", inBody(expired), nil, 401, `{"valid":false,"error":"Token expired"}`},
		"verify a foreign token":      {"POST", "/api/verify", inBody(foreign), nil, 401, `{"valid":false,"error":"Invalid token"}`},
		"verify what is no token":     {"POST", "/api/verify", inBody("x"), nil, 401, `{"valid":false,"error":"Invalid token"}`},
		"verify nothing":              {"POST", "/api/verify", `{}`, nil, 400, `{"error":"Token required"}`},
		"verify a number":             {"POST", "/api/verify", `{"token":1}`, nil, 400, `{"error":"Token required"}`},
		"verify in the URL":           {"GET", "/api/verify?token=" + good, "", nil, 200, `{"valid":true,"user":{"id":1,"email":"ada@example.com"}}`},
		"verify an expired in a URL":  {"GET", "/api/verify?token=" + expired, "", nil, 401, `{"valid":false,"error":"Token expired"}`},
		"verify a foreign in a URL":   {"GET", "/api/verify?token=" + foreign, "", nil, 401, `{"valid":false,"error":"Invalid token"}`},
		"verify nothing in the URL":   {"GET", "/api/verify", "", bearer(good), 400, `{"error":"Token required"}`},
		"the user":                    {"GET", "/api/user", "", bearer(good), 200, `{"id":1,"email":"ada@example.com"}`},
		"the user by the URL":         {"GET", "/api/user?token=" + good, "", nil, 200, `{"id":1,"email":"ada@example.com"}`},
		"the user of an expired":      {"GET", "/api/user", "", bearer(expired), 401, wrong},
		"the user of a foreign":       {"GET", "/api/user", "", bearer(foreign), 401, wrong},
		"the user of nobody":          {"GET", "/api/user", "", nil, 401, wrong},
		"the user by a scheme":        {"GET", "/api/user?token=" + good, "", []string{"Authorization", "Basic " + good}, 401, wrong},
		"refresh what is fresh":       {"POST", "/api/refresh", inBody(good), nil, 401, wrong},
		"refresh what has expired":    {"POST", "/api/refresh", inBody(expired), nil, 401, wrong},
		"refresh a foreign token":     {"POST", "/api/refresh", inBody(foreign), nil, 401, wrong},
		"refresh nothing":             {"POST", "/api/refresh", `{}`, nil, 400, `{"error":"Token required"}`},
		"another method":              {"PUT", "/api/verify", `{}`, nil, 405, `{"error":"Method not allowed"}`},
		"a path that does not exist":  {"POST", "/api/logout", `{}`, nil, 404, `{"error":"Not found"}`},
		"no path":                     {"GET", "/", "", nil, 404, `{"error":"Not found"}`},
		"a path with something after": {"GET", "/api/user/", "", bearer(good), 404, `{"error":"Not found"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, server, row.method, row.target, row.body, row.header...)
			assert.Equal(t, row.status, got.status)
			assert.Equal(t, "application/json", got.header.Get("Content-Type"))
			if strings.Contains(row.want, "TOKEN") {
				token := tokenIn(t, got.body)
				open(t, server.Secret(), token)
				row.want = strings.Replace(row.want, "TOKEN", token, 1)
			}
			assert.JSONEq(t, row.want, got.body)
			if strings.HasPrefix(row.target, "/api/") {
				assert.Equal(t, "*", got.header.Get("Access-Control-Allow-Origin"))
			}
		})
	}
}

func TestPreflight(t *testing.T) {
	server := authreturntest.NewServer(t)
	server.Fail(secureflowstest.Fault{Status: 500}) // not for preflights
	for _, path := range []string{"/api/verify", "/api/user", "/auth/login"} {
		got := ask(t, server, "OPTIONS", path, "", "Origin", "https://app.example", "Access-Control-Request-Method", "GET")
		assert.Equal(t, 204, got.status)
		assert.Equal(t, "*", got.header.Get("Access-Control-Allow-Origin"))
		assert.Contains(t, got.header.Get("Access-Control-Allow-Methods"), "GET")
		assert.Contains(t, got.header.Get("Access-Control-Allow-Headers"), "Authorization")
	}
	assert.Equal(t, 500, ask(t, server, "GET", "/api/user", "").status)
}

func TestTokenAsDocumented(t *testing.T) {
	server := authreturntest.NewServer(t)
	before := server.Now().Unix()
	header, claims := open(t, server.Secret(), server.Token(ada).Reveal())
	assert.JSONEq(t, `{"alg":"HS256","typ":"JWT"}`, header)

	var got map[string]json.Number
	decoder := json.NewDecoder(strings.NewReader(strings.Replace(claims, `"ada@example.com"`, "0", 1)))
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&got))
	assert.Len(t, got, 4)
	assert.Contains(t, claims, `"email":"ada@example.com"`)
	assert.Equal(t, fmt.Sprint(server.UserID(ada)), got["user_id"].String())
	issued, err := got["iat"].Int64()
	require.NoError(t, err)
	expires, err := got["exp"].Int64()
	require.NoError(t, err)
	assert.GreaterOrEqual(t, issued, before)
	assert.EqualValues(t, 2592000, expires-issued)
	assert.Len(t, server.Secret(), 32)
}

func TestHostileTokensAreRefused(t *testing.T) {
	server := authreturntest.NewServer(t)
	with := func(name string, value any) string {
		claims := server.Claims(ada)
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
		return server.Sign(claims).Reveal()
	}
	encode := base64.RawURLEncoding.EncodeToString
	good := strings.Split(server.Token(ada).Reveal(), ".")
	for name, token := range map[string]string{
		"no exp":               with("exp", nil),
		"exp as text":          with("exp", "4102444800"),
		"exp beyond all time":  with("exp", 1e300),
		"no user_id":           with("user_id", nil),
		"user_id as text":      with("user_id", "1"),
		"half a user_id":       with("user_id", 1.5),
		"no email":             with("email", nil),
		"alg none":             encode([]byte(`{"alg":"none"}`)) + "." + good[1] + ".",
		"no alg":               encode([]byte(`{}`)) + "." + good[1] + "." + good[2],
		"another's claims":     good[0] + "." + encode([]byte(`{"user_id":2}`)) + "." + good[2],
		"four parts":           strings.Join(good, ".") + ".x",
		"two parts":            good[0] + "." + good[1],
		"a signature cut":      strings.Join(good, ".")[:len(strings.Join(good, "."))-2],
		"a claim set of lists": good[0] + "." + encode([]byte(`[]`)) + "." + good[2],
	} {
		got := ask(t, server, "POST", "/api/verify", `{"token":"`+token+`"}`)
		assert.Equal(t, 401, got.status, name)
		assert.JSONEq(t, `{"valid":false,"error":"Invalid token"}`, got.body, name)
	}
}

func TestClock(t *testing.T) {
	server := authreturntest.NewServer(t)
	token := server.Token(ada).Reveal()
	verify := func() string { return ask(t, server, "POST", "/api/verify", `{"token":"`+token+`"}`).body }
	refresh := func() reply { return ask(t, server, "POST", "/api/refresh", `{"token":"`+token+`"}`) }

	server.Advance(23*day - time.Minute)
	assert.Equal(t, 401, refresh().status, "a minute before the last week")
	server.Advance(2 * time.Minute)
	renewed := refresh()
	assert.Equal(t, 200, renewed.status, "within the last week")
	server.Advance(7 * day)
	assert.Contains(t, verify(), "Token expired")
	assert.Equal(t, 401, refresh().status, "after the end")

	token = tokenIn(t, renewed.body)
	assert.JSONEq(t, `{"success":true,"token":"`+token+`"}`, renewed.body)
	open(t, server.Secret(), token)
	assert.JSONEq(t, `{"valid":true,"user":{"id":1,"email":"ada@example.com"}}`, verify())
}

func TestOptionsDecideWhatIsNotDocumented(t *testing.T) {
	for name, row := range map[string]struct {
		options authreturntest.Options
		pass    time.Duration
		want    int
	}{
		"early refused":   {authreturntest.Options{RefreshExpired: true}, 0, 401},
		"early granted":   {authreturntest.Options{RefreshEarly: true}, 0, 200},
		"expired refused": {authreturntest.Options{RefreshEarly: true}, 31 * day, 401},
		"expired granted": {authreturntest.Options{RefreshExpired: true}, 31 * day, 200},
	} {
		server := authreturntest.NewServer(t, row.options)
		token := server.Token(ada).Reveal()
		server.Advance(row.pass)
		assert.Equal(t, row.want, ask(t, server, "POST", "/api/refresh", `{"token":"`+token+`"}`).status, name)
	}
}

func TestHostedPages(t *testing.T) {
	server := authreturntest.NewServer(t)
	server.Token(ada)
	const back = "?redirect_uri=https%3A%2F%2Fapp.example%2Fcb%2Fa1b2"
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	for name, row := range map[string]struct {
		method, target, body string
		header               []string
		status               int
		says, leads          string
	}{
		"the login page":              {"GET", "/auth/login" + back, "", nil, 200, "<button>Log in</button>", ""},
		"the sign-up page":            {"GET", "/auth/signup" + back, "", nil, 200, "<button>Sign up</button>", ""},
		"nowhere to go":               {"GET", "/auth/login", "", nil, 400, "redirect_uri is missing", ""},
		"a script":                    {"GET", "/auth/login?redirect_uri=javascript:alert(1)", "", nil, 400, "not an absolute", ""},
		"a path":                      {"GET", "/auth/signup?redirect_uri=/cb", "", nil, 400, "not an absolute", ""},
		"a login":                     {"POST", "/auth/login" + back, "email=ada%40example.com&password=correct+horse", form, 303, "", "https://app.example/cb/a1b2?token="},
		"a query is kept":             {"POST", "/auth/login?redirect_uri=https%3A%2F%2Fapp.example%2Fcb%3Fa%3D1%23top", "email=ada%40example.com&password=correct+horse", form, 303, "", "https://app.example/cb?a=1&token="},
		"a wrong password":            {"POST", "/auth/login" + back, "email=ada%40example.com&password=x", form, 401, "Invalid email or password", ""},
		"a sign-up":                   {"POST", "/auth/signup" + back, "email=eve%40example.com&password=secret", form, 303, "", "https://app.example/cb/a1b2?token="},
		"a second sign-up":            {"POST", "/auth/signup" + back, "email=ada%40example.com&password=secret", form, 409, "Email already exists", ""},
		"a short password":            {"POST", "/auth/signup" + back, "email=bob%40example.com&password=x", form, 400, "at least 6", ""},
		"a form to go nowhere":        {"POST", "/auth/login", "email=ada%40example.com&password=correct+horse", form, 400, "redirect_uri is missing", ""},
		"a form that is JSON":         {"POST", "/auth/login" + back, "{}", nil, 400, "not the form", ""},
		"a form of another site":      {"POST", "/auth/login" + back, "email=ada%40example.com&password=correct+horse", append([]string{"Sec-Fetch-Site", "cross-site"}, form...), 400, "not the form", ""},
		"an address that is a script": {"POST", "/auth/login" + back, "email=%22%3E%3Cscript%3E&password=x", form, 401, "&#34;&gt;&lt;script&gt;", ""},
		"a sign-up without address":   {"POST", "/auth/signup" + back, "password=secretly", form, 400, "Email and password required", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, server, row.method, row.target, row.body, row.header...)
			assert.Equal(t, row.status, got.status)
			assert.Contains(t, got.body, row.says)
			assert.Equal(t, "*", got.header.Get("Access-Control-Allow-Origin"))
			if row.status != 303 { // a page, whose URL may hold a state
				assert.Equal(t, "no-referrer", got.header.Get("Referrer-Policy"))
				assert.Equal(t, "no-store", got.header.Get("Cache-Control"))
				assert.Contains(t, got.header.Get("Content-Security-Policy"), "default-src 'none'")
				assert.Contains(t, got.header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
			}
			location := got.header.Get("Location")
			require.True(t, strings.HasPrefix(location, row.leads) && (location == "") == (row.leads == ""), location)
			if row.leads != "" {
				parsed, err := url.Parse(location)
				require.NoError(t, err)
				open(t, server.Secret(), parsed.Query().Get("token"))
			}
		})
	}
}

func TestSignIn(t *testing.T) {
	server := authreturntest.NewServer(t)
	for _, page := range []string{"/auth/signup", "/auth/login"} {
		back := server.SignIn(server.Origin()+page+"?redirect_uri=https%3A%2F%2Fapp.example%2Fcb", ada)
		token, found := strings.CutPrefix(back, "https://app.example/cb?token=")
		require.True(t, found)
		_, claims := open(t, server.Secret(), token)
		assert.Contains(t, claims, `"user_id":1`)
	}
}
