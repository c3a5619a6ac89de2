// Package emulator looks at secureflows-emulator in a real browser, headless
// Chromium: at its page under /_emulator/, and with a single-page application
// of another origin that keeps its token in the page.
//
//	go test -count=1 ./emulator/
//
// The count matters: the command is built from outside this module, where the
// test cache does not look. With SECUREFLOWS_SHOTS set to a directory, pictures
// of the page are put there.
package emulator
