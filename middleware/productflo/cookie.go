package productflo

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/secureflows/secureflows-go/internal/remote"
)

// CookieSource gives a source of tokens, for middleware.BearerConfig.TokenSource,
// that reads the cookie of this name. ProductFlo sets its cookies for its own
// host; they come here where both share a parent domain, or where a proxy sets
// them.
//
// A browser sends the cookie along with whatever any site makes it request. So
// the source has no token for a request that another origin has made: it is one
// without credentials, as if the cookie had stayed behind. This holds for every
// method, as a cross-site websocket is a GET, by the rules of
// [http.CrossOriginProtection]. A link from elsewhere that is opened as a page
// does have its token, so pages must change nothing on GET.
//
// trustedOrigins are the front ends on other origins, such as
// "https://app.example.com" for an API on api.example.com. They may do all that
// the person may.
//
// A request with two cookies of the name has no token either: a page on a sibling
// domain can add one of its own. CookieSource refuses, as
// secureflows.ErrInvalidRequest, what can be neither name nor origin.
func CookieSource(name string, trustedOrigins ...string) (source func(r *http.Request) (token string, ok bool), err error) {
	if (&http.Cookie{Name: name}).Valid() != nil {
		return nil, misconfigured("cookie source: the name is empty, or has a character that the name of a cookie cannot have: write the one that your deployment sets")
	}
	protection := http.NewCrossOriginProtection()
	for _, each := range trustedOrigins {
		if err := trust(protection, each); err != nil {
			return nil, err
		}
	}
	return func(r *http.Request) (string, bool) {
		cookies := r.CookiesNamed(name)
		if len(cookies) != 1 || cookies[0].Value == "" || !isPage(r) && !sameOrigin(r, protection) {
			return "", false
		}
		return cookies[0].Value, true
	}, nil
}

// trust adds an origin as browsers write it: the header is compared as it is.
func trust(protection *http.CrossOriginProtection, text string) error {
	origin, err := remote.Origin("a trusted origin", text)
	if err != nil {
		return fmt.Errorf("productflo: cookie source: %w", err)
	}
	host := strings.ToLower(origin.Host)
	if strings.Contains(host, "*") {
		return misconfigured("cookie source: a trusted origin has a wildcard: name each origin")
	}
	if origin.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	}
	if err := protection.AddTrustedOrigin(origin.Scheme + "://" + host); err != nil {
		return misconfigured("cookie source: a trusted origin is none: write scheme, host and port")
	}
	return nil
}

// isPage reports whether a browser shows the answer in a window of its own, where
// nobody but the person sees it. Only the browser can say so: Fetch Metadata is
// out of the reach of scripts.
func isPage(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// sameOrigin holds a request to the rules for those that change something,
// whatever its method.
func sameOrigin(r *http.Request, protection *http.CrossOriginProtection) bool {
	changing := *r
	changing.Method = http.MethodPost
	return protection.Check(&changing) == nil
}
