package secureflowstest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/emulator"
)

// What the mock knows. The application's allowlist of redirect URIs has
// RedirectURI, the same with the path /callback, and both at 127.0.0.1.
const (
	Workspace   = "demo-workspace"
	AppID       = "demo-app"
	RedirectURI = "http://localhost:8080/auth/callback"
)

// TB is what this package needs of a test: *testing.T, *testing.B and
// *testing.F have it.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Server is a running mock. It is safe for concurrent use; its methods fail the
// test rather than return errors.
type Server struct {
	t        TB
	emulator *emulator.Emulator
	http     *httptest.Server
	client   *secureflows.Client
}

// Options choose the vintage of the service where its published sources differ.
// The zero Options are its newer answers.
type Options struct {
	// ExpiredUnauthorized answers an expired token with 401 instead of 410.
	ExpiredUnauthorized bool
	// PayloadLimit413 answers a payload over the limit with 413 instead of 429.
	PayloadLimit413 bool
	// StableTokens answers a get-or-create with the session's last token while
	// it is good, instead of a fresh one.
	StableTokens bool
	// DropState forgets the state of a hosted login.
	DropState bool
	// RedirectURIs are added to the application's allowlist.
	RedirectURIs []string
	// TokenTTL is how long a token is good; 0 is 7 days, negative is no limit.
	TokenTTL time.Duration
	// PayloadTTL is how long a session lives; 0 is without end.
	PayloadTTL time.Duration
}

// NewServer starts a mock that stops with the test. options, at most one, are
// for a program that must work against another vintage or other redirect URIs.
func NewServer(t TB, options ...Options) *Server {
	t.Helper()
	if len(options) > 1 {
		t.Fatalf("secureflowstest: NewServer: %d options given; put everything into one", len(options))
	}
	var chosen Options
	if len(options) == 1 {
		chosen = options[0]
	}
	mock, err := emulator.New(chosen.config())
	if err != nil {
		t.Fatalf("secureflowstest: NewServer: %v", err)
	}
	s := &Server{t: t, emulator: mock, http: httptest.NewServer(mock)}
	s.http.Client().Transport.(*http.Transport).MaxIdleConnsPerHost = 100
	t.Cleanup(s.Close)
	if s.client, err = secureflows.New(s.Config()); err != nil {
		t.Fatalf("secureflowstest: NewServer: %v", err)
	}
	return s
}

// Start is [NewServer] for a program that is no test, such as a demonstration.
// It panics where NewServer fails the test. Stop it with [Server.Close].
func Start(options ...Options) *Server { return NewServer(program{}, options...) }

// program is the TB of a program.
type program struct{}

func (program) Helper()        {}
func (program) Cleanup(func()) {}
func (program) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...))
}

func (o Options) config() emulator.Config {
	app := emulator.App{
		ID: AppID, DisplayName: "Demo App", TokenTTL: o.TokenTTL, PayloadTTL: o.PayloadTTL,
		RedirectURIs: append(emulator.DefaultRedirectURIs(), o.RedirectURIs...),
	}
	cfg := emulator.Config{
		Workspaces:   []emulator.Workspace{{Name: Workspace, Apps: []emulator.App{app}}},
		StableTokens: o.StableTokens,
		DropState:    o.DropState,
	}
	if o.ExpiredUnauthorized {
		cfg.ExpiredStatus = http.StatusUnauthorized
	}
	if o.PayloadLimit413 {
		cfg.PayloadLimitStatus = http.StatusRequestEntityTooLarge
	}
	return cfg
}

// Close stops the mock. A test need not call it, and closing twice does
// nothing.
func (s *Server) Close() {
	_ = s.emulator.Close() // always nil
	s.http.CloseClientConnections()
	s.http.Close()
}

// Origin is where the mock listens, on loopback.
func (s *Server) Origin() string { return s.http.URL }

// Config is what a client of the mock is made of, for a program that makes its
// own, or to change: it never retries.
func (s *Server) Config() secureflows.Config {
	return secureflows.Config{
		Workspace: Workspace, AppID: AppID, Origin: s.http.URL,
		HTTPClient: s.http.Client(), MaxRetries: -1,
	}
}

// Client is a client of the mock. It never retries, so that a fault is seen.
func (s *Server) Client() *secureflows.Client { return s.client }

// IDToken gives a Firebase ID token of the person with this e-mail address, who
// is signed up on first use. It is good for an hour of the mock's time.
func (s *Server) IDToken(email string) secureflows.IDToken {
	s.t.Helper()
	text, err := s.emulator.IDToken(email)
	s.check("IDToken", err)
	token, err := secureflows.NewIDToken(text)
	s.check("IDToken", err)
	return token
}

// UserID gives the id that [secureflows.Session.Identity] answers for the
// person with this e-mail address.
func (s *Server) UserID(email string) int64 {
	s.t.Helper()
	id, err := s.emulator.UserID(email)
	s.check("UserID", err)
	return id
}

// Session gives the session of the person with this e-mail address, signed in,
// on [Server.Client]: the newest active one, or a new one. It makes no request,
// so that limits, locks and faults are left for what is tested.
func (s *Server) Session(email string) *secureflows.Session {
	s.t.Helper()
	text, err := s.emulator.GetOrCreateSession(Workspace, AppID, email)
	s.check("Session", err)
	token, err := secureflows.NewToken(text)
	s.check("Session", err)
	return s.client.Session(token)
}

// Advance moves the mock's clock forward, for tokens, sessions and payloads.
func (s *Server) Advance(d time.Duration) {
	s.t.Helper()
	if d < 0 {
		s.t.Fatalf("secureflowstest: Advance: %v is negative; the clock only goes forward", d)
	}
	s.emulator.Advance(d)
}

// ExpireToken ends the token as its lifetime would. The session and its data
// live on, and renewal brings them back.
func (s *Server) ExpireToken(token secureflows.Token) {
	s.t.Helper()
	s.check("ExpireToken", s.emulator.ExpireToken(token.Reveal()))
}

// RevokeSession destroys the session of the token, and its data, as its user
// can from the account page.
func (s *Server) RevokeSession(token secureflows.Token) {
	s.t.Helper()
	s.check("RevokeSession", s.emulator.RevokeSession(token.Reveal()))
}

// Limits are those of the workspace's plan; 0 is no limit.
type Limits struct {
	MaxSessions     int // concurrent active sessions of the workspace
	MaxPayloadBytes int // of a payload's JSON
}

// SetLimits puts limits in force, in place of those before.
func (s *Server) SetLimits(limits Limits) {
	s.t.Helper()
	s.check("SetLimits", s.emulator.SetLimits(emulator.Limits(limits)))
}

// LockBilling puts the workspace under the billing lock, or ends it.
func (s *Server) LockBilling(locked bool) { s.emulator.LockBilling(locked) }

// Reset forgets sessions, data, faults, limits, the lock, recorded requests and
// the moved clock. People keep their ids.
func (s *Server) Reset() { s.emulator.Reset() }

func (s *Server) check(method string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("secureflowstest: %s: %v", method, err)
	}
}
