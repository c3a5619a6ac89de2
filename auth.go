package secureflows

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go/internal/transport"
)

// LoginOptions say how a hosted login begins and where it returns.
type LoginOptions struct {
	// RedirectURI is where hosted login returns to: a constant of the
	// application, absolute, without fragment, and exactly as the dashboard's
	// allowlist has it (localhost and 127.0.0.1 differ). Required.
	RedirectURI string

	// State comes back with the return. Make it unguessable, new for every
	// attempt, and bound to the browser, and refuse a return with another. ""
	// sends none.
	State string

	// TTL is how long the session lives, 1 minute to 7 days in whole seconds; 0
	// leaves it unlimited.
	TTL time.Duration

	// Payload is what a new session starts with, any value encoding/json writes
	// as an object; nil is nothing. A session that exists keeps what it has, so
	// a renewal takes none.
	Payload any
}

const (
	loginPath    = "/app/sessions/login"
	callbackPath = "/api/v1/auth/callback"
	logoutPath   = "/api/v1/auth/logout"
)

// hosted names the URL builders in errors.
func hosted(name string) *operation { return &operation{name: name, public: true} }

// LoginURL gives the URL of the hosted login page, to which the whole browser
// window is redirected: never a fetch, an iframe or a web view (CONTRACT
// "Hosted login"). A mistake in the options is [ErrInvalidRequest].
func (c *Client) LoginURL(options LoginOptions) (string, error) {
	parameters, err := c.loginParameters(hosted("login URL"), options)
	if err != nil {
		return "", err
	}
	return c.origin + loginPath + "?" + parameters.Encode(), nil
}

// RenewURL gives the URL at which hosted login renews an expired token: the
// return brings a new token for that session. It is for
// [ErrTokenExpired], and for whoever was signed in until then; after
// a sign-out or a revocation use [Client.LoginURL]. [Client.ReauthURL] chooses
// between the two.
//
// The URL holds the token: redirect to it, and keep it out of logs.
func (c *Client) RenewURL(expired Token, options LoginOptions) (string, error) {
	op := hosted("renew URL")
	if expired.IsZero() {
		return "", invalid(op.name, "no token to renew: the zero value was used; without a token use LoginURL")
	}
	if options.Payload != nil {
		return "", invalid(op.name, "LoginOptions.Payload is set, and a renewal takes none: the session keeps what it has")
	}
	parameters, err := c.loginParameters(op, options)
	if err != nil {
		return "", err
	}
	parameters.Set("session_token", expired.Reveal())
	return c.origin + loginPath + "?" + parameters.Encode(), nil
}

// ReauthURL gives the URL that err calls for, when err signs the user out: a
// renewal of token after [ErrTokenExpired], and a fresh login, which knows
// nothing of the old token, after the other sign-outs and after a renewal by
// somebody who does not own the session. ok is false for any other err, nil
// included: an outage or a billing lock sends nobody to a login page.
//
// On a renewal options.Payload is left out. Options that cannot be used give ok
// false too, and an error in the log: check them once with LoginURL.
func (c *Client) ReauthURL(err error, token Token, options LoginOptions) (url string, ok bool) {
	if !errors.Is(err, ErrSignedOut) && !notOwner(err) {
		return "", false
	}
	var failure error
	if errors.Is(err, ErrTokenExpired) && !token.IsZero() && !c.revoked.has(token) {
		options.Payload = nil
		url, failure = c.RenewURL(token, options)
	} else {
		url, failure = c.LoginURL(options)
	}
	if failure != nil && c.logger != nil {
		c.logger.Error("secureflows: no reauth URL", "error", failure)
	}
	return url, failure == nil
}

// notOwner reports whether err is the refusal to renew somebody else's session.
func notOwner(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.notOwner
}

// LogoutURL gives the URL that signs a browser out, to be reached by a
// redirect of the whole window, which then comes to redirectURI. Only that
// clears the hosted sign-in too; the data stays.
//
// redirectURI is absolute and shares an origin with the allowlist. Refused, as
// [ErrInvalidRequest], is what would sign the user straight in again: a
// callback route (a path that ends in /callback or /callback.html, or a
// redirect URI this client has built a login for) and anything that carries
// session_token.
//
// The URL holds the token: redirect to it, and keep it out of logs.
func (c *Client) LogoutURL(token Token, redirectURI string) (string, error) {
	op := hosted("logout URL")
	if token.IsZero() {
		return "", invalid(op.name, "no token to sign out: the zero value was used")
	}
	target, err := parseRedirect(op, "post-logout URI", redirectURI)
	if err != nil {
		return "", err
	}
	if carriesToken(redirectURI, token) {
		return "", invalid(op.name, "the post-logout URI carries a session token, which would sign the user in again: leave it out")
	}
	if isCallback(target.Path) || c.callbacks.has(target) {
		return "", invalid(op.name, "the post-logout URI is a callback route, which would sign the user in again: use another page, such as /")
	}
	parameters := url.Values{"session_token": {token.Reveal()}, "redirect_uri": {redirectURI}}
	return c.origin + logoutPath + "?" + parameters.Encode(), nil
}

