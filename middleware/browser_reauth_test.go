package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// reading is a page that makes a call of its own with the session, after the
// guard has let the visitor in.
func (s *site) reading(path string, before func(*secureflows.Session)) {
	s.guarding(path, func(w http.ResponseWriter, r *http.Request) {
		session, ok := secureflows.SessionFromContext(r.Context())
		require.True(s.t, ok)
		before(session)
		if _, err := session.Payload(r.Context()); err != nil {
			if !s.browser.Reauth(w, r, err) {
				http.Error(w, "the page's own words", http.StatusTeapot)
			}
			return
		}
		showPage(w, r)
	})
}

// once runs do the first time only.
func once(do func(*secureflows.Session)) func(*secureflows.Session) {
	done := false
	return func(session *secureflows.Session) {
		if !done {
			done = true
			do(session)
		}
	}
}

func TestAHandlerWhoseCallIsRefusedSendsTheVisitorToSignIn(t *testing.T) {
	server := mock(t)
	for name, row := range map[string]struct {
		before func(*secureflows.Session)
		renews bool
		kind   string
	}{
		"expired": {func(session *secureflows.Session) { server.ExpireToken(session.Token()) }, true, "expired-token"},
		"revoked": {func(session *secureflows.Session) { server.RevokeSession(session.Token()) }, false, "revoked-token"},
	} {
		virtual(t, func(t *testing.T) {
			s := newSite(t, server, tellsTypes)
			v := s.signedIn("ada@example.com")
			pass(2 * time.Minute)
			s.reading("/read", once(row.before))
			held := v.copied()
			answer := v.open("/read?x=1")
			require.Equal(t, http.StatusSeeOther, answer.StatusCode, name)
			assert.Equal(t, row.renews, queryOf(t, answer.Header.Get("Location")).Has("session_token"), name)
			assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
			if !row.renews {
				held.assertSignedOut(name)
			}
			v.sees(v.through(answer), "/read?x=1")
			pass(2 * time.Minute)
			s.reading("/post", once(row.before))
			answer = v.submit("/post", nil)
			assert.Equal(t, http.StatusUnauthorized, answer.StatusCode, name)
			assert.Empty(t, answer.Header.Get("Location"), name)
			assert.Equal(t, row.kind, s.lastType(), name)
		})
	}
}

// Reauth leaves whatever is no sign-out to the handler, and writes nothing.
func TestReauthIsForSignOutsOnly(t *testing.T) {
	s := offline(t, &service{})
	for _, err := range []error{
		nil, secureflows.ErrGraceLock, secureflows.ErrUnavailable, secureflows.ErrRateLimited, secureflows.ErrKeyNotFound,
		secureflows.ErrForbidden, secureflows.ErrPayloadTooLarge, secureflows.ErrInvalidRequest, context.Canceled, errDown,
	} {
		w := httptest.NewRecorder()
		assert.False(t, s.browser.Reauth(w, asFromTheWire("/page"), err), "%v", err)
		assert.Empty(t, w.Header(), "%v", err)
		assert.Empty(t, w.Body.String(), "%v", err)
	}
	for _, err := range []error{
		secureflows.ErrSignedOut, secureflows.ErrUnauthenticated, secureflows.ErrTokenExpired, secureflows.ErrSessionRevoked,
		secureflows.ErrSessionNotFound, fmt.Errorf("reading: %w", secureflows.ErrSessionRevoked),
	} {
		w := httptest.NewRecorder()
		assert.True(t, s.browser.Reauth(w, asFromTheWire("/page"), err), "%v", err)
		assert.Equal(t, http.StatusSeeOther, w.Code, "%v", err)
	}
}

