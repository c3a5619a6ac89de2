package emulator_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// tab is one tab of a visitor, who has a profile that nobody else shares.
type tab struct {
	t    *testing.T
	ctx  context.Context
	left int // how many pages were left by a click or the like
}

// visit opens a browser profile with one empty tab.
func visit(t *testing.T) *tab {
	t.Helper()
	return (&tab{t: t}).begin(needsBrowser(t), chromedp.WithNewBrowserContext())
}

// another is a second tab beside this one.
func (b *tab) another() *tab {
	b.t.Helper()
	return (&tab{t: b.t}).begin(b.ctx)
}

func (b *tab) begin(parent context.Context, options ...chromedp.ContextOption) *tab {
	b.t.Helper()
	ctx, cancel := chromedp.NewContext(parent, options...)
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
	address, _ := b.try("location.origin + location.pathname")
	text, _ := b.try("document.body.innerText")
	b.t.Fatalf("%s: %v\nthe tab is at %v and shows:\n%v", what, reason, address, text)
}

func (b *tab) open(address string) {
	b.t.Helper()
	b.step("open a page", chromedp.Navigate(address))
}

func (b *tab) try(expression string) (any, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[any](expression))
}

// value is that of an expression, or of the promise it gives.
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

// reads waits for a text that a person would see.
func (b *tab) reads(text string) {
	b.t.Helper()
	b.until("read "+text, fmt.Sprintf("document.body?.innerText.includes(%q)", text))
}

// press clicks a button and follows it to another page. It tells the two apart
// by a mark on the old one.
func (b *tab) press(button string) {
	b.t.Helper()
	b.left++
	mark := fmt.Sprintf("window.left = %d", b.left)
	b.step("press "+button, chromedp.Evaluate[chromedp.Void](mark), chromedp.Click(fmt.Sprintf(`//button[starts-with(normalize-space(), %q)]`, button)))
	b.until("press "+button, strings.Replace(mark, "=", "!==", 1)+" && document.readyState === 'complete'")
}

// write types into the field with this CSS selector.
func (b *tab) write(field, text string) {
	b.t.Helper()
	b.step("write into "+field, chromedp.SendKeys(chromedp.CSS(field), text))
}

// signIn answers the hosted page that asks for the account.
func (b *tab) signIn(email string) {
	b.t.Helper()
	b.until("be asked for the account", "document.querySelector('input[name=email]')")
	b.write("input[name=email]", email)
	b.press("Continue")
}
