package productflo_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/productflo"
)

// headers are a request's, as "Name: value" lines.
func requestWith(method string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, "https://api.example.com/notes", nil)
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	return r
}

// TestTheCookieCountsForOwnPagesAlone: what browsers send with requests, by who
// made them.
func TestTheCookieCountsForOwnPagesAlone(t *testing.T) {
	source, err := productflo.CookieSource("pf", "https://app.example.com")
	require.NoError(t, err)
	const navigation, document = "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"
	for name, test := range map[string]struct {
		method  string
		headers []string
		want    bool
	}{
		"own script":                       {"GET", []string{"Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: cors"}, true},
		"own script, POST":                 {"POST", []string{"Sec-Fetch-Site: same-origin", "Origin: https://api.example.com"}, true},
		"address bar":                      {"GET", []string{"Sec-Fetch-Site: none", navigation, document}, true},
		"a link from elsewhere":            {"GET", []string{"Sec-Fetch-Site: cross-site", navigation, document}, true},
		"the same, HEAD":                   {"HEAD", []string{"Sec-Fetch-Site: cross-site", navigation, document}, true},
		"trusted origin, GET":              {"GET", []string{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors", "Origin: https://app.example.com"}, true},
		"trusted origin, DELETE":           {"DELETE", []string{"Sec-Fetch-Site: same-site", "Origin: https://app.example.com"}, true},
		"no browser":                       {"POST", nil, true},
		"old browser, same origin":         {"POST", []string{"Origin: https://api.example.com"}, true},
		"form of another site":             {"POST", []string{"Sec-Fetch-Site: cross-site", navigation, document, "Origin: https://evil.example"}, false},
		"form without origin":              {"POST", []string{"Sec-Fetch-Site: cross-site", navigation, document, "Origin: null"}, false},
		"script of another site":           {"GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: cors", "Origin: https://evil.example"}, false},
		"script tag of another site":       {"GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: script"}, false},
		"a document, for no window":        {"GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors", document}, false},
		"frame of another site":            {"GET", []string{"Sec-Fetch-Site: cross-site", navigation, "Sec-Fetch-Dest: iframe"}, false},
		"websocket of another site":        {"GET", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: websocket", "Upgrade: websocket", "Origin: https://evil.example"}, false},
		"websocket, old browser":           {"GET", []string{"Upgrade: websocket", "Origin: https://evil.example"}, false},
		"sibling that is not trusted":      {"GET", []string{"Sec-Fetch-Site: same-site", "Sec-Fetch-Mode: cors", "Origin: https://blog.example.com"}, false},
		"sibling, PUT":                     {"PUT", []string{"Sec-Fetch-Site: same-site", "Origin: https://blog.example.com"}, false},
		"trusted host, plain http":         {"PUT", []string{"Sec-Fetch-Site: cross-site", "Origin: http://app.example.com"}, false},
		"trusted host, hostile suffix":     {"PUT", []string{"Sec-Fetch-Site: cross-site", "Origin: https://app.example.com.evil.example"}, false},
		"old browser, another site's":      {"DELETE", []string{"Origin: https://evil.example"}, false},
		"old browser, another site's, GET": {"GET", []string{"Origin: https://evil.example"}, false},
	} {
		r := requestWith(test.method, append(test.headers, "Cookie: a=b; pf=abc.def; c=d")...)
		text, ok := source(r)
		assert.Equal(t, test.want, ok, name)
		assert.Equal(t, test.want, text == "abc.def", name)
		assert.Equal(t, test.method, r.Method, "the request is left as it is")
	}
}

func TestOneCookieOrNone(t *testing.T) {
	source, err := productflo.CookieSource("pf")
	require.NoError(t, err)
	for cookies, want := range map[string]string{
		"pf=abc": "abc", `pf="abc"`: "abc", "a=b": "", "PF=abc": "", "pf=": "", "pf=abc; pf=def": "", "pf=abc; pf=abc": "", "pf2=abc": "",
	} {
		text, ok := source(requestWith("GET", "Cookie: "+cookies))
		assert.Equal(t, want, text, cookies)
		assert.Equal(t, want != "", ok, cookies)
	}
	_, ok := source(requestWith("GET", "Cookie: pf=abc", "Cookie: pf=def"))
	assert.False(t, ok)
}

func TestCookieSourceRefusesWhatCannotWork(t *testing.T) {
	for _, name := range []string{"", "a b", "a=b", "pf;", "sitzüng"} {
		_, err := productflo.CookieSource(name)
		require.ErrorIs(t, err, secureflows.ErrInvalidRequest, name)
	}
	for _, origin := range []string{"", "*", "app.example.com", "http://app.example.com", "https://app.example.com/notes", "https://*.example.com", "null"} {
		_, err := productflo.CookieSource("pf", origin)
		require.ErrorIs(t, err, secureflows.ErrInvalidRequest, origin)
	}
	for _, spelled := range []string{"https://App.Example.com:443/", "https://app.example.com"} {
		source, err := productflo.CookieSource("pf", spelled)
		require.NoError(t, err)
		_, ok := source(requestWith("PUT", "Sec-Fetch-Site: same-site", "Origin: https://app.example.com", "Cookie: pf=abc"))
		assert.True(t, ok, spelled)
	}
}

// TestACrossSiteRequestIsOneWithoutCredentials: 401 behind Require, anonymous
// behind Optional, and nothing is asked.
func TestACrossSiteRequestIsOneWithoutCredentials(t *testing.T) {
	source, err := productflo.CookieSource("pf")
	require.NoError(t, err)
	n := newNetwork()
	bearer := middleware.NewBearer(newResolver(t, shared(n)), middleware.BearerConfig{TokenSource: source})
	cookie := "Cookie: pf=" + hmacToken(documented())
	var signedIn bool
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, signedIn = secureflows.IdentityFromContext(r.Context())
	})
	for site, want := range map[string]int{"same-origin": http.StatusOK, "cross-site": http.StatusUnauthorized} {
		w := httptest.NewRecorder()
		bearer.Require(next).ServeHTTP(w, requestWith("POST", cookie, "Sec-Fetch-Site: "+site))
		assert.Equal(t, want, w.Code, site)
		bearer.Optional(next).ServeHTTP(httptest.NewRecorder(), requestWith("POST", cookie, "Sec-Fetch-Site: "+site))
		assert.Equal(t, want == http.StatusOK, signedIn, site)
	}
}
