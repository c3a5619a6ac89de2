package productflo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/remote"
)

// Session gives what ProductFlo says about the session of a token (GET
// /auth/session), as it says it: which members the answer has is not published.
//
// A token that is not good here is refused before it is sent, with the error that
// Resolve gives. Then the error wraps secureflows.ErrUnauthenticated, or
// ErrTokenExpired, where ProductFlo does not accept the token, such as after a
// logout; secureflows.ErrForbidden where it does not answer this machine, which
// may be because it binds tokens to the address of the person; and
// secureflows.ErrUnavailable where it gives no answer, or one of HTML, or a 200
// without a session: one that is no JSON object, or an empty one, or has an error,
// or null for its session.
func (r *Resolver) Session(ctx context.Context, token secureflows.Token) (json.RawMessage, error) {
	holder, err := r.verify(ctx, token)
	if err != nil {
		return nil, err
	}
	return r.session(ctx, token, holder)
}

func (r *Resolver) session(ctx context.Context, token secureflows.Token, holder holder) (json.RawMessage, error) {
	answer, err := r.ask(ctx, "session", http.MethodGet, token, holder)
	switch {
	case err != nil:
		return nil, err
	case answer.Status != http.StatusOK || !isSession(answer.Body):
		return nil, answer.Outage("an answer in which there is no session")
	}
	return answer.Body, nil
}

// isSession reports whether a body can be that of a session: an object that says
// something, no error, and not that there is none. With less than that nobody is
// let in; and nobody is signed out by it, as a refusal has a status of its own.
// Null is as good as a member that is missing, but for the session itself.
func isSession(body []byte) bool {
	var compact bytes.Buffer
	var members map[string]json.RawMessage
	if json.Compact(&compact, body) != nil || json.Unmarshal(compact.Bytes(), &members) != nil {
		return false
	}
	session, has := members["session"]
	if has && slices.Contains(nothing, string(session)) {
		return false
	}
	maps.DeleteFunc(members, func(_ string, value json.RawMessage) bool { return string(value) == "null" })
	return len(members) > 0 && members["error"] == nil
}

// nothing are the values that say of a session that there is none.
var nothing = []string{"null", "false", "0", `""`, "{}", "[]"}

// Logout ends the session of a token at ProductFlo (POST /auth/logout). The token
// itself stays good wherever it is verified by its signature alone, until it
// expires: see Config.AskSession. Delete cookies that hold it, and have the
// cache in front of the Resolver forget it.
//
// The errors are those of [Resolver.Session], but that an expired token is sent:
// the session may outlive it. What ProductFlo does with one is not published, so
// that its 401 is an error, and not taken for a session that has ended.
func (r *Resolver) Logout(ctx context.Context, token secureflows.Token) error {
	holder, err := r.verify(ctx, token)
	if err != nil && !errors.Is(err, secureflows.ErrTokenExpired) {
		return err
	}
	_, err = r.ask(ctx, "logout", http.MethodPost, token, holder)
	return err
}

// ask puts a question about the session of a token that was verified.
func (r *Resolver) ask(ctx context.Context, name, method string, token secureflows.Token, holder holder) (*remote.Answer, error) {
	op := "productflo: " + name
	answer, err := r.remote.Do(ctx, remote.Request{
		Op: op, Method: method, URL: r.origin.JoinPath("auth", name).String(), Bearer: token,
	})
	if err != nil {
		return nil, err
	}
	if answer.Status == http.StatusUnauthorized && !answer.IsPage() && holder.expired(r.now()) {
		return nil, fmt.Errorf("%w: %s", secureflows.ErrTokenExpired, op)
	}
	return answer, accepted(op, answer)
}

// expired reports whether the token has; that of a holder without an end had
// before.
func (h *holder) expired(now time.Time) bool { return !now.Before(h.ends) }

// accepted reads the status, which is all that is known of ProductFlo's answers,
// but that it is an API: a page comes from something in front of it.
func accepted(op string, answer *remote.Answer) error {
	switch {
	case answer.IsPage():
		return answer.Outage("a page in HTML, which is not documented")
	case answer.Status/100 == 2:
		return nil
	case answer.Status == http.StatusUnauthorized:
		return fmt.Errorf("%w: %s: ProductFlo does not accept the credentials", secureflows.ErrUnauthenticated, op)
	case answer.Status == http.StatusForbidden:
		return fmt.Errorf("%w: %s: ProductFlo refuses; it may bind tokens to the address of the person, which this machine does not have", secureflows.ErrForbidden, op)
	default:
		return answer.Outage("an answer that is not documented")
	}
}
