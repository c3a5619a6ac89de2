package middleware_test

import (
	"bufio"
	"context"
	"errors"
	"io"
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

func TestTheContextCarriesIdentityAndSession(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	type key struct{}
	handler := middleware.NewBearer(server.Client(), middleware.BearerConfig{}).Require(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			identity, ok := secureflows.IdentityFromContext(r.Context())
			assert.True(t, ok)
			assert.Equal(t, secureflows.Identity{UserID: server.UserID("ada@example.com"), Email: "ada@example.com"}, identity)
			got, ok := secureflows.SessionFromContext(r.Context())
			assert.True(t, ok)
			assert.Equal(t, session.Token(), got.Token())
			_, err := got.Set(r.Context(), "theme", "dark")
			assert.NoError(t, err)
			assert.Equal(t, "kept", r.Context().Value(key{}))
			assert.Equal(t, "7", r.PathValue("id"))
			body, err := io.ReadAll(r.Body)
			assert.NoError(t, err)
			assert.Empty(t, body)
		}))
	for range 2 { // a miss, and a hit
		r := bearing(session.Token().Reveal())
		r.SetPathValue("id", "7")
		r = r.WithContext(context.WithValue(r.Context(), key{}, "kept"))
		assert.Equal(t, http.StatusOK, status(handler, r))
		_, ok := secureflows.IdentityFromContext(r.Context())
		assert.False(t, ok, "the request of whoever called was changed")
	}
	theme, err := secureflows.Get[string](t.Context(), session, "theme")
	assert.NoError(t, err)
	assert.Equal(t, "dark", theme)
}

func TestSessionsNeedAClient(t *testing.T) {
	server := secureflowstest.NewServer(t)
	for name, row := range map[string]struct {
		resolver middleware.Resolver
		client   *secureflows.Client
		want     bool
	}{
		"a client":                   {server.Client(), nil, true},
		"a cache of a client":        {middleware.NewCache(server.Client(), middleware.CacheConfig{}), nil, true},
		"a cache of a cache of one":  {middleware.NewCache(middleware.NewCache(server.Client(), middleware.CacheConfig{}), middleware.CacheConfig{}), nil, true},
		"one in front of a client":   {&wrapper{server.Client()}, nil, true},
		"another resolver":           {&service{}, nil, false},
		"another resolver, a client": {&service{}, server.Client(), true},
	} {
		handler := middleware.NewBearer(row.resolver, middleware.BearerConfig{Client: row.client}).Require(
			http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, ok := secureflows.SessionFromContext(r.Context())
				assert.Equal(t, row.want, ok, name)
			}))
		assert.Equal(t, http.StatusOK, status(handler, bearing(server.Session("ada@example.com").Token().Reveal())), name)
	}
}

// wrapper hides what a resolver has, but for the way to it.
type wrapper struct{ source middleware.Resolver }

func (w *wrapper) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	return w.source.Resolve(ctx, token)
}

func (w *wrapper) Unwrap() middleware.Resolver { return w.source }

// own is a ResponseWriter with a method of its own.
type own struct{ http.ResponseWriter }

func TestTheResponseWriterIsPassedThrough(t *testing.T) {
	bearer := middleware.NewBearer(&service{}, middleware.BearerConfig{})
	w := &own{httptest.NewRecorder()}
	same := http.HandlerFunc(func(got http.ResponseWriter, _ *http.Request) { assert.Same(t, w, got) })
	for _, guard := range []func(http.Handler) http.Handler{
		bearer.Require, bearer.Optional, bearer.RequireFresh(0), bearer.Allow(func(secureflows.Identity) error { return nil }),
	} {
		guard(same).ServeHTTP(w, bearing("abc"))
	}
	bearer.Optional(same).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Empty(t, w.Header(), "a header was set on the way")
}

func TestHandlersFlushHijackAndControl(t *testing.T) {
	handler := middleware.NewBearer(&service{}, middleware.BearerConfig{}).Require(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			control := http.NewResponseController(w)
			assert.NoError(t, control.SetWriteDeadline(time.Now().Add(time.Hour)))
			if r.URL.Path == "/flush" {
				_, _ = io.WriteString(w, "first\n")
				assert.NoError(t, control.Flush())
				<-r.Context().Done() // the client has read that much, and leaves
				return
			}
			conn, _, err := control.Hijack()
			if assert.NoError(t, err) {
				_, _ = io.WriteString(conn, "HTTP/1.1 418 I'm a teapot\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
				_ = conn.Close()
			}
		}))
	server := httptest.NewServer(handler)
	defer server.Close()
	send := func(ctx context.Context, path string) *http.Response {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer abc")
		response, err := server.Client().Do(r)
		require.NoError(t, err)
		return response
	}
	ctx, leave := context.WithCancel(t.Context())
	response := send(ctx, "/flush")
	line, err := bufio.NewReader(response.Body).ReadString('\n')
	assert.NoError(t, err)
	assert.Equal(t, "first\n", line)
	leave()
	assert.NoError(t, response.Body.Close())
	response = send(t.Context(), "/hijack")
	assert.Equal(t, http.StatusTeapot, response.StatusCode)
	assert.NoError(t, response.Body.Close())
}