func TestRefuseAnswersAsRequireWould(t *testing.T) {
	for name, row := range map[string]struct {
		err    error
		status int
		kind   string
	}{
		"expired":                {secureflows.ErrTokenExpired, 303, ""},
		"revoked":                {fmt.Errorf("reading: %w", secureflows.ErrSessionRevoked), 303, ""},
		"a billing lock":         {secureflows.ErrGraceLock, 403, "billing-lock"},
		"an outage":              {secureflows.ErrUnavailable, 503, "unavailable"},
		"a rate limit":           {secureflows.ErrRateLimited, 503, "unavailable"},
		"trouble of its own":     {errDown, 503, "unavailable"},
		"an outage, for so long": {&secureflows.Error{RetryAfter: time.Minute}, 503, "unavailable"},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				s := offline(t, &service{}, tellsTypes)
				s.guarding("/refused", func(w http.ResponseWriter, r *http.Request) { s.browser.Refuse(w, r, row.err) })
				v := s.signedIn("user-1@example.com")
				pass(2 * time.Minute)
				answer := v.open("/refused")
				assert.Equal(t, row.status, answer.StatusCode)
				assert.Equal(t, row.kind, s.lastType())
				assert.NotContains(t, answer.body, "database")
				assert.Equal(t, row.status == 503, answer.Header.Get("Retry-After") != "")
				if name == "an outage, for so long" {
					assert.Equal(t, "60", answer.Header.Get("Retry-After"))
				}
				if row.status != 303 {
					v.assertSignedIn()
				}
			})
		})
	}
}

// issuing has the service refuse the tokens that it issues.
func issuing(err error) change {
	return func(cfg *middleware.BrowserConfig) { cfg.Resolver = answering(secureflows.Identity{}, err) }
}

func content(*middleware.BrowserConfig) {}

// circles are reasons to sign in again and again.
var circles = map[string]struct {
	change  change
	handler error
}{
	"tokens refused as invalid":       {issuing(secureflows.ErrUnauthenticated), nil},
	"tokens refused as expired":       {issuing(secureflows.ErrTokenExpired), nil},
	"tokens refused as revoked":       {issuing(secureflows.ErrSessionRevoked), nil},
	"tokens refused as unknown":       {issuing(secureflows.ErrSessionNotFound), nil},
	"a handler that says invalid":     {content, secureflows.ErrUnauthenticated},
	"a handler that says expired":     {content, secureflows.ErrTokenExpired},
	"a handler that says revoked":     {content, secureflows.ErrSessionRevoked},
	"a handler that says not signed":  {content, secureflows.ErrSignedOut},
	"a handler that says not found":   {content, secureflows.ErrSessionNotFound},
	"a handler that wraps what it is": {content, errors.Join(errDown, secureflows.ErrTokenExpired)},
}

// A service that issues tokens and refuses them, or a handler that is never
// content, does not send anybody round in circles.
func TestNothingGoesRoundForEver(t *testing.T) {
	for name, row := range circles {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				s := offline(t, &service{}, tellsTypes, row.change)
				failing := row.handler
				s.guarding("/circle", func(w http.ResponseWriter, r *http.Request) {
					if failing == nil || !s.browser.Reauth(w, r, failing) {
						showPage(w, r)
					}
				})
				v := s.newVisitor("user-1@example.com")
				for range 5 { // one who tries again and again
					answer := v.follow("/circle")
					assertFailed(t, answer)
				}
				assert.LessOrEqual(t, v.logins, 4)
				assert.Equal(t, "sign-in-loop", s.lastType())
				answer := v.fetch("/circle")
				assert.Equal(t, http.StatusUnauthorized, answer.StatusCode, "a fetch is told the same as ever")
				assert.Empty(t, answer.Header.Get("Location"))
				failing = nil
				pass(2 * time.Minute)
				logins := v.logins
				answer = v.follow("/circle")
				if row.handler != nil {
					v.sees(answer, "/circle")
				} else {
					assert.Equal(t, logins+1, v.logins, "is tried again after a while")
				}
			})
		})
	}
}

// Another tab that is content, such as one that asks for news all the time, does
// not hide that this one goes round.
func TestATabThatPollsDoesNotHideACircle(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := offline(t, &service{}, tellsTypes)
		s.guarding("/circle", func(w http.ResponseWriter, r *http.Request) {
			s.browser.Reauth(w, r, secureflows.ErrSessionRevoked)
		})
		v := s.newVisitor("user-1@example.com")
		answer := v.open("/circle")
		for answer.StatusCode == http.StatusSeeOther && v.logins < 10 {
			target := v.next(answer.Header.Get("Location"))
			if target == "/circle" {
				assert.Equal(t, http.StatusOK, v.fetch("/news").StatusCode)
			}
			answer = v.open(target)
		}
		assert.LessOrEqual(t, v.logins, 4)
		assertFailed(t, answer)
	})
}

