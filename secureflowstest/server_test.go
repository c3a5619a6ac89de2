package secureflowstest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
	foreign := secureflowstest.NewServer(t).Session("ada@example.com").Token()
	for name, mistake := range map[string]func(*secureflowstest.Server){
		"IDToken":       func(s *secureflowstest.Server) { s.IDToken("") },
		"Session":       func(s *secureflowstest.Server) { s.Session("") },
		"UserID":        func(s *secureflowstest.Server) { s.UserID("") },
		"ExpireToken":   func(s *secureflowstest.Server) { s.ExpireToken(foreign) },
		"RevokeSession": func(s *secureflowstest.Server) { s.RevokeSession(foreign) },
		"Advance":       func(s *secureflowstest.Server) { s.Advance(-time.Second) },
		"SetLimits":     func(s *secureflowstest.Server) { s.SetLimits(secureflowstest.Limits{MaxSessions: -1}) },
		"Fail":          func(s *secureflowstest.Server) { s.Fail(secureflowstest.Fault{}) },
	} {
		failed := &recorder{}
		server := secureflowstest.NewServer(failed)
		mistake(server)
		server.Close()
		require.NotEmpty(t, failed.failures, name)
		assert.Contains(t, failed.failures[0], "secureflowstest: "+name)
		assert.NotContains(t, failed.failures[0], foreign.Reveal())
	}
}

func TestTheServerStopsWithTheTest(t *testing.T) {
	test := &recorder{}
	server := secureflowstest.NewServer(test)
	session := server.Session("ada@example.com")
	_, err := session.Payload(t.Context())
	require.NoError(t, err)
	for _, cleanup := range test.cleanups {
		cleanup()
	}
	_, err = session.Payload(t.Context())
	assert.ErrorIs(t, err, secureflows.ErrUnavailable)
	assert.Empty(t, test.failures)
}

func TestCloseEndsDelays(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	server.Fail(secureflowstest.Fault{Delay: time.Hour})
	done := make(chan error)
	go func() {
		_, err := session.Payload(context.Background())
		done <- err
	}()
	for len(server.Requests()) == 0 {
		runtime.Gosched() // until the request is there: Close before would refuse it
	}
	server.Close()
	<-done
}

func TestVintages(t *testing.T) {
	ctx := t.Context()
	t.Run("an expired token is a 401", func(t *testing.T) {
		server := secureflowstest.NewServer(t, secureflowstest.Options{ExpiredUnauthorized: true})
		session := server.Session("ada@example.com")
		server.ExpireToken(session.Token())
		_, err := session.Payload(ctx)
		assert.ErrorIs(t, err, secureflows.ErrTokenExpired)
		assert.Equal(t, http.StatusUnauthorized, statusOf(t, err))
	})
	t.Run("a payload over the limit is a 413", func(t *testing.T) {
		server := secureflowstest.NewServer(t, secureflowstest.Options{PayloadLimit413: true})
		server.SetLimits(secureflowstest.Limits{MaxPayloadBytes: 10})
		_, err := server.Session("ada@example.com").Set(ctx, "note", "far too long")
		assert.ErrorIs(t, err, secureflows.ErrPayloadTooLarge)
		assert.Equal(t, http.StatusRequestEntityTooLarge, statusOf(t, err))
	})
	t.Run("a session that is reused keeps its token", func(t *testing.T) {
		server := secureflowstest.NewServer(t, secureflowstest.Options{StableTokens: true})
		first, second := server.Session("ada@example.com"), server.Session("ada@example.com")
		assert.True(t, first.Token() == second.Token())
	})
	t.Run("by default it gets a fresh one", func(t *testing.T) {
		server := secureflowstest.NewServer(t)
		first, second := server.Session("ada@example.com"), server.Session("ada@example.com")
		assert.False(t, first.Token() == second.Token())
	})
	t.Run("a redirect URI of the test's own is allowed", func(t *testing.T) {
		server := secureflowstest.NewServer(t, secureflowstest.Options{RedirectURIs: []string{"https://app.test/cb"}})
		for _, uri := range []string{"https://app.test/cb", secureflowstest.RedirectURI} {
			check, err := server.Client().ValidateRedirect(ctx, uri)
			require.NoError(t, err)
			assert.True(t, check.Valid, uri)
		}
	})
	t.Run("a session ends when its life does, and renewal brings it back", func(t *testing.T) {
		server := secureflowstest.NewServer(t, secureflowstest.Options{PayloadTTL: time.Hour})
		session := server.Session("ada@example.com")
		server.Advance(2 * time.Hour)
		_, err := session.Payload(ctx)
		assert.ErrorIs(t, err, secureflows.ErrTokenExpired)
		_, _, err = server.Client().RenewSession(ctx, server.IDToken("ada@example.com"), session.Token())
		assert.NoError(t, err)
	})
}

