package emulator_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// follower reads server-sent events.
type follower struct {
	t     *testing.T
	lines *bufio.Scanner
	end   func()
}

func (s *service) follow(t *testing.T) *follower {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, "GET", s.server.URL+"/_emulator/events", nil)
	require.NoError(t, err)
	response, err := s.client.Do(request)
	require.NoError(t, err)
	require.Equal(t, 200, response.StatusCode)
	require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
	require.Equal(t, "no-store", response.Header.Get("Cache-Control"))
	f := &follower{t, bufio.NewScanner(response.Body), func() {
		cancel()
		response.Body.Close()
	}}
	t.Cleanup(f.end)
	require.Equal(t, "retry: 1000", f.line(), "it follows from now on")
	return f
}

// line is the next that is not empty, or "" at the end.
func (f *follower) line() string {
	for f.lines.Scan() {
		if text := f.lines.Text(); text != "" {
			return text
		}
	}
	return ""
}

func TestRequestsAreFollowedAsTheyCome(t *testing.T) {
	s := serve(t, demo())
	f := s.follow(t)
	token := s.session(ada, "")
	require.Equal(t, "event: request", f.line())
	f.line()
	s.as(token, "GET", "/api/v1/sessions/get/theme?session_token="+token, "")
	require.Equal(t, "event: request", f.line())
	var seen struct {
		Method, Path, Query, Email string
		Status, Session            int
		DurationMs                 *float64
	}
	data, found := strings.CutPrefix(f.line(), "data: ")
	require.True(t, found)
	require.NotContains(t, data, "eyJ")
	require.NoError(t, json.Unmarshal([]byte(data), &seen))
	require.Equal(t, "/api/v1/sessions/get/theme", seen.Path)
	require.Equal(t, "session_token=[REDACTED]", seen.Query)
	require.Equal(t, 404, seen.Status)
	require.Equal(t, 1001, seen.Session)
	require.Equal(t, ada, seen.Email)
	require.NotNil(t, seen.DurationMs)

	s.control("billing", `{"locked":true}`)
	require.Equal(t, []string{"event: change", "data: {}"}, []string{f.line(), f.line()})
	s.do("GET", "/_emulator/requests", "")
	s.pressed("action", "unlock")
	require.Equal(t, "event: change", f.line(), "a read is no event")
	f.line()
}

func TestAFaultThatWaitsIsSeenWaiting(t *testing.T) {
	s := serve(t, demo())
	f := s.follow(t)
	s.fault(emulator.Fault{Delay: time.Hour})
	done := make(chan reply)
	go func() {
		got, _ := s.try("GET", create, "")
		done <- got
	}()
	require.Equal(t, "event: change", f.line())
	require.Contains(t, s.do("GET", dashboard, "").body, ">waiting<")
	s.mock.Close()
	<-done
}

// The leak test of the package would see a goroutine that goes on.
func TestFollowingEndsWithTheClientAndTheServer(t *testing.T) {
	s := serve(t, demo())
	first, second := s.follow(t), s.follow(t)
	first.end()
	require.Eventually(t, func() bool { return s.followers(t) <= 1 }, 10*time.Second, time.Millisecond)
	s.mock.Close()
	require.Empty(t, second.line())
	require.NoError(t, second.lines.Err(), "the end is one, and no broken connection")
	s.server.Close()
}

// followers counts the places that are taken, by taking all others.
func (s *service) followers(t *testing.T) int {
	t.Helper()
	var open []func()
	defer func() {
		for _, end := range open {
			end()
		}
	}()
	for count := 64; ; count-- {
		ctx, cancel := context.WithCancel(t.Context())
		request, err := http.NewRequestWithContext(ctx, "GET", s.server.URL+"/_emulator/events", nil)
		require.NoError(t, err)
		response, err := s.client.Do(request)
		require.NoError(t, err)
		open = append(open, func() { cancel(); response.Body.Close() })
		if response.StatusCode == 503 {
			text, _ := io.ReadAll(response.Body)
			require.Contains(t, string(text), "more than 64")
			return count
		}
	}
}

// A reader who does not read is dropped; nobody waits for them.
func TestASlowReaderIsDropped(t *testing.T) {
	mock, err := emulator.New(demo())
	require.NoError(t, err)
	stuck := &stuckWriter{header: http.Header{}, writing: make(chan struct{}, 1), release: make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		request := newLocalRequest("GET", "/_emulator/events")
		mock.ServeHTTP(stuck, request)
	}()
	<-stuck.writing
	for range 200 { // more than wait for a reader
		mock.ServeHTTP(&stuckWriter{header: http.Header{}}, newLocalRequest("GET", create))
	}
	close(stuck.release)
	<-ended // though neither the client nor the emulator has gone
	require.LessOrEqual(t, strings.Count(stuck.text.String(), "event: request"), 65)
}

// stuckWriter holds the first write back until release is closed.
type stuckWriter struct {
	header           http.Header
	writing, release chan struct{}
	text             strings.Builder
}

func (w *stuckWriter) Header() http.Header { return w.header }
func (w *stuckWriter) WriteHeader(int)     {}
func (w *stuckWriter) Flush()              {}

func (w *stuckWriter) Write(text []byte) (int, error) {
	if w.writing != nil {
		select {
		case w.writing <- struct{}{}:
		default:
		}
		<-w.release
	}
	return w.text.Write(text)
}
