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
	withstand(t, trouble{
		begin: func(site *website) { site.control("billing", map[string]bool{"locked": true}) },
		text:  "locked over billing", status: 403,
		end: func(refused *tab) {
			refused.site.control("billing", map[string]bool{"locked": false})
			refused.Follow("Try again")
		},
	})
}

func TestOutage(t *testing.T) {
	withstand(t, trouble{
		begin: func(site *website) {
			site.control("faults", map[string]any{"path": "/api/*", "status": 503, "times": 16})
		},
		text: "cannot be reached just now", status: 503,
		end: func(refused *tab) {
			// The outage ends after as many requests, of which a page makes several.
			for deadline := time.Now().Add(2 * chromium.Patience); refused.Status() != 200 && time.Now().Before(deadline); {
				refused.Reload()
			}
		},
	})
}

// trouble is a time in which the service answers nobody, and signs nobody out.
type trouble struct {
	begin  func(*website)
	text   string // what the pages say of it
	status int
	end    func(refused *tab) // leaves the page as it is without the trouble
}

// withstand has a visitor meet a trouble with a form half filled in.
func withstand(t *testing.T, it trouble) {
	t.Helper()
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	b.Write("#text", "and eggs")
	other, fresh := b.another(), b.another()
	fresh.see("/delete-all")
	logins := b.traffic.logins()
	it.begin(site)

	b.Press("Save")
	b.Reads(it.text)
	assert.Equal(t, it.status, b.Status())
	other.see("/notes")
	other.Reads(it.text)
	other.Reads("still signed in")
	assert.Equal(t, it.status, other.Status())
	fresh.Press("Delete everything") // for which the middleware asks the service
	fresh.Reads(it.text)
	assert.Equal(t, it.status, fresh.Status())

	it.end(other)
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
