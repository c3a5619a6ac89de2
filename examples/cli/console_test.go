package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

func TestProgressIsForSlowWorkOnATerminal(t *testing.T) {
	for name, test := range map[string]struct {
		terminal bool
		lasts    time.Duration
		want     string
	}{
		"quick":         {true, slow - 1, ""},
		"slow":          {true, 2 * time.Second, "asking (0 s)|\r            \r|asking (1 s)|\r            \r|"},
		"nobody's look": {false, time.Hour, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var written pieces
				c := &console{notice: &written, noticeTerminal: test.terminal, size: func() (int, int) { return 80, 24 }}
				require.NoError(t, c.during("asking", func() error { time.Sleep(test.lasts); return nil }))
				assert.Equal(t, test.want, string(written))
			})
		})
	}
}

func TestProgressKeepsToOneLine(t *testing.T) {
	var written text
	c := &console{notice: &written, size: func() (int, int) { return 10, 24 }}
	c.show("waiting for the browser")
	assert.Equal(t, "waiting f", written.String())
	c.say("done")
	assert.Equal(t, "waiting f\r         \rdone\n", written.String())
}

// pieces is what was written, call by call.
type pieces string

func (p *pieces) Write(b []byte) (int, error) {
	*p += pieces(b) + "|"
	return len(b), nil
}

func TestJSONIsIndentedForPeople(t *testing.T) {
	var out text
	c := &console{out: &out, outTerminal: true}
	require.NoError(t, c.print(map[string]string{"a": "<b>"}))
	assert.Equal(t, "{\n  \"a\": \"<b>\"\n}\n", out.String())
}

// Stored text may be anybody's, and must not move the cursor.
func TestControlCharactersAreInert(t *testing.T) {
	var out text
	c := &console{out: &out}
	require.NoError(t, c.print("a\u009b2Jb\x1b[31m\u007fé"))
	assert.Equal(t, `"a\u009b2Jb\u001b[31m\u007fé"`+"\n", out.String())
}

func TestExitCodes(t *testing.T) {
	for want, errs := range map[int][]error{
		0:   {nil},
		1:   {errors.New("disk full")},
		2:   {mistake("no"), secureflows.ErrInvalidRequest},
		3:   {errNotSignedIn, secureflows.ErrTokenExpired, secureflows.ErrSessionRevoked, secureflows.ErrUnauthenticated, secureflows.ErrSessionNotFound},
		4:   {secureflows.ErrKeyNotFound},
		5:   {secureflows.ErrUnavailable, context.DeadlineExceeded},
		6:   {secureflows.ErrRateLimited},
		7:   {secureflows.ErrGraceLock},
		8:   {secureflows.ErrForbidden},
		9:   {secureflows.ErrSessionLimit, secureflows.ErrPayloadTooLarge},
		130: {context.Canceled, fmt.Errorf("%w: %w", errNotSignedIn, context.Canceled)},
	} {
		for _, err := range errs {
			assert.Equal(t, want, exitCode(err), "%v", err)
			assert.Contains(t, exitCodeHelp, fmt.Sprintf("\n  %-5d", want))
		}
	}
}

func TestExitCodesOfAnswers(t *testing.T) {
	for status, want := range map[int]int{500: 5, 502: 5, 429: 6, 403: 8, 401: 3, 404: 4, 413: 9} {
		d := newDesk(t)
		d.service.Fail(faultOn("/api/v1/sessions/get/theme", status))
		assert.Equal(t, want, d.run(t.Context(), []string{"login", "-c", "get theme"}), "%d: %s", status, d.notice.String())
	}
	d := newDesk(t)
	lock := faultOn("/api/v1/sessions/get/theme", 403)
	lock.Body = `{"status": 403, "error": "Locked", "code": "BILLING_GRACE_LOCK"}`
	d.service.Fail(lock)
	assert.Equal(t, 7, d.run(t.Context(), []string{"login", "-c", "get theme"}))
}

