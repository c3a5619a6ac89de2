package middleware_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

const identityPath = "/api/v1/sessions/identity"

// An expired token is renewed, and the visitor is back on the page with the
// data as it was, whatever the vintage of the service.
func TestAnExpiredTokenIsRenewed(t *testing.T) {
	for name, options := range map[string]secureflowstest.Options{"410": {}, "401": {ExpiredUnauthorized: true}} {
		t.Run(name, func(t *testing.T) {
			server := mock(t, options)
			s := newSite(t, server)
			v := s.signedIn("ada@example.com")
			old := v.held()
			_, err := s.client.Session(old).Set(t.Context(), "note", "kept")
			require.NoError(t, err)
			server.ExpireToken(old)
			answer := v.open("/page?x=1")
			require.Equal(t, http.StatusSeeOther, answer.StatusCode)
			assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
			assert.Equal(t, "no-referrer", answer.Header.Get("Referrer-Policy"))
			assert.Equal(t, old.Reveal(), queryOf(t, answer.Header.Get("Location")).Get("session_token"))
			v.sees(v.through(answer), "/page?x=1")
			assert.NotEqual(t, old, v.held())
			note, err := secureflows.Get[string](t.Context(), s.client.Session(v.held()), "note")
			assert.NoError(t, err)
			assert.Equal(t, "kept", note)
		})
	}
}

// Nothing else than a navigation is redirected then, and the form is not lost:
// the page it is on is there still, and can post it again after the renewal.
func TestAnExpiredTokenRefusesFormsAndFetches(t *testing.T) {
	server := mock(t)
	s := newSite(t, server, tellsTypes)
	v := s.signedIn("ada@example.com")
	server.ExpireToken(v.held())
	for name, answer := range map[string]seen{
		"a form": v.submit("/page", nil), "a fetch": v.fetch("/page"), "a frame": v.send(http.MethodGet, "/page", framed(), ""),
		"an optional form": v.submit("/public", nil), "an optional fetch": v.fetch("/public"),
	} {
		assert.Equal(t, http.StatusUnauthorized, answer.StatusCode, name)
		assert.Empty(t, answer.Header.Get("Location"), name)
		assert.Equal(t, "expired-token", s.lastType(), name)
	}
	v.sees(v.follow("/page"), "/page")
	assert.Equal(t, http.StatusOK, v.submit("/page", nil).StatusCode)
}

func TestAnExpiredTokenIsRenewedForAnOptionalPage(t *testing.T) {
	server := mock(t)
	v := newSite(t, server).signedIn("ada@example.com")
	old := v.held()
	server.ExpireToken(old)
	answer := v.open("/public")
	assert.Equal(t, old.Reveal(), queryOf(t, answer.Header.Get("Location")).Get("session_token"))
	v.sees(v.through(answer), "/public")
}

// saying has the service answer so, when it is asked next whose a token is.
func saying(status int, body string) func(*secureflowstest.Server, *visitor) {
	return func(server *secureflowstest.Server, _ *visitor) {
		server.Fail(secureflowstest.Fault{Path: identityPath, Status: status, Body: body})
	}
}

// ends are how a session ends elsewhere, and what a fetch is told then.
var ends = map[string]struct {
	end  func(*secureflowstest.Server, *visitor)
	kind string
}{
	"revoked": {func(server *secureflowstest.Server, v *visitor) { server.RevokeSession(v.held()) }, "revoked-token"},
	"signed out elsewhere": {func(_ *secureflowstest.Server, v *visitor) {
		assert.NoError(v.t, v.site.server.Client().Session(v.held()).Logout(context.Background()))
	}, "revoked-token"},
	"renewed elsewhere": {func(server *secureflowstest.Server, v *visitor) {
		renewal, err := server.Client().RenewURL(v.held(), secureflows.LoginOptions{RedirectURI: secureflowstest.RedirectURI})
		assert.NoError(v.t, err)
		server.SignIn(renewal, v.email)
	}, "revoked-token"},
	"revoked by this process": {func(_ *secureflowstest.Server, v *visitor) {
		_, err := v.site.client.Session(v.held()).Revoke(context.Background())
		assert.NoError(v.t, err)
	}, "revoked-token"},
	"unknown": {saying(404, `{"status":404,"error":"Session not found"}`), "revoked-token"},
	"denied":  {saying(403, `{"status":403,"error":"Access denied"}`), "invalid-token"},
	"invalid": {saying(401, `{"status":401,"error":"Invalid token"}`), "invalid-token"},
}

// visits are requests, for pages of the signed in and of anybody.
var visits = map[string]func(*visitor) seen{
	"a page":       func(v *visitor) seen { return v.open("/page") },
	"a fetch":      func(v *visitor) seen { return v.fetch("/page") },
	"a form":       func(v *visitor) seen { return v.submit("/page", nil) },
	"anybody's":    func(v *visitor) seen { return v.open("/public") },
	"data for any": func(v *visitor) seen { return v.fetch("/public") },
}

