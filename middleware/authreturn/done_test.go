package authreturn_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
)

func doing(done func(http.ResponseWriter, *http.Request, secureflows.Identity, secureflows.Token) error) func(*authreturn.SignInConfig) {
	return func(cfg *authreturn.SignInConfig) { cfg.Done = done }
}

// What Done says by itself is no sign-in: it may have refused the person.
func TestAnAnswerOfDoneIsNoSuccess(t *testing.T) {
	for name, write := range map[string]func(http.ResponseWriter, *http.Request){
		"a refusal": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "blocked by hand", http.StatusForbidden) },
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		},
		"a status": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) },
		"a body": func(w http.ResponseWriter, _ *http.Request) {
			_, err := io.WriteString(w, "be welcome")
			assert.ErrorContains(t, err, "Done must not write")
		},
	} {
		t.Run(name, func(t *testing.T) {
			site := newSite(t, remotely(t), doing(func(w http.ResponseWriter, r *http.Request, _ secureflows.Identity, _ secureflows.Token) error {
				http.SetCookie(w, &http.Cookie{Name: "session", Value: "half a session"})
				write(w, r)
				return nil
			}))
			b := site.browser()
			answer := b.open(b.begin("/login?page=/notes") + "?token=" + good(t, nil).Reveal())
			page := b.end(answer)
			assert.Equal(t, 503, page.StatusCode)
			assert.Contains(t, text(t, page), `href="/notes"`)
			assert.Empty(t, b.cookies)
			for _, written := range []string{"blocked by", "be welcome", "evil.example", "half a session"} {
				assert.NotContains(t, b.seen.String(), written)
			}
			assert.Contains(t, site.log.String(), "return an error instead")
			assert.Contains(t, site.log.String(), "middleware.ErrNotAllowed")
		})
	}
}

func TestWhatDoneSetsIsSent(t *testing.T) {
	site := newSite(t, remotely(t), doing(func(w http.ResponseWriter, _ *http.Request, _ secureflows.Identity, _ secureflows.Token) error {
		w.Header().Set("X-Kept", "yes")
		w.WriteHeader(http.StatusEarlyHints) // is no answer
		return nil
	}))
	b := site.browser()
	answer := b.open(b.begin("/login?page=/notes") + "?token=" + good(t, nil).Reveal())
	assert.Equal(t, "/notes", answer.Header.Get("Location"))
	assert.Equal(t, "yes", answer.Header.Get("X-Kept"))
	assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	assert.Empty(t, b.cookies)
}

// Half a session is none.
func TestWhatDoneSetsBeforeAnErrorIsNotSent(t *testing.T) {
	site := newSite(t, remotely(t), doing(func(w http.ResponseWriter, _ *http.Request, _ secureflows.Identity, _ secureflows.Token) error {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "half a session"})
		return io.ErrUnexpectedEOF
	}))
	b := site.browser()
	assert.Equal(t, 503, b.end(b.open(b.begin("/login")+"?token="+good(t, nil).Reveal())).StatusCode)
	assert.NotContains(t, b.seen.String(), "half a session")
}

// A browser without an answer would keep the address with the token, and the
// attempt.
func TestAPanicOfDone(t *testing.T) {
	const value = "no database"
	site := newSite(t, remotely(t), doing(func(w http.ResponseWriter, _ *http.Request, _ secureflows.Identity, _ secureflows.Token) error {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "half a session"})
		panic(value)
	}))
	outer := site.mux
	recovered := make(chan any, 1)
	site.mux = http.NewServeMux()
	site.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if found := recover(); found != nil {
				recovered <- found
				http.Error(w, "a recovering middleware", http.StatusInternalServerError)
			}
		}()
		outer.ServeHTTP(w, r)
	})
	b := site.browser()
	answer := b.open(b.begin("/login?page=/notes") + "?token=" + good(t, nil).Reveal())
	assert.Equal(t, value, <-recovered)
	assert.Equal(t, "0", answer.Header.Get("Content-Length"))
	page := b.end(answer)
	assert.Equal(t, 503, page.StatusCode)
	assert.Contains(t, text(t, page), `href="/notes"`)
	assert.Empty(t, b.cookies)
	assert.Contains(t, site.log.String(), "Done has panicked")
	assertSecret(t, site.log.String(), good(t, nil).Reveal(), "the log")
}

// The server closes the connection of a handler that panics.
func TestAPanicOfDoneOverTheWire(t *testing.T) {
	site := newSite(t, remotely(t), doing(func(http.ResponseWriter, *http.Request, secureflows.Identity, secureflows.Token) error {
		panic(http.ErrAbortHandler)
	}))
	b := site.browser()
	link := b.begin("/login") + "?token=" + good(t, nil).Reveal()
	for _, http2 := range []bool{false, true} {
		server := httptest.NewUnstartedServer(site.mux)
		server.EnableHTTP2 = http2
		server.StartTLS()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+strings.TrimPrefix(link, "https://app.example"), nil)
		require.NoError(t, err)
		for name, value := range b.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		answer, err := server.Client().Transport.RoundTrip(r)
		require.NoError(t, err)
		assert.Equal(t, 303, answer.StatusCode)
		assert.NotContains(t, answer.Header.Get("Location"), "token=")
		answer.Body.Close()
		server.Close()
	}
	assert.Len(t, site.service.requests(), 1, "the second finds it used up")
}