func TestThreeFailedReturnsInAMinuteStop(t *testing.T) {
	fail := func(v *visitor) seen {
		return v.open(returning("error", "server_error", "state", stateOf(t, v.begin("/page"))))
	}
	virtual(t, func(t *testing.T) {
		s := offline(t, &service{}, tellsTypes)
		v := s.newVisitor("user-1@example.com")
		for i := range 3 {
			answer := fail(v)
			assertFailed(t, answer, i)
			assert.Equal(t, i == 2, s.lastType() == "sign-in-loop", "return %d: %s", i, s.lastType())
			pass(5 * time.Second)
		}
		answer := v.open("/page")
		assertFailed(t, answer, "a fourth login is begun")
		assert.Equal(t, "sign-in-loop", s.lastType())
		assert.GreaterOrEqual(t, v.fetch("/page").StatusCode, 400)
		other := s.newVisitor("user-2@example.com")
		other.sees(other.follow("/page"), "/page")
		pass(61 * time.Second)
		v.sees(v.follow("/page"), "/page")
	})
	virtual(t, func(t *testing.T) { // over two minutes it is no loop, but a person
		s := offline(t, &service{}, tellsTypes)
		v := s.newVisitor("user-1@example.com")
		for range 6 {
			assertFailed(t, fail(v))
			assert.NotEqual(t, "sign-in-loop", s.lastType())
			pass(35 * time.Second)
		}
		v.sees(v.follow("/page"), "/page")
	})
}

// Whatever the sort, so long as it ends a sign-in of this browser: a link that
// anybody can make stops nobody.
func TestFailedReturnsOfEverySortCount(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := &service{}
		s := offline(t, source, tellsTypes)
		v := s.newVisitor("user-1@example.com")
		assertFailed(t, v.open(returning("error", "server_error", "state", stateOf(t, v.begin("/page")))))
		assertFailed(t, v.open(returning("sessionToken", "a b", "state", stateOf(t, v.begin("/page")))))
		source.say(refused)
		assertFailed(t, v.open(returning("sessionToken", "user-1", "state", stateOf(t, v.begin("/page")))))
		assert.Equal(t, "sign-in-loop", s.lastType())
		assertFailed(t, v.open("/page"))
		assert.Equal(t, "sign-in-loop", s.lastType())
	})
	virtual(t, func(t *testing.T) {
		s := offline(t, &service{}, tellsTypes)
		v := s.newVisitor("user-1@example.com")
		location := v.begin("/page")
		for range 10 {
			assertFailed(t, v.open(returning("error", "server_error", "state", "x")))
			assertFailed(t, v.open(returning("sessionToken", "user-1")))
		}
		v.sees(v.finish(location), "/page")
	})
}

// Failures do not add up over a sign-in that succeeded.
func TestASuccessEndsTheCount(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := offline(t, &service{}, tellsTypes)
		v := s.newVisitor("user-1@example.com")
		for range 2 {
			assertFailed(t, v.open(returning("error", "server_error", "state", stateOf(t, v.begin("/page")))))
		}
		v.sees(v.follow("/page"), "/page")
		v.assertSignedIn()
	})
}

// What a person is shown then says what has happened.
func TestTheEndOfACircleIsAPage(t *testing.T) {
	s := offline(t, &service{})
	s.guarding("/circle", func(w http.ResponseWriter, r *http.Request) {
		s.browser.Reauth(w, r, secureflows.ErrSessionRevoked)
	})
	v := s.newVisitor("user-1@example.com")
	answer := v.follow("/circle")
	assertFailed(t, answer)
	assertPage(t, answer)
	assert.Contains(t, answer.body, "stopped")
}

func TestAServiceThatRefusesItsOwnTokensIsAPage(t *testing.T) {
	server := mock(t)
	v := newSite(t, server).newVisitor("ada@example.com")
	server.Fail(secureflowstest.Fault{Path: identityPath, Status: 410, Body: `{"status":410,"error":"Session revoked"}`})
	answer := v.follow("/page")
	assertFailed(t, answer)
	assert.Equal(t, 1, v.logins)
	v.sees(v.follow("/page"), "/page")
}
