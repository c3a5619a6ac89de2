package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// bench is a job with a service, a report and a clock.
type bench struct {
	t           *testing.T
	service     *secureflowstest.Server
	client      *secureflows.Client
	path        string // of the report
	work        func(context.Context, *secureflows.Session) (bool, error)
	out, notice bytes.Buffer
	terminal    bool
	parallel    int
	slept       slept
	tokens      []string
}

func newBench(t *testing.T) *bench {
	service := secureflowstest.NewServer(t)
	return &bench{
		t: t, service: service, client: service.Client(), work: moveTheme, parallel: 4,
		path: filepath.Join(t.TempDir(), "report.jsonl"),
	}
}

// slept is a clock that is told to wait and does not.
type slept struct {
	mu    sync.Mutex // guards the next two
	total time.Duration
	each  []time.Duration
}

func (s *slept) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Unix(0, 0).Add(s.total)
}

func (s *slept) sleep(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total += d
	s.each = append(s.each, d)
	return ctx.Err()
}

// people gives the ID tokens of n people, one a line.
func (b *bench) people(n int) string {
	var lines strings.Builder
	for i := range n {
		token := b.service.IDToken(email(i)).Reveal()
		b.tokens = append(b.tokens, token)
		fmt.Fprintln(&lines, token)
	}
	return lines.String()
}

func email(i int) string { return fmt.Sprintf("person%d@example.com", i) }

// themed gives n people a theme, in a session each.
func (b *bench) themed(n int) {
	for i := range n {
		_, err := oldTheme.Set(b.t.Context(), b.service.Session(email(i)), "dark")
		require.NoError(b.t, err)
	}
}

// run works through the lines, and gives the exit code.
func (b *bench) run(ctx context.Context, lines string) (int, *job) {
	report, err := openReport(b.path)
	require.NoError(b.t, err)
	screen := newScreen(surroundings{notice: &b.notice, noticeTerminal: b.terminal}, unknown)
	j := &job{
		work: b.work, client: b.client, report: report, screen: screen, parallel: b.parallel, limit: time.Minute,
		gate: &gate{clock: clock{b.slept.now, b.slept.sleep}, patience: b.parallel},
	}
	err = j.run(ctx, input{strings.NewReader(lines), unknown})
	require.NoError(b.t, report.close())
	screen.close()
	if err != nil {
		fmt.Fprintln(&b.notice, "job:", describe(err))
	}
	fmt.Fprintln(&b.out, j.tally)
	return exitCode(err), j
}

func (b *bench) reported() string {
	text, err := os.ReadFile(b.path)
	require.NoError(b.t, err)
	return string(text)
}
