package authreturntest_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/authreturntest"
)

func TestFaults(t *testing.T) {
	server := authreturntest.NewServer(t)
	token := server.Token(ada).Reveal()
	server.Fail(secureflowstest.Fault{Path: "/api/verify", Status: 503, RetryAfter: 7 * time.Second})
	server.Fail(secureflowstest.Fault{Path: "/api/*", Status: 502, Body: "<html>"})
	server.Fail(secureflowstest.Fault{Method: "POST", Status: 429, Body: `{}`, Times: 2})

	page := ask(t, server, "GET", "/api/user", "", "Authorization", "Bearer "+token)
	assert.Equal(t, 502, page.status)
	assert.Equal(t, "<html>", page.body)
	assert.Equal(t, "text/html; charset=utf-8", page.header.Get("Content-Type"))
	out := ask(t, server, "POST", "/api/verify", `{}`)
	assert.Equal(t, 503, out.status)
	assert.Equal(t, "7", out.header.Get("Retry-After"))
	assert.JSONEq(t, `{"error":"Service Unavailable"}`, out.body)
	for range 2 {
		assert.Equal(t, 429, ask(t, server, "POST", "/api/verify", `{}`).status)
	}
	assert.Equal(t, 400, ask(t, server, "POST", "/api/verify", `{}`).status, "all are used up")

	for _, fault := range []secureflowstest.Fault{{Drop: true}, {Truncate: true}} {
		server.Fail(fault)
		r, err := http.NewRequestWithContext(t.Context(), "GET", server.Origin()+"/api/user?token="+token, nil)
		require.NoError(t, err)
		response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err == nil {
			_, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		assert.Error(t, err)
	}
	arrived := server.Requests()
	assert.Zero(t, arrived[len(arrived)-2].Status, "dropped")
	assert.Equal(t, 200, arrived[len(arrived)-1].Status, "truncated")
}

func TestWhichTokenArrived(t *testing.T) {
	server := authreturntest.NewServer(t)
	other := authreturntest.NewServer(t)
	encoded := func(token secureflows.Token) string { // as no client writes it, and a server reads it
		return strings.ReplaceAll(token.Reveal(), ".", "%2E")
	}
	escaped := func(token secureflows.Token) string { return strings.ReplaceAll(token.Reveal(), ".", `\u002e`) }
	opaque, err := secureflows.NewToken("0123456789abcdef")
	require.NoError(t, err)
	for name, send := range map[string]func(secureflows.Token){
		"a bearer": func(token secureflows.Token) {
			ask(t, server, "GET", "/api/user", "", "Authorization", "Bearer "+token.Reveal())
		},
		"a query":      func(token secureflows.Token) { ask(t, server, "GET", "/api/user?token="+encoded(token), "") },
		"a body":       func(token secureflows.Token) { ask(t, server, "POST", "/api/verify", `{"token":"`+escaped(token)+`"}`) },
		"a cookie":     func(token secureflows.Token) { ask(t, server, "GET", "/api/user", "", "Cookie", "a="+token.Reveal()) },
		"any header":   func(token secureflows.Token) { ask(t, server, "GET", "/api/user", "", "X-Token", token.Reveal()) },
		"a path":       func(token secureflows.Token) { ask(t, server, "GET", "/t/"+token.Reveal(), "") },
		"a list":       func(token secureflows.Token) { ask(t, server, "POST", "/x", `[["`+token.Reveal()+`"]]`) },
		"a lost place": func(token secureflows.Token) { ask(t, server, "POST", "/x", "x:"+token.Reveal()+"!") },
	} {
		token := other.Token(name[2:3] + strings.ReplaceAll(name, " ", "") + "@example.com")
		require.False(t, server.Received(token))
		send(token)
		assert.True(t, server.Received(token), name)
		arrived := server.Requests()
		last := arrived[len(arrived)-1]
		assert.Equal(t, []secureflows.Token{token}, last.Tokens, name)
		assert.NotContains(t, fmt.Sprintf("%+v %#v %v %s", arrived, arrived, last, last.Header), token.Reveal(), name)
	}
	ask(t, server, "GET", "/api/user", "", "Authorization", "Bearer "+opaque.Reveal())
	arrived := server.Requests()
	assert.Equal(t, []secureflows.Token{opaque}, arrived[len(arrived)-1].Tokens, "a bearer that looks like nothing")
	ask(t, server, "GET", "/api/user", "", "Authorization", `Digest "a secret"`, "Cookie", "sid=opaque")
	arrived = server.Requests()
	last := arrived[len(arrived)-1]
	assert.Equal(t, "[REDACTED]", last.Header.Get("Authorization"), "credentials that are no token")
	assert.Equal(t, "[REDACTED]", last.Header.Get("Cookie"), "a session that looks like nothing")
	assert.False(t, server.Received(other.Token("nobody@example.com")))
	assert.Empty(t, other.Requests())
}

func TestPrintsHoldNoSecrets(t *testing.T) {
	server := authreturntest.NewServer(&recorder{})
	defer server.Close()
	token := server.Token(ada)
	ask(t, server, "POST", "/api/verify", `{"token":"`+token.Reveal()+`"}`)
	held := struct{ server *authreturntest.Server }{server}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s", "%q", "%d"} {
		for _, printed := range []string{fmt.Sprintf(verb, server), fmt.Sprintf(verb, *server), fmt.Sprintf(verb, held)} {
			for _, secret := range []string{
				token.Reveal(), authreturntest.Password, string(server.Secret()), fmt.Sprintf("%x", server.Secret()),
				strings.Trim(fmt.Sprint(server.Secret()), "[]"), strings.Trim(fmt.Sprintf("%#v", server.Secret()), "[]byte{}"),
			} {
				require.False(t, strings.Contains(printed, secret), verb)
			}
		}
	}
}

