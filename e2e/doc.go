// Package e2e signs people in to examples/website in a real browser, headless
// Chromium, and watches what they see, what the browser keeps, and what another
// site can do to them.
//
//	go test -race -count=1 ./...
//
// The count matters: the website is built from outside this module, where the
// test cache does not look. Each test has a website of its own, with its own
// mock of the service, and a browser profile of its own.
//
// Without Chromium the tests are skipped, but in CI they fail.
//
// It is a module of its own because of the driver. github.com/chromedp/chromedp
// was chosen over github.com/go-rod/rod: it drives the installed browser
// directly, is released every few weeks with each change of the protocol, and
// brings two modules.
package e2e
