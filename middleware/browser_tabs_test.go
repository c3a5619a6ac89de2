package middleware_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// together opens pages in tabs whose requests all leave before the first answer
// has come, as a browser does that restores its tabs, and gives the logins.
func (v *visitor) together(pages ...string) []string {
	v.t.Helper()
	var logins []string
	var tabs []*visitor
	for range pages {
		tabs = append(tabs, v.copied())
	}
	for i, page := range pages {
		logins = append(logins, tabs[i].begin(page))
	}
	for _, tab := range tabs {
		v.plant(tab.cookies())
	}
	return logins
}

// Neither request has a cookie yet that the other could share.
func TestTabsThatOpenTogetherOnAFirstVisit(t *testing.T) {
	v := newSite(t, mock(t)).newVisitor("ada@example.com")
	logins := v.together("/a", "/b")
	one, two := v.finish(logins[0]), v.finish(logins[1])
	assert.Equal(t, http.StatusOK, one.StatusCode, "the first tab: "+one.body)
	assert.Equal(t, http.StatusOK, two.StatusCode, "the second tab: "+two.body)
}

// The cookie of sign-ins has ended after five minutes, that of the session has
// not.
func TestTabsThatMeetAnExpiryTogether(t *testing.T) {
	server := mock(t)
	virtual(t, func(t *testing.T) {
		v := newSite(t, server).signedIn("ada@example.com")
		server.ExpireToken(v.held())
		session := v.cookies()["secureflows"]
		fresh := v.site.newVisitor(v.email)
		fresh.plant(map[string]string{"secureflows": session})
		logins := fresh.together("/a", "/b")
		one, two := fresh.finish(logins[0]), fresh.finish(logins[1])
		assert.Equal(t, http.StatusOK, one.StatusCode, "the first tab: "+one.body)
		assert.Equal(t, http.StatusOK, two.StatusCode, "the second tab: "+two.body)
	})
}

// Renewals of several tabs supersede each other at the service.
func TestRenewalsOfSeveralTabsAreNoLoop(t *testing.T) {
	server := mock(t)
	s := newSite(t, server, tellsTypes)
	v := s.signedIn("ada@example.com")
	server.ExpireToken(v.held())
	pages := []string{"/a", "/b", "/c", "/d"}
	var logins, returns []string
	for _, page := range pages {
		logins = append(logins, v.begin(page))
	}
	for _, login := range logins { // all are back from the service before the site answers the first
		returns = append(returns, v.next(login))
	}
	for i, returned := range returns {
		answer := v.through(v.open(returned))
		assert.Equal(t, http.StatusOK, answer.StatusCode, "tab %d: %s", i, answer.body)
	}
}