// A cookie can be sent after it was taken back: by a reload while Done is at it,
// or from a copy.
func TestACookieThatIsSentTwice(t *testing.T) {
	var calls sync.WaitGroup
	entered, leave := make(chan struct{}, 2), make(chan struct{})
	site := newSite(t, remotely(t), doing(func(http.ResponseWriter, *http.Request, secureflows.Identity, secureflows.Token) error {
		entered <- struct{}{}
		<-leave
		return nil
	}))
	b := site.browser()
	link := b.begin("/login?page=/notes") + "?token=" + good(t, nil).Reveal()
	locations := make(chan string, 2)
	for range 2 {
		r := httptest.NewRequest(http.MethodGet, link, nil)
		for name, value := range b.cookies {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		calls.Go(func() {
			w := httptest.NewRecorder()
			site.mux.ServeHTTP(w, r)
			locations <- w.Header().Get("Location")
		})
	}
	<-entered
	select {
	case location := <-locations:
		assert.Contains(t, location, "/auth/callback/", "the other is told while Done is at it")
	case <-entered:
		assert.Fail(t, "Done was called twice")
	}
	close(leave)
	assert.Equal(t, "/notes", <-locations)
	calls.Wait()
	assert.Empty(t, entered, "Done was called once")
	assert.Contains(t, site.log.String(), "has come back before")
	assert.Len(t, site.service.requests(), 1)

	page := b.end(b.open(link)) // the cookies are those of before
	assert.Equal(t, 400, page.StatusCode)
	assert.Contains(t, text(t, page), `href="/notes"`, "the way to try again")
}

// What the service says of its outage is handed on, within reason.
func TestRetryAfter(t *testing.T) {
	for said, want := range map[string]string{"": "5", "120": "120", "3600": "3600", "86400": "3600", "99999999999999999999": "3600", "soon": "5"} {
		site := newSite(t, remotely(t))
		b := site.browser()
		site.service.says(503, "", "Retry-After", said)
		page := b.end(b.open(b.begin("/login") + "?token=" + good(t, nil).Reveal()))
		assert.Equal(t, want, page.Header.Get("Retry-After"), said)
	}
	site := newSite(t, remotely(t))
	b := site.browser()
	for _, outcome := range []string{"outage-99999", "outage--1", "outage-x", "failed-120", "nothing-120", "outage-" + strings.Repeat("9", 30)} {
		site.service.says(503, "")
		answer := b.open(b.begin("/login") + "?token=" + good(t, nil).Reveal())
		for name, value := range b.cookies {
			b.cookies[name] = strings.Replace(value, "outage", outcome, 1)
		}
		page := b.end(answer)
		assert.Contains(t, []string{"", "5", "3600"}, page.Header.Get("Retry-After"), "of a cookie that was written by hand")
		assert.Contains(t, []int{400, 503}, page.StatusCode)
	}
}

// No page is let do anything.
func TestThePolicyOfAFailure(t *testing.T) {
	site := newSite(t, remotely(t))
	header := site.browser().open(callbackURL + "/x").Header
	assert.Regexp(t, `^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$`,
		header.Get("Content-Security-Policy"))
	assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
	assert.Equal(t, "text/html; charset=utf-8", header.Get("Content-Type"))
}

// Minutes later another process may be asked, but not this one about the same.
func TestACopiedCookieStaysUsed(t *testing.T) {
	site := newSite(t, remotely(t))
	b := site.browser()
	link := b.begin("/login") + "?token=" + good(t, nil).Reveal()
	kept := maps.Clone(b.cookies)
	b.open(link)
	site.clock.advance(5*time.Minute - 8*time.Second)
	b.cookies = kept
	b.end(b.open(link))
	assert.Len(t, site.done, 1)
}

// A server takes 8 KiB of headers at least, and another provider's cookies may be
// among them.
func TestTheLongestCookiesFitIntoHalfAHeader(t *testing.T) {
	site := newSite(t, remotely(t))
	site.service.says(503, "", "Retry-After", "3600")
	b := site.browser()
	for range 5 {
		b.open(b.begin("/login?page=/"+strings.Repeat("a", 511)) + "?token=" + good(t, nil).Reveal())
	}
	size := len("Cookie: ")
	for name, value := range b.cookies {
		size += len(name + "=" + value + "; ")
	}
	assert.Len(t, b.cookies, 5)
	assert.Greater(t, size, 5*512)
	assert.Less(t, size, 4<<10)
}
