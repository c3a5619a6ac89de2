package authreturntest

import (
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtsign"
	"github.com/secureflows/secureflows-go/internal/providermock"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// Password is that of everybody whom [Server.Token], [Server.UserID],
// [Server.Claims] or [Server.SignIn] has signed up.
const Password = "correct horse"

const (
	tokenLife     = 30 * 24 * time.Hour
	refreshWindow = 7 * 24 * time.Hour
)

// Server is a running mock. It is safe for concurrent use; its methods fail the
// test rather than return errors.
type Server struct {
	t       secureflowstest.TB
	mock    *providermock.Mock
	origin  string
	key     *jwtsign.Key
	people  *people
	options Options
}

// Options choose what the service's guide does not say. The zero Options refuse.
type Options struct {
	// RefreshEarly refreshes a token that has more than 7 days left.
	RefreshEarly bool
	// RefreshExpired refreshes a token that has expired.
	RefreshExpired bool
}

// NewServer starts a mock that stops with the test. There are at most one
// options.
func NewServer(t secureflowstest.TB, options ...Options) *Server {
	t.Helper()
	s := &Server{
		t: t, mock: providermock.New("authreturntest", t, refusal), key: jwtsign.HMAC(jwtsign.NewSecret()), people: newPeople(),
		options: providermock.Chosen(t, "authreturntest: NewServer", options),
	}
	s.origin = s.mock.Listen(s.answer)
	return s
}

// Start is [NewServer] for a program that is no test, such as a demonstration.
// It panics where NewServer fails the test. Stop it with [Server.Close].
func Start(options ...Options) *Server { return NewServer(providermock.Program{}, options...) }

// Close stops the mock. A test need not call it, and closing twice does
// nothing.
func (s *Server) Close() { s.mock.Close() }

// Origin is where the mock listens, on loopback.
func (s *Server) Origin() string { return s.origin }

// Secret gives the key of the mock's HS256 tokens, 32 bytes.
func (s *Server) Secret() []byte { return s.key.Secret() }

// Now is the mock's time, for what verifies tokens by itself.
func (s *Server) Now() time.Time { return s.mock.Now() }

// Advance moves the mock's clock forward. A token is good for 30 days.
func (s *Server) Advance(d time.Duration) {
	s.t.Helper()
	s.mock.Advance(d)
}

// UserID gives the id of the person with this e-mail address, who is signed up
// on first use. The first person has id 1.
func (s *Server) UserID(email string) int64 {
	s.t.Helper()
	return s.person("UserID", email).id
}

// Token gives a fresh token of the person with this e-mail address, who is
// signed up on first use. It makes no request.
func (s *Server) Token(email string) secureflows.Token {
	s.t.Helper()
	text, err := s.key.Sign(s.claims(s.person("Token", email), s.Now()), nil)
	return s.mock.Token("Token", text, err)
}

// Claims gives what a fresh token of the person would say, to be changed and
// handed to [Server.Sign]: user_id, email, iat and exp.
func (s *Server) Claims(email string) map[string]any {
	s.t.Helper()
	return s.claims(s.person("Claims", email), s.Now())
}

// Sign gives a token with exactly these claims, signed as the service's are:
// without exp, with a user_id that is text, and whatever else a verifier is to
// refuse.
func (s *Server) Sign(claims map[string]any) secureflows.Token {
	s.t.Helper()
	text, err := s.key.Sign(claims, nil)
	return s.mock.Token("Sign", text, err)
}

func (s *Server) claims(p *person, now time.Time) map[string]any {
	return map[string]any{"user_id": p.id, "email": p.email, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix()}
}

func (s *Server) person(method, email string) *person {
	s.t.Helper()
	s.mock.Check(method, providermock.CheckEmail(email))
	return s.people.known(email)
}

// Fail makes the next matching requests meet the fault, after those of earlier
// faults. One with a status and no body has the service's error form.
func (s *Server) Fail(fault secureflowstest.Fault) {
	s.t.Helper()
	s.mock.Fail(fault)
}

// Request is one that arrived, with [REDACTED] in place of credentials in its
// header. Its query and body are not shown.
type Request struct {
	Time   time.Time // by the mock's clock
	Method string
	Path   string // percent-encoded, as sent
	Header http.Header
	// Tokens came with it: the credentials of the Authorization header, and
	// whatever looks like a JWT in its query, headers or body.
	Tokens []secureflows.Token
	Status int // answered; 0 when the connection broke without an answer
}

// Requests gives what arrived, the oldest first; the last thousand are kept.
func (s *Server) Requests() []Request {
	var requests []Request
	for _, a := range s.mock.Requests() {
		requests = append(requests, Request{a.Time, a.Method, a.Path, a.Header, a.Tokens, a.Status})
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