func TestMistakesAreNamed(t *testing.T) {
	for line, want := range map[string]string{
		"get":                `KEY is missing: get KEY`,
		"get a b":            `too many words, beginning with "b"`,
		"set theme":          `JSON is missing: set KEY JSON`,
		"set theme dark":     `"dark" is not JSON`,
		"gte theme":          `unknown command "gte"`,
		`get "my`:            `is not closed`,
		`get "my"key`:        `a space is missing`,
		"get ..":             `..`,
		"docs search":        `QUERY is missing`,
		"docs serach x":      `unknown command "serach"`,
		"docs search --n x":  `unknown flag: --n`,
		"login":              `unknown command "login"`,
		"list a b":           `accepts at most 1`,
		"docs search -l 99":  `unknown shorthand`,
		"docs search -h -- ": "",
	} {
		d := newDesk(t)
		code := d.run(t.Context(), []string{"login", "-c", line})
		if want == "" {
			assert.Zero(t, code)
			continue
		}
		assert.Equal(t, exitUsage, code, line)
		assert.Contains(t, d.notice.String(), want, line)
		assert.Empty(t, d.out.String(), line)
	}
}

func TestShellCommands(t *testing.T) {
	for args, want := range map[string]struct {
		code        int
		out, notice string
	}{
		"-h":                           {0, "130  interrupted", ""},
		"get -h":                       {0, "get theme", ""},
		"help login":                   {0, "printf", ""},
		"completion bash":              {0, "__start_secureflows-cli", ""},
		"completion zsh":               {0, "#compdef secureflows-cli", ""},
		"completion fish":              {0, "complete -c secureflows-cli", ""},
		"__complete lo":                {0, "login\tSign in", ""},
		"docs search --limit 2 renew":  {0, `"hits":[{`, ""},
		"docs search --limit 99 renew": {2, "", "the limit 99"},
		"get theme":                    {3, "", "run secureflows-cli login"},
		"logout":                       {3, "", "nobody is signed in"},
		"logn":                         {2, "", "login"},
		"login now":                    {2, "", `"now"`},
	} {
		d := newDesk(t)
		assert.Equal(t, want.code, d.run(t.Context(), strings.Fields(args)), args)
		assert.Contains(t, d.out.String(), want.out, args)
		assert.Contains(t, d.notice.String(), want.notice, args)
		assert.Empty(t, d.person.opened, args)
	}
}

func TestSplit(t *testing.T) {
	for line, want := range map[string][]string{
		"":                                 nil,
		"  get   theme  ":                  {"get", "theme"},
		"get\ttheme":                       {"get", "theme"},
		`get "my key"`:                     {"get", "my key"},
		`get "a\"b\u0041"`:                 {"get", `a"bA`},
		`set theme "dark"`:                 {"set", "theme", `"dark"`},
		`set w { "a": [1, 2],  "b": 3 }  `: {"set", "w", `{ "a": [1, 2],  "b": 3 }`},
		`set "my key" "a  b"`:              {"set", "my key", `"a  b"`},
		`docs search "a b" c`:              {"docs", "search", "a b", "c"},
	} {
		words, err := split(line)
		require.NoError(t, err, line)
		assert.Equal(t, want, words, line)
	}
}

// What is offered for a key is what splits into it again.
func FuzzSpell(f *testing.F) {
	for _, key := range []string{"theme", "my key", `"`, `\`, "", "-x", "\u009b", "a\nb", "<é>", "\u2000"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		key = strings.ToValidUTF8(key, "")
		words, err := split("get " + spell(key))
		require.NoError(t, err)
		assert.Equal(t, []string{"get", key}, words)
	})
}

func TestDeployedProgram(t *testing.T) {
	p, err := deployed(&console{})
	require.NoError(t, err)
	t.Cleanup(p.mock.stop)
	check, err := p.client.ValidateRedirect(t.Context(), p.redirectURI)
	require.NoError(t, err)
	assert.True(t, check.Valid, "the allowlist has the redirect URI")
}
