package secureflows

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"

	"github.com/secureflows/secureflows-go/internal/transport"
)

// Session is one user's record at the service, reached with one token. The
// record outlives the token: after [ErrTokenExpired] the same data is reached
// with a renewed one. A Session is immutable and safe for concurrent use, and
// costs nothing to make; do not keep one longer than its token is needed.
//
// Calls answer with [*Error]; what to decide by is its sentinel. Any call may
// answer with one of the four of [ErrSignedOut], and with [ErrGraceLock],
// [ErrForbidden], [ErrRateLimited] or [ErrUnavailable].
type Session struct {
	client *Client
	token  Token
}

// Session gives the session that token belongs to. It performs no I/O: whether
// the token is good, the first call tells.
func (c *Client) Session(token Token) *Session { return &Session{client: c, token: token} }

// Token gives the session's token, to keep in memory or to hand to hosted
// login.
func (s *Session) Token() Token { return s.token }

// Payload reads everything stored in the session (GET /sessions), an empty map
// when that is nothing.
func (s *Session) Payload(ctx context.Context) (Payload, error) {
	answer, err := s.send(ctx, request{op: &opPayload})
	if err != nil {
		return nil, err
	}
	payload := Payload{}
	if err := object(&opPayload, answer, &payload); err != nil {
		return nil, err
	}
	return payload, nil
}

// Get reads one value as it is stored (GET /sessions/get/{key}); it may be the
// JSON null. A key that was never written is [ErrKeyNotFound]. To read a typed
// value use the functions [Get] and [GetOr], or a [Key].
func (s *Session) Get(ctx context.Context, key string) (json.RawMessage, error) {
	if err := checkKey(&opGet, "key", key); err != nil {
		return nil, err
	}
	answer, err := s.send(ctx, request{op: &opGet, segment: key})
	if err != nil {
		return nil, err
	}
	var form struct {
		Value json.RawMessage `json:"value"`
	}
	if err := object(&opGet, answer, &form); err != nil {
		return nil, err
	}
	if form.Value == nil {
		return nil, malformed(&opGet, answer, "an answer without a value")
	}
	return form.Value, nil
}

// Set stores value under key (POST /sessions/set/{key}) and gives the whole
// payload as it is then. The value is replaced, never merged; its JSON is
// stored as encoding/json writes it, but for HTML characters, which stay as
// they are. [ErrPayloadTooLarge] leaves the stored payload unchanged.
func (s *Session) Set(ctx context.Context, key string, value any) (Payload, error) {
	if err := checkKey(&opSet, "key", key); err != nil {
		return nil, err
	}
	text, err := encode(&opSet, fmt.Sprintf("the value of %q", key), value)
	if err != nil {
		return nil, err
	}
	body := slices.Concat([]byte(`{"value":`), text, []byte("}"))
	answer, err := s.send(ctx, request{op: &opSet, segment: key, body: body})
	if err != nil {
		return nil, err
	}
	payload := Payload{}
	if err := object(&opSet, answer, &payload); err != nil {
		return nil, err
	}
	return payload, nil
}

// Delete removes key (DELETE /sessions/delete/{key}) and reports whether it
// existed. When an attempt was cut off and its repetition finds the key gone,
// that is this call's doing, and reported as true.
func (s *Session) Delete(ctx context.Context, key string) (existed bool, err error) {
	if err := checkKey(&opDelete, "key", key); err != nil {
		return false, err
	}
	answer, failure := s.send(ctx, request{op: &opDelete, segment: key})
	if failure != nil {
		return false, failure
	}
	switch string(bytes.TrimSpace(answer.Body)) {
	case "true":
		return true, nil
	case "false":
		return answer.Uncertain, nil
	default:
		return false, malformed(&opDelete, answer, "neither true nor false")
	}
}

