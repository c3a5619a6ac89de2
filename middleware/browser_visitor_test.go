package middleware_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

// visitor is a person with a browser: a cookie jar, and the headers that
// browsers send with each sort of request.
type visitor struct {
	t      testing.TB
	site   *site
	jar    *cookiejar.Jar
	email  string // as whom they sign in
	token  string // that hosted login gives them at a site offline
	logins int    // how often they came to the hosted login
	watch  func(seen)
}

// seen is an answer of the site.
type seen struct {
	*http.Response
	body string
}

// newVisitor opens a browser. At a site offline number names the person.
func (s *site) newVisitor(email string) *visitor {
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	return &visitor{t: s.t, site: s, jar: jar, email: email, token: strings.TrimSuffix(email, "@example.com")}
}

// signedIn opens a browser and signs in with it.
func (s *site) signedIn(email string) *visitor {
	s.t.Helper()
	v := s.newVisitor(email)
	v.sees(v.follow("/"), "/")
	return v
}

// sees asserts that the visitor is shown the page, as who they are.
func (v *visitor) sees(answer seen, target string) {
	v.t.Helper()
	require.Equal(v.t, http.StatusOK, answer.StatusCode, answer.body)
	require.Equal(v.t, v.email+" at "+target, answer.body)
}

func header(fields ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(fields); i += 2 {
		h.Set(fields[i], fields[i+1])
	}
	return h
}

const pageTypes = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

