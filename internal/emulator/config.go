package emulator

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Config says what the emulator knows at start and which vintage of the
// contract it speaks. The zero Config is one workspace with one application,
// as [DefaultWorkspaces] gives them, no limits, and the newer vintage.
type Config struct {
	// Workspaces nil is DefaultWorkspaces().
	Workspaces []Workspace

	// Users are the emails of people who have signed up already. They get the
	// first user ids, in order. Anybody else signs up on first use.
	Users []string

	// Limits of the plan; zero fields are no limit. SetLimits changes them
	// until the next Reset.
	Limits Limits

	// ExpiredStatus answers an expired token: 410 "Session expired", also when
	// 0, or 401 "Session token expired". An expired session is 410 always.
	ExpiredStatus int

	// PayloadLimitStatus answers a payload over the limit: 429 with its code,
	// also when 0, or 413 without one.
	PayloadLimitStatus int

	// StableTokens makes get-or-create and logins that reuse a session answer
	// with the session's last token while that is good. False issues a fresh
	// one each time.
	StableTokens bool

	// DropState makes hosted login forget the state, as older servers did.
	DropState bool

	// CallbackErrors says how auth/callback refuses: as JSON without a redirect
	// ("json", also when empty), or by redirect to the allowlisted URI with
	// error, error_description and the state ("redirect"). A URI that is not
	// allowlisted is answered with JSON in both.
	CallbackErrors string

	// Seed is there from the start and again after each Reset.
	Seed Seed

	// ControlHosts are more names, in lower case, by which the control API may
	// be called. Those of loopback and the address a request arrived at are
	// names always; see guard.go for why others are not.
	ControlHosts []string

	// Logger gets one line per request, tokens redacted. Nil logs nothing.
	Logger *slog.Logger
}

// Workspace is a tenant: its sessions are invisible to every other.
type Workspace struct {
	Name string // required
	Apps []App  // may be empty: sessions can be opened without an application

	// DisableSelfService keeps people from their own list of sessions here,
	// and from revoking in it.
	DisableSelfService bool
}

// App is an application of a workspace.
type App struct {
	ID          string // required
	DisplayName string // "" is the ID

	// RedirectURIs is the allowlist. Entries match exactly, and their origins
	// are where a browser logout may lead.
	RedirectURIs []string

	// TokenTTL is how long a token of this application is good from its issue.
	// 0 is seven days, negative is for ever.
	TokenTTL time.Duration

	// PayloadTTL is how long a session of this application lasts; no token
	// outlives it. 0 is for ever.
	PayloadTTL time.Duration
}

// Limits of a workspace's plan. Zero is no limit.
type Limits struct {
	// MaxSessions counts the sessions of one workspace that are neither
	// revoked nor expired.
	MaxSessions int
	// MaxPayloadBytes is measured on the payload's compact JSON in UTF-8.
	MaxPayloadBytes int
}

const (
	defaultTokenTTL = 7 * 24 * time.Hour
	// A session opened without an application lasts this long, and so do its
	// tokens.
	directSessionTTL = time.Hour
	idTokenTTL       = time.Hour
)

// The values of Config.CallbackErrors.
const (
	CallbackErrorsJSON     = "json"
	CallbackErrorsRedirect = "redirect"
)

// DefaultRedirectURIs is the allowlist of the demo application.
func DefaultRedirectURIs() []string {
	return []string{
		"http://localhost:8080/auth/callback",
		"http://localhost:8080/callback",
		"http://127.0.0.1:8080/auth/callback",
		"http://127.0.0.1:8080/callback",
	}
}

// DefaultWorkspaces is what the zero Config serves: demo-workspace with
// demo-app, whose redirect URIs are DefaultRedirectURIs.
func DefaultWorkspaces() []Workspace {
	return []Workspace{{
		Name: "demo-workspace",
		Apps: []App{{ID: "demo-app", DisplayName: "Demo App", RedirectURIs: DefaultRedirectURIs()}},
	}}
}

// checkRedirectURI admits the schemes of native applications beside http and
// https, and never one that a browser would execute.
func checkRedirectURI(uri string) error {
	parsed, err := url.Parse(uri)
	if err != nil {
		return fmt.Errorf("it does not parse: %w", err)
	}
	switch {
	case parsed.Scheme == "":
		return fmt.Errorf("it is not absolute: write it with its scheme and host, such as http://localhost:8080/callback")
	case parsed.Scheme == "javascript" || parsed.Scheme == "data" || parsed.Scheme == "vbscript":
		return fmt.Errorf("the scheme %q runs code: use https", parsed.Scheme)
	case strings.HasPrefix(parsed.Scheme, "http") && parsed.Hostname() == "":
		return fmt.Errorf("it has no host: write it such as http://localhost:8080/callback")
	case strings.Contains(uri, "#"):
		return fmt.Errorf("it has a fragment: remove everything from the #")
	case parsed.User != nil:
		return fmt.Errorf("it has a user name: remove everything before the @")
	case strings.ContainsFunc(uri, func(c rune) bool { return c <= ' ' || c > '~' }):
		return fmt.Errorf("it has characters outside printable ASCII: percent-encode them")
	}
	return nil
}
