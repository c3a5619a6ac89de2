package middleware_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// emitted is all that a browser, a proxy's log and a page's script get of an
// answer. The one place that a token has in it is the parameter of the hosted
// login and logout.
func emitted(answer seen) string {
	header := answer.Header.Clone()
	if location, err := url.Parse(header.Get("Location")); err == nil && location.Host != "" && location.Path != "/auth/callback" {
		query := location.Query()
		query.Del("session_token")
		location.RawQuery = query.Encode()
		header.Set("Location", location.String())
	}
	text := fmt.Sprintf("%d %v %s", answer.StatusCode, header, answer.body)
	unescaped, err := url.QueryUnescape(text)
	if err != nil {
		return text
	}
	return text + unescaped
}

// printed is what a program in trouble prints of a refusal.
func printed(refusals []*middleware.Refusal) string {
	var text strings.Builder
	for _, refusal := range refusals {
		fmt.Fprintf(&text, "%v %+v %#v %v %+v %#v\n", refusal, refusal, refusal, *refusal, *refusal, *refusal)
		for err := refusal.Err; err != nil; err = errors.Unwrap(err) {
			fmt.Fprintf(&text, "%v %+v %#v\n", err, err, err)
		}
		fmt.Fprintln(&text, refusal.LoginURL, refusal.Title(), refusal.Detail())
	}
	return text.String()
}

// One token, which the canary is, through a sign-in and everything that can
// happen to it.
func TestCanaryThroughABrowser(t *testing.T) {
	logged := listening(t)
	for name, withHandler := range map[string]bool{"pages of the site's own": false, "an error handler": true} {
		virtual(t, func(t *testing.T) {
			s, store, cfg := canarySite(t, "trouble", withHandler)
			assertNoCanary(t, printed(s.refusals), name)
			assertNoCanary(t, s.logged.String(), name)
			assertNoCanary(t, store.everGiven(), name)
			assertNoCanary(t, fmt.Sprintf("%v %+v %#v %v %+v %#v %+v", s.browser, s.browser, s.browser, &cfg, cfg, cfg, s.browser.Stats()), name)
			assert.Equal(t, withHandler, len(s.refusals) > 20, "little was tested")
			assert.NotEmpty(t, s.logged.String())
		})
	}
	assertNoCanary(t, logged.String(), "the process's log")
}

// A resolver or a handler that repeats the token in its errors says so to
// whoever prints them; pages, log and store show nothing of it all the same.
func TestCanaryOfTalkativeErrors(t *testing.T) {
	for name, withHandler := range map[string]bool{"pages of the site's own": false, "an error handler": true} {
		virtual(t, func(t *testing.T) {
			s, store, _ := canarySite(t, "trouble with "+canary+" of ada@example.com", withHandler)
			assertNoCanary(t, store.everGiven(), name)
			assertNoCanary(t, s.logged.String(), name)
		})
	}
}

// canarySite is a site after everything has happened that can. Errors say also
// what is said; no answer has shown anything.
func canarySite(t *testing.T, said string, withHandler bool) (s *site, store *recording, cfg middleware.BrowserConfig) {
	source, store := &service{}, newRecording()
	s = offline(t, source, stored(store, 1), func(c *middleware.BrowserConfig) {
		if withHandler {
			tellsTypes(c)
		}
		cfg = *c
	})
	visit := func() *visitor {
		v := s.newVisitor("ada@example.com")
		v.token = canary
		v.watch = func(answer seen) { assertNoCanary(t, emitted(answer), said) }
		return v
	}
	canaryPages(s, said)
	for _, row := range answers {
		canaryVisit(visit(), source, fmt.Errorf("postgres: %s: %w", said, row.err))
		pass(2 * time.Minute)
	}
	canaryReturns(visit())
	return s, store, cfg
}

// canaryPages are handlers of the application's.
func canaryPages(s *site, said string) {
	for name, err := range map[string]error{"expired": secureflows.ErrTokenExpired, "revoked": secureflows.ErrSessionRevoked, "down": errDown} {
		s.guarding("/"+name, func(w http.ResponseWriter, r *http.Request) {
			s.browser.Refuse(w, r, fmt.Errorf("reading: %s: %w", said, err))
		})
	}
	s.routes["/never"] = s.browser.Allow(func(secureflows.Identity) error { return errors.New(said) })(http.HandlerFunc(showPage))
}

// canaryVisit signs in, meets err, tries everything, and signs out.
func canaryVisit(v *visitor, source *service, err error) {
	source.say(answering(secureflows.Identity{UserID: 1, Email: v.email}, nil).answer)
	v.follow("/page")
	source.say(answering(secureflows.Identity{}, err).answer)
	for _, target := range []string{"/page", "/public", "/fresh", "/never"} {
		v.fetch(target)
		v.submit(target, nil)
		v.open(target)
	}
	source.say(answering(secureflows.Identity{UserID: 1, Email: v.email}, nil).answer)
	v.follow("/page?x=1")
	for _, target := range []string{"/never", "/expired", "/revoked", "/down"} {
		v.fetch(target)
		v.open(target)
	}
	v.follow("/page")
	v.submit("/auth/logout", nil)
}

// canaryReturns are returns that carry the token, and are refused.
func canaryReturns(v *visitor) {
	for _, fields := range [][]string{
		{"sessionToken", canary}, {"sessionToken", canary, "state", canary}, {"firebaseToken", canary, "state", "x"},
		{"sessionToken", canary, "error", canary}, {"sessionToken", canary, "error", "x", "error_description", "no " + canary + " here"},
		{"sessionToken", canary + " ", "state", "x"}, {"error", "server_error", "error_description", canary, "sessionToken", canary},
	} {
		v.open(returning(fields...))
		v.fetch(returning(fields...))
		v.submit(returning(fields...), nil)
	}
	v.open("/auth/callback?sessionToken=" + url.QueryEscape(canary) + "&sessionToken=x")
	v.open("/auth/callback?sessionToken=" + url.QueryEscape(canary) + "&%zz")
	v.site.routes["/auth/callback"] = v.site.browser.Require(http.HandlerFunc(v.site.browser.Callback))
	v.open(returning("sessionToken", canary))
}

// The same with the service's own tokens, through its renewals and faults.
func TestNoTokenOfTheServiceSurfaces(t *testing.T) {
	server := mock(t)
	store := newRecording()
	s := newSite(t, server, tellsTypes, stored(store, 1))
	v := s.newVisitor("ada@example.com")
	var text strings.Builder
	v.watch = func(answer seen) { text.WriteString(emitted(answer)) }
	var tokens []string
	again := func() {
		v.follow("/page")
		tokens = append(tokens, v.held().Reveal())
	}
	again()
	server.ExpireToken(v.held())
	v.fetch("/page")
	again()
	for _, fault := range []secureflowstest.Fault{{Status: 503}, {Drop: true}, {Status: 404}, {Status: 410}, {Status: 429}, {Truncate: true}} {
		fault.Path = identityPath
		server.Fail(fault)
		v.open("/page")
		again()
	}
	server.LockBilling(true)
	v.open("/page")
	server.LockBilling(false)
	server.RevokeSession(v.held())
	v.open("/page")
	again()
	v.through(v.submit("/auth/logout", nil))
	again()
	assert.Greater(t, len(tokens), 5)
	for _, token := range tokens {
		for where, emitted := range map[string]string{
			"answers": text.String(), "log": s.logged.String(), "refusals": printed(s.refusals), "store": store.everGiven(),
		} {
			assertNoPart(t, emitted, token, where)
		}
	}
}
