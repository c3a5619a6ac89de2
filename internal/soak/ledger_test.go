package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

func TestLedgerJudgesSignOuts(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		ended cause
		age   time.Duration
		told  error
		why   string // "" is unjust
	}{
		"a live token is told that it has expired":              {told: secureflows.ErrTokenExpired},
		"a live token is told that it was revoked":              {told: secureflows.ErrSessionRevoked},
		"an expired token is told that it was revoked":          {ended: expired, told: secureflows.ErrSessionRevoked},
		"a revoked token is told that it is invalid":            {ended: revoked, told: secureflows.ErrUnauthenticated},
		"a revoked token is told that its session is not found": {ended: revoked, told: secureflows.ErrSessionNotFound},
		"a token is told to have expired before its time":       {age: time.Hour - 1, told: secureflows.ErrTokenExpired},
		"a token of an hour has expired":                        {age: time.Hour, told: secureflows.ErrTokenExpired, why: "clock"},
		"the script expired it":                                 {ended: expired, told: secureflows.ErrTokenExpired, why: "expired"},
		"the script revoked it":                                 {ended: revoked, told: secureflows.ErrSessionRevoked, why: "revoked"},
		"the script revoked it, and the answer was cut":         {ended: revoked, told: secureflows.ErrTokenExpired, why: "revoked"},
		"its client signed out":                                 {ended: loggedOut, told: secureflows.ErrSessionRevoked, why: "logged out"},
		"its client renewed it":                                 {ended: superseded, told: secureflows.ErrSessionRevoked, why: "superseded"},
	} {
		t.Run(name, func(t *testing.T) {
			now := start
			l := newLedger(func() time.Time { return now }, scratch(t))
			l.issue("its-token", start)
			l.issue("another", start)
			l.finish("another", revoked|expired)
			l.finish("its-token", c.ended)
			now = start.Add(c.age)
			why, err := l.judge(c.told, "its-token")
			if c.why == "" {
				require.Error(t, err)
				assert.NotContains(t, err.Error(), "its-token", "evidence shows no token")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.why, why.String())
		})
	}
}

func TestLedgerRefusesATokenItDoesNotKnow(t *testing.T) {
	_, err := newLedger(time.Now, scratch(t)).judge(secureflows.ErrTokenExpired, "unknown")
	require.Error(t, err)
}

func scratch(t *testing.T) *outputs {
	t.Helper()
	o, err := newOutputs()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.close()) })
	return o
}
