package secureflows

import (
	"context"
	"encoding/json"
)

// Identity is who a session belongs to, as the service says.
type Identity struct {
	// UserID is stable for the person across sessions and logins: the key to
	// correlate with. 0 is unknown.
	UserID int64 `json:"userId"`
	// Email is for display, "" when unknown. It is no key: it may change hands.
	Email string `json:"email"`
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

// caller is what a context carries.
type caller struct {
	identity Identity
	session  *Session
}

type callerKey struct{}

// NewContext gives a copy of ctx that carries the identity and the session of
// whoever makes the request. Middleware calls it for handlers; tests of
// handlers may call it themselves.
func NewContext(ctx context.Context, identity Identity, session *Session) context.Context {
	return context.WithValue(ctx, callerKey{}, caller{identity, session})
}

// IdentityFromContext gives the identity ctx carries; ok is false when it
// carries none, as for an anonymous request.
func IdentityFromContext(ctx context.Context) (identity Identity, ok bool) {
	c, ok := ctx.Value(callerKey{}).(caller)
	return c.identity, ok
}

// SessionFromContext gives the session ctx carries; ok is false when it carries
// none, as for an anonymous request.
func SessionFromContext(ctx context.Context) (session *Session, ok bool) {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c.session, c.session != nil
}
