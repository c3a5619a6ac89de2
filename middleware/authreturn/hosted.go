package authreturn

import (
	"fmt"
	"net/url"

	"github.com/secureflows/secureflows-go/internal/remote"
)

const (
	loginPath  = "/auth/login"
	signupPath = "/auth/signup"
)

// LoginURL gives the URL of the hosted page where people log in, which leads back
// to callback with a token in the query. [SignIn] does that with a nonce; without
// one, anybody can sign a visitor in as somebody else by a link.
//
// It refuses, as secureflows.ErrInvalidRequest, a callback that is no absolute
// URL, https off loopback, or that has a query or a fragment: what the service
// does with those is not published.
func (r *Resolver) LoginURL(callback string) (string, error) {
	return r.hosted("login URL", loginPath, callback)
}

// SignupURL is LoginURL for the page where people sign up.
func (r *Resolver) SignupURL(callback string) (string, error) {
	return r.hosted("signup URL", signupPath, callback)
}

func (r *Resolver) hosted(op, path, callback string) (string, error) {
	back, err := returnURL("callback", callback)
	if err != nil {
		return "", fmt.Errorf("authreturn: %s: %w", op, err)
	}
	return r.hostedURL(path, back), nil
}

func (r *Resolver) hostedURL(path string, back *url.URL) string {
	return r.origin.String() + path + "?" + url.Values{"redirect_uri": {back.String()}}.Encode()
}

// returnURL reads a URL that the service is to return to. field names it in the
// error.
func returnURL(field, text string) (*url.URL, error) {
	u, err := remote.Page(field, text)
	if err != nil {
		return nil, err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return nil, misconfigured("%s has a query, and it is not known whether the service keeps it: put what you need into the path", field)
	}
	return u, nil
}
