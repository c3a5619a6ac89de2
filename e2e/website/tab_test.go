package website_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
)

// tab is one tab of a visitor of the website.
type tab struct {
	*chromium.Tab
	site    *website
	traffic *traffic // of all tabs of the visitor
}

// visit opens a browser profile with one empty tab.
func visit(t *testing.T, site *website) *tab {
	t.Helper()
	seen := &traffic{}
	return &tab{chromium.Visit(t, chromedp.WithListener(seen.observe)), site, seen}
}

// another is a second tab beside this one.
func (b *tab) another() *tab {
	b.T.Helper()
	return &tab{b.Beside(chromedp.WithListener(b.traffic.observe)), b.site, b.traffic}
}

// followToNewTab clicks a link that opens a tab, and gives that tab.
func (b *tab) followToNewTab(link string) *tab {
	b.T.Helper()
	return &tab{b.FollowToNewTab(link, chromedp.WithListener(b.traffic.observe)), b.site, b.traffic}
}

// see is Open for a page of the site.
func (b *tab) see(path string) {
	b.T.Helper()
	b.Open(b.site.url + path)
}

// note writes a note down and waits until it is in the list.
func (b *tab) note(text string) {
	b.T.Helper()
	b.Write("#text", text)
	b.Press("Save")
	b.lists(text)
}

// lists waits for a note in the list, and absent makes sure of the opposite
// once the list is there.
func (b *tab) lists(text string) {
	b.T.Helper()
	b.Until("a note: "+text, listed(text))
}

func (b *tab) absent(text string) {
	b.T.Helper()
	b.Until("the list", "document.querySelector('#list')")
	require.False(b.T, b.Holds(listed(text)), "a note that should not be there: %s", text)
}

func listed(text string) string {
	return fmt.Sprintf("[...document.querySelectorAll('.notes .text')].some(note => note.textContent === %q)", text)
}

// at waits for an address of the site.
func (b *tab) at(path string) {
	b.T.Helper()
	b.Until("be at "+path, fmt.Sprintf("location.href === %q", b.site.url+path))
}

// asked waits for the hosted page that asks for the account, and offers none.
func (b *tab) asked() {
	b.T.Helper()
	b.Until("be asked for the account", fmt.Sprintf(
		"location.origin === %q && location.pathname === '/app/sessions/login' && document.querySelector('input[name=email]')", b.site.mock))
	require.NotContains(b.T, b.Text("document.body.innerText"), "Continue as")
}

// signIn answers the hosted page that asks for the account.
func (b *tab) signIn(email string) {
	b.T.Helper()
	b.asked()
	b.Write("input[name=email]", email)
	b.Press("Continue")
}

// signedInAs waits for the address beside the sign-out button.
func (b *tab) signedInAs(email string) {
	b.T.Helper()
	b.Until("be signed in as "+email, fmt.Sprintf("document.querySelector('.visitor span')?.textContent === %q", email))
}

// arrive signs somebody in who comes for the first time.
func arrive(t *testing.T, site *website, email string) *tab {
	t.Helper()
	b := visit(t, site)
	b.see("/notes")
	b.signIn(email)
	b.at("/notes")
	b.signedInAs(email)
	return b
}
