package chromium

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Reads waits for a text that a person would see.
func (b *Tab) Reads(text string) {
	b.T.Helper()
	b.Until("read "+text, fmt.Sprintf("document.body?.innerText.includes(%q)", text))
}

// Text is what an expression gives in a page that stays, or what its promise
// does.
func (b *Tab) Text(expression string) string {
	b.T.Helper()
	return value[string](b, expression)
}

// Holds tells whether a condition holds in a page that stays.
func (b *Tab) Holds(condition string) bool {
	b.T.Helper()
	return value[bool](b, condition)
}

// Status is that of the page shown.
func (b *Tab) Status() int {
	b.T.Helper()
	return value[int](b, "performance.getEntriesByType('navigation')[0].responseStatus")
}

func value[T any](b *Tab, expression string) T {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Context, Patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.T, err, expression)
	return v
}

func (b *Tab) try(expression string) (any, error) {
	ctx, cancel := context.WithTimeout(b.Context, Patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[any](expression))
}

// History is what the back button leads to.
func (b *Tab) History() []string {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Context, Patience)
	defer cancel()
	result, err := chromedp.Run(ctx, chromedp.NavigationEntries())
	require.NoError(b.T, err)
	addresses := make([]string, len(result.Entries))
	for i, entry := range result.Entries {
		addresses[i] = entry.URL
	}
	return addresses
}

// Cookies are all that the visitor's profile has, of whatever site.
func (b *Tab) Cookies() []*network.Cookie {
	b.T.Helper()
	ctx, cancel := context.WithTimeout(b.Context, Patience)
	defer cancel()
	result, err := chromedp.CallBrowser(ctx, storage.GetCookies,
		storage.GetCookiesParams{BrowserContextID: chromedp.FromContext(b.Context).BrowserContextID})
	require.NoError(b.T, err)
	return result.Cookies
}
