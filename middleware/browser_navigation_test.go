package middleware_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// problemIn reads the problem of an answer to what is no navigation.
func problemIn(t *testing.T, answer seen) problem {
	t.Helper()
	assert.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
	assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	assert.Empty(t, answer.Header.Get("Location"))
	var p problem
	require.NoError(t, json.Unmarshal([]byte(answer.body), &p), answer.body)
	assert.Equal(t, answer.StatusCode, p.Status)
	return p
}

// modes are the headers of a browser that wants a page for what it says.
func modes(mode, destination string) http.Header {
	return header("Sec-Fetch-Mode", mode, "Sec-Fetch-Dest", destination, "Accept", pageTypes)
}

// requestSorts are requests of strangers, and whether they are sent to sign in.
var requestSorts = map[string]struct {
	method     string
	headers    http.Header
	redirected bool
}{
	"a link":                      {"GET", navigation(), true},
	"a link, without its body":    {"HEAD", navigation(), true},
	"a link on another site":      {"GET", header("Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "cross-site", "Accept", pageTypes), true},
	"an address typed":            {"GET", header("Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "none", "Sec-Fetch-User", "?1"), true},
	"a form":                      {"POST", navigation(), false},
	"a PUT":                       {http.MethodPut, navigation(), false},
	"a DELETE":                    {http.MethodDelete, navigation(), false},
	"OPTIONS":                     {http.MethodOptions, navigation(), false},
	"an iframe":                   {"GET", framed(), false},
	"a frame":                     {"GET", modes("navigate", "frame"), false},
	"an object":                   {"GET", modes("navigate", "object"), false},
	"an embed":                    {"GET", modes("navigate", "embed"), false},
	"a fetch":                     {"GET", fetching(), false},
	"a fetch that wants a page":   {"GET", modes("cors", "empty"), false},
	"a fetch of the same origin":  {"GET", modes("same-origin", "empty"), false},
	"an image":                    {"GET", modes("no-cors", "image"), false},
	"a script":                    {"GET", modes("no-cors", "script"), false},
	"a websocket":                 {"GET", modes("websocket", "websocket"), false},
	"a mode alone":                {"GET", header("Sec-Fetch-Mode", "navigate", "Accept", pageTypes), false},
	"a destination alone":         {"GET", header("Sec-Fetch-Dest", "document", "Accept", pageTypes), false},
	"an old browser":              {"GET", header("Accept", pageTypes), true},
	"an old browser, no body":     {"HEAD", header("Accept", pageTypes), true},
	"an old browser's form":       {"POST", header("Accept", pageTypes), false},
	"an old browser, plainly":     {"GET", header("Accept", "text/html"), true},
	"an old browser's script":     {"GET", header("Accept", pageTypes, "X-Requested-With", "XMLHttpRequest"), false},
	"an old browser's websocket":  {"GET", header("Accept", pageTypes, "Upgrade", "websocket", "Connection", "Upgrade"), false},
	"a program that takes it all": {"GET", header("Accept", "*/*"), false},
	"a program that wants JSON":   {"GET", header("Accept", "application/json"), false},
	"a program that says nothing": {"GET", header(), false},
	"an event source":             {"GET", header("Accept", "text/event-stream"), false},
}

// Only what a person sees in the address bar is sent to the hosted login.
func TestOnlyNavigationsAreRedirected(t *testing.T) {
	s := offline(t, &service{})
	for name, row := range requestSorts {
		t.Run(name, func(t *testing.T) {
			v := s.newVisitor("user-1@example.com")
			answer := v.send(row.method, "/page", row.headers, "")
			if row.redirected {
				assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
				assert.Empty(t, answer.Header.Get("WWW-Authenticate"))
				return
			}
			assert.Equal(t, http.StatusUnauthorized, answer.StatusCode)
			assert.Empty(t, answer.Header.Get("Location"))
			assert.Regexp(t, "^Bearer", answer.Header.Get("WWW-Authenticate"))
			assert.Empty(t, answer.Cookies(), "a sign-in was begun")
			assert.Equal(t, types+"no-credentials", problemIn(t, answer).Type)
		})
	}
}

// Signed in, every method and sort of request is let through.
func TestTheSignedInMayDoAnything(t *testing.T) {
	s := offline(t, &service{})
	v := s.signedIn("user-1@example.com")
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		for _, headers := range []http.Header{navigation(), fetching(), framed(), header()} {
			v.sees(v.send(method, "/page?x", headers, ""), "/page?x")
		}
	}
}

func TestAnswersToTheSignedInAreNotStored(t *testing.T) {
	s := offline(t, &service{})
	s.guarding("/stored", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, max-age=60")
		showPage(w, r)
	})
	v := s.signedIn("user-1@example.com")
	answer := v.open("/page")
	assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	assert.Contains(t, answer.Header.Values("Vary"), "Cookie")
	assert.Empty(t, answer.Cookies())
	assert.Equal(t, "private, max-age=60", v.open("/stored").Header.Get("Cache-Control"))
}

func TestTheBrowsersResponseWriterIsPassedThrough(t *testing.T) {
	s := offline(t, &service{})
	v := s.signedIn("user-1@example.com")
	w := &own{httptest.NewRecorder()}
	reached := 0
	same := http.HandlerFunc(func(got http.ResponseWriter, _ *http.Request) { reached++; assert.Same(t, w, got) })
	for _, guard := range []func(http.Handler) http.Handler{
		s.browser.Require, s.browser.Optional, s.browser.RequireFresh(0), s.browser.Allow(func(secureflows.Identity) error { return nil }),
	} {
		r := httptest.NewRequest(http.MethodGet, "/page", nil)
		for name, value := range v.cookies() {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		guard(same).ServeHTTP(w, r)
	}
	s.browser.Optional(same).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/page", nil))
	assert.Equal(t, 5, reached)
}

// What streams and what takes the connection over works behind Require.
func TestPagesStreamAndUpgrade(t *testing.T) {
	s := offline(t, &service{})
	s.guarding("/stream", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "first\n")
		assert.NoError(t, http.NewResponseController(w).Flush())
		<-r.Context().Done() // the visitor has read that much, and leaves
	})
	s.guarding("/socket", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if assert.NoError(t, err) {
			_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello\n")
			assert.NoError(t, conn.Close())
		}
	})
	v := s.signedIn("user-1@example.com")
	server := httptest.NewServer(s)
	defer server.Close()
	read := func(path string, fields ...string) string {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		defer func() { assert.NoError(t, conn.Close()) }()
		r, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
		require.NoError(t, err)
		r.Header = header(fields...)
		for name, value := range v.cookies() {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
		require.NoError(t, r.Write(conn))
		reader := bufio.NewReader(conn)
		response, err := http.ReadResponse(reader, r)
		require.NoError(t, err)
		body := bufio.NewReader(response.Body)
		if response.StatusCode == http.StatusSwitchingProtocols {
			body = reader
		}
		line, err := body.ReadString('\n')
		assert.NoError(t, err)
		return response.Status[:3] + " " + line
	}
	assert.Equal(t, "200 first\n", read("/stream"))
	assert.Equal(t, "101 hello\n", read("/socket", "Upgrade", "websocket", "Connection", "Upgrade", "Sec-Fetch-Mode", "websocket"))
}

func TestOptionalPagesAreForAnybody(t *testing.T) {
	s := offline(t, &service{})
	v := s.newVisitor("user-1@example.com")
	for _, headers := range []http.Header{navigation(), fetching(), framed(), header()} {
		assert.Equal(t, "nobody at /public", v.send(http.MethodGet, "/public", headers, "").body)
	}
	assert.Equal(t, http.StatusOK, v.submit("/public", nil).StatusCode)
	v.follow("/")
	answer := v.open("/public")
	v.sees(answer, "/public")
	assert.Contains(t, answer.Header.Values("Vary"), "Cookie")
	assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
}

// Who is anonymous and who is not must not get one another's answer of a cache.
func TestOptionalAnswersVary(t *testing.T) {
	answer := offline(t, &service{}).newVisitor("user-1@example.com").open("/public")
	assert.Contains(t, answer.Header.Values("Vary"), "Cookie")
}

func TestAllowOfABrowser(t *testing.T) {
	s := offline(t, &service{})
	s.routes["/admin"] = s.browser.Allow(func(identity secureflows.Identity) error {
		if identity.UserID != 1 {
			return errDown
		}
		return nil
	})(http.HandlerFunc(showPage))
	one, other := s.newVisitor("user-1@example.com"), s.newVisitor("user-2@example.com")
	one.sees(one.follow("/admin"), "/admin")
	answer := other.follow("/admin")
	assert.Equal(t, http.StatusForbidden, answer.StatusCode)
	assert.NotContains(t, answer.body, errDown.Error())
	other.assertSignedIn()
	answer = other.fetch("/admin")
	assert.Equal(t, http.StatusForbidden, answer.StatusCode)
	assert.Equal(t, types+"not-allowed", problemIn(t, answer).Type)
}

// A sign-in asks once whose it is, and pages ask as seldom as they are told to.
func TestTheServiceIsAskedAsSeldomAsForABearer(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := &service{}
		s := offline(t, source, func(cfg *middleware.BrowserConfig) { cfg.MaxAge = 0 })
		v := s.signedIn("user-1@example.com")
		for range 10 {
			v.assertSignedIn()
		}
		assert.Equal(t, 1, source.calls())
		v.open("/fresh")
		v.open("/fresh")
		assert.Equal(t, 3, source.calls())
		pass(11 * time.Second)
		v.assertSignedIn()
		assert.Equal(t, 4, source.calls())
		assert.Positive(t, s.browser.Stats().Hits)
	})
}

// A wildcard that guards the callback as well makes a sign-in impossible; a
// redirect would go round for ever.
func TestAGuardedCallbackIsAMistakeThatShows(t *testing.T) {
	s := offline(t, &service{})
	v := s.newVisitor("user-1@example.com")
	location := v.begin("/page")
	s.routes["/auth/callback"] = s.browser.Require(http.HandlerFunc(s.browser.Callback))
	answer := v.open(v.next(location))
	assert.Equal(t, http.StatusInternalServerError, answer.StatusCode)
	assert.Empty(t, answer.Header.Get("Location"))
	assert.Contains(t, s.logged.String()+answer.body, "Require")
	assert.NotContains(t, answer.body, "user-1")
	assert.Equal(t, http.StatusInternalServerError, v.fetch("/auth/callback").StatusCode)
}
