package migration_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/vertesiatest"
)

// The form with the token must not stay in the history: a reload would post it
// again, and show another reason.
func TestVertesiaOutageLeavesNoForm(t *testing.T) {
	site := startVertesia(t)
	site.mock.Token(ada)
	var posts atomic.Int64
	b := &vertesiaTab{chromium.Visit(t, chromedp.WithListener(func(event any) {
		if event, ok := event.(*network.EventRequestWillBeSent); ok && event.Request.Method == http.MethodPost {
			posts.Add(1)
		}
	})), site, &said{}}
	back := site.mock.SignIn(b.central("/notes"), ada)
	site.mock.Fail(secureflowstest.Fault{Path: "/.well-known/jwks", Status: http.StatusServiceUnavailable})
	b.Open(back)
	b.Reads("Temporarily unavailable")
	assert.Equal(t, http.StatusServiceUnavailable, b.Status())
	b.holdsNoToken()
	require.EqualValues(t, 1, posts.Load())

	b.Reload()
	b.Reads("Sign-in failed")
	b.Back()
	assert.EqualValues(t, 1, posts.Load(), "posted again")
	b.holdsNoToken()
}

// Whether the central page ever comes back so is not known.
func TestVertesiaErrorInTheFragment(t *testing.T) {
	site := startVertesia(t)
	b := visitVertesia(t, site)
	central := b.central("/notes")
	back := site.mock.SignIn(central, ada)
	state := back[strings.LastIndex(back, "=")+1:]
	b.Open(site.url + "/auth/callback#error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E&state=" + state)
	b.Reads("The sign-in did not succeed")
	b.refused()
	assert.NotContains(t, b.Text("document.documentElement.outerHTML"), "alert(1)")
	for _, cookie := range b.Cookies() {
		assert.NotContains(t, cookie.Name, "vertesia_", "the attempt has ended")
	}
	b.Open(back)
	b.refused()
}

// The page has handed its token over, and keeps it no longer than that.
func TestVertesiaBridgePageIsEmptiedAtOnce(t *testing.T) {
	site := startVertesia(t)
	var posted atomic.Int64
	mux := http.NewServeMux()
	mux.Handle("GET /auth/callback", site.routes())
	mux.HandleFunc("POST /auth/callback", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("token") == "eyJa.eyJb.c" && r.FormValue("state") == "x" {
			posted.Add(1)
		}
		w.WriteHeader(http.StatusNoContent) // the browser stays where it is
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	b := visitVertesia(t, site)
	b.Open(server.URL + "/auth/callback#token=eyJa.eyJb.c&state=x")
	b.Reads("One moment, please")
	b.Until("post the form", "document.readyState === 'complete'")
	assert.NotContains(t, b.Text("document.documentElement.outerHTML + Array.from(document.forms[0].elements, field => field.value)"), "eyJ")
	assert.NotContains(t, b.Text("location.href"), "eyJ")
	b.Open(server.URL + "/auth/callback")
	assert.EqualValues(t, 1, posted.Load())
}

// A handler that panics takes its connection with it, or its stream; the browser
// is told before where to go.
func TestVertesiaPanicOfDone(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			mock := vertesiatest.NewServer(t)
			mock.Token(ada)
			resolver, err := vertesia.New(vertesia.Config{
				Issuer: mock.Origin(), Types: []string{"user"}, Accounts: []string{vertesiatest.AccountID},
				CentralAuth: mock.CentralAuth(), Now: mock.Now,
			})
			require.NoError(t, err)
			mux := http.NewServeMux()
			server := httptest.NewUnstartedServer(mux)
			server.EnableHTTP2 = http2
			server.StartTLS()
			t.Cleanup(server.Close)
			url := strings.Replace(server.URL, "127.0.0.1", host, 1)
			signIn, err := vertesia.NewSignIn(resolver, vertesia.SignInConfig{
				CallbackURL: url + "/callback",
				Done: func(http.ResponseWriter, *http.Request, secureflows.Identity, secureflows.Token) error {
					panic(http.ErrAbortHandler) // which is not logged
				},
			})
			require.NoError(t, err)
			mux.HandleFunc("/callback", signIn.Callback)
			mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) { signIn.Login(w, r, "/", vertesia.Selection{}) })
			b := chromium.VisitSites(t)
			b.Open(url + "/login")
			b.Write("input[name=email]", ada)
			b.Press("Continue")
			b.Reads("Temporarily unavailable")
			assert.Equal(t, map[bool]string{false: "http/1.1", true: "h2"}[http2], b.Text("performance.getEntriesByType('navigation')[0].nextHopProtocol"))
			assert.Contains(t, b.Text("location.href"), "/callback?ended=")
		})
	}
}
