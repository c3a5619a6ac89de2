package authreturn

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"unicode/utf8"

	josejson "github.com/go-jose/go-jose/v4/json" // duplicate members are errors there, and "Valid" is not "valid"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/remote"
)

// Resolve gives whose token this is: Provider, Subject, which is the user id in
// decimal, Email, and ExpiresAt. It asks the service (POST /api/verify), or
// verifies the signature where there is a Config.Secret.
//
// The error wraps middleware.ErrForeignToken where the token has not the shape
// of AuthReturn's, and secureflows.ErrTokenExpired where its date has passed;
// nobody is asked about either. A token that is refused is
// secureflows.ErrUnauthenticated, and an outage secureflows.ErrUnavailable. Any
// other answer is a plain error, by which nobody should be signed out.
func (r *Resolver) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	if r.verifier != nil {
		return r.verify(ctx, token)
	}
	s, err := read(token)
	switch {
	case err != nil:
		return secureflows.Identity{}, err
	case r.expired(s):
		return secureflows.Identity{}, errExpired
	}
	return r.ask(ctx, token, s)
}

// verify is for whoever has the secret.
func (r *Resolver) verify(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	if err := route(token); err != nil {
		return secureflows.Identity{}, err
	}
	var claims map[string]json.RawMessage
	if _, err := r.verifier.Verify(ctx, token.Reveal(), &claims); err != nil {
		return secureflows.Identity{}, fmt.Errorf("authreturn: %w", err)
	}
	s, err := saidBy(claims)
	if err != nil {
		return secureflows.Identity{}, err
	}
	return s.identity(), nil
}

// identity is for what has been found to be true.
func (s said) identity() secureflows.Identity {
	return secureflows.Identity{
		Provider: Provider, Subject: strconv.FormatInt(s.userID, 10), Email: s.email, ExpiresAt: s.expires,
	}
}

// ask asks the service. The token is in the body: there is a GET, too, which
// would leave it in logs.
func (r *Resolver) ask(ctx context.Context, token secureflows.Token, s said) (secureflows.Identity, error) {
	answer, err := r.post(ctx, r.about(token, "verify"))
	if err != nil {
		return secureflows.Identity{}, err
	}
	var form struct {
		Valid *bool `json:"valid"`
		User  struct {
			ID    json.RawMessage `json:"id"`
			Email *string         `json:"email"`
		} `json:"user"`
	}
	if err := decode(answer, &form); err != nil {
		return secureflows.Identity{}, err
	}
	switch {
	case form.Valid == nil:
		return secureflows.Identity{}, answer.Outage("an answer that does not say whether the token is valid")
	case !*form.Valid:
		return secureflows.Identity{}, errInvalid
	case form.User.Email == nil || string(form.User.ID) != strconv.FormatInt(s.userID, 10):
		// Whatever this is, it is not about this token.
		return secureflows.Identity{}, answer.Outage("an answer without the user of the token")
	}
	s.email = *form.User.Email
	return s.identity(), nil
}

var errInvalid = refused("the service does not accept it")

// about is a question about a token.
func (r *Resolver) about(token secureflows.Token, what string) remote.Request {
	return remote.Request{
		Op: "authreturn: " + what, URL: r.endpoint(what),
		Body: map[string]string{"token": token.Reveal()},
	}
}

func (r *Resolver) endpoint(what string) string { return r.origin.String() + "/api/" + what }

// post puts a question to the service, and gives an answer of 200.
func (r *Resolver) post(ctx context.Context, question remote.Request) (*remote.Answer, error) {
	question.Method = http.MethodPost
	answer, err := r.client.Do(ctx, question)
	if err != nil {
		return nil, err
	}
	switch answer.Status {
	case http.StatusOK:
		return answer, nil
	case http.StatusUnauthorized:
		return nil, unauthorized(answer)
	default:
		return nil, &secureflows.Error{Op: question.Op, StatusCode: answer.Status, Message: "an answer that is not documented"}
	}
}

// unauthorized tells apart the 401s. One that is not of the service's form is
// somebody else's, such as a proxy's that wants a password of its own, and says
// nothing about the token. What the service says is prose and no code, so that
// nothing but the text that is documented is an expiry.
func unauthorized(answer *remote.Answer) error {
	var form struct {
		Valid *bool           `json:"valid"`
		Error json.RawMessage `json:"error"`
	}
	if err := decode(answer, &form); err != nil {
		return err
	}
	var said *string // null is no text
	isText := json.Unmarshal(form.Error, &said) == nil && said != nil
	switch {
	case form.Valid != nil && *form.Valid, form.Valid == nil && !isText:
		return answer.Outage("a refusal that is not of the form that is documented")
	case isText && *said == "Token expired":
		return errExpired
	}
	return errInvalid
}

// decode reads an answer, one JSON object, to the letter: an answer that says two
// things, or says them in another spelling, is nobody's word.
func decode(answer *remote.Answer, into any) error {
	text := bytes.TrimLeft(answer.Body, " \t\r\n")
	if !bytes.HasPrefix(text, []byte("{")) || !utf8.Valid(text) || josejson.Unmarshal(text, into) != nil {
		return answer.Outage("an answer that is not of the form that is documented")
	}
	return nil
}
