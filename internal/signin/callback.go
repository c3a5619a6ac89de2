package signin

import (
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/remote"
)

// ReadCallback reads SignInConfig.CallbackURL: a page without a query. element is
// what stands in the route after it, "" for nothing.
func ReadCallback(text, element string) (*url.URL, error) {
	const field = "SignInConfig.CallbackURL"
	callback, err := remote.Page(field, text)
	switch {
	case err != nil:
		return nil, err
	case strings.ContainsAny(callback.Path, "{}"):
		written, _, _ := strings.Cut(callback.Path, "/{")
		fix := "write " + callback.Scheme + "://" + callback.Host + written
		if element != "" {
			fix += " for the route " + written + "/" + element
		}
		return nil, fmt.Errorf("%w: %s has a { or }, as the pattern of a route has, and nobody would come back to that: %s", secureflows.ErrInvalidRequest, field, fix)
	case callback.RawQuery != "" || callback.ForceQuery:
		return nil, fmt.Errorf("%w: %s has a query, and what the provider makes of it is not known: leave it out", secureflows.ErrInvalidRequest, field)
	}
	return callback, nil
}

// Origin gives the origin of a URL as browsers spell it: without capitals, and
// without the port that goes without saying.
func Origin(u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if port == map[string]string{"https": "443", "http": "80"}[u.Scheme] {
		port = ""
	}
	switch {
	case port != "":
		host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	return u.Scheme + "://" + host
}
