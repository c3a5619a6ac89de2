package main

import (
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

func TestFailuresAreRecordedAndTriedByTheNextRun(t *testing.T) {
	b := newBench(t)
	session := b.service.Session(email(0))
	_, err := session.Set(t.Context(), oldTheme.Name, 7)
	require.NoError(t, err)
	lines := "no token: a secret\n\n" + b.people(1)

	code, j := b.run(t.Context(), lines)
	assert.Equal(t, 1, code)
	assert.Equal(t, tally{read: 2, failed: 2}, j.tally)
	assert.Contains(t, b.reported(), `{"line":1,"outcome":"failed","reason":"no ID token`)
	assert.Contains(t, b.reported(), `{"line":3,"userId":1,"outcome":"failed"`)
	assert.NotContains(t, b.reported(), "secret")

	_, err = session.Set(t.Context(), oldTheme.Name, "dark")
	require.NoError(t, err)
	code, j = b.run(t.Context(), b.people(1))
	assert.Zero(t, code)
	assert.Equal(t, tally{read: 1, changed: 1}, j.tally)
}

func TestStaleIDToken(t *testing.T) {
	b := newBench(t)
	lines := b.people(1)
	b.service.Advance(2 * time.Hour)
	code, _ := b.run(t.Context(), lines)
	assert.Equal(t, 1, code)
	assert.Contains(t, b.reported(), "is it fresh")
}

// Ctrl-C finishes who is under way, begins with nobody else, and does not wait
// for input that does not come.
func TestInterrupted(t *testing.T) {
	b := newBench(t)
	b.themed(4)
	ctx, interrupt := context.WithCancel(t.Context())
	var begun atomic.Int32
	b.parallel = 2
	b.work = func(working context.Context, session *secureflows.Session) (bool, error) {
		if begun.Add(1) == 2 {
			interrupt()
		}
		<-ctx.Done()
		return moveTheme(working, session)
	}
	code, j := b.run(ctx, b.people(4))
	assert.Equal(t, 130, code)
	assert.Equal(t, 2, j.tally.changed)
	assert.Equal(t, 2, strings.Count(b.reported(), `"changed"`))

	b.work = moveTheme
	code, j = b.run(t.Context(), b.people(4))
	assert.Zero(t, code)
	assert.Equal(t, tally{read: 4, changed: 2, skipped: 2}, j.tally)
}

func TestInterruptedWhileInputIsAwaited(t *testing.T) {
	b := newBench(t)
	report, err := openReport("")
	require.NoError(t, err)
	reader, writer := io.Pipe()
	t.Cleanup(func() { writer.Close() })
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	j := &job{client: b.client, report: report, screen: &screen{notice: io.Discard}, parallel: 2, gate: &gate{clock: systemClock}}
	assert.Equal(t, 130, exitCode(j.run(ctx, input{reader, unknown})))
}

func TestUnreadableInput(t *testing.T) {
	b := newBench(t)
	code, j := b.run(t.Context(), b.people(1)+strings.Repeat("a", longestLine+1))
	assert.Equal(t, 2, code)
	assert.Equal(t, 1, j.tally.unchanged)
	assert.Contains(t, b.notice.String(), "line 2 of standard input is longer than any token")
}

func TestReportThatCannotBeWrittenEndsTheRun(t *testing.T) {
	b := newBench(t)
	report, err := openReport(b.path)
	require.NoError(t, err)
	require.NoError(t, report.file.Close())
	j := &job{work: b.work, client: b.client, report: report, screen: &screen{notice: io.Discard}, parallel: 1, limit: time.Minute, gate: &gate{clock: systemClock}}
	err = j.run(t.Context(), input{strings.NewReader(b.people(5)), unknown})
	assert.ErrorContains(t, err, "the report cannot be written")
	assert.Less(t, j.tally.read, 3)
}
