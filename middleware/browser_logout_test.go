package middleware_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func TestSigningOutEndsEverything(t *testing.T) {
	server := mock(t)
	s := newSite(t, server)
	v := s.signedIn("ada@example.com")
	old, held := v.held(), v.copied()
	answer := v.submit("/auth/logout", nil)
	assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
	assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	assert.Equal(t, `"cache"`, answer.Header.Get("Clear-Site-Data"))
	assert.Equal(t, "no-referrer", answer.Header.Get("Referrer-Policy"))
	want, err := s.client.LogoutURL(old, "http://localhost:8080/goodbye")
	require.NoError(t, err)
	assert.Equal(t, want, answer.Header.Get("Location"))
	assert.NotContains(t, v.cookies(), "secureflows")
	held.assertSignedOut("by the cookie of before")
	answer = v.through(answer)
	assert.Equal(t, "nobody at /goodbye", answer.body)
	_, err = s.client.Session(old).Identity(t.Context())
	assert.ErrorIs(t, err, secureflows.ErrSignedOut, "the token is good still")
	v.assertSignedOut()
	// The next visit asks for the account again; the data is there.
	v.sees(v.follow("/page"), "/page")
}

func TestASiteBehindHTTPSSignsInRenewsAndSignsOut(t *testing.T) {
	server := mock(t, secureOptions)
	s := newSite(t, server, secure)
	assert.NoError(t, s.browser.ValidateRedirects(t.Context()))
	v := s.signedIn("ada@example.com")
	server.ExpireToken(v.held())
	v.sees(v.follow("/page"), "/page")
	assert.Equal(t, "nobody at /goodbye", v.through(v.submit("/auth/logout", nil)).body)
	v.assertSignedOut()
}

// What takes a cookie back must be as it was given, or browsers keep it.
func TestSigningOutTakesTheCookieBack(t *testing.T) {
	for name, change := range map[string]change{"https": secure, "http": func(*middleware.BrowserConfig) {}} {
		v := offline(t, &service{}, change).signedIn("user-1@example.com")
		taken := 0
		for _, cookie := range v.submit("/auth/logout", nil).Cookies() {
			assert.Negative(t, cookie.MaxAge, cookie.Name)
			assert.Equal(t, "/", cookie.Path)
			assert.Empty(t, cookie.Domain)
			assert.Equal(t, name == "https", cookie.Secure)
			assert.True(t, cookie.HttpOnly)
			if cookie.Name == "secureflows" || cookie.Name == "__Host-secureflows" {
				taken++
			}
		}
		assert.Equal(t, 1, taken, name)
		assert.Empty(t, v.cookies()["secureflows"]+v.cookies()["__Host-secureflows"])
	}
}

func TestSigningOutIsAPost(t *testing.T) {
	v := offline(t, &service{}).signedIn("user-1@example.com")
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		answer := v.send(method, "/auth/logout", navigation(), "")
		assert.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode, method)
		assert.Equal(t, "POST", answer.Header.Get("Allow"), method)
		assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"), method)
		assert.Empty(t, answer.Cookies(), method)
		v.assertSignedIn(method)
	}
}

// signOutForms are sign-outs that somebody posts, and whether they are to be heard.
var signOutForms = map[string]struct {
	headers http.Header
	host    string
	good    bool
}{
	"a form of the site's":           {header("Sec-Fetch-Site", "same-origin", "Origin", "http://localhost:8080"), "", true},
	"a fetch of the site's":          {header("Sec-Fetch-Site", "same-origin", "Sec-Fetch-Mode", "cors", "Origin", "http://localhost:8080"), "", true},
	"an old browser's form":          {header("Origin", "http://localhost:8080"), "", true},
	"no browser":                     {header(), "", true},
	"a proxy that changes the host":  {header("Origin", "http://localhost:8080"), "10.0.0.7:9000", true},
	"another site's form":            {header("Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"), "", false},
	"another site's, without origin": {header("Sec-Fetch-Site", "cross-site"), "", false},
	"a sister site's form":           {header("Sec-Fetch-Site", "same-site", "Origin", "http://localhost:9090"), "", false},
	"an old browser on another site": {header("Origin", "https://evil.example"), "", false},
	"an origin that hides":           {header("Sec-Fetch-Site", "cross-site", "Origin", "null"), "", false},
	"an old browser's hidden origin": {header("Origin", "null"), "", false},
	"an origin of another port":      {header("Origin", "http://localhost:8081"), "", false},
	"an origin by another name":      {header("Origin", "http://localhost.evil.example:8080"), "", false},
	"another site's that says navigate": {header("Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate",
		"Sec-Fetch-Dest", "document", "Origin", "https://evil.example"), "", false},
}

