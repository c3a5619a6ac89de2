package productflotest

import (
	"cmp"
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtsign"
	"github.com/secureflows/secureflows-go/internal/providermock"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// Password is that of everybody whom a method has signed up, and not a request.
const Password = "correct horse"

// TenantHeader names the tenant that a request is for.
const TenantHeader = "X-Tenant-ID"

const tokenLife = time.Hour

// defaultRole is there because every token has a role.
const defaultRole = "Member"

// Server is a running mock. It is safe for concurrent use; its methods fail the
// test rather than return errors.
type Server struct {
	t       secureflowstest.TB
	mock    *providermock.Mock
	origin  string
	options Options
	secret  *jwtsign.Key  // signs by HS256
	keys    *jwtsign.Ring // signs by ES256 and RS256
	people  *people
}

// Options choose what the service does not publish.
type Options struct {
	// Algorithm signs the tokens: HS256, ES256 or RS256; "" is HS256.
	Algorithm string
	// Session makes the body of GET /auth/session from the claims of the token
	// that came, whose numbers are json.Number; nil is an object with
	// the user's "id", and what is not JSON a 500.
	Session func(claims map[string]any) any
	// Cookie is the name of an HTTP-only, Secure cookie that login and sign-up
	// set to the token, and that counts where no bearer comes; "" is none.
	Cookie string
	// SignUpWithoutSession leaves the session out of the answer to a sign-up.
	SignUpWithoutSession bool
}

// NewServer starts a mock that stops with the test. There are at most one
// options.
func NewServer(t secureflowstest.TB, options ...Options) *Server {
	t.Helper()
	s := &Server{
		t: t, mock: providermock.New("productflotest", t, refuse),
		options: providermock.Chosen(t, "productflotest: NewServer", options),
		secret:  jwtsign.HMAC(jwtsign.NewSecret()), keys: jwtsign.NewRing(), people: newPeople(),
	}
	switch s.options.Algorithm {
	case "":
		s.options.Algorithm = jwtsign.HS256
	case jwtsign.HS256, jwtsign.ES256, jwtsign.RS256:
	default:
		t.Fatalf("productflotest: NewServer: there is no Algorithm %q: write HS256, ES256 or RS256", s.options.Algorithm)
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

// Secret gives the key of the mock's HS256 tokens, 32 bytes. With another
// algorithm there is none.
func (s *Server) Secret() []byte {
	s.t.Helper()
	if s.options.Algorithm != jwtsign.HS256 {
		s.mock.Fatalf("Secret: the tokens are signed by %s: use JWKSURL", s.options.Algorithm)
		return nil
	}
	return s.secret.Secret()
}

// JWKSURL is where the key set of the mock's ES256 or RS256 tokens is. The path
// is this mock's: whether the service publishes one is unknown.
func (s *Server) JWKSURL() string {
	s.t.Helper()
	if s.options.Algorithm == jwtsign.HS256 {
		s.mock.Fatalf("JWKSURL: the tokens are signed by HS256: use Secret, or choose another Algorithm in Options")
		return ""
	}
	return s.origin + jwksPath
}

// Now is the mock's time, for what verifies tokens by itself.
func (s *Server) Now() time.Time { return s.mock.Now() }

// Advance moves the mock's clock forward. A token is good for an hour.
func (s *Server) Advance(d time.Duration) {
	s.t.Helper()
	s.mock.Advance(d)
}

// UserID gives the id of the person with this e-mail address, a UUID, who is
// signed up on first use. It is the sub of their tokens.
func (s *Server) UserID(email string) string {
	s.t.Helper()
	s.mock.Check("UserID", providermock.CheckEmail(email))
	return s.people.known(email).id
}

// Token gives a fresh token of the person with this e-mail address, who is
// signed up on first use, for their first tenant. It makes no request.
func (s *Server) Token(email string) secureflows.Token {
	s.t.Helper()
	s.mock.Check("Token", providermock.CheckEmail(email))
	text, err := s.sign(s.claims(s.people.known(email), "", s.Now()))
	return s.mock.Token("Token", text, err)
}

// Claims gives what a fresh token of the person would say, to be changed and
// handed to [Server.Sign]: sub, iat, exp, role, and what [User] has of tenant_id
// and permissions.
func (s *Server) Claims(email string) map[string]any {
	s.t.Helper()
	s.mock.Check("Claims", providermock.CheckEmail(email))
	return s.claims(s.people.known(email), "", s.Now())
}

// Sign gives a token with exactly these claims, and a header of alg, typ and,
// unless it is HS256, kid, which at most one header replaces: a nil value takes
// a member away. An alg of "none" is without signature. Where the tokens have a
// key set, another alg is also signed by, as an attacker would: "HS256" by the
// public key, in PEM, and "ES256" and "RS256" by the mock's key for it. Another
// kid is only written.
func (s *Server) Sign(claims map[string]any, header ...map[string]any) secureflows.Token {
	s.t.Helper()
	override := providermock.Chosen(s.t, "productflotest: Sign", header)
	if s.options.Algorithm == jwtsign.HS256 {
		text, err := s.secret.Forge(claims, override)
		return s.mock.Token("Sign", text, err)
	}
	text, err := s.keys.Forge(s.options.Algorithm, claims, override)
	return s.mock.Token("Sign", text, err)
}

func (s *Server) sign(claims map[string]any) (string, error) {
	if s.options.Algorithm == jwtsign.HS256 {
		return s.secret.Sign(claims, nil)
	}
	return s.keys.Key(s.options.Algorithm).Sign(claims, nil)
}

// claims are those of a token for the tenant, "" the person's first.
func (s *Server) claims(p *person, tenant string, now time.Time) map[string]any {
	claims := map[string]any{
		"sub": p.id, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(), "role": cmp.Or(p.user.Role, defaultRole),
	}
	if tenant == "" && len(p.user.Tenants) > 0 {
		tenant = p.user.Tenants[0]
	}
	if tenant != "" {
		claims["tenant_id"] = tenant
	}
	if p.user.Permissions != nil {
		claims["permissions"] = p.user.Permissions
	}
	return claims
}

// Fail makes the next matching requests meet the fault, after those of earlier
// faults. One with a status and no body has an empty one.
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