// What ended elsewhere takes a fresh login, in which the old token has no part.
func TestAnEndedSessionTakesAFreshLogin(t *testing.T) {
	for name, row := range ends {
		for how, visit := range visits {
			t.Run(name+", "+how, func(t *testing.T) {
				server := mock(t)
				virtual(t, func(t *testing.T) {
					s := newSite(t, server, tellsTypes)
					v := s.signedIn("ada@example.com")
					row.end(server, v)
					held := v.copied()
					answer := visit(v)
					assertEnded(t, how, answer, row.kind, s.lastType())
					// It has ended here too: nobody is asked any more.
					pass(10 * time.Second) // in which the refusal is remembered
					server.LockBilling(true)
					held.assertSignedOut("by the cookie of before")
					v.assertSignedOut()
					server.LockBilling(false)
					v.sees(v.follow("/page"), "/page")
				})
			})
		}
	}
}

// assertEnded asserts the answer to one of the visits by somebody who was signed
// out elsewhere.
func assertEnded(t *testing.T, how string, answer seen, kind, got string) {
	t.Helper()
	switch how {
	case "a page":
		assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
		assert.False(t, queryOf(t, answer.Header.Get("Location")).Has("session_token"))
	case "anybody's", "data for any":
		assert.Equal(t, "nobody at /public", answer.body)
	default:
		assert.Equal(t, http.StatusUnauthorized, answer.StatusCode)
		assert.Equal(t, kind, got)
	}
}

// A renewal that never comes back is not asked for again and again: perhaps the
// service cannot renew that token, or somebody else is at the keyboard.
func TestARenewalThatDoesNotComeBackIsFollowedByAFreshLogin(t *testing.T) {
	server := mock(t)
	virtual(t, func(t *testing.T) {
		v := newSite(t, server).signedIn("ada@example.com")
		old := v.held().Reveal()
		server.ExpireToken(v.held())
		renewing := func() bool { return queryOf(t, v.begin("/page")).Get("session_token") == old }
		assert.True(t, renewing())
		pass(5 * time.Second)
		assert.True(t, renewing(), "a second tab")
		pass(6 * time.Second)
		assert.True(t, renewing(), "once more: a session that has itself ended is found by nothing else")
		pass(11 * time.Second)
		assert.False(t, renewing())
		assert.False(t, renewing())
		v.sees(v.follow("/page"), "/page")
		v.assertSignedIn()
	})
}

// The renewal of another person's session is refused by the service with a page
// of its own. Whoever comes back signs in as themselves, and sees nothing of
// the other's.
func TestASecondPersonDoesNotRenewTheFirstOnes(t *testing.T) {
	server := mock(t)
	virtual(t, func(t *testing.T) {
		s := newSite(t, server)
		v := s.signedIn("ada@example.com")
		_, err := s.client.Session(v.held()).Set(t.Context(), "note", "ada's")
		require.NoError(t, err)
		server.ExpireToken(v.held())
		for range 2 {
			assert.True(t, queryOf(t, v.begin("/page")).Has("session_token"))
			pass(15 * time.Second) // at the page that says 403
		}
		v.email = "bob@example.com"
		location := v.begin("/page")
		require.False(t, queryOf(t, location).Has("session_token"), "would be refused again")
		v.sees(v.finish(location), "/page")
		payload, err := s.client.Session(v.held()).Payload(t.Context())
		assert.NoError(t, err)
		assert.Empty(t, payload)
	})
}

// A service of the other vintage returns such failures to the callback.
func TestARenewalThatFailsIsFollowedByOneFreshLogin(t *testing.T) {
	for _, code := range []string{"not_owner", "session_revoked", "invalid_token", "session_not_found", "BILLING_SESSION_LIMIT", "server_error"} {
		t.Run(code, func(t *testing.T) {
			server := mock(t)
			v := newSite(t, server).signedIn("ada@example.com")
			server.ExpireToken(v.held())
			failure := returning("error", code, "error_description", "no", "state", stateOf(t, v.begin("/page?x=1")))
			answer := v.open(failure)
			require.Equal(t, http.StatusSeeOther, answer.StatusCode, answer.body)
			assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
			fresh := answer.Header.Get("Location")
			assert.False(t, queryOf(t, fresh).Has("session_token"))
			assertFailed(t, v.open(failure), "the same again")
			assertFailed(t, v.copied().open(returning("error", code, "state", stateOf(t, fresh))), "the fresh login failed, too")
		})
	}
}

func TestAFreshLoginAfterARenewalComesBackToThePage(t *testing.T) {
	server := mock(t)
	v := newSite(t, server).signedIn("ada@example.com")
	server.ExpireToken(v.held())
	answer := v.open(returning("error", "not_owner", "state", stateOf(t, v.begin("/page?x=1"))))
	v.email = "bob@example.com"
	v.sees(v.through(answer), "/page?x=1")
}

