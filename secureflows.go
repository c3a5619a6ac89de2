// Package secureflows is the client of secureFlows, the service that signs
// people in on its own pages and keeps one encrypted record of private data
// per user.
//
// A [Client] is made once; a [Session] is one signed-in user's data, reached
// with the token that hosted login gave:
//
//	client, err := secureflows.New(secureflows.Config{
//		Workspace: "demo-workspace",
//		AppID:     "demo-app",
//	})
//	if err != nil {
//		return err
//	}
//	session := client.Session(token)
//	theme, err := secureflows.GetOr(ctx, session, "theme", "light")
//	_, err = session.Set(ctx, "theme", "dark")
//
// # Where tokens come from
//
// A web application sends the browser to [Client.LoginURL] and reads the return
// with [ParseCallback]. A backend takes the bearer token of each request. A
// job, a command-line tool or a test that holds a Firebase ID token calls
// [Client.GetOrCreateSession]. Tokens live in memory only and print as
// [REDACTED]; see [Token].
//
// # Stored data
//
// A payload is one JSON object per session, one logical value per key. Read and
// write typed values with [Get], [GetOr] and [Session.Set]; declare the keys of
// an application once with [Key] and [Collection].
//
// # When a call fails
//
// Each failure carries one sentinel that says what to do, and the facts in
// [*Error]:
//
//	switch {
//	case errors.Is(err, secureflows.ErrSignedOut):
//		url, _ := client.ReauthURL(err, session.Token(), login) // send the user there
//	case errors.Is(err, secureflows.ErrUnavailable):
//		// says nothing about the user: a 503, never a sign-out
//	}
//
// # Common mistakes
//
// Five rules of the service, and the lines that keep them:
//
//	// A 404 on a key is no failure: it was never written, and has a default.
//	theme, err := secureflows.GetOr(ctx, session, "theme", "light")
//
//	// Who it is, the service says: no request body, and no decoded token.
//	identity, err := session.Identity(ctx)
//
//	// A 410 is no loss of data: renew the token, and everything is there.
//	renewal, ok := client.ReauthURL(err, session.Token(), login)
//
//	// Signing out destroys nothing; Revoke is for "delete my data" alone.
//	signOut, err := client.LogoutURL(session.Token(), "https://app.example.com/") // sends a browser there
//	err = session.Logout(ctx) // signs out anything else
//
// In words, with what else goes wrong:
//
//   - [Session.Revoke] is not a sign-out: it destroys the data.
//   - A key that was never written is not a failure: use [GetOr] or a [Key], or
//     test for [ErrKeyNotFound]. An outage is one, and has no default.
//   - [ErrTokenExpired] is not a loss of data.
//   - Who the user is stands in no request body, no query and no token: a body
//     says what its sender likes, and a token is opaque and never decoded. The
//     key to a person is [Identity].UserID; an e-mail address may change hands.
//   - [ErrUnavailable], [ErrGraceLock] and [ErrForbidden] sign nobody out.
//   - A call is never repeated with a token that was refused: [ErrSignedOut] is
//     the token's end.
//   - Tokens go into no file, cookie, log or error: hand on the [Token], and
//     call [Token.Reveal] where it is sent and nowhere else.
//   - [Client.CreateSession] at each login makes a second session without the
//     first one's data: use [Client.GetOrCreateSession].
//   - A browser after [Session.Logout] is still signed in at hosted login, one
//     click from being back: redirect it to [Client.LogoutURL] instead.
//   - A set replaces the whole value. Many records under one key overwrite each
//     other: give each a key of its own, by a [Collection].
//
// # Tests
//
// Package secureflowstest is a mock of the service that runs inside a test.
package secureflows

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"unicode"

	"github.com/secureflows/secureflows-go/internal/transport"
)

// ProductionOrigin is where the service lives.
const ProductionOrigin = "https://www.secure-flows.com"

// Config is what [New] makes a client of. Workspace, AppID and Origin are
// constants of the application, written in its code: not read from the
// environment, and never from a request.
type Config struct {
	// Workspace is the name of the workspace, from the dashboard. Required.
	Workspace string

	// AppID is the id of the application, from the dashboard. Required.
	AppID string

	// Origin is the scheme, host and port of the service, without a path. ""
	// is [ProductionOrigin]. Plain http is accepted on loopback only, where a
	// mock runs.
	Origin string

	// HTTPClient brings the transport (proxies, certificates, instrumentation)
	// and the timeout of each attempt. It is used, never changed; its redirect
	// policy and cookie jar are left aside, because a credential follows no
	// redirect and a call is made for its token's user alone. nil is a pool of
	// connections of the client's own, with 30 s for each attempt.
	//
	// A transport that records URLs sees the session token in the path of
	// [Client.RenewSession]: let it record [RedactURL] instead.
	HTTPClient *http.Client

	// MaxRetries is how often a call is repeated after an outage or a rate
	// limit. 0 is the default of 3, negative is none. Only what is safe to
	// repeat is repeated; waits are short, follow Retry-After up to 30 s each,
	// and never outlast the context: give it a deadline. (net/http repeats a
	// read by itself when a kept connection turns out to be closed.)
	MaxRetries int

	// Logger gets one debug record per attempt, and one warning when a call
	// gives up on an outage or a rate limit, without tokens, URLs or data. nil
	// is silent.
	Logger *slog.Logger
}

