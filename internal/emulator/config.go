package emulator

import (
	"fmt"
	"log/slog"
	"net/http"
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

	// Logger gets one line per request, tokens redacted. Nil logs nothing.
	Logger *slog.Logger
}

// Workspace is a tenant: its sessions are invisible to every other.
type Workspace struct {
	Name string // required
	Apps []App  // may be empty: sessions can be opened without an application
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

func (c Config) check() error {
	switch c.ExpiredStatus {
	case 0, http.StatusGone, http.StatusUnauthorized:
	default:
		return fmt.Errorf("emulator: ExpiredStatus is %d: it is 410, 401, or 0 for 410", c.ExpiredStatus)
	}
	switch c.PayloadLimitStatus {
	case 0, http.StatusTooManyRequests, http.StatusRequestEntityTooLarge:
	default:
		return fmt.Errorf("emulator: PayloadLimitStatus is %d: it is 429, 413, or 0 for 429", c.PayloadLimitStatus)
	}
	switch c.CallbackErrors {
	case "", CallbackErrorsJSON, CallbackErrorsRedirect:
	default:
		return fmt.Errorf("emulator: CallbackErrors is %q: it is %q, %q, or empty for %[2]q",
			c.CallbackErrors, CallbackErrorsJSON, CallbackErrorsRedirect)
	}
	if err := c.Limits.check(); err != nil {
		return fmt.Errorf("emulator: %w", err)
	}
	names := make(map[string]bool)
	for _, workspace := range c.Workspaces {
		if names[workspace.Name] {
			return fmt.Errorf("emulator: workspace %q is configured twice: merge their apps", workspace.Name)
		}
		names[workspace.Name] = true
		if err := workspace.check(); err != nil {
			return fmt.Errorf("emulator: %w", err)
		}
	}
	return nil
}

func (w Workspace) check() error {
	if strings.TrimSpace(w.Name) == "" {
		return fmt.Errorf("a workspace has no Name: give one such as demo-workspace")
	}
	ids := make(map[string]bool)
	for _, app := range w.Apps {
		if ids[app.ID] {
			return fmt.Errorf("workspace %q has two apps with the ID %q: merge their redirect URIs", w.Name, app.ID)
		}
		ids[app.ID] = true
		if err := app.check(); err != nil {
			return fmt.Errorf("workspace %q: %w", w.Name, err)
		}
	}
	return nil
}

func (a App) check() error {
	if strings.TrimSpace(a.ID) == "" {
		return fmt.Errorf("an app has no ID: give one such as demo-app")
	}
	if a.PayloadTTL < 0 {
		return fmt.Errorf("app %q: PayloadTTL is %v: it is positive, or 0 for no end", a.ID, a.PayloadTTL)
	}
	for _, uri := range a.RedirectURIs {
		if err := checkRedirectURI(uri); err != nil {
			return fmt.Errorf("app %q: redirect URI %q: %w", a.ID, uri, err)
		}
	}
	return nil
}

// check is shared by Config, SetLimits and the control API.
func (l Limits) check() error {
	if l.MaxSessions < 0 {
		return fmt.Errorf("MaxSessions is %d: it is positive, or 0 for no limit", l.MaxSessions)
	}
	if l.MaxPayloadBytes < 0 {
		return fmt.Errorf("MaxPayloadBytes is %d: it is positive, or 0 for no limit", l.MaxPayloadBytes)
	}
	return nil
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
