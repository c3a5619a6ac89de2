package secureflows

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
	"unique"

	"github.com/secureflows/secureflows-go/internal/arrival"
)

// Identity is who a session or a token belongs to, as the service says that
// issued it. Identities are values that can be compared (==).
//
// The key to a person is UserID where all tokens are of secureFlows, and
// [Identity.Person] where other providers' are accepted too.
type Identity struct {
	// UserID is the same for a person in every session of secureFlows and after
	// every login: what to file their records under. 0 is unknown, and what
	// everybody of another provider has.
	UserID int64 `json:"userId"`
	// Email is for display, "" when unknown. It is no key: it may change hands.
	Email string `json:"email"`

	// Provider is who issued the token, as the package that resolves it names
	// them. "" is secureFlows.
	Provider string `json:"provider,omitempty"`
	// Subject is the other provider's id of the person. It means nothing without
	// Provider, and is "" for secureFlows, which has UserID.
	Subject string `json:"subject,omitempty"`

	// The rest is what the tokens of other providers say; those of secureFlows say
	// nothing.

	// Tenant is the organisation that the token is for, by the provider's id.
	Tenant string `json:"tenant,omitempty"`
	// Roles and Permissions are the token's, in the provider's own words.
	Roles       Grants `json:"roles,omitzero"`
	Permissions Grants `json:"permissions,omitzero"`
	// ExpiresAt is when the token ends, in UTC, to the second. Middleware does not
	// use the answer any longer than that.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

// Person is the key to a person among those of several providers, for maps and
// for the two columns of a table. AuthReturn's "1" is nobody else's "1", and an
// e-mail address is no key at all.
type Person struct {
	Provider string // "" is secureFlows
	Subject  string // "" is unknown
}

// Person gives whose identity this is. For secureFlows the Subject is the UserID
// in decimal.
func (i Identity) Person() Person {
	switch {
	case i.Provider != "":
		return Person{Provider: i.Provider, Subject: i.Subject}
	case i.UserID != 0:
		return Person{Subject: strconv.FormatInt(i.UserID, 10)}
	default:
		return Person{}
	}
}

// Identity asks the service whose session this is (GET /sessions/identity).
// The fields are 0 and "" where the service does not know them.
func (s *Session) Identity(ctx context.Context) (Identity, error) {
	answer, err := s.send(ctx, request{op: &opIdentity})
	if err != nil {
		return Identity{}, err
	}
	var form struct {
		UserID json.RawMessage `json:"userId"`
		Email  json.RawMessage `json:"email"`
	}
	if err := object(&opIdentity, answer, &form); err != nil {
		return Identity{}, err
	}
	var identity Identity
	if form.UserID == nil || form.Email == nil ||
		json.Unmarshal(form.UserID, &identity.UserID) != nil || json.Unmarshal(form.Email, &identity.Email) != nil {
		return Identity{}, malformed(&opIdentity, answer, "not an identity: userId or email is missing or of another type")
	}
	return identity, nil
}

// Resolve gives the identity behind a session token, by asking the service. It
// makes a Client the resolver that middleware asks.
func (c *Client) Resolve(ctx context.Context, token Token) (Identity, error) {
	return c.Session(token).Identity(ctx)
}

type callerKey struct{}

// callerContext is a context that carries whoever makes a request.
type callerContext struct {
	context.Context
	identity *Identity // shared, and never written to
	session  *Session
	// client and bearer make the session when somebody asks for it, where
	// session is nil. It is a pointer for the reason that secret is one.
	client *Client
	bearer *string
}

func (c *callerContext) Value(key any) any {
	if key == (callerKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// Format keeps the bearer out of a printed context.
func (c *callerContext) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%v.WithCaller", c.Context) }

// NewContext gives a copy of ctx that carries the identity and the session of
// whoever makes the request. Middleware does it for handlers; tests of handlers
// may do it themselves.
func NewContext(ctx context.Context, identity Identity, session *Session) context.Context {
	return &callerContext{Context: ctx, identity: &identity, session: session}
}

// IdentityFromContext gives the identity ctx carries; ok is false when it
// carries none, as for an anonymous request.
func IdentityFromContext(ctx context.Context) (identity Identity, ok bool) {
	c, ok := ctx.Value(callerKey{}).(*callerContext)
	if !ok {
		return Identity{}, false
	}
	return *c.identity, true
}

// SessionFromContext gives the session ctx carries; ok is false when it carries
// none, as for an anonymous request, and for one with a token of another provider
// than secureFlows.
func SessionFromContext(ctx context.Context) (session *Session, ok bool) {
	c, ok := ctx.Value(callerKey{}).(*callerContext)
	switch {
	case !ok:
		return nil, false
	case c.session != nil:
		return c.session, true
	case c.client != nil && c.identity.Provider == "":
		// What a session sent would give another provider's token to secureFlows.
		return c.client.Session(Token{secret{unique.Make(*c.bearer)}}), true
	default:
		return nil, false
	}
}

func init() { arrival.Attach = attach }

// attach gives a copy of r whose context carries its caller; see package
// arrival.
func attach(r *http.Request, client *Client, bearer string, identity *Identity) *http.Request {
	arrived := &struct {
		ctx     callerContext
		request http.Request
		bearer  string
	}{bearer: bearer}
	arrived.ctx = callerContext{Context: r.Context(), identity: identity, client: client, bearer: &arrived.bearer}
	// The copy that WithContext makes does not leave this function, so it stays
	// off the heap.
	arrived.request = *r.WithContext(&arrived.ctx)
	return &arrived.request
}
