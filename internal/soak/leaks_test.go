package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const secret = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"

func TestSearchFindsTokensAndPieces(t *testing.T) {
	for name, c := range map[string]struct {
		line  string
		found bool
	}{
		"a whole token":            {"token=" + secret, true},
		"its first 12 characters":  {"began with " + secret[:12] + "…", true},
		"12 characters inside":     {`{"error":"` + secret[20:32] + `"}`, true},
		"its last 12":              {"x" + secret[len(secret)-12:], true},
		"11 characters are chance": {secret[:11], false},
		"something else":           {"request 4f1c9e7d2b6a80c35d9e7f1a", false},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat("another line\n", 7000) + c.line // over several buffers, without an end
			lines, err := searchPieces(strings.NewReader(text), []string{"a-token-of-somebody-else", secret})
			require.NoError(t, err)
			if !c.found {
				assert.Empty(t, lines)
				return
			}
			require.Len(t, lines, 1)
			again, err := searchPieces(strings.NewReader(lines[0]), []string{secret})
			require.NoError(t, err)
			assert.Empty(t, again, "evidence shows no token")
		})
	}
}

func TestOutputsAreSearched(t *testing.T) {
	o, err := newOutputs()
	require.NoError(t, err)
	debugLogger(o).Debug("a request", "bearer", secret)
	lines, err := o.search([]string{secret})
	require.NoError(t, err)
	assert.Len(t, lines, 1)
	require.NoError(t, o.close())
}

func TestGrowthIsNoticed(t *testing.T) {
	for name, c := range map[string]struct {
		perRequest int64
		noise      int64
		fails      bool
	}{
		"flat":                         {},
		"flat, with noise":             {noise: 2 << 20},
		"a kilobyte for each request":  {perRequest: 1024, fails: true},
		"64 bytes for each, and noise": {perRequest: 64, noise: 1 << 20, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			var points []heapPoint
			for i := range int64(heapPoints) {
				requests := 20_000 * i
				points = append(points, heapPoint{requests: requests, bytes: 9<<20 + c.perRequest*requests + c.noise*(i%2)})
			}
			assert.Equal(t, c.fails, growth(points) != nil, fmt.Sprint(growth(points)))
		})
	}
}

func TestALeakedGoroutineIsNoticed(t *testing.T) {
	before := goroutines()
	stop := make(chan struct{})
	go func() { <-stop }()
	_, ok := settles(runtime.NumGoroutine, before, 50*time.Millisecond)
	assert.False(t, ok)
	close(stop)
	_, ok = settles(runtime.NumGoroutine, before, 5*time.Second)
	assert.True(t, ok)
}

func TestALeakedConnectionIsNoticed(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	var conns connections
	pool := conns.transport()
	idle := func() int {
		pool.CloseIdleConnections()
		return int(conns.open.Load())
	}
	response, err := (&http.Client{Transport: pool}).Get(server.URL)
	require.NoError(t, err)
	_, ok := settles(idle, 0, 50*time.Millisecond)
	assert.False(t, ok, "the body is still open")
	require.NoError(t, response.Body.Close())
	_, ok = settles(idle, 0, 5*time.Second)
	assert.True(t, ok)
}

func TestHistogram(t *testing.T) {
	var h histogram
	for i := range 1000 {
		h.add(time.Duration(i+1) * time.Millisecond)
	}
	assert.InEpsilon(t, float64(500*time.Millisecond), float64(h.quantile(0.5)), 0.13)
	assert.InEpsilon(t, float64(990*time.Millisecond), float64(h.quantile(0.99)), 0.13)
}
