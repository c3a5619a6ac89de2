// Package providers looks at the hosted pages of the mocks of other providers
// in a real browser, headless Chromium: what they are for is to lead a browser
// back to an application.
package providers