func TestNobodyElseSignsAVisitorOut(t *testing.T) {
	for name, row := range signOutForms {
		t.Run(name, func(t *testing.T) {
			s := offline(t, &service{})
			v := s.signedIn("user-1@example.com")
			if row.host != "" {
				logout := s.routes["/auth/logout"]
				s.routes["/auth/logout"] = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					r.Host = row.host
					logout.ServeHTTP(w, r)
				})
			}
			answer := v.send(http.MethodPost, "/auth/logout", row.headers, "")
			if row.good {
				assert.Equal(t, http.StatusSeeOther, answer.StatusCode, answer.body)
				v.assertSignedOut()
				return
			}
			assert.Equal(t, http.StatusForbidden, answer.StatusCode)
			assert.Empty(t, answer.Cookies())
			assert.Empty(t, answer.Header.Get("Clear-Site-Data"))
			assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
			v.assertSignedIn()
		})
	}
}

func TestSigningOutWithoutASessionIsNoError(t *testing.T) {
	s := offline(t, &service{})
	for name, v := range map[string]*visitor{"nobody": s.newVisitor("user-1@example.com"), "a session that is none": s.newVisitor("user-1@example.com")} {
		if name != "nobody" {
			v.plant(map[string]string{"secureflows": strings.Repeat("A", 43)})
		}
		answer := v.submit("/auth/logout", nil)
		assert.Equal(t, http.StatusSeeOther, answer.StatusCode, name)
		assert.Equal(t, "http://localhost:8080/goodbye", answer.Header.Get("Location"), name)
		assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"), name)
	}
	v := s.signedIn("user-1@example.com")
	v.submit("/auth/logout", nil)
	assert.Equal(t, "http://localhost:8080/goodbye", v.submit("/auth/logout", nil).Header.Get("Location"), "twice")
}

// During an outage, a lock, after the token has ended: one who signs out is
// signed out here at least, and sent where the rest is done.
func TestSigningOutAlwaysWorks(t *testing.T) {
	for name, trouble := range map[string]func(*secureflowstest.Server, *visitor){
		"an outage": func(server *secureflowstest.Server, _ *visitor) {
			server.Fail(secureflowstest.Fault{Status: 503, Times: 10})
		},
		"no answer": func(server *secureflowstest.Server, _ *visitor) {
			server.Fail(secureflowstest.Fault{Drop: true, Times: 10})
		},
		"a billing lock":  func(server *secureflowstest.Server, _ *visitor) { server.LockBilling(true) },
		"an expired one":  func(server *secureflowstest.Server, v *visitor) { server.ExpireToken(v.held()) },
		"a revoked one":   func(server *secureflowstest.Server, v *visitor) { server.RevokeSession(v.held()) },
		"a sign-out, all": func(*secureflowstest.Server, *visitor) {},
	} {
		t.Run(name, func(t *testing.T) {
			server := mock(t)
			s := newSite(t, server)
			v := s.signedIn("ada@example.com")
			text, held := v.held().Reveal(), v.copied()
			trouble(server, v)
			answer := v.submit("/auth/logout", nil)
			assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
			assert.Equal(t, text, queryOf(t, answer.Header.Get("Location")).Get("session_token"))
			v.assertSignedOut()
			held.assertSignedOut("by the cookie of before")
		})
	}
}

// No answer about the token is used any more, by whoever shares the cache.
func TestSigningOutDropsWhatIsRemembered(t *testing.T) {
	source := &service{}
	cache := middleware.NewCache(source, middleware.CacheConfig{MaxAge: time.Hour})
	s := offline(t, cache, func(cfg *middleware.BrowserConfig) { cfg.MaxAge = time.Hour })
	v := s.signedIn("user-1@example.com")
	bearer := requiring(cache, middleware.BearerConfig{MaxAge: time.Hour})
	assert.Equal(t, http.StatusOK, status(bearer, bearing("user-1")))
	assert.Equal(t, 1, source.calls(), "asked once, by the callback, for all")
	v.submit("/auth/logout", nil)
	source.say(refused)
	assert.Equal(t, http.StatusUnauthorized, status(bearer, bearing("user-1")))
}

// A tab that was on its way to sign in when its person signed out in another
// brings a sign-in of its own; nothing of the old one comes back.
func TestARenewalUnderWayDoesNotUndoASignOut(t *testing.T) {
	server := mock(t)
	s := newSite(t, server)
	v := s.signedIn("ada@example.com")
	server.ExpireToken(v.held())
	failure := returning("error", "server_error", "state", stateOf(t, v.begin("/page")))
	v.submit("/auth/logout", nil)
	answer := v.open(failure)
	if location := answer.Header.Get("Location"); location != "" {
		assert.False(t, queryOf(t, location).Has("session_token"))
	}
	v.assertSignedOut()
}
