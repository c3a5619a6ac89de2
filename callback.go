package secureflows

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/secureflows/secureflows-go/internal/transport"
)

// Callback is what hosted login returned with. Exactly one of Token and IDToken
// is set.
type Callback struct {
	// Token is the signed-in session's.
	Token Token
	// State is what the login was begun with. Compare it with what this browser
	// was given, and refuse the return when it differs.
	State string
	// IDToken is set by a legacy return, which has not got a session yet:
	// redirect the browser to [Client.CompleteURL].
	IDToken IDToken
}

// CallbackError is a hosted login that did not succeed. Show a page with a link
// to try again; redirecting to the login by itself makes a loop.
type CallbackError struct {
	// Code is hosted login's error, such as access_denied when the person
	// cancelled, or one of [CallbackIncomplete] and [CallbackMalformed].
	Code string
	// Description is for people, and may have been written by anybody who made
	// the link: escape it.
	Description string
}

const (
	// CallbackIncomplete is the [CallbackError] code of a return with neither a
	// token nor an error: somebody opened the callback page by hand, or a proxy
	// dropped the query.
	CallbackIncomplete = "incomplete_return"
	// CallbackMalformed is the [CallbackError] code of a return that cannot be
	// read, or has a parameter twice.
	CallbackMalformed = "malformed_return"
)

func (e *CallbackError) Error() string {
	if e.Description == "" {
		return fmt.Sprintf("secureflows: callback: login failed: %q", e.Code)
	}
	return fmt.Sprintf("secureflows: callback: login failed: %q: %q", e.Code, e.Description)
}

// ParseCallback reads the return of a hosted login from the query of r, on a
// route that needs no session. The error is a *[CallbackError]; an error= in
// the query wins over a token beside it. Afterwards redirect away from the URL,
// which holds the token.
//
// Source: CONTRACT "Hosted login".
func ParseCallback(r *http.Request) (Callback, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Callback{}, &CallbackError{Code: CallbackMalformed, Description: "the query cannot be read"}
	}
	for _, name := range []string{"error", "error_description", "sessionToken", "firebaseToken", "state"} {
		if len(query[name]) > 1 {
			return Callback{}, &CallbackError{Code: CallbackMalformed, Description: name + " stands there twice"}
		}
	}
	if query.Has("error") {
		return Callback{}, loginFailed(query)
	}
	callback := Callback{State: query.Get("state")}
	switch {
	case query.Has("sessionToken"):
		callback.Token, err = NewToken(query.Get("sessionToken"))
	case query.Has("firebaseToken"):
		callback.IDToken, err = NewIDToken(query.Get("firebaseToken"))
	default:
		return Callback{}, &CallbackError{Code: CallbackIncomplete, Description: "the return carries neither a token nor an error"}
	}
	if err != nil {
		return Callback{}, &CallbackError{Code: CallbackMalformed, Description: "the token in the return is none"}
	}
	return callback, nil
}

// loginFailed gives hosted login's error, with nothing in it of a token that
// came beside it.
func loginFailed(query url.Values) *CallbackError {
	show := func(name string, limit int) string {
		return transport.Clean(query.Get(name), limit, query.Get("sessionToken"), query.Get("firebaseToken"))
	}
	return &CallbackError{Code: show("error", 64), Description: show("error_description", 512)}
}

// CompleteURL gives the URL that completes a legacy return, one whose
// [Callback] has an IDToken: redirect the browser there, and it comes back to
// options.RedirectURI with a session token. options are those the login was
// begun with.
//
// The URL holds the ID token: redirect to it, and keep it out of logs.
func (c *Client) CompleteURL(callback Callback, options LoginOptions) (string, error) {
	op := hosted("complete URL")
	if callback.IDToken.IsZero() {
		return "", invalid(op.name, "the callback has no IDToken: only a legacy return is completed this way")
	}
	parameters, err := c.loginParameters(op, options)
	if err != nil {
		return "", err
	}
	parameters.Set("firebaseToken", callback.IDToken.Reveal())
	parameters.Set("client_redirect_uri", options.RedirectURI)
	parameters.Del("redirect_uri")
	return c.origin + callbackPath + "?" + parameters.Encode(), nil
}

// callbackURIs remembers what this client has built logins for. An application
// has one or two; the bound is for one that makes them up.
type callbackURIs struct {
	mu   sync.RWMutex // guards seen
	seen map[string]struct{}
}

const maxCallbackURIs = 1024

func (c *callbackURIs) add(u *url.URL) {
	if c.has(u) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = make(map[string]struct{})
	}
	if len(c.seen) < maxCallbackURIs {
		c.seen[route(u)] = struct{}{}
	}
}

func (c *callbackURIs) has(u *url.URL) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	_, ok := c.seen[route(u)]
	return ok
}

// route is where u leads, whatever its query and its spelling.
func route(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if port := u.Port(); port != "" && !(u.Scheme == "https" && port == "443") && !(u.Scheme == "http" && port == "80") {
		host += ":" + port
	}
	return u.Scheme + "://" + host + strings.TrimSuffix(u.Path, "/")
}