// Whoever leaves during the question, and comes again, signs in.
func TestAReturnThatWasReloadedSignsIn(t *testing.T) {
	s := offline(t, &service{})
	v := s.newVisitor("user-1@example.com")
	returned := v.next(v.begin("/page"))
	r := asFromTheWire(returned)
	for name, value := range v.cookies() {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	gone, leave := context.WithCancel(r.Context())
	leave()
	s.ServeHTTP(httptest.NewRecorder(), r.WithContext(gone)) // its answer is never read
	answer := v.through(v.open(returned))
	assert.Equal(t, http.StatusOK, answer.StatusCode, answer.body)
}

// Replicas that share keys and no store know nothing of each other's visitors.
func TestReplicasWithoutAStoreAreNoCircle(t *testing.T) {
	shared := func(cfg *middleware.BrowserConfig) { cfg.EncryptionKeys = keys(1) }
	replicas := []*site{offline(t, &service{}, shared), offline(t, &service{}, shared)}
	v := replicas[0].newVisitor("user-1@example.com")
	answer := v.open("/page")
	for i := 1; answer.Header.Get("Location") != "" && i < 40; i++ {
		v.site = replicas[i%2]
		answer = v.open(v.next(answer.Header.Get("Location")))
	}
	assert.LessOrEqual(t, v.logins, 4, "round and round")
	assert.GreaterOrEqual(t, answer.StatusCode, 400)
}

// On loopback another application's cookie may go in front.
func TestAShadowedCookieIsNoCircle(t *testing.T) {
	s := offline(t, &service{})
	v := s.newVisitor("user-1@example.com")
	target := "/page"
	var answer seen
	for range 40 {
		headers := navigation()
		headers.Set("Cookie", "secureflows=of-another-app-with-a-longer-path")
		answer = v.send(http.MethodGet, target, headers, "")
		if answer.Header.Get("Location") == "" {
			break
		}
		target = v.next(answer.Header.Get("Location"))
	}
	assert.LessOrEqual(t, v.logins, 4, "round and round")
}

// What another tab asked before a sign-in may be refused after it.
func TestALateRefusalDoesNotEndTheNextSignIn(t *testing.T) {
	source := &service{}
	s := offline(t, source)
	v := s.signedIn("user-1@example.com")
	slow := v.copied()
	inside, say := make(chan struct{}), make(chan struct{})
	source.say(func(context.Context, string) (secureflows.Identity, error) {
		close(inside)
		<-say
		return secureflows.Identity{}, secureflows.ErrSessionRevoked
	})
	late := make(chan seen)
	go func() { late <- slow.fetch("/x") }()
	<-inside
	source.say(nil)
	// Meanwhile another tab signs in, as after a renewal.
	v.sees(v.follow("/page"), "/page")
	again := s.newVisitor("user-1@example.com")
	again.sees(again.follow("/page"), "/page")
	v.plant(again.cookies())
	v.assertSignedIn()
	close(say)
	answer := <-late
	require.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	for _, cookie := range answer.Cookies() {
		assert.False(t, cookie.Name == "secureflows" && cookie.MaxAge < 0, "the browser drops the cookie of the new sign-in")
	}
}

func TestAPublicPageAfterACancelledRenewal(t *testing.T) {
	server := mock(t)
	virtual(t, func(t *testing.T) {
		v := newSite(t, server).signedIn("ada@example.com")
		server.ExpireToken(v.held())
		assertFailed(t, v.open(returning("error", "access_denied", "state", stateOf(t, v.begin("/public")))))
		pass(15 * time.Second)
		answer := v.open("/public")
		assert.Equal(t, http.StatusOK, answer.StatusCode, "asked to sign in again for a page that is for anybody")
	})
}

// JSON would make six characters of an ampersand.
func TestCookieOfSignInsFitsIntoABrowser(t *testing.T) {
	s := offline(t, &service{}, func(cfg *middleware.BrowserConfig) { cfg.InsecureAllowMissingState = true })
	answer := answerTo(s, asFromTheWire("/page?"+strings.Repeat("&", 1000)))
	cookie := answer.Result().Cookies()[0]
	assert.Less(t, len(cookie.Name)+len(cookie.Value), 4096, "browsers refuse more")
}

func TestStateStaysSmall(t *testing.T) {
	s := offline(t, &service{})
	answer := answerTo(s, asFromTheWire("/page?"+strings.Repeat("a&", 1000)))
	assert.Less(t, len(answer.Header().Get("Location")), 8000/2, "servers refuse a request line of 8 KB")
}

// Whoever took six minutes wants the same page still.
func TestTheLinkToTryAgainLeadsToThePage(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := offline(t, &service{}, tellsTypes)
		v := s.newVisitor("user-1@example.com")
		location := v.begin("/page?x=1")
		pass(299 * time.Second)
		v.begin("/other") // keeps the login cookie
		pass(2 * time.Second)
		assertFailed(t, v.finish(location))
		assert.Equal(t, "/page?x=1", s.refusals[0].LoginURL)
	})
}

// Nobody has seen it yet.
func TestAPrerenderIsNoRenewal(t *testing.T) {
	server := mock(t)
	virtual(t, func(t *testing.T) {
		v := newSite(t, server).signedIn("ada@example.com")
		server.ExpireToken(v.held())
		headers := navigation()
		headers.Set("Sec-Purpose", "prefetch;prerender")
		v.send(http.MethodGet, "/page", headers, "")
		pass(15 * time.Second)
		assert.True(t, queryOf(t, v.begin("/page")).Has("session_token"), "no renewal, as if one had been given up")
	})
}

// A second tab that signs in afresh would get a new session, and the old token,
// the one handle on the expired one, would be dropped.
func TestAnExpiredSessionKeepsItsData(t *testing.T) {
	server := mock(t)
	virtual(t, func(t *testing.T) {
		other := newSite(t, server, func(cfg *middleware.BrowserConfig) { cfg.TTL = time.Hour })
		other.signedIn("ada@example.com") // another application of the same workspace has set a TTL
		s := newSite(t, server)
		v := s.signedIn("ada@example.com")
		_, err := s.client.Session(v.held()).Set(t.Context(), "note", "ada's")
		require.NoError(t, err)
		server.Advance(2 * time.Hour)
		v.begin("/page") // types the password, and opens another tab
		pass(15 * time.Second)
		v.sees(v.follow("/other"), "/other")
		payload, err := s.client.Session(v.held()).Payload(t.Context())
		assert.NoError(t, err)
		assert.NotEmpty(t, payload, "the data of the expired session is out of reach")
	})
}

// docs/problems.md sends the operator to the log.
func TestACircleIsLogged(t *testing.T) {
	s := offline(t, &service{})
	s.guarding("/circle", func(w http.ResponseWriter, r *http.Request) { s.browser.Reauth(w, r, secureflows.ErrSessionRevoked) })
	assertFailed(t, s.newVisitor("user-1@example.com").follow("/circle"))
	assert.NotEmpty(t, s.logged.String(), "sign-in-loop: \"Look into the log\"")
}

func TestAFailedReturnOfAnotherBrowserIsLogged(t *testing.T) {
	s := offline(t, &service{})
	v := s.newVisitor("user-1@example.com")
	assertFailed(t, v.open(returning("error", "server_error", "state", "x")))
	assert.NotEmpty(t, s.logged.String())
}