func statusOf(t *testing.T, err error) int {
	t.Helper()
	var facts *secureflows.Error
	require.True(t, errors.As(err, &facts))
	return facts.StatusCode
}

func TestFaultsReachTheClient(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	for name, row := range map[string]struct {
		fault secureflowstest.Fault
		want  error
	}{
		"a status":           {secureflowstest.Fault{Status: 500}, secureflows.ErrUnavailable},
		"a page":             {secureflowstest.Fault{Status: 403, Body: "<html>no</html>"}, secureflows.ErrForbidden},
		"an empty body":      {secureflowstest.Fault{Status: 403, EmptyBody: true}, secureflows.ErrUnauthenticated},
		"a rate limit":       {secureflowstest.Fault{Status: 429, RetryAfter: 7 * time.Second}, secureflows.ErrRateLimited},
		"a dropped answer":   {secureflowstest.Fault{Drop: true}, secureflows.ErrUnavailable},
		"a truncated answer": {secureflowstest.Fault{Truncate: true}, secureflows.ErrUnavailable},
	} {
		server.Fail(row.fault)
		_, err := session.Payload(t.Context())
		assert.ErrorIs(t, err, row.want, name)
		var facts *secureflows.Error
		if errors.As(err, &facts) {
			assert.Equal(t, row.fault.RetryAfter, facts.RetryAfter, name)
		}
		_, err = session.Payload(t.Context())
		assert.NoError(t, err, "after "+name)
	}
}

func TestFaultsForOnePath(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	server.Fail(secureflowstest.Fault{Path: "/api/v1/sessions/get/*", Status: 502, Times: 2})
	_, err := session.Identity(t.Context())
	assert.NoError(t, err)
	for range 2 {
		_, err = session.Get(t.Context(), "theme")
		assert.ErrorIs(t, err, secureflows.ErrUnavailable)
	}
	_, err = session.Get(t.Context(), "theme")
	assert.ErrorIs(t, err, secureflows.ErrKeyNotFound)
}

func TestManyAtOnce(t *testing.T) {
	server := secureflowstest.NewServer(t)
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			email := fmt.Sprintf("person%d@example.com", i)
			identity, err := server.Session(email).Identity(t.Context())
			assert.NoError(t, err)
			assert.Equal(t, secureflows.Identity{UserID: server.UserID(email), Email: email}, identity)
		})
	}
	all.Wait()
}

func TestSignIn(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	_, err := session.Set(t.Context(), "theme", "dark")
	require.NoError(t, err)
	server.ExpireToken(session.Token())
	renewal, err := server.Client().RenewURL(session.Token(), secureflows.LoginOptions{RedirectURI: secureflowstest.RedirectURI})
	require.NoError(t, err)

	back, err := http.NewRequest(http.MethodGet, server.SignIn(renewal, "ada@example.com"), nil)
	require.NoError(t, err)
	callback, err := secureflows.ParseCallback(back)
	require.NoError(t, err)

	theme, err := secureflows.Get[string](t.Context(), server.Client().Session(callback.Token), "theme")
	assert.NoError(t, err)
	assert.Equal(t, "dark", theme)
}

func TestSignInNamesTheMistake(t *testing.T) {
	for want, login := range map[string]func(*secureflowstest.Server) string{
		"no login of this mock": func(*secureflowstest.Server) string { return "https://www.secure-flows.com/app/sessions/login?x=1" },
		"RedirectURIs": func(s *secureflowstest.Server) string {
			url, err := s.Client().LoginURL(secureflows.LoginOptions{RedirectURI: "https://elsewhere.test/cb"})
			require.NoError(t, err)
			return url
		},
	} {
		failed := &recorder{}
		server := secureflowstest.NewServer(failed)
		server.SignIn(login(server), "ada@example.com")
		server.Close()
		require.Len(t, failed.failures, 1)
		assert.Contains(t, failed.failures[0], want)
	}
}

func TestStartPanicsOnAMistake(t *testing.T) {
	server := secureflowstest.Start()
	defer server.Close()
	assert.PanicsWithValue(t, "secureflowstest: Advance: -1s is negative; the clock only goes forward", func() {
		server.Advance(-time.Second)
	})
}

// BenchmarkNewServer is what each test of a suite pays.
func BenchmarkNewServer(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		secureflowstest.Start().Close()
	}
}
