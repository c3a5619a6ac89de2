package website_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
)

func TestRevokedFromSelfService(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")

	account := b.another()
	account.Open(site.mock + "/app/self")
	account.Press("Revoke")
	account.Press("Revoke") // yes, really

	b.Reload()
	b.Press("Continue as " + ada)
	b.at("/notes")
	b.signedInAs(ada)
	b.absent("buy milk")
	logins := b.traffic.visits("/app/sessions/login")
	assert.False(t, logins[len(logins)-1].Query().Has("session_token"), "a fresh sign-in, without the revoked token")
}

func TestDeleteAllMyData(t *testing.T) {
	b := arrive(t, start(t), ada)
	b.note("buy milk")

	b.Follow("Delete all my data")
	b.Follow("Keep my notes")
	b.lists("buy milk")
	b.Follow("Delete all my data")
	b.Press("Delete everything")
	b.Reads("Everything you stored here is deleted.")

	b.Follow("Sign in")
	b.Press("Continue as " + ada)
	b.signedInAs(ada)
	b.absent("buy milk")
}

func TestSignOutAsksForTheAccountAgain(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	require.Contains(t, cookieNames(b), "secureflows")
	require.Contains(t, strings.Join(cookieNames(b), " "), "secureflows_signin", "the hosted page's own")

	b.Press("Sign out")
	b.at("/")
	assert.Empty(t, cookieNames(b), "neither the site's nor the hosted page's")

	b.Follow("Sign in")
	b.signIn(ada)
	b.lists("buy milk")
}

// The service is away, so that the hosted sign-in stays; the site's does not.
func TestSignOutDuringAnOutage(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	site.control("faults", map[string]any{"path": "/api/v1/auth/logout", "status": 503})
	b.Press("Sign out")
	assert.NotContains(t, cookieNames(b), "secureflows")

	b.see("/notes")
	b.Press("Continue as " + ada)
	b.lists("buy milk")
}

func cookieNames(b *tab) []string {
	var names []string
	for _, cookie := range b.Cookies() {
		names = append(names, cookie.Name)
	}
	return names
}

func TestBackButtonAfterSignOut(t *testing.T) {
	const secret = "a private thought"
	b := arrive(t, start(t), ada)
	b.note(secret)
	// Private pages lie behind the back button of two tabs, and the browser keeps
	// them for it, no-store or not, as a third tab shows.
	beside, probe := b.another(), b.another()
	for _, each := range []*tab{b, beside, probe} {
		each.see("/notes?find=private")
		each.lists(secret)
		each.Follow("Notes")
	}
	probe.Back()
	probe.lists(secret)
	kept := b.traffic.restorations()
	t.Logf("signed in, the back button showed a kept page: %t", kept == 1)

	b.Press("Sign out")
	b.at("/")

	b.Back() // to the public page, as it was when signed in
	assert.NotContains(t, b.Text("document.documentElement.outerHTML"), ada)
	for _, each := range []*tab{b, beside} {
		each.Back()
		each.asked()
		assert.NotContains(t, each.Text("document.documentElement.outerHTML"), secret)
	}
	assert.Equal(t, kept, b.traffic.restorations(), "a page came out of the back-button cache")
}

func TestSecondPersonOnTheSameBrowser(t *testing.T) {
	b := arrive(t, start(t), ada)
	b.note("ada's secret")
	b.Press("Sign out")
	b.at("/")

	b.see("/notes")
	b.signIn(grace)
	b.signedInAs(grace)
	b.seesNothingOf(ada, "ada's secret")
	b.note("grace's secret")
	b.Press("Sign out")

	b.see("/notes")
	b.signIn(ada)
	b.signedInAs(ada)
	b.lists("ada's secret")
	b.seesNothingOf(grace, "grace's secret")
}

func (b *tab) seesNothingOf(email, note string) {
	b.T.Helper()
	b.absent(note)
	html := b.Text("document.documentElement.outerHTML")
	assert.NotContains(b.T, html, email)
	assert.NotContains(b.T, html, note)
}

// The first person never signed out; their sign-in ran out, and somebody else
// sits down. The service refuses to renew what is not theirs, and leaves them on
// a page of its own: they go back to the site, which asks them afresh.
func TestSecondPersonAfterExpiry(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("ada's secret")
	site.expire(b.traffic.token(t))

	b.see("/notes")
	b.Press("Use another account")
	b.signIn(grace)
	b.Reads("does not own")
	assert.Equal(t, site.mock, b.Text("location.origin"))

	deadline := time.Now().Add(2 * chromium.Patience) // the site waits for the renewal to come back
	for fresh := false; !fresh; {
		require.True(t, time.Now().Before(deadline), "the site insists on renewing")
		b.see("/notes")
		fresh = !b.Holds("new URLSearchParams(location.search).has('session_token')")
	}
	b.Press("Continue as " + grace)
	b.signedInAs(grace)
	b.seesNothingOf(ada, "ada's secret")
}
