package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/secureflowstest"
)

func TestCommandsAfterLogin(t *testing.T) {
	d := newDesk(t)

	code := d.run(t.Context(), []string{"login",
		"-c", "whoami", "-c", `set theme "dark"`, "-c", "get theme", "-c", "set n -9007199254740993",
		"-c", `set "my key" {"a": "<&>"}`, "-c", "list", "-c", "list my", "-c", "delete theme", "-c", "delete theme",
	})

	assert.Zero(t, code, d.notice.String())
	assert.Equal(t, strings.Join([]string{
		`{"userId":1,"email":"ada@example.com"}`, `"dark"`, `"dark"`, `-9007199254740993`, `{"a":"<&>"}`,
		`{"my key":{"a":"<&>"},"n":-9007199254740993,"theme":"dark"}`, `{"my key":{"a":"<&>"}}`, "true", "false", "",
	}, "\n"), d.out.String())
}

func TestCommandsFromStandardInput(t *testing.T) {
	d := newDesk(t).piped("# a comment\n\nset theme \"dark\"\nget theme")
	assert.Zero(t, d.run(t.Context(), []string{"login"}), d.notice.String())
	assert.Equal(t, "\"dark\"\n\"dark\"\n", d.out.String())
	assert.NotContains(t, d.notice.String(), "secureflows>", "a prompt where nobody looks")
}

func TestScriptEndsAtItsFirstFailure(t *testing.T) {
	d := newDesk(t).piped("get theme\nset theme 1\n")
	assert.Equal(t, 4, d.run(t.Context(), []string{"login"}))
	assert.Contains(t, d.notice.String(), "secureflows-cli: line 1: nothing is stored under the key theme")
	assert.Empty(t, d.out.String())
}

func TestExitEndsAScript(t *testing.T) {
	d := newDesk(t).piped("set theme 1\nexit\nget nothing\n")
	assert.Zero(t, d.run(t.Context(), []string{"login"}), d.notice.String())
}

// A return that does not bring the state of this login is somebody else's.
func TestForeignReturnIsRefused(t *testing.T) {
	for name, state := range map[string]string{"none": "", "another": "&state=6f1d", "part of it": "&state=A"} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.person.atLogin = func(login string) string {
				foreign := d.service.Session("mallory@example.com").Token().Reveal()
				response, err := d.person.get(d.redirectURI + "?sessionToken=" + foreign + state)
				require.NoError(t, err)
				assert.Equal(t, http.StatusBadRequest, response.StatusCode)
				return d.service.SignIn(login, ada) // the sign-in goes on
			}
			assert.Zero(t, d.run(t.Context(), []string{"login", "-c", "whoami"}))
			assert.Contains(t, d.out.String(), ada)
			assert.Contains(t, d.notice.String(), "not begun here")
		})
	}
}

func TestReturnIsUsedOnce(t *testing.T) {
	d := newDesk(t)
	v := newVisit(d.program)
	login, err := d.client.LoginURL(v.options())
	require.NoError(t, err)
	back := d.service.SignIn(login, ada)

	assert.Equal(t, http.StatusSeeOther, answer(v, back).Code)
	assert.Equal(t, http.StatusGone, answer(v, back).Code)
}

func TestLoginThatFails(t *testing.T) {
	for name, test := range map[string]struct{ query, want string }{
		"cancelled": {"error=access_denied&error_description=The+person+left", "The person left"},
		"no token":  {"", "neither a token"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.person.atLogin = func(login string) string { return d.redirectURI + "?" + test.query + "&state=" + stateOf(t, login) }
			assert.Equal(t, exitSignedOut, d.run(t.Context(), []string{"login"}))
			assert.Contains(t, d.notice.String(), test.want)
		})
	}
}

func TestLoginIsGivenUp(t *testing.T) {
	t.Run("after its time", func(t *testing.T) {
		d := newDesk(t)
		d.open, d.signInLimit = func(string) error { return nil }, time.Millisecond
		assert.Equal(t, exitSignedOut, d.run(t.Context(), []string{"login"}))
		assert.Contains(t, d.notice.String(), "did not come back in time")
	})
	t.Run("by Ctrl-C", func(t *testing.T) {
		d := newDesk(t)
		ctx, stop := context.WithCancel(t.Context())
		d.open = func(string) error { stop(); return nil }
		assert.Equal(t, exitInterrupted, d.run(ctx, []string{"login"}))
		assert.Contains(t, d.notice.String(), "secureflows-cli: interrupted")
	})
}

func TestAddressIsOpenedByHand(t *testing.T) {
	d := newDesk(t)
	d.open = func(link string) error {
		assert.Contains(t, d.notice.String(), link)
		_ = d.person.open(link)
		return errNoBrowser
	}
	assert.Zero(t, d.run(t.Context(), []string{"login", "-c", "whoami"}))
}

func TestPortIsTaken(t *testing.T) {
	d := newDesk(t)
	d.open = func(link string) error {
		other := *d.program
		assert.Equal(t, exitSignedOut, other.run(t.Context(), []string{"login"}))
		return d.person.open(link)
	}
	assert.Zero(t, d.run(t.Context(), []string{"login", "-c", "whoami"}))
	assert.Contains(t, d.notice.String(), "another secureflows-cli")
}

func TestLegacyReturnIsCompleted(t *testing.T) {
	d := newDesk(t)
	d.person.atLogin = func(login string) string {
		return d.redirectURI + "?firebaseToken=" + d.service.IDToken(ada).Reveal() + "&state=" + stateOf(t, login)
	}
	assert.Zero(t, d.run(t.Context(), []string{"login", "-c", "whoami"}), d.notice.String())
	assert.Contains(t, d.out.String(), ada)
}

func TestOutageAfterLogin(t *testing.T) {
	d := newDesk(t)
	d.service.Fail(secureflowstest.Fault{Path: "/api/v1/sessions/identity", Status: http.StatusServiceUnavailable})
	assert.Zero(t, d.run(t.Context(), []string{"login", "-c", "set a 1"}), "an outage signs nobody out")
	assert.Contains(t, d.notice.String(), "Who you are could not be asked")
}

func stateOf(t *testing.T, login string) string {
	u, err := url.Parse(login)
	require.NoError(t, err)
	return u.Query().Get("state")
}
