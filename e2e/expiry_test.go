package e2e_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestExpiryWhileReading(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	old := b.traffic.token(t)
	site.expire(old)

	b.write("#find", "milk")
	b.press("Find")
	b.press("Continue as " + ada)

	b.at("/notes?find=milk")
	b.signedInAs(ada)
	b.lists("buy milk")
	assert.NotEqual(t, old, b.traffic.token(t), "renewed")
	logins := b.traffic.visits("/app/sessions/login")
	assert.Equal(t, old, logins[len(logins)-1].Query().Get("session_token"), "renewed, not signed in afresh")
}

func TestExpiryWhileWriting(t *testing.T) {
	const text = "a long thought, with \"quotes\" & <tags>,\nand a second line"
	site := start(t)
	b := arrive(t, site, ada)
	b.note("written before")
	b.write("#text", text)
	site.expire(b.traffic.token(t))

	b.press("Save")
	b.reads("Your sign-in has expired")
	assert.Equal(t, 401, b.status())
	assert.Equal(t, text, value[string](b, "document.querySelector('#text').value"))

	beside := b.followToNewTab("Sign in again in a new tab")
	beside.press("Continue as " + ada)
	beside.reads("You are signed in again")

	b.press("Save")
	b.at("/notes")
	b.lists(text)
	b.lists("written before")
}

// Somebody signs out in another tab, so that nothing is there to renew.
func TestSignedOutWhileWriting(t *testing.T) {
	const text = "half a thought"
	b := arrive(t, start(t), ada)
	other := b.another()
	other.see("/notes")
	b.write("#text", text)
	other.press("Sign out")
	other.at("/")

	b.press("Save")
	assert.Equal(t, 401, b.status())
	beside := b.followToNewTab("Sign in again in a new tab")
	beside.signIn(ada)
	beside.reads("You are signed in again")
	b.press("Save")
	b.lists(text)
}

func TestBillingLock(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	b.write("#text", "and eggs")
	other, fresh := b.another(), b.another()
	fresh.see("/delete-all")
	logins := b.traffic.logins()
	site.control("billing", map[string]bool{"locked": true})

	b.press("Save")
	b.reads("locked over billing")
	assert.Equal(t, 403, b.status())
	other.see("/notes")
	other.reads("locked over billing")
	other.reads("still signed in")
	assert.Equal(t, 403, other.status())
	fresh.press("Delete everything") // for which the middleware asks the service
	fresh.reads("locked over billing")
	assert.Equal(t, 403, fresh.status())

	site.control("billing", map[string]bool{"locked": false})
	other.follow("Try again")
	other.signedInAs(ada)
	other.lists("buy milk")
	b.press("Save")
	b.lists("and eggs")
	assert.Equal(t, logins, b.traffic.logins(), "nobody was sent to sign in")
}

func TestOutage(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	b.write("#text", "and eggs")
	other, fresh := b.another(), b.another()
	fresh.see("/delete-all")
	logins := b.traffic.logins()
	site.control("faults", map[string]any{"path": "/api/*", "status": 503, "times": 16})

	b.press("Save")
	b.reads("cannot be reached just now")
	assert.Equal(t, 503, b.status())
	other.see("/notes")
	other.reads("cannot be reached just now")
	other.reads("still signed in")
	assert.Equal(t, 503, other.status())
	fresh.press("Delete everything") // for which the middleware asks the service
	fresh.reads("cannot be reached just now")
	assert.Equal(t, 503, fresh.status())

	// The outage ends after as many requests, of which a page makes several.
	for deadline := time.Now().Add(2 * patience); other.status() != 200 && time.Now().Before(deadline); {
		other.reload()
	}
	other.signedInAs(ada)
	other.lists("buy milk")
	b.press("Save")
	b.lists("and eggs")
	assert.Equal(t, logins, b.traffic.logins(), "nobody was sent to sign in")
}

func TestPlanLimit(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("short")
	site.control("limits", map[string]int{"maxPayloadBytes": 200})
	long := "this note is longer than the plan has room for, which is not much at all; and what does not fit stays in the form"
	b.write("#text", long)
	b.press("Save")
	b.reads("no room")
	assert.Equal(t, 413, b.status())
	assert.Equal(t, long, value[string](b, "document.querySelector('#text').value"))
	b.lists("short")
}
