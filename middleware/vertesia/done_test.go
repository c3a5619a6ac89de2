package vertesia_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
)

func doing(log io.Writer, done func(w http.ResponseWriter)) func(*vertesia.SignInConfig) {
	return func(cfg *vertesia.SignInConfig) {
		cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
		cfg.Done = func(w http.ResponseWriter, _ *http.Request, _ secureflows.Identity, _ secureflows.Token) error {
			http.SetCookie(w, &http.Cookie{Name: "site", Value: "half a session"})
			done(w)
			return nil
		}
	}
}

// What Done says by itself is no sign-in: it may have refused the person.
func TestAnAnswerOfDoneIsNoSuccess(t *testing.T) {
	for name, write := range map[string]func(http.ResponseWriter){
		"a refusal": func(w http.ResponseWriter) { http.Error(w, "blocked by hand", http.StatusForbidden) },
		"a status":  func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
		"a body": func(w http.ResponseWriter) {
			_, err := io.WriteString(w, "be welcome")
			assert.ErrorContains(t, err, "Done must not write")
		},
	} {
		var log bytes.Buffer
		b := browse(t, signIn(t, resolver(t, &service{}), doing(&log, write)))
		w := b.returns(b.begin("/notes"), signed().Reveal())
		page := b.end(w)
		assert.Equal(t, http.StatusServiceUnavailable, page.Code, name)
		assert.Contains(t, page.Body.String(), `href="/notes"`)
		assert.Empty(t, b.cookies, name)
		for _, written := range []string{"blocked by", "be welcome", "half a session"} {
			assert.NotContains(t, fmt.Sprint(w.Header(), w.Body, page.Header(), page.Body), written, name)
		}
		assert.Contains(t, log.String(), "return an error instead", name)
	}
}

func TestErrorsOfDone(t *testing.T) {
	for name, row := range map[string]struct {
		err    error
		status int
	}{
		"refuses the person":   {fmt.Errorf("unknown here: %w", middleware.ErrNotAllowed), http.StatusForbidden},
		"has no database":      {errors.New("no database"), http.StatusServiceUnavailable},
		"met a sign-out":       {secureflows.ErrSessionRevoked, http.StatusServiceUnavailable},
		"made a mistake":       {secureflows.ErrInvalidRequest, http.StatusServiceUnavailable},
		"met somebody unknown": {vertesia.ErrNoUser, http.StatusServiceUnavailable},
	} {
		b := browse(t, signIn(t, resolver(t, &service{}), func(c *vertesia.SignInConfig) {
			c.Done = func(http.ResponseWriter, *http.Request, secureflows.Identity, secureflows.Token) error {
				return row.err
			}
		}))
		assert.Equal(t, row.status, b.end(b.returns(b.begin("/"), signed().Reveal())).Code, name)
	}
}

// A browser without an answer would keep the form with the token, and the attempt.
func TestAPanicOfDone(t *testing.T) {
	const value = "no database"
	var log bytes.Buffer
	b := browse(t, signIn(t, resolver(t, &service{}), doing(&log, func(http.ResponseWriter) { panic(value) })))
	state := b.begin("/notes")
	w := b.do(func(w http.ResponseWriter, r *http.Request) {
		assert.PanicsWithValue(t, value, func() { b.signIn.Callback(w, r) })
		http.Error(w, "a recovering middleware", http.StatusInternalServerError)
	}, posted(url.Values{"state": {state}, "token": {signed().Reveal()}}.Encode()))
	assert.True(t, w.Flushed)
	assert.Equal(t, "0", w.Result().Header.Get("Content-Length"))
	page := b.end(w)
	assert.Equal(t, http.StatusServiceUnavailable, page.Code)
	assert.Contains(t, page.Body.String(), `href="/notes"`)
	assert.Empty(t, b.cookies)
	assert.Contains(t, log.String(), "Done has panicked")
	assert.NotContains(t, log.String(), "eyJ")
}

