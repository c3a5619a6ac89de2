// Package website signs people in to examples/website in a real browser,
// headless Chromium, and watches what they see, what the browser keeps, and what
// another site can do to them.
//
//	go test -race -count=1 ./website/
//
// The count matters: the website is built from outside this module, where the
// test cache does not look. Each test has a website of its own, with its own
// mock of the service, and a browser profile of its own.
package website