// What a browser sends along.
func navigation() http.Header {
	return header("Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "same-origin", "Accept", pageTypes)
}

func fetching() http.Header {
	return header("Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-origin", "Accept", "*/*")
}

func framed() http.Header {
	return header("Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe", "Sec-Fetch-Site", "same-origin", "Accept", pageTypes)
}

// send is one request, answered without following where it leads.
func (v *visitor) send(method, target string, headers http.Header, body string) seen {
	v.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	at, err := url.Parse(v.site.origin)
	require.NoError(v.t, err)
	r.Host = at.Host
	if at.Scheme == "https" {
		r.TLS = &tls.ConnectionState{}
	}
	maps.Copy(r.Header, headers)
	for _, cookie := range v.jar.Cookies(at) {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	v.site.ServeHTTP(w, r)
	answer := seen{w.Result(), w.Body.String()}
	v.jar.SetCookies(at, answer.Cookies())
	if v.watch != nil {
		v.watch(answer)
	}
	return answer
}

func (v *visitor) open(target string) seen {
	v.t.Helper()
	return v.send(http.MethodGet, target, navigation(), "")
}

func (v *visitor) fetch(target string) seen {
	v.t.Helper()
	return v.send(http.MethodGet, target, fetching(), "")
}

// submit posts a form of the site's own.
func (v *visitor) submit(target string, form url.Values) seen {
	v.t.Helper()
	headers := navigation()
	headers.Set("Origin", v.site.origin)
	headers.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.send(http.MethodPost, target, headers, form.Encode())
}

// follow opens a page and goes wherever that leads, the hosted pages included.
func (v *visitor) follow(target string) seen {
	v.t.Helper()
	return v.through(v.open(target))
}

// through follows the redirects of an answer to the end.
func (v *visitor) through(answer seen) seen {
	v.t.Helper()
	for range 20 {
		location := answer.Header.Get("Location")
		if location == "" {
			return answer
		}
		answer = v.open(v.next(location))
	}
	require.FailNow(v.t, "redirected in a circle", "after %d sign-ins", v.logins)
	return seen{}
}

// next is the page of the site that a redirect comes to, if need be by way of
// the hosted pages.
func (v *visitor) next(location string) string {
	v.t.Helper()
	if strings.HasPrefix(location, v.site.hosted+"/") {
		location = v.abroad(location)
	}
	target := strings.TrimPrefix(location, v.site.origin)
	require.Regexp(v.t, "^/([^/]|$)", target, "led off the site")
	return target
}

// abroad is what happens at the service: where it sends the browser back to.
func (v *visitor) abroad(location string) string {
	v.t.Helper()
	at, err := url.Parse(location)
	require.NoError(v.t, err)
	switch {
	case at.Path == "/app/sessions/login":
		v.logins++
		return v.hostedLogin(location)
	case v.site.server == nil && at.Path == "/api/v1/auth/logout":
		return at.Query().Get("redirect_uri")
	}
	client := &http.Client{
		Transport:     v.site.server.Config().HTTPClient.Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Get(location)
	require.NoError(v.t, err)
	defer func() { assert.NoError(v.t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(v.t, err)
	require.Equal(v.t, http.StatusFound, response.StatusCode, "%s: %s", at.Path, body)
	return response.Header.Get("Location")
}

// hostedLogin gives the URL of the return.
func (v *visitor) hostedLogin(location string) string {
	v.t.Helper()
	if v.site.server != nil {
		return v.site.server.SignIn(location, v.email)
	}
	return v.site.origin + returning("sessionToken", v.token, "state", stateOf(v.t, location))
}

// returning is the return from hosted login with these parameters.
func returning(fields ...string) string {
	query := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		query.Set(fields[i], fields[i+1])
	}
	return "/auth/callback?" + query.Encode()
}

// begin opens a page, and gives the hosted login that it leads to.
func (v *visitor) begin(target string) string {
	v.t.Helper()
	answer := v.open(target)
	require.Equal(v.t, http.StatusSeeOther, answer.StatusCode, answer.body)
	location := answer.Header.Get("Location")
	require.True(v.t, strings.HasPrefix(location, v.site.hosted+"/app/sessions/login?"), location)
	return location
}

// finish signs in at a hosted login, and follows the return.
func (v *visitor) finish(location string) seen {
	v.t.Helper()
	return v.through(v.open(v.next(location)))
}

func queryOf(t testing.TB, location string) url.Values {
	t.Helper()
	at, err := url.Parse(location)
	require.NoError(t, err)
	return at.Query()
}

func stateOf(t testing.TB, location string) string {
	t.Helper()
	state := queryOf(t, location).Get("state")
	require.NotEmpty(t, state, "a login without state")
	return state
}

// cookies are those the browser has for the site, by name.
func (v *visitor) cookies() map[string]string {
	at, err := url.Parse(v.site.origin)
	require.NoError(v.t, err)
	held := map[string]string{}
	for _, cookie := range v.jar.Cookies(at) {
		held[cookie.Name] = cookie.Value
	}
	return held
}

// plant sets cookies in the browser, as whoever has its disk can, or a copy.
func (v *visitor) plant(cookies map[string]string) {
	at, err := url.Parse(v.site.origin)
	require.NoError(v.t, err)
	for name, value := range cookies {
		v.jar.SetCookies(at, []*http.Cookie{{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: at.Scheme == "https"}})
	}
}

// copied is another browser with the cookies of this one.
func (v *visitor) copied() *visitor {
	other := v.site.newVisitor(v.email)
	other.token = v.token
	other.plant(v.cookies())
	return other
}

// held is the token that the site keeps for the visitor.
func (v *visitor) held() secureflows.Token {
	v.t.Helper()
	require.Equal(v.t, http.StatusOK, v.open("/token").StatusCode)
	v.site.mu.Lock()
	defer v.site.mu.Unlock()
	return v.site.held
}

// assertSignedIn asserts that the visitor needs no sign-in for a page.
func (v *visitor) assertSignedIn(why ...any) {
	v.t.Helper()
	answer := v.open("/still")
	assert.Equal(v.t, http.StatusOK, answer.StatusCode, why...)
	assert.Equal(v.t, v.email+" at /still", answer.body, why...)
}

// assertSignedOut asserts that a page asks the visitor to sign in afresh.
func (v *visitor) assertSignedOut(why ...any) {
	v.t.Helper()
	answer := v.open("/still")
	assert.Equal(v.t, http.StatusSeeOther, answer.StatusCode, fmt.Sprint(why...)+answer.body)
	location := answer.Header.Get("Location")
	assert.True(v.t, strings.HasPrefix(location, v.site.hosted+"/app/sessions/login?"), location)
	assert.False(v.t, queryOf(v.t, location).Has("session_token"), "the old token was passed on")
}

// assertFailed asserts a page that says that the sign-in did not succeed: no
// redirect and no session.
func assertFailed(t testing.TB, answer seen, why ...any) {
	t.Helper()
	assert.GreaterOrEqual(t, answer.StatusCode, 400, why...)
	assert.Less(t, answer.StatusCode, 500, why...)
	assert.Empty(t, answer.Header.Get("Location"), why...)
	assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"), why...)
	for _, cookie := range answer.Cookies() {
		if !strings.Contains(cookie.Name, "-login-") {
			assert.LessOrEqual(t, cookie.MaxAge, -1, "%v: a session began: %s", why, cookie.Name)
		}
	}
}
