package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

const (
	doneLine   = `{"line":1,"userId":1,"outcome":"changed"}` + "\n"
	failedLine = `{"line":2,"userId":2,"outcome":"failed","reason":"x"}` + "\n"
)

func TestReportSurvivesACrash(t *testing.T) {
	for name, text := range map[string]string{
		"whole":                    doneLine + failedLine,
		"cut off at the first":     doneLine + failedLine + `{`,
		"cut off in the middle":    doneLine + failedLine + `{"line":3,"userId":3,"outc`,
		"cut off before its end":   doneLine + failedLine + `{"line":3,"userId":3,"outcome":"changed"`,
		"cut off before the break": doneLine + strings.TrimSuffix(failedLine, "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "report.jsonl")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			r, err := openReport(path)
			require.NoError(t, err)
			assert.False(t, r.take(1), "done")
			assert.True(t, r.take(2), "failed")
			assert.True(t, r.take(3), "cut off")
			assert.False(t, r.take(3), "under way")
			r.release(3)
			assert.True(t, r.take(3))
			assert.True(t, r.take(0))
			assert.True(t, r.take(0), "unknown")
			require.NoError(t, r.add(record{Line: 3, UserID: 3, Outcome: outcomeUnchanged}))
			require.NoError(t, r.close())
			after, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, doneLine+failedLine+`{"line":3,"userId":3,"outcome":"unchanged"}`+"\n", string(after))
		})
	}
}

func TestAnotherFileIsNoReport(t *testing.T) {
	for name, text := range map[string]string{
		"text": "buy milk\n", "text without an end": "buy milk", "other JSON": `{"name":"x"}` + "\n",
		"after a report": doneLine + "buy milk\n" + doneLine,
	} {
		path := filepath.Join(t.TempDir(), "report.jsonl")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := openReport(path)
		assert.ErrorContains(t, err, "another file", name)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, text, string(after), "it was changed")
	}
	_, err := openReport(os.DevNull)
	assert.ErrorContains(t, err, "not a regular file")
}

func TestReportIsForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.jsonl")
	r, err := openReport(path)
	require.NoError(t, err)
	require.NoError(t, r.close())
	information, err := os.Stat(path)
	require.NoError(t, err)
	assert.Zero(t, information.Mode().Perm()&0o077)
}

func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gate{clock: systemClock, patience: 2}
		began := time.Now()
		assert.True(t, g.hold(3*time.Second))
		assert.False(t, g.hold(time.Second), "it is closed already")
		_, err := g.pass(t.Context())
		require.NoError(t, err)
		assert.Equal(t, 3*time.Second, time.Since(began), "the longer one counts")

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		g.hold(time.Hour)
		_, err = g.pass(ctx)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestOutagesInARowCloseTheGate(t *testing.T) {
	g := &gate{clock: systemClock, patience: 2}
	var holds []time.Duration
	for {
		passed := g.holds
		hold, hope := g.outage(passed)
		if !hope {
			break
		}
		holds = append(holds, hold/time.Second)
		if hold > 0 {
			again, _ := g.outage(passed)
			assert.Zero(t, again, "of another who passed with the first")
		}
	}
	assert.Equal(t, []time.Duration{0, 0, 1, 2, 4, 8, 16, 32, 60, 60}, holds)
	g.answered()
	hold, hope := g.outage(g.holds)
	assert.Zero(t, hold)
	assert.True(t, hope)
}

func TestDemo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.jsonl")
	var out, notice bytes.Buffer
	var s slept
	err := run(t.Context(), []string{"-demo", "-report", path}, surroundings{clock: clock{s.now, s.sleep}, out: &out, notice: &notice, inTerminal: true, noticeTerminal: true}, secureflows.Config{})
	require.NoError(t, err)
	assert.Equal(t, "200 read: 150 changed, 50 unchanged, 0 failed, 0 skipped (done before), 0 left\n", out.String())
	assert.Contains(t, notice.String(), "(200/200)")
	assert.NotContains(t, out.String()+notice.String(), "eyJ")
}

func TestTokensFromAFile(t *testing.T) {
	service := secureflowstest.NewServer(t)
	path := filepath.Join(t.TempDir(), "tokens")
	text := service.IDToken("a@example.com").Reveal() + "\r\n\n" + service.IDToken("b@example.com").Reveal()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	var out, notice bytes.Buffer
	require.NoError(t, run(t.Context(), nil, surroundings{clock: systemClock, in: file, out: &out, notice: &notice, noticeTerminal: true}, service.Config()))
	assert.Contains(t, out.String(), "2 read: 0 changed, 2 unchanged")
	assert.Contains(t, notice.String(), "(2/2)")
}

func TestNoBarWhereNobodyLooks(t *testing.T) {
	service := secureflowstest.NewServer(t)
	var out, notice bytes.Buffer
	require.NoError(t, run(t.Context(), nil, surroundings{clock: systemClock, in: strings.NewReader(""), out: &out, notice: &notice}, service.Config()))
	assert.Empty(t, notice.String())
}

func TestMistakesAreNamed(t *testing.T) {
	deployment := secureflows.Config{Workspace: workspace, AppID: appID}
	for want, args := range map[string][]string{
		"-parallel 0 is not 1 to 64": {"-parallel", "0"},
		"not defined: -paralel":      {"-paralel", "3"},
		"never as arguments":         {"eyJ.secret"},
		"write workspace and app id": {},
		"not a regular file":         {"-demo", "-report", os.DevNull},
	} {
		err := run(t.Context(), args, surroundings{in: strings.NewReader(""), out: &bytes.Buffer{}, notice: &bytes.Buffer{}}, deployment)
		assert.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "eyJ")
	}
	err := run(t.Context(), nil, surroundings{inTerminal: true}, deployment)
	assert.ErrorContains(t, err, "is a terminal")
	var out bytes.Buffer
	assert.ErrorIs(t, run(t.Context(), []string{"-h"}, surroundings{out: &out}, deployment), flag.ErrHelp)
	assert.Contains(t, out.String(), "Exit codes")
}