// Whoever cancels does not want to be asked again.
func TestACancelledRenewalIsAPage(t *testing.T) {
	server := mock(t)
	v := newSite(t, server).signedIn("ada@example.com")
	server.ExpireToken(v.held())
	assertFailed(t, v.open(returning("error", "access_denied", "state", stateOf(t, v.begin("/page")))))
}

// Nobody but the visitor's own renewal leads to a login by itself.
func TestAFailureOfNoRenewalIsAPage(t *testing.T) {
	server := mock(t)
	s := newSite(t, server)
	v, other := s.signedIn("ada@example.com"), s.signedIn("bob@example.com")
	server.ExpireToken(other.held())
	foreign := stateOf(t, other.begin("/page"))
	for _, link := range []string{
		returning("error", "server_error"), returning("error", "server_error", "state", "x"), returning("error", "server_error", "state", foreign),
	} {
		assertFailed(t, v.open(link))
	}
	v.assertSignedIn()
}

func TestABillingLockSignsNobodyOut(t *testing.T) {
	server := mock(t)
	s := newSite(t, server)
	v := s.signedIn("ada@example.com")
	logins := v.logins
	server.LockBilling(true)
	for _, target := range []string{"/page", "/public", "/fresh"} {
		answer := v.open(target)
		assert.Equal(t, http.StatusForbidden, answer.StatusCode, target)
		assertPage(t, answer)
		answer = v.fetch(target)
		assert.Equal(t, http.StatusForbidden, answer.StatusCode, target)
		found := problemIn(t, answer)
		assert.Equal(t, types+"billing-lock", found.Type)
		assert.Equal(t, "BILLING_GRACE_LOCK", found.Code)
		assert.Empty(t, answer.Header.Get("WWW-Authenticate"))
	}
	server.LockBilling(false)
	v.assertSignedIn()
	assert.Equal(t, logins, v.logins)
}

func TestAnOutageSignsNobodyOut(t *testing.T) {
	for name, row := range map[string]struct {
		fault      secureflowstest.Fault
		retryAfter string
	}{
		"a 500":             {secureflowstest.Fault{Status: 500}, "5"},
		"a 503, and when":   {secureflowstest.Fault{Status: 503, RetryAfter: 17 * time.Second}, "17"},
		"a proxy's page":    {secureflowstest.Fault{Status: 502, Body: "<html>bad gateway</html>"}, "5"},
		"a proxy's 404":     {secureflowstest.Fault{Status: 404, Body: "<html>not found</html>"}, "5"},
		"a proxy's 403":     {secureflowstest.Fault{Status: 403, Body: "<html>blocked</html>"}, "5"},
		"no answer":         {secureflowstest.Fault{Drop: true}, "5"},
		"half an answer":    {secureflowstest.Fault{Truncate: true}, "5"},
		"an edge's limit":   {secureflowstest.Fault{Status: 429, RetryAfter: 9 * time.Second}, "9"},
		"an empty 200":      {secureflowstest.Fault{Status: 200, EmptyBody: true}, "5"},
		"a redirect abroad": {secureflowstest.Fault{Status: 302, Header: header("Location", "http://evil.example/")}, "5"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mock(t)
			v := newSite(t, server).signedIn("ada@example.com")
			row.fault.Path, row.fault.Times = identityPath, 4
			server.Fail(row.fault)
			for _, target := range []string{"/page", "/public"} {
				answer := v.open(target)
				assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
				assert.Equal(t, row.retryAfter, answer.Header.Get("Retry-After"))
				assertPage(t, answer)
				answer = v.fetch(target)
				assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
				assert.Equal(t, row.retryAfter, answer.Header.Get("Retry-After"))
				assert.Equal(t, types+"unavailable", problemIn(t, answer).Type)
			}
			v.assertSignedIn("after it is over")
		})
	}
}

// The token has arrived; that nobody can say whose it is just now does not make
// a sign-in fail.
func TestTroubleDuringTheReturnDoesNotLoseTheToken(t *testing.T) {
	for name, row := range map[string]struct {
		begin, end func(*secureflowstest.Server)
		status     int
	}{
		"an outage": {
			func(server *secureflowstest.Server) {
				server.Fail(secureflowstest.Fault{Path: identityPath, Status: 503, Times: 2})
			},
			func(*secureflowstest.Server) {}, 503,
		},
		"a billing lock": {
			func(server *secureflowstest.Server) { server.LockBilling(true) },
			func(server *secureflowstest.Server) { server.LockBilling(false) }, 403,
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := mock(t)
			v := newSite(t, server).newVisitor("ada@example.com")
			returned := v.next(v.begin("/page"))
			row.begin(server)
			answer := v.open(returned)
			assert.Equal(t, http.StatusSeeOther, answer.StatusCode, answer.body)
			assert.Equal(t, "/page", answer.Header.Get("Location"))
			assert.Equal(t, row.status, v.open("/page").StatusCode)
			row.end(server)
			v.sees(v.open("/page"), "/page")
		})
	}
}
