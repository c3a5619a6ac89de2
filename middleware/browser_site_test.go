package middleware_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// site is an application with pages of its own behind a Browser, served without
// a network.
type site struct {
	t       testing.TB
	server  *secureflowstest.Server // nil for a site offline
	hosted  string                  // origin of the service
	origin  string                  // of the site
	client  *secureflows.Client
	browser *middleware.Browser
	routes  map[string]http.Handler
	other   http.Handler // every path that has no route
	logged  *journal

	mu       sync.Mutex // guards all below
	refusals []*middleware.Refusal
	held     secureflows.Token // of whoever asked for /token last
}

type change func(*middleware.BrowserConfig)

// mock is the service for sites on a virtual clock, too: a connection that is
// kept would keep that clock from moving. Its own clock is the real one: tests
// move it by Advance, and ask it for no IDToken on a virtual clock.
func mock(t testing.TB, options ...secureflowstest.Options) *secureflowstest.Server {
	t.Helper()
	server := secureflowstest.NewServer(t, options...)
	server.Config().HTTPClient.Transport.(*http.Transport).DisableKeepAlives = true
	return server
}

// newSite makes a site that asks the service for every request, so that what
// the service says counts at once.
func newSite(t testing.TB, server *secureflowstest.Server, changes ...change) *site {
	t.Helper()
	client, err := secureflows.New(server.Config())
	require.NoError(t, err)
	s := siteOf(t, client, changes...)
	s.server, s.hosted = server, server.Origin()
	return s
}

// offline makes a site whose service answers as resolver does, and whose hosted
// login gives the token "user-N" to visitor N.
func offline(t testing.TB, resolver middleware.Resolver, changes ...change) *site {
	t.Helper()
	client, err := secureflows.New(secureflows.Config{Workspace: "w", AppID: "a"})
	require.NoError(t, err)
	s := siteOf(t, client, append([]change{func(cfg *middleware.BrowserConfig) { cfg.Resolver = resolver }}, changes...)...)
	s.hosted = secureflows.ProductionOrigin
	return s
}

func siteOf(t testing.TB, client *secureflows.Client, changes ...change) *site {
	t.Helper()
	s := &site{t: t, client: client, logged: &journal{}}
	cfg := middleware.BrowserConfig{
		CallbackURL: secureflowstest.RedirectURI, AfterLogout: "http://localhost:8080/goodbye", MaxAge: -1,
		Logger: slog.New(slog.NewTextHandler(s.logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, change := range changes {
		change(&cfg)
	}
	s.record(&cfg)
	callback, err := url.Parse(cfg.CallbackURL)
	require.NoError(t, err)
	s.origin = callback.Scheme + "://" + callback.Host
	s.browser, err = middleware.NewBrowser(client, cfg)
	require.NoError(t, err)
	s.routes = map[string]http.Handler{
		callback.Path:  http.HandlerFunc(s.browser.Callback),
		"/auth/logout": http.HandlerFunc(s.browser.Logout),
		"/goodbye":     http.HandlerFunc(showPage),
		"/public":      s.browser.Optional(http.HandlerFunc(showPage)),
		"/fresh":       s.browser.RequireFresh(0)(http.HandlerFunc(showPage)),
	}
	s.guarding("/token", func(_ http.ResponseWriter, r *http.Request) {
		session, ok := secureflows.SessionFromContext(r.Context())
		require.True(t, ok)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held = session.Token()
	})
	s.other = s.browser.Require(http.HandlerFunc(showPage))
	return s
}

// record keeps the refusals that an ErrorHandler is given.
func (s *site) record(cfg *middleware.BrowserConfig) {
	handler := cfg.ErrorHandler
	if handler == nil {
		return
	}
	cfg.ErrorHandler = func(w http.ResponseWriter, r *http.Request, refusal *middleware.Refusal) {
		s.mu.Lock()
		s.refusals = append(s.refusals, refusal)
		s.mu.Unlock()
		handler(w, r, refusal)
	}
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if route := s.routes[r.URL.Path]; route != nil {
		route.ServeHTTP(w, r)
		return
	}
	s.other.ServeHTTP(w, r)
}

// guarding gives the site a page of Require at path.
func (s *site) guarding(path string, page http.HandlerFunc) { s.routes[path] = s.browser.Require(page) }

// lastType is how the last refusal's type ends, for a site that tellsTypes.
func (s *site) lastType() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refusals) == 0 {
		return ""
	}
	return strings.TrimPrefix(s.refusals[len(s.refusals)-1].Type(), types)
}

// showPage says who sees which page.
func showPage(w http.ResponseWriter, r *http.Request) {
	who := "nobody"
	if identity, ok := secureflows.IdentityFromContext(r.Context()); ok {
		who = identity.Email
	}
	_, _ = fmt.Fprintf(w, "%s at %s", who, r.URL.RequestURI())
}

// tellsTypes has an ErrorHandler render every refusal, so that a test can ask
// for its type.
func tellsTypes(cfg *middleware.BrowserConfig) {
	cfg.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, refusal *middleware.Refusal) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, refusal.Title())
	}
}

// silent is a site without a log, which would fill the memory that is measured.
func silent(cfg *middleware.BrowserConfig) { cfg.Logger = nil }

// secure is a site behind https.
func secure(cfg *middleware.BrowserConfig) {
	cfg.CallbackURL, cfg.AfterLogout = "https://app.example.com/auth/callback", "https://app.example.com/goodbye"
}

var secureOptions = secureflowstest.Options{RedirectURIs: []string{"https://app.example.com/auth/callback"}}

// journal is a log that several goroutines write to.
type journal struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
