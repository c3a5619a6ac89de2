package website_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
)

func TestExpiryWhileReading(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	old := b.traffic.token(t)
	site.expire(old)

	b.Write("#find", "milk")
	b.Press("Find")
	b.Press("Continue as " + ada)

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
	b.Write("#text", text)
	site.expire(b.traffic.token(t))

	b.Press("Save")
	b.Reads("Your sign-in has expired")
	assert.Equal(t, 401, b.Status())
	assert.Equal(t, text, b.Text("document.querySelector('#text').value"))

	beside := b.followToNewTab("Sign in again in a new tab")
	beside.Press("Continue as " + ada)
	beside.Reads("You are signed in again")

	b.Press("Save")
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
	b.Write("#text", text)
	other.Press("Sign out")
	other.at("/")

	b.Press("Save")
	assert.Equal(t, 401, b.Status())
	beside := b.followToNewTab("Sign in again in a new tab")
	beside.signIn(ada)
	beside.Reads("You are signed in again")
	b.Press("Save")
	b.lists(text)
}

func TestBillingLock(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	b.Write("#text", "and eggs")
	other, fresh := b.another(), b.another()
	fresh.see("/delete-all")
	logins := b.traffic.logins()
	site.control("billing", map[string]bool{"locked": true})

	b.Press("Save")
	b.Reads("locked over billing")
	assert.Equal(t, 403, b.Status())
	other.see("/notes")
	other.Reads("locked over billing")
	other.Reads("still signed in")
	assert.Equal(t, 403, other.Status())
	fresh.Press("Delete everything") // for which the middleware asks the service
	fresh.Reads("locked over billing")
	assert.Equal(t, 403, fresh.Status())

	site.control("billing", map[string]bool{"locked": false})
	other.Follow("Try again")
	other.signedInAs(ada)
	other.lists("buy milk")
	b.Press("Save")
	b.lists("and eggs")
	assert.Equal(t, logins, b.traffic.logins(), "nobody was sent to sign in")
}

func TestOutage(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	b.Write("#text", "and eggs")
	other, fresh := b.another(), b.another()
	fresh.see("/delete-all")
	logins := b.traffic.logins()
	site.control("faults", map[string]any{"path": "/api/*", "status": 503, "times": 16})

	b.Press("Save")
	b.Reads("cannot be reached just now")
	assert.Equal(t, 503, b.Status())
	other.see("/notes")
	other.Reads("cannot be reached just now")
	other.Reads("still signed in")
	assert.Equal(t, 503, other.Status())
	fresh.Press("Delete everything") // for which the middleware asks the service
	fresh.Reads("cannot be reached just now")
	assert.Equal(t, 503, fresh.Status())

	// The outage ends after as many requests, of which a page makes several.
	for deadline := time.Now().Add(2 * chromium.Patience); other.Status() != 200 && time.Now().Before(deadline); {
		other.Reload()
	}
	other.signedInAs(ada)
	other.lists("buy milk")
	b.Press("Save")
	b.lists("and eggs")
	assert.Equal(t, logins, b.traffic.logins(), "nobody was sent to sign in")
}

func TestPlanLimit(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("short")
	site.control("limits", map[string]int{"maxPayloadBytes": 200})
	long := "this note is longer than the plan has room for, which is not much at all; and what does not fit stays in the form"
	b.Write("#text", long)
	b.Press("Save")
	b.Reads("no room")
	assert.Equal(t, 413, b.Status())
	assert.Equal(t, long, b.Text("document.querySelector('#text').value"))
	b.lists("short")
}
