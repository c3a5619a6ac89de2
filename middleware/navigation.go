package middleware

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/secureflows/secureflows-go/internal/signin"
)

// isNavigation reports whether a request is one that a person sees the answer
// of in the window's address bar, and can be sent elsewhere without losing
// anything.
func isNavigation(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if strings.HasPrefix(r.Header.Get("Sec-Purpose"), "prefetch") {
		return false // nobody is there yet; a refusal makes the browser ask again
	}
	return isDocument(r)
}

// isDocument reports whether the answer to a request is shown as a page, by
// what the browser says (Fetch Metadata), or by what it accepts where it says
// nothing: before 2023, and on plain http beyond loopback.
func isDocument(r *http.Request) bool {
	mode, destination := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Sec-Fetch-Dest")
	if mode != "" || destination != "" {
		return mode == "navigate" && destination == "document"
	}
	return r.Header.Get("Upgrade") == "" && r.Header.Get("X-Requested-With") == "" && acceptsPages(r)
}

func acceptsPages(r *http.Request) bool {
	for _, accept := range r.Header.Values("Accept") {
		for mediaType := range strings.SplitSeq(accept, ",") {
			mediaType, _, _ = strings.Cut(mediaType, ";")
			if strings.EqualFold(strings.TrimSpace(mediaType), "text/html") {
				return true
			}
		}
	}
	return false
}

// maxPageBytes bounds the page that a sign-in returns to: it travels in a URL.
const maxPageBytes = 2048

// asked gives the URL that a browser asked for: a router on the way here may have
// taken a prefix away from r.URL.
func asked(r *http.Request) *url.URL {
	if u, err := url.ParseRequestURI(r.RequestURI); err == nil {
		return u
	}
	return r.URL
}

// pageOf gives the path and query that a request asks for, to come back to; "/"
// where that would lead off the site or to the callback, which is no page.
func (b *Browser) pageOf(r *http.Request) string {
	u := asked(r)
	if sameRoute(u.Path, b.callback.Path) {
		return "/"
	}
	return pageOf(u)
}

// sameRoute reports whether a router may take the one path for the other.
func sameRoute(a, b string) bool {
	clean := func(p string) string { return path.Clean("/" + strings.ReplaceAll(p, `\`, "/")) }
	return strings.EqualFold(clean(a), clean(b))
}

func pageOf(u *url.URL) string {
	page := u.EscapedPath()
	if !signin.StaysOnSite(page) || len(page) > maxPageBytes {
		return "/"
	}
	if query := escapeQuery(u.RawQuery); query != "" && len(page)+1+len(query) <= maxPageBytes {
		page += "?" + query
	}
	return page
}

// escapeQuery escapes what a server accepts in a query, and a header or a URL
// does not have.
func escapeQuery(query string) string {
	var escaped strings.Builder
	for _, c := range []byte(query) {
		if c <= ' ' || c == '#' || c >= 0x7f {
			fmt.Fprintf(&escaped, "%%%02X", c)
		} else {
			escaped.WriteByte(c)
		}
	}
	return escaped.String()
}
