package emulator_test

import (
	"testing"

	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
)

// tab is one tab of a visitor of the emulator, or of a front end that uses it.
type tab struct{ *chromium.Tab }

// visit opens a browser profile with one empty tab.
func visit(t *testing.T) *tab {
	t.Helper()
	return &tab{chromium.Visit(t)}
}

// another is a second tab beside this one.
func (b *tab) another() *tab {
	b.T.Helper()
	return &tab{b.Beside()}
}

// asked waits for the hosted page that asks for the account.
func (b *tab) asked() {
	b.T.Helper()
	b.Until("be asked for the account", "document.querySelector('input[name=email]')")
}

// signIn answers the hosted page that asks for the account.
func (b *tab) signIn(email string) {
	b.T.Helper()
	b.asked()
	b.Write("input[name=email]", email)
	b.Press("Continue")
}
