package productflo

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/remote"
)

// Tokens are what a login brings.
type Tokens struct {
	// Access is the token that a Resolver resolves, for an hour as a rule.
	Access secureflows.Token
	// Refresh is for Config.Refresh. The zero Token is none.
	Refresh secureflows.Token
}

// ChallengeError says that ProductFlo took a password and gave no tokens for it:
// it wants a second factor, as a rule. It is neither a sign-out nor an outage.
type ChallengeError struct {
	answer func() json.RawMessage // a function, as fmt follows what is in a field
}

// Answer gives what came instead, for Config.SecondFactor. It may hold secrets:
// keep it on the server. It is not printed with the error.
func (e ChallengeError) Answer() json.RawMessage {
	if e.answer == nil {
		return nil
	}
	return e.answer()
}

func (ChallengeError) Error() string {
	return "productflo: login: there is no session in the answer: a second factor is wanted"
}

// Format prints the text without the Answer, under every verb.
func (e ChallengeError) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// MarshalText gives the same text to encoding/json and whatever else writes text.
func (e ChallengeError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// Login gives the tokens for an e-mail address and a password (POST /auth/login).
// It is for programs that have a password to log in with, and for a form while
// people move over. With Config.Tenant the login is for that tenant (X-Tenant-ID),
// and otherwise for the one that is the person's own choice.
//
// The error wraps secureflows.ErrUnauthenticated for a wrong password,
// ErrForbidden for a 403, ErrUnavailable for an outage and for an answer of any
// other form than the one that ProductFlo's reference documents; and it is a
// [*ChallengeError] where the answer has no session and Config.SecondFactor is
// set.
func (r *Resolver) Login(ctx context.Context, email, password string) (Tokens, error) {
	const op = "productflo: login"
	if email == "" || password == "" {
		return Tokens{}, misconfigured("login: e-mail address or password is empty")
	}
	question := remote.Request{
		Op: op, Method: http.MethodPost, URL: r.origin.JoinPath("auth", "login").String(),
		Body: map[string]string{"email": email, "password": password}, Header: http.Header{},
	}
	if r.config.Tenant != "" {
		question.Header.Set(tenantHeader, r.config.Tenant)
	}
	answer, err := r.remote.Do(ctx, question)
	if err != nil {
		return Tokens{}, err
	}
	if err := accepted(op, answer); err != nil {
		return Tokens{}, err
	}
	tokens, err := r.tokensIn(answer)
	if err != nil {
		return Tokens{}, err
	}
	_, err = r.admit(ctx, op, tokens)
	if err != nil {
		return Tokens{}, err
	}
	return tokens, nil
}

// tokensIn reads the answer to a login.
func (r *Resolver) tokensIn(answer *remote.Answer) (Tokens, error) {
	var form struct {
		Session *struct {
			Access  string `json:"access_token"`
			Type    string `json:"token_type"`
			Refresh string `json:"refresh_token"`
		} `json:"session"`
		Token json.RawMessage `json:"token"`
	}
	if err := answer.Decode(&form); err != nil {
		return Tokens{}, err
	}
	switch {
	case form.Session == nil && form.Token != nil:
		return Tokens{}, answer.Outage("an answer with a token at the top, as ProductFlo's quickstart shows it, and not in a session, as its reference does: it is not used")
	case form.Session == nil && r.config.SecondFactor != nil:
		return Tokens{}, &ChallengeError{func() json.RawMessage { return slices.Clone(answer.Body) }}
	case form.Session == nil:
		return Tokens{}, answer.Outage("an answer without a session: where that asks for a second factor, set Config.SecondFactor")
	case !strings.EqualFold(form.Session.Type, "bearer"):
		return Tokens{}, answer.Outage("a session whose token is no bearer token")
	}
	var tokens Tokens
	var err error
	if tokens.Access, err = secureflows.NewToken(form.Session.Access); err == nil && form.Session.Refresh != "" {
		tokens.Refresh, err = secureflows.NewToken(form.Session.Refresh)
	}
	if err != nil {
		return Tokens{}, answer.Outage("a session with a token that cannot be one")
	}
	return tokens, nil
}

// SecondFactor gives the tokens that Config.SecondFactor brings for the Answer of
// a [ChallengeError] and the code that the person gave, after it has verified
// them. Errors of the function are handed on. Without one the error is
// errors.ErrUnsupported.
func (r *Resolver) SecondFactor(ctx context.Context, challenge json.RawMessage, code string) (Tokens, error) {
	const op = "productflo: second factor"
	switch {
	case r.config.SecondFactor == nil:
		return Tokens{}, unpublished(op, "how a second factor is sent: supply it as Config.SecondFactor")
	case code == "":
		return Tokens{}, misconfigured("second factor: the code is empty")
	}
	tokens, err := r.config.SecondFactor(ctx, challenge, code)
	if err != nil {
		return Tokens{}, fmt.Errorf("%s: %w", op, err)
	}
	if _, err := r.admit(ctx, op, tokens); err != nil {
		return Tokens{}, err
	}
	return tokens, nil
}

// Refresh gives the tokens that Config.Refresh brings for old.Refresh, after it
// has verified that they are of the same person. old.Access may have expired. The
// refresh token stays the old one where no new one came. Call it once at a time
// for the tokens of one login: a refresh token may be good for one use.
//
// old.Access that is not good is refused before anything is sent, with the error
// that Resolve gives. Errors of the function are handed on; without one the error
// is errors.ErrUnsupported.
func (r *Resolver) Refresh(ctx context.Context, old Tokens) (Tokens, error) {
	const op = "productflo: refresh"
	switch {
	case r.config.Refresh == nil:
		return Tokens{}, unpublished(op, "how tokens are refreshed: supply it as Config.Refresh")
	case old.Refresh.IsZero():
		return Tokens{}, misconfigured("refresh: there is no refresh token: the person logs in again")
	}
	before, err := r.verify(ctx, old.Access)
	if err != nil && !errors.Is(err, secureflows.ErrTokenExpired) {
		return Tokens{}, err
	}
	fresh, err := r.config.Refresh(ctx, old.Refresh)
	if err != nil {
		return Tokens{}, fmt.Errorf("%s: %w", op, err)
	}
	after, err := r.admit(ctx, op, fresh)
	if err != nil {
		return Tokens{}, err
	}
	if after.subject != before.subject {
		return Tokens{}, fmt.Errorf("%w: %s: the new token is somebody else's, and is not used", secureflows.ErrUnavailable, op)
	}
	fresh.Refresh = cmp.Or(fresh.Refresh, old.Refresh)
	return fresh, nil
}

// admit verifies tokens that have just come. What is wrong with them says nothing
// about the person, who is not to be signed out, or told of a wrong password, by
// it: the reason goes into the text alone.
func (r *Resolver) admit(ctx context.Context, op string, tokens Tokens) (holder, error) {
	holder, err := r.verify(ctx, tokens.Access)
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, secureflows.ErrUnavailable):
		return holder, err
	}
	return holder, fmt.Errorf("%w: %s: the new token is not one that Config accepts: %s", secureflows.ErrUnavailable, op, err.Error())
}

// unpublished says what is missing, and whose it is to supply.
func unpublished(op, what string) error {
	return fmt.Errorf("%w: %s: ProductFlo has not published %s", errors.ErrUnsupported, op, what)
}