// loginParameters gives what login and renewal have in common.
func (c *Client) loginParameters(op *operation, options LoginOptions) (url.Values, error) {
	target, err := parseRedirect(op, "RedirectURI", options.RedirectURI)
	if err != nil {
		return nil, err
	}
	parameters := url.Values{
		"app_id":         {c.appID},
		"workspace_name": {c.workspace},
		"redirect_uri":   {options.RedirectURI},
	}
	if options.State != "" {
		parameters.Set("state", options.State)
	}
	if ttl := options.TTL; ttl != 0 {
		if ttl < time.Minute || ttl > 7*24*time.Hour || ttl%time.Second != 0 {
			return nil, invalid(op.name, "the TTL %v is not 1 minute to 7 days in whole seconds (0 is unlimited)", ttl)
		}
		parameters.Set("ttl_seconds", strconv.FormatInt(int64(ttl/time.Second), 10))
	}
	payload, err := encodeObject(op, options.Payload)
	if err != nil {
		return nil, err
	}
	if payload != nil {
		parameters.Set("payload", string(bytes.TrimSpace(payload)))
	}
	c.callbacks.add(target)
	return parameters, nil
}

// parseRedirect refuses what the service's allowlist cannot hold.
func parseRedirect(op *operation, what, text string) (*url.URL, *Error) {
	if text == "" {
		return nil, invalid(op.name, "the %s is missing", what)
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, invalid(op.name, "the %s cannot be read as a URL", what)
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return nil, invalid(op.name, "the %s is not absolute: write scheme, host and path, such as https://app.example.com/auth/callback", what)
	case strings.Contains(text, "#"):
		return nil, invalid(op.name, "the %s has a fragment: leave out the # and what follows", what)
	case u.User != nil:
		return nil, invalid(op.name, "the %s has a user name in it: leave it out", what)
	}
	return u, nil
}

// isCallback reports whether a browser that is sent to path may come to a
// callback route, whatever the spelling: it resolves dots, and many a router
// takes upper case, further slashes and percent-encoding for the same.
func isCallback(route string) bool {
	for decoded := transport.Unescape(route); decoded != route; decoded = transport.Unescape(route) {
		route = decoded
	}
	last := strings.ToLower(path.Base(path.Clean("/" + strings.ReplaceAll(route, `\`, "/"))))
	last, _, _ = strings.Cut(last, ";")
	return last == "callback" || last == "callback.html"
}

// carriesToken reports whether uri holds the parameter that renews a session,
// or the token itself, however often percent-encoded.
func carriesToken(uri string, token Token) bool {
	for {
		lower := strings.ToLower(uri)
		if strings.Contains(lower, "session_token") || strings.Contains(lower, "sessiontoken=") || strings.Contains(uri, token.Reveal()) {
			return true
		}
		decoded := transport.Unescape(uri)
		if decoded == uri {
			return false
		}
		uri = decoded
	}
}

// RedirectCheck is the answer to [Client.ValidateRedirect].
type RedirectCheck struct {
	Valid       bool   `json:"valid"`
	AppID       string `json:"appId"`
	RedirectURI string `json:"redirectUri"`
	Reason      string `json:"reason"`      // in words; "ok" when valid
	DisplayName string `json:"displayName"` // of the application, when valid
}

// ValidateRedirect asks whether uri is on the application's allowlist (POST
// /applications/validate-redirect), without a token. It is for a check at
// start-up: an invalid URI is an answer, not an error.
func (c *Client) ValidateRedirect(ctx context.Context, uri string) (RedirectCheck, error) {
	body, err := encode(&opValidateRedirect, "the request", struct {
		AppID       string `json:"appId"`
		RedirectURI string `json:"redirectUri"`
	}{c.appID, uri})
	if err != nil {
		return RedirectCheck{}, err
	}
	answer, err := c.send(ctx, request{op: &opValidateRedirect, body: body})
	if err != nil {
		return RedirectCheck{}, err
	}
	var form struct {
		Valid json.RawMessage `json:"valid"`
		RedirectCheck
	}
	if err := object(&opValidateRedirect, answer, &form); err != nil {
		return RedirectCheck{}, err
	}
	if json.Unmarshal(form.Valid, &form.RedirectCheck.Valid) != nil || string(form.Valid) == "null" {
		return RedirectCheck{}, malformed(&opValidateRedirect, answer, "an answer without a verdict")
	}
	return form.RedirectCheck, nil
}