// A cookie can be sent after it was taken back: by a reload while Done is at it,
// or from a copy.
func TestACookieThatIsSentTwice(t *testing.T) {
	now := start
	entered, leave := make(chan struct{}, 3), make(chan struct{})
	r := resolver(t, &service{}, func(c *vertesia.Config) { c.Now = func() time.Time { return now } })
	b := browse(t, signIn(t, r, doing(io.Discard, func(http.ResponseWriter) {
		entered <- struct{}{}
		<-leave
	})))
	state := b.begin("/notes")
	kept := maps.Clone(b.cookies)
	locations := make(chan string, 2)
	var calls sync.WaitGroup
	for range 2 {
		r := posted(url.Values{"state": {state}, "token": {signed().Reveal()}}.Encode())
		for _, cookie := range kept {
			r.AddCookie(cookie)
		}
		calls.Go(func() {
			w := httptest.NewRecorder()
			b.signIn.Callback(w, r)
			locations <- w.Header().Get("Location")
		})
	}
	<-entered
	select {
	case location := <-locations:
		assert.Contains(t, location, "?ended=", "the other is told while Done is at it")
	case <-entered:
		assert.Fail(t, "Done was called twice")
	}
	close(leave)
	assert.Equal(t, "/notes", <-locations)
	calls.Wait()

	now = start.Add(5*time.Minute - time.Second)
	b.cookies = kept
	page := b.end(b.returns(state, signed().Reveal()))
	assert.Equal(t, http.StatusBadRequest, page.Code)
	assert.Contains(t, page.Body.String(), `href="/notes"`, "the way to try again")
	assert.Empty(t, entered, "Done was called once")
}

// What the STS says of its outage is handed on, within reason.
func TestRetryAfter(t *testing.T) {
	bare := signed("permissions", nil, "account_roles", nil, "project_roles", nil, "apps", nil).Reveal()
	for said, want := range map[string]string{"": "5", "120": "120", "999999999": "3600"} {
		b := browse(t, signIn(t, resolver(t, &service{issue: func(request) reply {
			return reply{status: http.StatusTooManyRequests, body: "{}", header: http.Header{"Retry-After": {said}}}
		}})))
		assert.Equal(t, want, b.end(b.returns(b.begin("/"), bare)).Header().Get("Retry-After"), said)
	}
}

// The page of an end can be looked at without harm, and is shown once.
func TestTheEndOfASignIn(t *testing.T) {
	b := browse(t, signIn(t, resolver(t, &service{})))
	w := b.returns(b.begin("/notes"), "abc")
	end := w.Header().Get("Location")
	for _, look := range []*http.Request{httptest.NewRequest("HEAD", end, nil), httptest.NewRequest("GET", end, nil)} {
		look.Header.Set("Sec-Purpose", "prefetch")
		assert.Empty(t, b.do(b.signIn.Callback, look).Header().Get("Set-Cookie"), look.Method)
	}
	assert.Contains(t, b.end(w).Body.String(), "did not succeed")
	assert.Contains(t, b.end(w).Body.String(), "used already")
	stranger := browse(t, b.signIn)
	for _, query := range []string{"?ended=", "?ended=unknown", "?ended=" + strings.Repeat("A", 26), "?ended=%zz&ended=x", "?ended=<script>"} {
		page := stranger.do(b.signIn.Callback, httptest.NewRequest("GET", callbackURL+query, nil))
		assert.Equal(t, http.StatusBadRequest, page.Code, query)
		assert.NotContains(t, page.Body.String(), "<script", query)
		assert.Contains(t, page.Body.String(), `href="/"`, query)
	}
}

