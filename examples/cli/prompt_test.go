package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	enter = "\r"
	up    = "\x1b[A"
	ctrlC = "\x03"
	ctrlD = "\x04"
)

func TestPrompt(t *testing.T) {
	d := newDesk(t).atTerminal(`set theme "dark"`, enter, "get theme", enter, "get", enter, ctrlD)
	assert.Zero(t, d.run(t.Context(), []string{"login"}))
	assert.Equal(t, "\"dark\"\n\"dark\"\n", d.out.String())
	for _, want := range []string{"Signed in as ada@example.com.", "secureflows> ", "KEY is missing: get KEY", "Left. The token is forgotten"} {
		assert.Contains(t, d.notice.String(), want)
	}
}

func TestKeysAtThePrompt(t *testing.T) {
	for name, keys := range map[string]string{
		"Tab completes a command":         "who\t" + enter,
		"Tab completes a key":             "get the\t" + enter,
		"Tab completes a key with spaces": "get \"my\t" + enter,
		"Tab adds what is common":         "get no\t1" + enter,
		"Up brings a line back":           "get theme" + enter + enter + up + enter,
		"Ctrl-C clears the line":          "delete theme" + ctrlC + "get theme" + enter,
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t).atTerminal(keys, ctrlD)
			session := d.service.Session(ada)
			for key, value := range map[string]string{"theme": "dark", "my key": "mine", "note:1": "milk", "note:2": "tea"} {
				_, err := session.Set(t.Context(), key, value)
				require.NoError(t, err)
			}
			assert.Zero(t, d.run(t.Context(), []string{"login"}))
			assert.NotEmpty(t, d.out.String(), d.notice.String())
			assert.NotContains(t, d.notice.String(), "secureflows-cli: ", "an error")
			assert.NotContains(t, d.out.String(), "true", "the line was not cleared")
		})
	}
}

func TestTabListsWhatMayFollow(t *testing.T) {
	d := newDesk(t).atTerminal("l\t", "ist", enter, "zzz\t", ctrlC, "get a\t", ctrlD, ctrlC, ctrlD)
	assert.Zero(t, d.run(t.Context(), []string{"login"}))
	assert.Contains(t, d.notice.String(), "list  logout")
}

func TestExpiredSignInIsRenewedAndTheCommandRepeated(t *testing.T) {
	d := newDesk(t)
	d.mock = &mock{d.service}
	d.atTerminal(`set theme "dark"`, enter, "expire", enter, "get theme", enter, "y", enter, ctrlD)
	assert.Zero(t, d.run(t.Context(), []string{"login"}))
	assert.Equal(t, "\"dark\"\n\"dark\"\n", d.out.String(), d.notice.String())
	assert.Contains(t, d.notice.String(), "your data is kept. Renew it?")
	assert.Len(t, d.person.opened, 2)
	assert.True(t, renewed(d), "by a renewal, not by a fresh login")
}

// renewed reports whether hosted login was given the expired token.
func renewed(d *desk) bool {
	for _, request := range d.service.Requests() {
		if request.Path == "/api/v1/auth/callback" && strings.Contains(request.Query, "session_token=") {
			return true
		}
	}
	return false
}

func TestRenewalInAnotherBrowserIsAFreshLogin(t *testing.T) {
	d := newDesk(t)
	d.mock = &mock{d.service}
	d.atTerminal(`set theme "dark"`, enter, "expire", enter, "get theme", enter, enter, ctrlD)
	d.open = func(link string) error {
		d.person.forget()
		return d.person.open(link)
	}
	assert.Zero(t, d.run(t.Context(), []string{"login"}))
	assert.Equal(t, "\"dark\"\n\"dark\"\n", d.out.String(), "data intact")
	assert.False(t, renewed(d))
}

func TestRenewalIsAQuestion(t *testing.T) {
	d := newDesk(t)
	d.mock = &mock{d.service}
	d.atTerminal("expire", enter, "whoami", enter, "n", enter, up, enter, "n", enter, ctrlD)
	assert.Zero(t, d.run(t.Context(), []string{"login"}))
	assert.Empty(t, d.out.String())
	assert.Len(t, d.person.opened, 1)
}

// A command must not run on the data of whoever signed in instead.
func TestCommandIsNotRepeatedForSomebodyElse(t *testing.T) {
	d := newDesk(t).atTerminal("set theme 1", enter, enter, "whoami", enter, ctrlD)
	logins := 0
	d.person.atLogin = func(login string) string {
		if logins++; logins == 2 {
			return d.service.SignIn(login, "grace@example.com")
		}
		back := d.service.SignIn(login, ada)
		return back
	}
	d.interruptible = func(ctx context.Context) (context.Context, context.CancelFunc) {
		if d.session != nil && logins == 1 {
			_ = d.service.Client().Session(d.session.Token()).Logout(ctx) // elsewhere
		}
		return context.WithCancel(ctx)
	}
	assert.Zero(t, d.run(t.Context(), []string{"login"}))
	assert.Contains(t, d.notice.String(), "was not repeated")
	assert.Contains(t, d.out.String(), "grace@example.com")
	payload, err := d.service.Session("grace@example.com").Payload(t.Context())
	require.NoError(t, err)
	assert.Empty(t, payload)
}

// A signal, unlike Ctrl-C, ends the program, and gives the terminal back.
func TestSignalAtThePrompt(t *testing.T) {
	d := newDesk(t).atTerminal()
	typing, keyboard := io.Pipe()
	t.Cleanup(func() { keyboard.Close() })
	d.console.in = typing
	ctx, stop := context.WithCancel(t.Context())
	restored := false
	d.console.keys = func() (func(), error) {
		stop()
		return func() { restored = true }, nil
	}
	assert.Equal(t, exitInterrupted, d.run(ctx, []string{"login"}))
	assert.True(t, restored)
}

func TestHistoryForgetsBlanksAndRepetitions(t *testing.T) {
	var h history
	for _, line := range []string{"get a", "", "get a", " get b "} {
		h.Add(line)
	}
	h.asleep = true
	h.Add("y")
	assert.Equal(t, []string{"get a", "get b"}, h.lines)
	assert.Equal(t, "get b", h.At(0))
}

func TestOutageAtThePromptSignsNobodyOut(t *testing.T) {
	d := newDesk(t).atTerminal("get theme", enter, "whoami", enter, ctrlD)
	d.service.Fail(faultOn("/api/v1/sessions/get/theme", 503))
	assert.Zero(t, d.run(t.Context(), []string{"login"}))
	assert.Contains(t, d.notice.String(), "service unavailable")
	assert.Contains(t, d.out.String(), ada)
}

func TestCommandThatTakesTooLong(t *testing.T) {
	d := newDesk(t).piped("get theme\n")
	fault := faultOn("/api/v1/sessions/get/theme", 200)
	fault.Status, fault.Delay = 0, time.Hour
	d.service.Fail(fault)
	d.callLimit = 50 * time.Millisecond
	code := d.run(t.Context(), []string{"login"})
	assert.Equal(t, 5, code)
	assert.Contains(t, d.notice.String(), "no answer in time")
}
