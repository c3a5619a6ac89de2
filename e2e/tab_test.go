package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// tab is one tab of a visitor, who has a profile that nobody else shares.
type tab struct {
	t       *testing.T
	ctx     context.Context
	site    *website
	traffic *traffic // of all tabs of the visitor
	left    int      // how many pages were left by a click or the like
}

// visit opens a browser profile with one empty tab.
func visit(t *testing.T, site *website) *tab {
	t.Helper()
	first := &tab{t: t, site: site, traffic: &traffic{}}
	return first.begin(needsBrowser(t), chromedp.WithNewBrowserContext())
}

// another is a second tab beside this one.
func (b *tab) another() *tab {
	b.t.Helper()
	return (&tab{t: b.t, site: b.site, traffic: b.traffic}).begin(b.ctx)
}

func (b *tab) begin(parent context.Context, options ...chromedp.ContextOption) *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(parent, append(options, chromedp.WithListener(b.traffic.observe))...)
	b.t.Cleanup(cancel)
	b.ctx = ctx
	require.NoError(b.t, chromedp.Do(ctx))
	return b
}

// step runs actions within patience.
func (b *tab) step(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.fail(what, err)
	}
}

// fail ends the test with what the page shows.
func (b *tab) fail(what string, reason any) {
	b.t.Helper()
	address, _ := b.try("location.href")
	text, _ := b.try("document.body.innerText")
	b.t.Fatalf("%s: %v\nthe tab is at %v and shows:\n%v", what, reason, address, text)
}

// open goes to an address, as typed into the address bar.
func (b *tab) open(address string) {
	b.t.Helper()
	b.step("open "+address, chromedp.Navigate(address))
}

// see is open for a page of the site.
func (b *tab) see(path string) {
	b.t.Helper()
	b.open(b.site.url + path)
}

func (b *tab) try(expression string) (any, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[any](expression))
}

// value is that of an expression in a page that stays.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err, expression)
	return v
}

// until waits for a condition in whatever page the tab comes to. A page that
// goes away meanwhile is no failure.
func (b *tab) until(what, condition string) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		holds, err := b.try("Boolean(" + condition + ")")
		if holds == true {
			return
		}
		if time.Now().After(deadline) {
			b.fail("in vain: "+what, err)
		}
		select {
		case <-b.t.Context().Done():
			return
		case <-time.After(20 * time.Millisecond): // between two looks
		}
	}
}

// leave does something that leads to another page, and waits until that is
// there. It tells the two apart by a mark on the old one.
func (b *tab) leave(what string, action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	b.left++
	mark := fmt.Sprintf("window.left = %d", b.left)
	b.step(what, chromedp.Evaluate[chromedp.Void](mark), action)
	b.until(what, strings.Replace(mark, "=", "!==", 1)+" && document.readyState === 'complete'")
}

// press clicks the button whose text begins so, and follows it.
func (b *tab) press(button string) {
	b.t.Helper()
	b.leave("press "+button, chromedp.Click(named("button", button)))
}

// follow clicks the link whose text begins so.
func (b *tab) follow(link string) {
	b.t.Helper()
	b.leave("follow "+link, chromedp.Click(named("a", link)))
}

// named is the XPath of the first visible element whose text begins so.
func named(element, text string) string {
	return fmt.Sprintf(`//%s[starts-with(normalize-space(), %q)]`, element, text)
}

// followToNewTab clicks a link that opens a tab, and gives that tab.
func (b *tab) followToNewTab(link string) *tab {
	b.t.Helper()
	opened := chromedp.WaitNewTarget(b.ctx, func(info *target.Info) bool { return info.Type == "page" })
	b.step("follow "+link, chromedp.Click(named("a", link)))
	select {
	case id := <-opened:
		next := (&tab{t: b.t, site: b.site, traffic: b.traffic}).begin(b.ctx, chromedp.WithTargetID(id))
		next.until("load", "document.readyState === 'complete' && location.href !== 'about:blank'")
		return next
	case <-time.After(patience):
		b.fail("follow "+link, "no tab was opened")
		return nil
	}
}

// back presses the back button. NavigateBack would wait for a load that a page
// from the back-button cache does not have.
func (b *tab) back() {
	b.t.Helper()
	b.leave("go back", chromedp.Evaluate[chromedp.Void]("history.back()"))
}

func (b *tab) reload() {
	b.t.Helper()
	b.leave("reload", chromedp.Reload())
}

// write types into the field with this CSS selector.
func (b *tab) write(field, text string) {
	b.t.Helper()
	b.step("write into "+field, chromedp.SendKeys(chromedp.CSS(field), text))
}

// note writes a note down and waits until it is in the list.
func (b *tab) note(text string) {
	b.t.Helper()
	b.write("#text", text)
	b.press("Save")
	b.lists(text)
}

// lists waits for a note in the list, and absent makes sure of the opposite
// once the list is there.
func (b *tab) lists(text string) {
	b.t.Helper()
	b.until("a note: "+text, listed(text))
}

func (b *tab) absent(text string) {
	b.t.Helper()
	b.until("the list", "document.querySelector('#list')")
	require.False(b.t, value[bool](b, listed(text)), "a note that should not be there: %s", text)
}

func listed(text string) string {
	return fmt.Sprintf("[...document.querySelectorAll('.notes .text')].some(note => note.textContent === %q)", text)
}

// reads waits for a text that a person would see.
func (b *tab) reads(text string) {
	b.t.Helper()
	b.until("read "+text, fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// at waits for an address of the site.
func (b *tab) at(path string) {
	b.t.Helper()
	b.until("be at "+path, fmt.Sprintf("location.href === %q", b.site.url+path))
}

// status is that of the page shown.
func (b *tab) status() int {
	b.t.Helper()
	return value[int](b, "performance.getEntriesByType('navigation')[0].responseStatus")
}

// asked waits for the hosted page that asks for the account, and offers none.
func (b *tab) asked() {
	b.t.Helper()
	b.until("be asked for the account", fmt.Sprintf(
		"location.origin === %q && location.pathname === '/app/sessions/login' && document.querySelector('input[name=email]')", b.site.mock))
	require.NotContains(b.t, value[string](b, "document.body.innerText"), "Continue as")
}

// signIn answers the hosted page that asks for the account.
func (b *tab) signIn(email string) {
	b.t.Helper()
	b.asked()
	b.write("input[name=email]", email)
	b.press("Continue")
}

// signedInAs waits for the address beside the sign-out button.
func (b *tab) signedInAs(email string) {
	b.t.Helper()
	b.until("be signed in as "+email, fmt.Sprintf("document.querySelector('.visitor span')?.textContent === %q", email))
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

// history is what the back button leads to.
func (b *tab) history() []string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, chromedp.NavigationEntries())
	require.NoError(b.t, err)
	addresses := make([]string, len(result.Entries))
	for i, entry := range result.Entries {
		addresses[i] = entry.URL
	}
	return addresses
}