// No page is let do anything.
func TestThePolicyOfAFailure(t *testing.T) {
	s := signIn(t, resolver(t, &service{}))
	login := httptest.NewRecorder()
	s.Login(login, httptest.NewRequest("GET", "/login", nil), "/", vertesia.Selection{Account: "other"})
	callback := httptest.NewRecorder()
	s.Callback(callback, httptest.NewRequest("GET", callbackURL+"?ended=unknown", nil))
	for status, w := range map[int]*httptest.ResponseRecorder{http.StatusForbidden: login, http.StatusBadRequest: callback} {
		require.Equal(t, status, w.Code)
		header := w.Header()
		assert.Regexp(t, `^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$`,
			header.Get("Content-Security-Policy"))
		assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		assert.Equal(t, "no-store", header.Get("Cache-Control"))
		assert.Equal(t, "no-referrer", header.Get("Referrer-Policy"))
	}
}

// The central page may come back with an error in the manner of OAuth. Anybody can
// write one into a link.
func TestAnErrorInPlaceOfTheToken(t *testing.T) {
	for code, logged := range map[string]string{
		"access_denied":           "error: access_denied",
		"<script>alert(1)":        `with an error"`,
		"eyJhbGciOi.eyJzdWIi.c2l": `with an error"`,
		strings.Repeat("a", 65):   `with an error"`,
	} {
		var log bytes.Buffer
		s := &service{}
		b := browse(t, signIn(t, resolver(t, s), doing(&log, func(http.ResponseWriter) { t.Error("somebody was signed in") })))
		state := b.begin("/notes")
		wrong := b.do(b.signIn.Callback, posted(url.Values{"state": {strings.Repeat("A", 26)}, "error": {code}}.Encode()))
		assert.Contains(t, b.end(wrong).Body.String(), "was not begun in this browser")
		assert.Len(t, b.states(), 1, "a link of somebody else's ends nothing")
		log.Reset()

		page := b.end(b.do(b.signIn.Callback, posted(url.Values{"state": {state}, "error": {code}}.Encode())))
		assert.Equal(t, http.StatusBadRequest, page.Code)
		assert.Contains(t, page.Body.String(), "The sign-in did not succeed")
		assert.Contains(t, page.Body.String(), `href="/notes"`)
		assert.NotContains(t, page.Body.String(), code)
		assert.Contains(t, log.String(), logged)
		assert.Empty(t, b.cookies, "the attempt has ended")
		assert.Empty(t, s.asked(""))
	}
}

// An old browser says its origin as it spells it, whatever the configuration, and
// a proxy's name for this server is another.
func TestTheOriginOfTheCallback(t *testing.T) {
	for callback, origin := range map[string]string{
		"https://app.example/auth/callback":      "https://app.example",
		"https://App.Example/auth/callback":      "https://app.example",
		"https://app.example:443/auth/callback":  "https://app.example",
		"https://app.example:8443/auth/callback": "https://app.example:8443",
		"http://localhost:80/auth/callback":      "http://localhost",
		"http://[::1]:80/auth/callback":          "http://[::1]",
		"http://[::1]:8080/auth/callback":        "http://[::1]:8080",
	} {
		b := browse(t, signIn(t, resolver(t, &service{}), func(cfg *vertesia.SignInConfig) { cfg.CallbackURL = callback }))
		for sent, page := range map[string]string{origin: "/notes", "http://evil.example": callback + "?ended=unknown", "null": callback + "?ended=unknown"} {
			r := posted(url.Values{"state": {b.begin("/notes")}, "token": {signed().Reveal()}}.Encode())
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", sent)
			r.Host = "10.0.0.7:8080"
			assert.Equal(t, page, b.do(b.signIn.Callback, r).Header().Get("Location"), "%s from %s", callback, sent)
		}
	}
}

// A server takes 8 KiB of headers at least, and another provider's cookies may be
// among them.
func TestTheLongestCookiesFitIntoHalfAHeader(t *testing.T) {
	b := browse(t, signIn(t, resolver(t, &service{down: true})))
	for range 5 {
		b.returns(b.begin("/"+strings.Repeat("a", 511)), signed().Reveal())
	}
	size := len("Cookie: ")
	for name, cookie := range b.cookies {
		size += len(name + "=" + cookie.Value + "; ")
	}
	assert.Len(t, b.cookies, 5)
	assert.Greater(t, size, 5*512)
	assert.Less(t, size, 4<<10)
}
