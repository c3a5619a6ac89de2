package website_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kept is what scripts of a page can find in it and its browser.
const kept = `(async () => JSON.stringify({
	html: document.documentElement.outerHTML,
	cookie: document.cookie,
	local: Object.entries(localStorage),
	session: Object.entries(sessionStorage),
	databases: (await indexedDB.databases()).map(database => database.name),
	caches: await caches.keys(),
	workers: (await navigator.serviceWorker.getRegistrations()).length,
	address: location.href,
	referrer: document.referrer,
	name: window.name,
	timings: performance.getEntries().map(entry => entry.name),
	state: history.state,
}))()`

func TestTokenIsNowhereInTheBrowser(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	places := []string{b.Text(kept)}

	for _, path := range []string{"/", "/notes?find=milk", "/delete-all", "/signed-in", "/nowhere"} {
		b.see(path)
		places = append(places, b.Text(kept))
	}
	places = append(places, b.History()...)

	site.expire(b.traffic.token(t)) // renewed, and looked at again
	b.see("/notes?find=milk")
	b.Press("Continue as " + ada)
	b.lists("buy milk")
	renewed := b.traffic.token(t)
	places = append(places, b.Text(kept))
	for _, entry := range b.History() {
		// The hosted login page was told the old token in its address, which is
		// the contract; it is dead by then.
		if !strings.HasPrefix(entry, site.mock) {
			places = append(places, entry)
		}
		assert.NotContains(t, entry, renewed)
	}

	for _, cookie := range b.Cookies() {
		if cookie.Domain == "localhost" {
			places = append(places, cookie.Name+"="+cookie.Value)
			assert.True(t, cookie.HTTPOnly, cookie.Name)
			assert.Equal(t, "Lax", cookie.SameSite.String(), cookie.Name)
			assert.Equal(t, "/", cookie.Path, cookie.Name)
		}
	}
	tokens := b.traffic.allTokens(t)
	require.Len(t, tokens, 2)
	for _, place := range places {
		for _, token := range tokens {
			for _, part := range parts(token) {
				assert.NotContains(t, place, part)
			}
		}
		assert.NotContains(t, place, "sessionToken=")
	}
}

// parts are those of a JWT that are nobody else's: what it claims, and the
// signature.
func parts(token string) []string {
	all := strings.Split(token, ".")
	return all[1:]
}

func TestTheCookieChangesAtEverySignIn(t *testing.T) {
	b := visit(t, start(t))
	seen := make(map[string]bool)
	for range 2 {
		b.see("/notes")
		b.signIn(ada)
		b.signedInAs(ada)
		for _, cookie := range b.Cookies() {
			if cookie.Name == "secureflows" {
				assert.False(t, seen[cookie.Value])
				seen[cookie.Value] = true
			}
		}
		b.Press("Sign out")
		b.at("/")
	}
	assert.Len(t, seen, 2)
}
