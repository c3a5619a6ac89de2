package main

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func TestThemesAreMoved(t *testing.T) {
	b := newBench(t)
	b.themed(20)
	code, j := b.run(t.Context(), b.people(25))
	assert.Zero(t, code, b.notice.String())
	assert.Equal(t, tally{read: 25, changed: 20, unchanged: 5}, j.tally)
	for i := range 20 {
		payload, err := b.service.Session(email(i)).Payload(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"appearance"}, payload.Keys())
		assert.JSONEq(t, `{"theme":"dark"}`, string(payload["appearance"]))
	}
	assert.Equal(t, 25, strings.Count(b.reported(), "\n"))
	assert.NotContains(t, b.reported(), "@")
}

func TestSecondRunSkipsWhoIsDone(t *testing.T) {
	b := newBench(t)
	b.themed(5)
	b.service.SetLimits(secureflowstest.Limits{MaxSessions: 10}) // one each: a second session would be refused
	lines := b.people(10)
	code, _ := b.run(t.Context(), lines)
	require.Zero(t, code, b.notice.String())
	worked := len(b.service.Requests())

	code, j := b.run(t.Context(), lines+b.people(10))

	assert.Zero(t, code, b.notice.String())
	assert.Equal(t, tally{read: 20, skipped: 20}, j.tally)
	for _, request := range b.service.Requests()[worked:] {
		assert.Contains(t, []string{"/api/v1/sessions/get-or-create", "/api/v1/sessions/identity"}, request.Path)
	}
}

func TestPersonTwiceOnTheInputIsDoneOnce(t *testing.T) {
	b := newBench(t)
	b.themed(1)
	_, j := b.run(t.Context(), b.people(1)+b.people(1)+b.people(1))
	assert.Equal(t, tally{read: 3, changed: 1, skipped: 2}, j.tally)
}

func TestOtherSignInsGoOn(t *testing.T) {
	b := newBench(t)
	b.themed(1)
	elsewhere := b.service.Session(email(0))
	_, _ = b.run(t.Context(), b.people(1))
	_, err := elsewhere.Payload(t.Context())
	assert.NoError(t, err)
}

func TestNoMoreThanParallel(t *testing.T) {
	b := newBench(t)
	var now, most atomic.Int32
	full := make(chan struct{})
	b.work = func(context.Context, *secureflows.Session) (bool, error) {
		if here := now.Add(1); here > most.Load() {
			if most.Store(here); here == 4 {
				close(full)
			}
		}
		<-full // nobody leaves before the fourth has come
		now.Add(-1)
		return true, nil
	}
	code, _ := b.run(t.Context(), b.people(20))
	assert.Zero(t, code)
	assert.EqualValues(t, 4, most.Load())
}

func TestOutageIsTriedAgainLater(t *testing.T) {
	for name, fault := range map[string]secureflowstest.Fault{
		"no session":     {Path: "/api/v1/sessions/get-or-create", Status: 503, Times: 2},
		"no identity":    {Path: "/api/v1/sessions/identity", Status: 502, Body: "<html>bad gateway", Times: 2},
		"dropped":        {Path: "/api/v1/sessions/set/*", Drop: true, Times: 2},
		"cut off":        {Path: "/api/v1/sessions/set/*", Truncate: true, Times: 2},
		"half way":       {Path: "/api/v1/sessions/delete/*", Status: 500, Times: 2},
		"half way, cut":  {Path: "/api/v1/sessions/delete/*", Truncate: true, Times: 2},
		"rate limited":   {Path: "/api/v1/sessions", Status: 429, Times: 2},
		"signed out":     {Path: "/api/v1/sessions", Status: 410, Body: `{"status":410,"error":"Session revoked"}`},
		"long, repeated": {Path: "/api/v1/sessions", Status: 503, Times: 9},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.themed(6)
			b.service.Fail(fault)
			code, j := b.run(t.Context(), b.people(6))
			assert.Zero(t, code, b.notice.String())
			assert.Zero(t, j.tally.failed+j.tally.left(), "%v", j.tally)
			assert.NotContains(t, b.reported(), "failed")
			for i := range 6 {
				payload, err := b.service.Session(email(i)).Payload(t.Context())
				require.NoError(t, err)
				assert.Equal(t, []string{"appearance"}, payload.Keys())
			}
		})
	}
}

func TestLastingOutageEndsTheRun(t *testing.T) {
	b := newBench(t)
	b.service.Fail(secureflowstest.Fault{Status: 503, Times: 1 << 20})
	code, j := b.run(t.Context(), b.people(100))
	assert.Equal(t, 5, code)
	assert.Empty(t, b.reported())
	assert.Equal(t, j.tally.read, j.tally.left())
	assert.Less(t, len(b.service.Requests()), 60, "it went on asking")
	assert.GreaterOrEqual(t, b.slept.total, 2*time.Minute)
	assert.Contains(t, b.notice.String(), "run again with the same report")
}

// One person's session that is never answered for holds up nobody.
func TestOnePersonWithoutAnswerIsLeft(t *testing.T) {
	b := newBench(t)
	b.themed(3)
	b.service.Fail(secureflowstest.Fault{Path: "/api/v1/sessions/set/*", Status: 500, Times: 1 << 20})
	code, j := b.run(t.Context(), b.people(1)+b.service.IDToken("other@example.com").Reveal()+"\n")
	assert.Equal(t, 5, code)
	assert.Equal(t, tally{read: 2, unchanged: 1}, j.tally)
	assert.Contains(t, b.notice.String(), "1 people are left")
}

func TestRateLimitSlowsEverybody(t *testing.T) {
	b := newBench(t)
	b.service.Fail(secureflowstest.Fault{Path: "/api/v1/sessions/get-or-create", Status: 429, RetryAfter: 7 * time.Second})
	code, _ := b.run(t.Context(), b.people(8))
	assert.Zero(t, code)
	require.NotEmpty(t, b.slept.each)
	assert.Equal(t, 7*time.Second, b.slept.each[0])
	assert.Contains(t, b.notice.String(), "Rate limited: all wait 7s.")
}

func TestWhatEndsTheRun(t *testing.T) {
	locked := `{"status":403,"error":"Locked","code":"BILLING_GRACE_LOCK"}`
	for name, test := range map[string]struct {
		prepare func(*bench)
		code    int
		text    string
	}{
		"session limit": {func(b *bench) { b.service.SetLimits(secureflowstest.Limits{MaxSessions: 1}) }, 9, "allows no more sessions"},
		"billing lock":  {func(b *bench) { b.service.LockBilling(true) }, 7, "locked over billing"},
		"lock half way": {func(b *bench) {
			b.service.Fail(secureflowstest.Fault{Path: "/api/v1/sessions", Status: 403, Body: locked, Times: 99})
		}, 7, "locked over billing"},
		"wrong workspace": {func(b *bench) {
			cfg := b.service.Config()
			cfg.Workspace = "nowhere"
			b.client, _ = secureflows.New(cfg)
		}, 2, "workspace or app id of main.go"},
		"a long limit": {func(b *bench) {
			b.service.Fail(secureflowstest.Fault{Status: 429, RetryAfter: 24 * time.Hour})
		}, 6, "asks to wait 24h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			test.prepare(b)
			code, j := b.run(t.Context(), b.people(40))
			assert.Equal(t, test.code, code)
			assert.Contains(t, b.notice.String(), test.text)
			assert.Zero(t, j.tally.failed, "recorded as people's failures")
			assert.Less(t, j.tally.read, 20, "it went on")
		})
	}
}
