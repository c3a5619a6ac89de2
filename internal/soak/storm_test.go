package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func short(t *testing.T) Config {
	t.Helper()
	config := Config{
		Seed: 1, Clients: 48, Duration: 4 * time.Second, Think: 40 * time.Millisecond, Calm: 8 * time.Millisecond,
		Deadline: 10 * time.Second, Patience: 15 * time.Second,
	}
	if testing.Short() {
		config.Duration = time.Second
	}
	return config
}

func TestStorm(t *testing.T) {
	figures, violations, err := Run(short(t))
	require.NoError(t, err)
	var text bytes.Buffer
	figures.print(&text)
	violations.print(&text)
	assert.Empty(t, violations.broken(), text.String())

	// A storm in which nothing happens proves nothing.
	assert.Greater(t, figures.outcomes.of("done"), int64(50), text.String())
	for _, trouble := range troubles {
		// A second on a busy machine is too short for all of them.
		assert.True(t, testing.Short() || figures.faults.of(trouble.name) > 0, trouble.name)
	}
	assert.Greater(t, figures.service.Load(), int64(50))
	assert.Greater(t, figures.site.Load(), int64(20))
	assert.Positive(t, figures.signOuts.total())
}

// TestEachRuleIsChecked breaks one rule at a time at one of the servers and wants
// the storm to notice. No server can leak a connection of the clients:
// TestALeakedConnectionIsNoticed does.
func TestEachRuleIsChecked(t *testing.T) {
	for _, c := range []struct {
		rule          string
		service, site func(http.Handler) http.Handler
	}{
		{rule: ruleSignOut, service: refuses},
		{rule: ruleSignOut, site: losesCookies},
		{rule: ruleWrite, service: forgetsWrites},
		{rule: ruleIdentity, service: mixesUp},
		{rule: ruleToken, site: talks},
		{rule: ruleGoroutine, service: leaks(t)},
		{rule: ruleMemory, site: grows},
		{rule: ruleRecovery, service: staysAway},
	} {
		t.Run(c.rule, func(t *testing.T) {
			config := short(t)
			config.Clients, config.Calm, config.Think = 16, 50*time.Millisecond, 10*time.Millisecond
			config.Duration, config.Patience = 1500*time.Millisecond, 2*time.Second
			if slices.Contains([]string{ruleSignOut, ruleWrite, ruleIdentity}, c.rule) {
				// It is noticed while the storm goes on, on a busy machine too.
				config.Duration, config.untilBroken = time.Minute, c.rule
			}
			config.breakService, config.breakSite = c.service, c.site
			_, violations, err := Run(config)
			require.NoError(t, err)
			assert.Contains(t, violations.broken(), c.rule)
		})
	}
}

// seldom picks one in five requests on a path.
func seldom(prefix string, then func(next http.Handler, w http.ResponseWriter, r *http.Request)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		var count atomic.Int64
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, prefix) && count.Add(1)%5 == 0 {
				then(next, w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

// refuses a token that is good.
var refuses = seldom("/api/v1/sessions/get/", func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusGone)
	_, _ = io.WriteString(w, `{"status":410,"error":"Session expired"}`)
})

// losesCookies makes a Browser redirect somebody who is signed in.
var losesCookies = seldom("/web/", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
	r.Header.Del("Cookie")
	next.ServeHTTP(w, r)
})

// forgetsWrites answers a write as if it had been done.
var forgetsWrites = seldom("/api/v1/sessions/set/", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
	read := httptest.NewRequest(http.MethodGet, "/api/v1/sessions", nil)
	read.Header = r.Header.Clone()
	next.ServeHTTP(w, read)
})

// mixesUp answers with what it told the one before.
func mixesUp(next http.Handler) http.Handler {
	var mu sync.Mutex
	var last []byte
	return seldom("/api/v1/sessions/identity", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		mu.Lock()
		defer mu.Unlock()
		before := last
		if answer.Code == http.StatusOK && strings.Contains(answer.Body.String(), "userId") {
			last = answer.Body.Bytes()
		}
		if before == nil {
			before = answer.Body.Bytes()
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer.Code)
		_, _ = w.Write(before)
	})(next)
}

// talks puts the bearer into an answer, cut short.
var talks = seldom("/api/", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
	bearer := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	w.Header().Set("X-Debug", bearer[len(bearer)-16:])
	next.ServeHTTP(w, r)
})

// leaks one goroutine, until the test ends.
func leaks(t *testing.T) func(http.Handler) http.Handler {
	t.Helper()
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	var once sync.Once
	return seldom("/api/", func(next http.Handler, w http.ResponseWriter, r *http.Request) {
		once.Do(func() { go func() { <-end }() })
		next.ServeHTTP(w, r)
	})
}

func grows(next http.Handler) http.Handler {
	var mu sync.Mutex
	var kept [][]byte
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		kept = append(kept, make([]byte, 256<<10))
		mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// staysAway answers nobody, after the storm neither.
func staysAway(http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
}
