package chromium

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

// Tab is one tab of a visitor, who has a profile that nobody else shares.
type Tab struct {
	T       *testing.T
	Context context.Context // of the tab, for what chromedp does to it
	left    int             // how many pages were left by a click or the like
}

// Visit opens a browser profile with one empty tab. Without a browser it ends
// the test, by a skip unless CI is set.
func Visit(t *testing.T, options ...chromedp.ContextOption) *Tab {
	t.Helper()
	return begin(t, needsBrowser(t, browser), append(options, chromedp.WithNewBrowserContext())...)
}

// SiteDomain is a domain whose hosts are all this machine for [VisitSites].
const SiteDomain = "site.example"

// VisitSites is Visit by a browser that takes any certificate for one of the hosts
// of SiteDomain: neighbours, which cookies tell apart.
func VisitSites(t *testing.T, options ...chromedp.ContextOption) *Tab {
	t.Helper()
	return begin(t, needsBrowser(t, siteBrowser), append(options, chromedp.WithNewBrowserContext())...)
}

// Beside is a second tab of the visitor.
func (b *Tab) Beside(options ...chromedp.ContextOption) *Tab {
	b.T.Helper()
	return begin(b.T, b.Context, options...)
}

func begin(t *testing.T, parent context.Context, options ...chromedp.ContextOption) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
	t.Cleanup(cancel)
	require.NoError(t, chromedp.Do(ctx))
	return &Tab{T: t, Context: ctx}
}

// Step runs actions within Patience.
func (b *Tab) Step(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Context, Patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.fail(what, err)
	}
}

// fail ends the test with what the page shows, but for a token in its address.
func (b *Tab) fail(what string, reason any) {
	b.T.Helper()
	address, _ := b.try("location.href.replace(/eyJ[^&#]*/g, 'eyJ…')")
	text, _ := b.try("document.body.innerText")
	b.T.Fatalf("%s: %v\nthe tab is at %v and shows:\n%v", what, reason, address, text)
}

// Until waits for a condition in whatever page the tab comes to. A page that
// goes away meanwhile is no failure.
func (b *Tab) Until(what, condition string) {
	b.T.Helper()
	deadline := time.Now().Add(Patience)
	for {
		holds, err := b.try("Boolean(" + condition + ")")
		if holds == true {
			return
		}
		if time.Now().After(deadline) {
			b.fail("in vain: "+what, err)
		}
		select {
		case <-b.T.Context().Done():
			return
		case <-time.After(20 * time.Millisecond): // between two looks
		}
	}
}

// Open goes to an address, as typed into the address bar.
func (b *Tab) Open(address string) {
	b.T.Helper()
	b.Step("open "+address, chromedp.Navigate(address))
}

// Press clicks the button whose text begins so, and follows it.
func (b *Tab) Press(button string) {
	b.T.Helper()
	b.leave("press "+button, chromedp.Click(named("button", button)))
}

// Follow clicks the link whose text begins so.
func (b *Tab) Follow(link string) {
	b.T.Helper()
	b.leave("follow "+link, chromedp.Click(named("a", link)))
}

// named is the XPath of the elements whose text begins so.
func named(element, text string) string {
	return fmt.Sprintf(`//%s[starts-with(normalize-space(), %q)]`, element, text)
}

// FollowToNewTab clicks a link that opens a tab, and gives that tab.
func (b *Tab) FollowToNewTab(link string, options ...chromedp.ContextOption) *Tab {
	b.T.Helper()
	opened := chromedp.WaitNewTarget(b.Context, func(info *target.Info) bool { return info.Type == "page" })
	b.Step("follow "+link, chromedp.Click(named("a", link)))
	select {
	case id := <-opened:
		next := b.Beside(append(options, chromedp.WithTargetID(id))...)
		next.Until("load", "document.readyState === 'complete' && location.href !== 'about:blank'")
		return next
	case <-time.After(Patience):
		b.fail("follow "+link, "no tab was opened")
		return nil
	}
}

// Back presses the back button. NavigateBack would wait for a load that a page
// from the back-button cache does not have; and the script must have returned
// before the page is gone.
func (b *Tab) Back() {
	b.T.Helper()
	b.leave("go back", chromedp.Evaluate[chromedp.Void]("void setTimeout(() => history.back())"))
}

// Reload presses the reload button.
func (b *Tab) Reload() {
	b.T.Helper()
	b.leave("reload", chromedp.Reload())
}

// leave does something that leads to another page, and waits until that is
// there. It tells the two apart by a mark on the old one.
func (b *Tab) leave(what string, action chromedp.Action[chromedp.Void]) {
	b.T.Helper()
	b.left++
	mark := fmt.Sprintf("window.left = %d", b.left)
	b.Step(what, chromedp.Evaluate[chromedp.Void](mark), action)
	b.Until(what, strings.Replace(mark, "=", "!==", 1)+" && document.readyState === 'complete'")
}

// Write types into the field with this CSS selector.
func (b *Tab) Write(field, text string) {
	b.T.Helper()
	b.Step("write into "+field, chromedp.SendKeys(chromedp.CSS(field), text))
}