// Client is the way to one application of one workspace. It is immutable and
// safe for concurrent use; make one and share it.
type Client struct {
	workspace string
	appID     string
	origin    string
	logger    *slog.Logger
	transport *transport.Client

	revoked   revokedTokens
	listeners listeners
	callbacks callbackURIs
}

// New makes a client. It performs no I/O and reads no environment. A Config
// that cannot work is refused as [ErrInvalidRequest], with the field and the
// fix in the message.
func New(cfg Config) (*Client, error) {
	if err := checkName("Workspace", cfg.Workspace); err != nil {
		return nil, err
	}
	if err := checkName("AppID", cfg.AppID); err != nil {
		return nil, err
	}
	origin, err := parseOrigin(cfg.Origin)
	if err != nil {
		return nil, err
	}
	return &Client{
		workspace: cfg.Workspace,
		appID:     cfg.AppID,
		origin:    origin.String(),
		logger:    cfg.Logger,
		transport: transport.New(transport.Config{
			Origin:     origin,
			HTTPClient: cfg.HTTPClient,
			MaxRetries: retries(cfg.MaxRetries),
			UserAgent:  userAgent(),
			Logger:     cfg.Logger,
		}),
	}, nil
}

// Format prints which application of which workspace this is the client of,
// under every verb. Without it, fmt would walk through the maps below while
// others write to them.
func (c *Client) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "secureflows.Client(%s %s/%s)", c.origin, c.workspace, c.appID)
}

func retries(configured int) int {
	if configured == 0 {
		return 3
	}
	return max(configured, 0)
}

func checkName(field, value string) error {
	switch {
	case value == "":
		return invalid("new", "Config.%s is missing: take it from the dashboard and write it in the code", field)
	case strings.TrimSpace(value) != value, strings.ContainsFunc(value, unicode.IsControl):
		return invalid("new", "Config.%s has white space around it or control characters in it: write it as the dashboard shows it", field)
	}
	return nil
}

func parseOrigin(text string) (*url.URL, error) {
	if text == "" {
		text = ProductionOrigin
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || strings.HasSuffix(u.Host, ":") || u.Scheme != "https" && u.Scheme != "http" {
		return nil, invalid("new", "Config.Origin is no origin: write scheme and host, such as %s", ProductionOrigin)
	}
	if u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#") {
		return nil, invalid("new", "Config.Origin has more than scheme, host and port: write %s://%s", u.Scheme, u.Host)
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return nil, invalid("new", "Config.Origin is plain http, which shows tokens to everyone on the way: write https://%s (http is for a mock on loopback)", u.Host)
	}
	return u, nil
}

// isLoopback reports whether host is this machine by its name alone.
func isLoopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	// Names below localhost are this machine to a browser, but Go asks DNS.
	return strings.EqualFold(host, "localhost")
}

// OnSignedOut calls listener whenever this client has ended a token or seen it
// refused: after a logout, whatever came of it; after a revocation that
// succeeded or may have; after a renewal, for the token it replaced; and when
// the service answers a call as signed out. Whoever keeps answers about tokens
// (a cache, other replicas) drops them then. A call the listener is told of
// returns after it; listeners must be quick and safe for concurrent use.
//
// stop ends the calls, but for one that has begun; it may be called more than
// once.
func (c *Client) OnSignedOut(listener func(Token)) (stop func()) {
	return c.listeners.add(listener)
}

// listeners are the functions of OnSignedOut.
type listeners struct {
	mu   sync.RWMutex // guards next and all
	next int
	all  map[int]func(Token)
}

func (l *listeners) add(listener func(Token)) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = make(map[int]func(Token))
	}
	id := l.next
	l.next++
	l.all[id] = listener
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.all, id)
	}
}

// tell calls the listeners without holding the lock: one of them may stop
// itself, or make calls of its own.
func (l *listeners) tell(token Token) {
	l.mu.RLock()
	all := make([]func(Token), 0, len(l.all))
	for _, listener := range l.all {
		all = append(all, listener)
	}
	l.mu.RUnlock()
	for _, listener := range all {
		listener(token)
	}
}