func TestEveryMethodIsGuarded(t *testing.T) {
	server := httptest.NewServer(requiring(&service{}, middleware.BearerConfig{}))
	defer server.Close()
	// CORS is handled outside: a preflight that gets here is a request.
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "QUERY"} {
		for credentials, want := range map[string]int{"": 401, "Bearer a b": 400, "Bearer abc": 200} {
			r, err := http.NewRequest(method, server.URL, nil)
			require.NoError(t, err)
			if credentials != "" {
				r.Header.Set("Authorization", credentials)
			}
			response, err := server.Client().Do(r)
			require.NoError(t, err)
			body, err := io.ReadAll(response.Body)
			assert.NoError(t, err)
			assert.NoError(t, response.Body.Close())
			assert.Equal(t, want, response.StatusCode, method)
			assert.Equal(t, method == http.MethodHead, len(body) == 0, "%s: %q", method, body)
			assert.Equal(t, want != 200, response.Header.Get("Content-Type") == "application/problem+json", method)
			assert.Equal(t, want != 200, response.Header.Get("WWW-Authenticate") != "", method)
		}
	}
}

func TestOptional(t *testing.T) {
	for name, row := range map[string]struct {
		header string
		err    error
		want   int
		served string
	}{
		"no credentials":        {"", nil, 200, ""},
		"another scheme":        {"Basic YTpi", nil, 200, ""},
		"good ones":             {"Bearer abc", nil, 200, "abc@example.com"},
		"bad ones":              {"Bearer abc", secureflows.ErrUnauthenticated, 401, ""},
		"expired ones":          {"Bearer abc", secureflows.ErrTokenExpired, 401, ""},
		"malformed ones":        {"Bearer a b", nil, 400, ""},
		"malformed by a tab":    {"Bearer\tabc", nil, 400, ""},
		"an outage":             {"Bearer abc", secureflows.ErrUnavailable, 503, ""},
		"a resolver in trouble": {"Bearer abc", errDown, 503, ""},
		"a billing lock":        {"Bearer abc", secureflows.ErrGraceLock, 403, ""},
	} {
		service := &service{}
		if row.err != nil {
			service = answering(secureflows.Identity{}, row.err)
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if row.header != "" {
			r.Header.Set("Authorization", row.header)
		}
		w := answerTo(middleware.NewBearer(service, middleware.BearerConfig{}).Optional(whoami), r)
		assert.Equal(t, row.want, w.Code, name)
		if row.want == 200 {
			assert.Equal(t, row.served, w.Body.String(), name)
		}
	}
}

func TestAllowIs403After401(t *testing.T) {
	bearer := middleware.NewBearer(&service{answer: func(_ context.Context, token string) (secureflows.Identity, error) {
		if token == "dead" {
			return secureflows.Identity{}, secureflows.ErrUnauthenticated
		}
		return userOf(token), nil
	}}, middleware.BearerConfig{})
	asked := 0
	handler := bearer.Allow(func(identity secureflows.Identity) error {
		if asked++; identity.UserID != 1 {
			return errors.New("canary: user is no admin of tenant 42")
		}
		return nil
	})(whoami)
	assert.Equal(t, 401, status(handler, httptest.NewRequest(http.MethodGet, "/", nil)))
	assert.Equal(t, 401, status(handler, bearing("dead")))
	assert.Equal(t, 400, status(handler, bearing("a b")))
	assert.Zero(t, asked, "who may do what was asked about somebody unknown")
	assert.Equal(t, 200, status(handler, bearing("user-1")))
	w := answerTo(handler, bearing("user-2"))
	assert.Equal(t, 403, w.Code)
	assert.NotContains(t, w.Body.String(), "canary")
	assert.Empty(t, w.Header().Get("WWW-Authenticate"), "signing in again would not help")
	assert.Equal(t, types+"not-allowed", problemOf(t, w).Type)
	_, err := bearer.Check(bearing("user-2"))
	assert.NoError(t, err, "Check is the verdict of Require")
}

func TestWhatCannotWorkFailsAtStartUp(t *testing.T) {
	var noClient *secureflows.Client
	var noCache *middleware.Cache
	client := secureflowstest.NewServer(t).Client()
	bearer := middleware.NewBearer(client, middleware.BearerConfig{})
	for name, row := range map[string]struct {
		do  func()
		fix string
	}{
		"no resolver":              {func() { middleware.NewBearer(nil, middleware.BearerConfig{}) }, "give it a *secureflows.Client"},
		"a nil client":             {func() { middleware.NewBearer(noClient, middleware.BearerConfig{}) }, "give it a *secureflows.Client"},
		"a nil cache":              {func() { middleware.NewBearer(noCache, middleware.BearerConfig{}) }, "give it a *secureflows.Client"},
		"a cache of nothing":       {func() { middleware.NewCache(nil, middleware.CacheConfig{}) }, "give it a *secureflows.Client"},
		"a cache of a nil client":  {func() { middleware.NewCache(noClient, middleware.CacheConfig{}) }, "give it a *secureflows.Client"},
		"negative entries":         {func() { middleware.NewCache(client, middleware.CacheConfig{MaxEntries: -1}) }, "leave it 0"},
		"negative upstream":        {func() { middleware.NewCache(client, middleware.CacheConfig{MaxUpstream: -1}) }, "leave it 0"},
		"a negative time-out":      {func() { middleware.NewCache(client, middleware.CacheConfig{Timeout: -1}) }, "leave it 0"},
		"a realm of two lines":     {func() { middleware.NewBearer(client, middleware.BearerConfig{Realm: "a\r\nX: b"}) }, "visible ASCII"},
		"a redirect URI, relative": {func() { middleware.NewBearer(client, middleware.BearerConfig{RedirectURI: "/callback"}) }, "absolute"},
		"a redirect URI, no client": {func() {
			middleware.NewBearer(&service{}, middleware.BearerConfig{RedirectURI: secureflowstest.RedirectURI})
		}, "set BearerConfig.Client"},
		"nobody to allow": {func() { bearer.Allow(nil) }, "that is Require"},
		"no handler":      {func() { bearer.Require(nil) }, "the handler to guard is nil"},
	} {
		func() {
			defer func() { assert.Contains(t, recover(), row.fix, name) }()
			row.do()
		}()
	}
}