// Revoke ends the session and deletes everything stored in it, which nothing
// brings back, and gives the session's id (POST /sessions/revoke). It is for
// somebody who asks for that; signing out is [Client.LogoutURL] or
// [Session.Logout].
//
// It is not repeated once the service may have received it: after
// [ErrUnavailable] ask with [Session.Identity] whether the session is still
// there. From then on this client answers [ErrSessionRevoked] to whatever is
// asked with this token, without asking the service.
func (s *Session) Revoke(ctx context.Context) (sessionID int64, err error) {
	answer, failure := s.send(ctx, request{op: &opRevoke})
	if failure != nil {
		if failure.uncertain {
			s.client.listeners.tell(s.token)
		}
		return 0, failure
	}
	var form struct {
		Revoked   bool   `json:"revoked"`
		SessionID *int64 `json:"sessionId"`
	}
	if err := object(&opRevoke, answer, &form); err != nil || !form.Revoked || form.SessionID == nil {
		s.client.listeners.tell(s.token)
		return 0, malformed(&opRevoke, answer, "no confirmation")
	}
	s.client.revoked.add(s.token)
	s.client.listeners.tell(s.token)
	return *form.SessionID, nil
}

// Logout ends the session's tokens, this one and those of other devices (POST
// /auth/logout); the data and the user's other sessions stay. It is for programs
// that are not a browser: a browser is sent to [Client.LogoutURL] instead, or
// hosted login signs the user in again without asking. Logging out what has
// already ended is no error.
func (s *Session) Logout(ctx context.Context) error {
	answer, err := s.send(ctx, request{op: &opLogout})
	if !s.token.IsZero() && (err == nil || !err.signsOut()) {
		s.client.listeners.tell(s.token)
	}
	switch {
	case err != nil && err.signsOut() && !s.token.IsZero():
		return nil
	case err != nil:
		return err
	}
	var form struct {
		LoggedOut bool `json:"loggedOut"`
	}
	if err := object(&opLogout, answer, &form); err != nil {
		return err
	}
	if !form.LoggedOut {
		return malformed(&opLogout, answer, "no confirmation")
	}
	return nil
}

// Format prints the session without its token, under every verb. It cannot
// report a failed write: fmt.Formatter gives no way.
func (s Session) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// String names the session without its token.
func (s Session) String() string { return "secureflows.Session(" + redacted + ")" }

// GoString is String, for whoever calls it directly.
func (s Session) GoString() string { return s.String() }

// LogValue gives log/slog the session without its token.
func (s Session) LogValue() slog.Value { return slog.StringValue(s.String()) }

// send makes a call with the session's token. Whoever listens hears of a
// refusal before the caller does.
func (s *Session) send(ctx context.Context, r request) (*transport.Answer, *Error) {
	if s.client.revoked.has(s.token) {
		return nil, &Error{Op: r.op.name, Message: "revoked by this client", kind: ErrSessionRevoked}
	}
	r.credential = s.token.Reveal()
	answer, err := s.client.send(ctx, r)
	if err != nil && !s.token.IsZero() && err.signsOut() {
		s.client.listeners.tell(s.token)
	}
	return answer, err
}

// checkKey refuses what cannot be one path segment: a client or a proxy on the
// way would drop "." and "..", and another endpoint would be asked.
func checkKey(op *operation, what, key string) *Error {
	switch {
	case key == "":
		return invalid(op.name, "the %s is empty", what)
	case key == "." || key == "..":
		return invalid(op.name, "the %s %q means a folder in a URL: name it otherwise", what, key)
	case strings.ContainsFunc(key, unicode.IsControl):
		return invalid(op.name, "the %s %q has a control character in it", what, key)
	}
	return nil
}

// revokedTokens remembers what this client has revoked. It forgets the oldest
// of many: the service still answers for those.
type revokedTokens struct {
	any    atomic.Bool
	mu     sync.Mutex // guards tokens, order and oldest
	tokens map[Token]struct{}
	order  []Token
	oldest int
}

const maxRevokedTokens = 4096

func (r *revokedTokens) add(token Token) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tokens == nil {
		r.tokens = make(map[Token]struct{})
	}
	if _, known := r.tokens[token]; known {
		return
	}
	if len(r.order) < maxRevokedTokens {
		r.order = append(r.order, token)
	} else {
		delete(r.tokens, r.order[r.oldest])
		r.order[r.oldest] = token
		r.oldest = (r.oldest + 1) % maxRevokedTokens
	}
	r.tokens[token] = struct{}{}
	r.any.Store(true)
}

func (r *revokedTokens) has(token Token) bool {
	if !r.any.Load() {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, known := r.tokens[token]
	return known
}
