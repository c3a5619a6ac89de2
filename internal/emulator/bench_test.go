package emulator_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// BenchmarkGetKey compares a read of one key with a handler that does nothing
// but answer, over 64 connections that are kept alive.
func BenchmarkGetKey(b *testing.B) {
	b.Run("trivial", func(b *testing.B) {
		answer := []byte(`{"key":"theme","value":"dark"}`)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write(answer)
		}))
		defer server.Close()
		// The same request, so with a token of the same length.
		mock, err := emulator.New(demo())
		require.NoError(b, err)
		token, err := mock.CreateSession(demoWorkspace, demoApp, ada)
		require.NoError(b, err)
		readKeys(b, server, token)
	})
	b.Run("emulator", func(b *testing.B) {
		s := serve(b, demo())
		readKeys(b, s.server, s.session(ada, `{"theme":"dark"}`))
	})
}

func readKeys(b *testing.B, server *httptest.Server, token string) {
	const connections = 64
	transport := &http.Transport{MaxIdleConnsPerHost: connections, DialContext: new(net.Dialer).DialContext}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan error, connections)
	b.ResetTimer()
	for range connections {
		go func() {
			for left.Add(-1) >= 0 {
				request, _ := http.NewRequest("GET", server.URL+"/api/v1/sessions/get/theme", nil)
				request.Header.Set("Authorization", "Bearer "+token)
				response, err := client.Do(request)
				if err != nil {
					done <- err
					return
				}
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
			}
			done <- nil
		}()
	}
	for range connections {
		require.NoError(b, <-done)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// BenchmarkHandler is the read without network.
func BenchmarkHandler(b *testing.B) {
	mock, err := emulator.New(demo())
	require.NoError(b, err)
	token, err := mock.CreateSession(demoWorkspace, demoApp, ada)
	require.NoError(b, err)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		request := httptest.NewRequest("GET", "/api/v1/sessions", nil)
		request.Header.Set("Authorization", "Bearer "+token)
		for pb.Next() {
			mock.ServeHTTP(discard{}, request)
		}
	})
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// BenchmarkNewServer is what a test pays for an emulator of its own.
func BenchmarkNewServer(b *testing.B) {
	for b.Loop() {
		mock, err := emulator.New(emulator.Config{})
		require.NoError(b, err)
		server := httptest.NewServer(mock)
		mock.Close()
		server.Close()
	}
}

// BenchmarkSession is the memory of a session with a little payload.
func BenchmarkSession(b *testing.B) {
	mock, err := emulator.New(demo())
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		_, err := mock.CreateSession(demoWorkspace, demoApp, ada)
		require.NoError(b, err)
	}
}