// recorder is a test that notes how it was failed and goes on.
type recorder struct {
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Fatalf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func TestMistakesFailTheTest(t *testing.T) {
	for name, mistake := range map[string]func(*authreturntest.Server){
		"UserID: this is not":      func(s *authreturntest.Server) { s.UserID("") },
		"Token: this is not":       func(s *authreturntest.Server) { s.Token("ada") },
		"Claims: this is not":      func(s *authreturntest.Server) { s.Claims("a b@c") },
		"Sign: the claims are not": func(s *authreturntest.Server) { s.Sign(map[string]any{"x": func() {}}) },
		"Sign: secureflows: new":   func(s *authreturntest.Server) { s.Sign(map[string]any{"x": strings.Repeat("x", 20000)}) },
		"Advance: -1s":             func(s *authreturntest.Server) { s.Advance(-time.Second) },
		"Fail: it changes nothing": func(s *authreturntest.Server) { s.Fail(secureflowstest.Fault{}) },
		"Received: the token is":   func(s *authreturntest.Server) { s.Received(secureflows.Token{}) },
		"SignIn: the URL is no":    func(s *authreturntest.Server) { s.SignIn("https://authreturn.com/auth/login?x", ada) },
		"SignIn: this is not":      func(s *authreturntest.Server) { s.SignIn(s.Origin()+"/auth/login?x", "") },
		"SignIn: the hosted page":  func(s *authreturntest.Server) { s.SignIn(s.Origin()+"/auth/login?x", ada) },
	} {
		failed := &recorder{}
		server := authreturntest.NewServer(failed)
		mistake(server)
		server.Close()
		require.NotEmpty(t, failed.failures, name)
		assert.Contains(t, failed.failures[0], "authreturntest: "+name)
	}
	failed := &recorder{}
	authreturntest.NewServer(failed, authreturntest.Options{}, authreturntest.Options{}).Close()
	assert.Contains(t, fmt.Sprint(failed.failures), "2 options given")
}

func TestTheServerStopsWithTheTest(t *testing.T) {
	test := &recorder{}
	server := authreturntest.NewServer(test)
	for _, cleanup := range test.cleanups {
		cleanup()
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", server.Origin(), nil)
	require.NoError(t, err)
	_, err = (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	assert.Error(t, err)
}

func TestCloseEndsDelays(t *testing.T) {
	server := authreturntest.NewServer(t)
	server.Fail(secureflowstest.Fault{Delay: time.Hour})
	done := make(chan int)
	go func() { done <- ask(t, server, "GET", "/api/user", "").status }()
	for len(server.Requests()) == 0 {
		runtime.Gosched() // until the request is there: Close before would refuse it
	}
	server.Close()
	assert.Equal(t, 401, <-done, "what was held back is sent")
}

func TestTwoCredentialsAreNone(t *testing.T) {
	server := authreturntest.NewServer(t)
	token, other := server.Token(ada), server.Token("eve@example.com")
	r, err := http.NewRequestWithContext(t.Context(), "GET", server.Origin()+"/api/user", nil)
	require.NoError(t, err)
	r.Header["Authorization"] = []string{"Bearer " + token.Reveal(), "Bearer " + other.Reveal()}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, 401, response.StatusCode)
	assert.Equal(t, []secureflows.Token{token, other}, server.Requests()[0].Tokens, "and both are told")
}

func TestManyAtOnce(t *testing.T) {
	server := authreturntest.NewServer(t)
	ids := make([]int64, 64)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			email := fmt.Sprintf("person%d@example.com", i)
			token := server.Token(email)
			got := ask(t, server, "POST", "/api/verify", `{"token":"`+token.Reveal()+`"}`)
			ids[i] = server.UserID(email)
			assert.JSONEq(t, fmt.Sprintf(`{"valid":true,"user":{"id":%d,"email":%q}}`, ids[i], email), got.body)
			server.Advance(time.Second)
			assert.True(t, server.Received(token))
		})
	}
	all.Wait()
	assert.Len(t, server.Requests(), len(ids))
	seen := map[int64]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	assert.Len(t, seen, len(ids), "everybody has an id of their own")
}

func TestTheLastThousandAreKept(t *testing.T) {
	server := authreturntest.NewServer(t)
	token := server.Token(ada)
	ask(t, server, "GET", "/first?token="+token.Reveal(), "")
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for range 1000 {
		response, err := client.Get(server.Origin() + "/x")
		require.NoError(t, err)
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	assert.Len(t, server.Requests(), 1000)
	assert.Equal(t, "/x", server.Requests()[0].Path)
	assert.False(t, server.Received(token))
}
