package secureflows

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
)

// GetOrCreateSession gives the newest active session of the person idToken
// belongs to, or a new one (POST /sessions/get-or-create). It is what most
// programs without a browser want at login, and safe to repeat.
//
// payload, any value that encoding/json writes as an object, is what a new
// session starts with; nil is nothing, and a session that exists keeps what it
// has. Errors are those of [Session], and [ErrSessionLimit],
// [ErrPayloadTooLarge], and [ErrInvalidRequest] for a workspace or app the
// service does not know.
func (c *Client) GetOrCreateSession(ctx context.Context, idToken IDToken, payload any) (*Session, error) {
	return c.create(ctx, &opGetOrCreate, idToken, payload)
}

// CreateSession gives a new session, also when the person has one already (POST
// /sessions); most programs want [Client.GetOrCreateSession]. It is not
// repeated once the service may have received it: after [ErrUnavailable] there
// may be a session more.
func (c *Client) CreateSession(ctx context.Context, idToken IDToken, payload any) (*Session, error) {
	return c.create(ctx, &opCreate, idToken, payload)
}

func (c *Client) create(ctx context.Context, op *operation, idToken IDToken, payload any) (*Session, error) {
	initial, err := encodeObject(op, payload)
	if err != nil {
		return nil, err
	}
	body, err := encode(op, "the request", struct {
		Workspace string          `json:"workspaceName"`
		AppID     string          `json:"app_id"`
		Payload   json.RawMessage `json:"payload,omitempty"`
	}{c.workspace, c.appID, initial})
	if err != nil {
		return nil, err
	}
	answer, err := c.send(ctx, request{op: op, credential: idToken.Reveal(), body: body})
	if err != nil {
		return nil, err
	}
	var form struct {
		Token string `json:"sessionToken"`
	}
	if err := object(op, answer, &form); err != nil {
		return nil, err
	}
	token, invalid := NewToken(form.Token)
	if invalid != nil {
		return nil, malformed(op, answer, "an answer without a session token")
	}
	return c.Session(token), nil
}

// RenewSession gives a fresh token for the session of an expired one, and the
// payload, which is as it was (POST /sessions/renew/{sessionToken}). idToken
// must be of the session's owner, or the answer is [ErrForbidden]. All earlier
// tokens of the session are dead from then on. A web application renews
// through [Client.RenewURL] instead.
func (c *Client) RenewSession(ctx context.Context, idToken IDToken, expired Token) (*Session, Payload, error) {
	if expired.IsZero() {
		return nil, nil, &Error{Op: opRenew.name, Message: "no session token to renew: the zero value was used", kind: ErrUnauthenticated}
	}
	if c.revoked.has(expired) {
		return nil, nil, &Error{Op: opRenew.name, Message: "revoked by this client", kind: ErrSessionRevoked}
	}
	if text := expired.Reveal(); text == "." || text == ".." {
		// Characters a token may have, but a folder in a URL: see checkKey.
		return nil, nil, invalid(opRenew.name, "the session token to renew is nothing but dots")
	}
	answer, err := c.send(ctx, request{op: &opRenew, credential: idToken.Reveal(), segment: expired.Reveal()})
	if err != nil {
		// A 401 or 403 may speak of the ID token; these two speak of the session.
		if err.StatusCode == http.StatusGone || err.kind == ErrSessionNotFound {
			c.listeners.tell(expired)
		}
		return nil, nil, err
	}
	c.listeners.tell(expired)
	var form struct {
		Token   string  `json:"sessionToken"`
		Payload Payload `json:"payload"`
	}
	if err := object(&opRenew, answer, &form); err != nil {
		return nil, nil, err
	}
	token, invalid := NewToken(form.Token)
	if invalid != nil || form.Payload == nil {
		return nil, nil, malformed(&opRenew, answer, "an answer without a session token and a payload")
	}
	return c.Session(token), form.Payload, nil
}

// encodeObject gives the JSON object of a first payload, nil for an empty one:
// the contract has three ways to say nothing, and the shortest is to leave it
// out.
func encodeObject(op *operation, payload any) (json.RawMessage, *Error) {
	if payload == nil {
		return nil, nil
	}
	text, err := encode(op, "the payload", payload)
	if err != nil {
		return nil, err
	}
	if string(text) == "null" || string(text) == "{}" {
		return nil, nil
	}
	if !bytes.HasPrefix(text, []byte("{")) {
		return nil, invalid(op.name, "the payload of type %T is no JSON object: use a struct or a map", payload)
	}
	return text, nil
}
