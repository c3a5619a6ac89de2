// Package signin is what sign-ins by a browser have in common, whoever the
// provider: the attempts that a browser has under way, and the page that one goes
// on to. What comes back from a provider, and what that is worth, the package
// knows that sends people there.
package signin

import (
	"errors"
	"net/http"
	"strings"

	"github.com/secureflows/secureflows-go/internal/answer"
)

// maxPageBytes bounds the page of an attempt, which lies in a cookie.
const maxPageBytes = 1024

// PageOf gives a path on this site, with its query; "/" for what is none, or is
// too long for a cookie.
func PageOf(page string) string {
	if !StaysOnSite(page) || len(page) > maxPageBytes {
		return "/"
	}
	return page
}

// StaysOnSite reports whether every reader of URLs takes page for a path on
// this site. Browsers take a backslash for a slash, and drop tabs and line ends.
func StaysOnSite(page string) bool {
	return strings.HasPrefix(page, "/") && !strings.HasPrefix(page, "//") &&
		!strings.ContainsFunc(page, func(c rune) bool { return c <= ' ' || c == '\\' || c >= 0x7f })
}

// RefusePrefetch reports whether nobody is there yet who would see the answer, and
// has then given one that makes the browser ask again once somebody is.
func RefusePrefetch(w http.ResponseWriter, r *http.Request) (refused bool) {
	if !strings.HasPrefix(r.Header.Get("Sec-Purpose"), "prefetch") && r.Header.Get("Purpose") != "prefetch" {
		return false
	}
	answer.KeepPrivate(w.Header())
	http.Error(w, "not before somebody is there to sign in", http.StatusServiceUnavailable)
	return true
}

// HeaderOnly is what an application's Done sets its cookie on. An answer of its
// own would be shown at the URL of the callback, which may hold a token.
type HeaderOnly struct {
	http.ResponseWriter

	Provider string // of the Done, for the error
}

// WriteHeader does nothing.
func (HeaderOnly) WriteHeader(int) {}

// Write writes nothing, and gives an error that says so.
func (w HeaderOnly) Write([]byte) (int, error) {
	return 0, errors.New(w.Provider + ": SignInConfig.Done must not write: the answer is the redirect to the page that was asked for")
}

// DoneError is an error of Done's that is not about the person. It is not
// unwrapped: whatever the application met, its own ErrSignedOut or
// ErrInvalidRequest say nothing about the token here.
type DoneError struct{ Err error }

func (e *DoneError) Error() string { return e.Err.Error() }
