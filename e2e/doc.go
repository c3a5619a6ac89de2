// Package e2e holds the tests in a real browser, headless Chromium: website/
// drives examples/website, emulator/ drives cmd/secureflows-emulator, and
// internal/chromium is what they share.
//
//	go test -race -count=1 ./...
//
// Without Chromium the tests are skipped, but in CI they fail.
//
// It is a module of its own because of the driver. github.com/chromedp/chromedp
// was chosen over github.com/go-rod/rod: it drives the installed browser
// directly, is released every few weeks with each change of the protocol, and
// brings two modules.
package e2e
