// Package answer is how the middlewares answer requests that they do not hand on:
// with pages of one look, the status that the verdict has, and nothing that stays
// in a cache or travels on to another site.
package answer

import (
	"net/http"
	"strconv"
	"time"
)

// KeepPrivate keeps an answer out of caches, and its URL from other sites.
func KeepPrivate(header http.Header) {
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
}

// Redirect is http.Redirect without a body that repeats the URL, which may hold
// a token.
func Redirect(w http.ResponseWriter, target string) {
	KeepPrivate(w.Header())
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
}

// DefaultRetryAfter is for an outage of which nobody said how long it lasts.
const DefaultRetryAfter = 5 * time.Second

// SetRetryAfter says when to try again, in whole seconds and not too early.
func SetRetryAfter(header http.Header, wait time.Duration) {
	header.Set("Retry-After", strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10))
}
