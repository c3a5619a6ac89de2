// Package signin is what sign-ins by a browser have in common, whoever the
// provider: the attempts that a browser has under way, and the page that one goes
// on to. What comes back from a provider, and what that is worth, the package
// knows that sends people there.
package signin

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/secureflows/secureflows-go/internal/answer"
)

// maxPageBytes bounds the page of an attempt, which lies in a cookie.
const maxPageBytes = 512

// PageOf gives a path on this site, with its query; "/" for what is none, or is
// too long for a cookie.
func PageOf(page string) string {
	if !StaysOnSite(page) || len(page) > maxPageBytes {
		return "/"
	}
	return page
}

// StaysOnSite reports whether every reader of URLs takes page for a path on
// this site. Browsers take a backslash for a slash, and drop tabs and line ends;
// servers refuse what net/url cannot read.
func StaysOnSite(page string) bool {
	_, err := url.Parse(page)
	return err == nil && strings.HasPrefix(page, "/") && !strings.HasPrefix(page, "//") &&
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
