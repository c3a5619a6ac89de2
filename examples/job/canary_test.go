package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// No token is in any output, whatever happens.
func TestTokensStandNowhere(t *testing.T) {
	b := newBench(t)
	b.terminal = true
	b.themed(20)
	for _, status := range []int{http.StatusForbidden, http.StatusInternalServerError, http.StatusTooManyRequests, http.StatusNotFound, http.StatusGone} {
		if status != http.StatusNotFound { // which ends the run
			b.service.Fail(secureflowstest.Fault{Path: "/api/v1/sessions/get-or-create", Status: status})
		}
		b.service.Fail(secureflowstest.Fault{Path: "/api/v1/sessions", Status: status})
	}
	b.work = func(ctx context.Context, session *secureflows.Session) (bool, error) {
		changed, err := moveTheme(ctx, session)
		b.tokens = append(b.tokens, session.Token().Reveal())
		return changed, err
	}
	b.parallel = 1
	_, _ = b.run(t.Context(), b.people(20)+"eyJhbGciOi broken\n")
	require.Greater(t, len(b.tokens), 30, "the test looks for nothing")
	for where, text := range map[string]string{"report": b.reported(), "standard output": b.out.String(), "standard error": b.notice.String()} {
		assert.NotContains(t, text, "eyJ", where)
		for _, token := range b.tokens {
			for _, part := range strings.Split(token, ".") {
				assert.NotContains(t, text, part, where)
			}
		}
	}
	assert.NotContains(t, b.notice.String(), "\x1b", "a terminal need not know escape sequences")
}

func TestExitCodes(t *testing.T) {
	for want, errs := range map[int][]error{
		0: {nil}, 1: {errSomeFailed, errors.New("disk full")}, 2: {mistake("x"), secureflows.ErrInvalidRequest},
		5: {secureflows.ErrUnavailable}, 6: {secureflows.ErrRateLimited}, 7: {secureflows.ErrGraceLock},
		9: {secureflows.ErrSessionLimit}, 130: {context.Canceled},
	} {
		for _, err := range errs {
			assert.Equal(t, want, exitCode(err), "%v", err)
		}
	}
}
