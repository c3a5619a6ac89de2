package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

// navigated reports whether a browser came to the hosted sign-out.
func navigated(d *desk) bool {
	for _, request := range d.service.Requests() {
		if request.Method == "GET" && request.Path == "/api/v1/auth/logout" && request.Status == 302 {
			return true
		}
	}
	return false
}

func TestLogoutSignsTheBrowserOutToo(t *testing.T) {
	d := newDesk(t).atTerminal("set theme 1", enter, "logout", enter)
	assert.Zero(t, d.run(t.Context(), []string{"login"}))
	assert.True(t, navigated(d))
	assert.Contains(t, d.notice.String(), "Signed out, in the browser too. Your data is kept.")
	assert.Nil(t, d.session)
	ended(t, d)
}

func TestLogoutWithoutABrowser(t *testing.T) {
	for name, prepare := range map[string]func(*desk){
		"none opens":          func(d *desk) { d.open = noBrowser },
		"it does not return":  func(d *desk) { d.open, d.signOutLimit = func(string) error { return nil }, time.Millisecond },
		"it is another":       func(d *desk) { d.person.forget() },
		"its sign-out breaks": func(d *desk) { d.service.Fail(faultOn("/api/v1/auth/logout", 502)); d.signOutLimit = time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			open, opened := d.open, 0
			d.open = func(link string) error {
				if opened++; opened == 2 {
					prepare(d)
					if name == "none opens" || name == "it does not return" {
						return d.open(link)
					}
				}
				return open(link)
			}
			d.signOutLimit = 200 * time.Millisecond
			assert.Zero(t, d.run(t.Context(), []string{"login", "-c", "logout"}), d.notice.String())
			assert.Contains(t, d.notice.String(), "The browser could not be signed out")
			assert.Contains(t, d.notice.String(), "This program is signed out")
			ended(t, d)
		})
	}
}

func TestLogoutIsTheLastCommand(t *testing.T) {
	d := newDesk(t)
	assert.Equal(t, exitSignedOut, d.run(t.Context(), []string{"login", "-c", "logout", "-c", "whoami"}))
	assert.Contains(t, d.notice.String(), "line 2: nobody is signed in")
}

// Leaving is no sign-out: it would end the person's other sign-ins.
func TestExitEndsNoOtherSignIn(t *testing.T) {
	d := newDesk(t).atTerminal("exit", enter)
	elsewhere := d.service.Session(ada)
	assert.Zero(t, d.run(t.Context(), []string{"login"}))
	_, err := elsewhere.Payload(t.Context())
	assert.NoError(t, err)
}

// ended checks that the token the browser brought is good for nothing.
func ended(t *testing.T, d *desk) {
	t.Helper()
	d.person.trips.Wait()
	require.NotEmpty(t, d.person.tokens)
	for _, text := range d.person.tokens {
		token, err := secureflows.NewToken(strings.TrimSpace(text))
		require.NoError(t, err)
		_, err = d.service.Client().Session(token).Payload(t.Context())
		assert.ErrorIs(t, err, secureflows.ErrSignedOut)
	}
}
