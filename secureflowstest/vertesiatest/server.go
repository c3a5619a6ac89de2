package vertesiatest

import (
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtsign"
	"github.com/secureflows/secureflows-go/internal/providermock"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// What the mock knows from the start. Audience is the aud of tokens that are
// asked for without one.
const (
	AccountID = "demo-account"
	ProjectID = "demo-project"
	Audience  = "mock-audience"
)

// Server is a running mock. It is safe for concurrent use; its methods fail the
// test rather than return errors.
type Server struct {
	t       secureflowstest.TB
	mock    *providermock.Mock
	options Options
	keys    *jwtsign.Ring
	google  *jwtsign.Ring // signs Firebase ID tokens; nobody publishes it
	world   *world

	sts, central, studio string
}

// Options choose what is not published, or differs between versions of the
// service.
type Options struct {
	// RS256 signs by it what is asked for without an algorithm, instead of ES256.
	RS256 bool
	// TokenTTL is how long a token is good; 0 is an hour.
	TokenTTL time.Duration
	// Newcomers is what happens to a person who has no user yet.
	Newcomers Newcomers
	// PlainForbidden answers a refusal of /token/issue in plain text, without a
	// code, as an old STS does.
	PlainForbidden bool
	// BareCentral lets central auth return tokens without roles, permissions
	// and apps, which are to be exchanged at /token/issue.
	BareCentral bool
}

// Newcomers are people with a Firebase token and no user.
type Newcomers int

// What /token/issue answers a newcomer, and ensure-user afterwards.
const (
	NewcomersWelcome Newcomers = iota // 404, then a member of AccountID
	NewcomersSignUp                   // 412, and 412
	NewcomersInvited                  // 404, then 403: an invite is needed
)

// NewServer starts a mock that stops with the test. There are at most one
// options.
func NewServer(t secureflowstest.TB, options ...Options) *Server {
	t.Helper()
	s := &Server{
		t: t, mock: providermock.New("vertesiatest", t, refusal),
		options: providermock.Chosen(t, "vertesiatest: NewServer", options),
		keys:    jwtsign.NewRing(), google: jwtsign.NewRing(), world: newWorld(),
	}
	switch {
	case s.options.TokenTTL < 0:
		t.Fatalf("vertesiatest: NewServer: TokenTTL %v is negative; sign expired tokens by Sign, or Advance the clock", s.options.TokenTTL)
	case s.options.TokenTTL == 0:
		s.options.TokenTTL = time.Hour
	}
	s.sts, s.central, s.studio = s.mock.Listen(s.stsAnswer), s.mock.Listen(s.centralAnswer), s.mock.Listen(s.studioAnswer)
	return s
}

// Start is [NewServer] for a program that is no test, such as a demonstration.
// It panics where NewServer fails the test. Stop it with [Server.Close].
func Start(options ...Options) *Server { return NewServer(providermock.Program{}, options...) }

// Close stops the mock. A test need not call it, and closing twice does
// nothing.
func (s *Server) Close() { s.mock.Close() }

// Origin is where the STS listens, on loopback. It is the iss of its tokens.
func (s *Server) Origin() string { return s.sts }

// CentralAuth is where people sign in.
func (s *Server) CentralAuth() string { return s.central }

// Studio is where /auth/ensure-user is.
func (s *Server) Studio() string { return s.studio }

// Now is the mock's time, for what verifies tokens by itself.
func (s *Server) Now() time.Time { return s.mock.Now() }

// Advance moves the mock's clock forward. A token is good for an hour, unless
// [Options] say otherwise.
func (s *Server) Advance(d time.Duration) {
	s.t.Helper()
	s.mock.Advance(d)
}

// RotateKeys signs with new keys from now on. The old ones stay in the key set.
func (s *Server) RotateKeys() { s.keys.Rotate() }

// RemoveOldKeys takes all keys but those that sign out of the key set, and with
// them every token that they have signed.
func (s *Server) RemoveOldKeys() { s.keys.RemoveOld() }

// Fail makes the next matching requests meet the fault, after those of earlier
// faults. One with a status and no body has the STS's error form. Paths of all
// three origins are matched.
func (s *Server) Fail(fault secureflowstest.Fault) {
	s.t.Helper()
	s.mock.Fail(fault)
}

// Request is one that arrived, with [REDACTED] in place of credentials in its
// header. Its query and body are not shown.
type Request struct {
	Time   time.Time // by the mock's clock
	Origin string    // which of the three it came to
	Method string
	Path   string // percent-encoded, as sent
	Header http.Header
	// Tokens came with it: the credentials of the Authorization header, and
	// whatever looks like a JWT or an API key in its query, headers or body.
	Tokens []secureflows.Token
	Status int // answered; 0 when the connection broke without an answer
}

// Requests gives what arrived at the three origins, the oldest first; the last
// thousand are kept.
func (s *Server) Requests() []Request {
	var requests []Request
	for _, a := range s.mock.Requests() {
		requests = append(requests, Request(a))
	}
	return requests
}

// Received reports whether the token's text was anywhere in the last thousand
// requests, as it is or encoded. A test of a chain of providers shows by it that
// nobody is told another's token.
func (s *Server) Received(token secureflows.Token) bool {
	s.t.Helper()
	return s.mock.Received(token)
}
