package vertesia

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
	"github.com/secureflows/secureflows-go/internal/remote"
)

// Selection is the account and the project, by their ids, that a token is wanted
// for. "" leaves the choice to the STS.
type Selection struct{ Account, Project string }

// Exchange gives the token that the STS issues for a Firebase ID token, and what
// it says. It was verified, and is to be let in, as by [Resolver.Verify]. A
// Selection is a wish: the STS decides, and may issue a token for another account
// of Config.Accounts or another project than was asked for, without an error. Read
// from the Claims what it is for, and not from the Selection. A Selection that the
// STS refuses is never tried again with less.
//
// It needs Config.FirebaseIssuer, and is secureflows.ErrInvalidRequest without it:
// an ID token of any other project would be told to Vertesia. One that is not of
// that issuer is secureflows.ErrUnauthenticated. Neither is sent.
//
// Where Config.Studio is set and the STS does not know the user, that API is
// asked once to make one, and then the STS once more.
//
// The error of a refusal is an [*Error]. An account of the Selection that is not
// in Config.Accounts is [middleware.ErrNotAllowed], before anything is sent; so is,
// afterwards, a token that the STS has issued for one that is not. Outages are
// secureflows.ErrUnavailable; asking again is safe.
func (r *Resolver) Exchange(ctx context.Context, credential secureflows.IDToken, selected Selection) (secureflows.Token, Claims, error) {
	const op = "exchange"
	bearer, err := r.bearer(op, credential)
	if err != nil {
		return secureflows.Token{}, Claims{}, err
	}
	token, claims, err := r.issue(ctx, op, bearer, selected)
	var refused *Error
	if r.studio != "" && errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		if err := r.ensureUser(ctx, bearer); err != nil {
			return secureflows.Token{}, Claims{}, err
		}
		return r.issue(ctx, op, bearer, selected)
	}
	return token, claims, err
}

// bearer is the ID token as what is sent.
func (r *Resolver) bearer(op string, credential secureflows.IDToken) (secureflows.Token, error) {
	if r.firebaseIssuer == "" {
		return secureflows.Token{}, fmt.Errorf("vertesia: %s: %w: Config.FirebaseIssuer is empty: write the \"iss\" of your front end's ID tokens there, https://securetoken.google.com/ and the id of the Firebase project", op, secureflows.ErrInvalidRequest)
	}
	if credential.IsZero() {
		return secureflows.Token{}, fmt.Errorf("vertesia: %s: %w: no ID token: the zero value was used", op, secureflows.ErrUnauthenticated)
	}
	if shape, ok := jwtverify.Peek(credential.Reveal()); !ok || shape.Issuer() != r.firebaseIssuer {
		return secureflows.Token{}, fmt.Errorf("vertesia: %s: %w: the ID token is not of Config.FirebaseIssuer and was not sent", op, secureflows.ErrUnauthenticated)
	}
	return secureflows.NewToken(credential.Reveal())
}

// Switch gives a token of the same person for another account or project, and
// what it says, for a token that is still good; also one that was issued for an
// account that is not in Config.Accounts. Everything else is as with Exchange, but
// that no Config.FirebaseIssuer is needed. An expired token is
// secureflows.ErrTokenExpired before the STS is asked: there is no renewing it,
// only another sign-in.
func (r *Resolver) Switch(ctx context.Context, token secureflows.Token, selected Selection) (secureflows.Token, Claims, error) {
	before, err := r.genuine(ctx, token)
	if err != nil {
		return secureflows.Token{}, Claims{}, err
	}
	if err := r.admitsType(&before); err != nil {
		return secureflows.Token{}, Claims{}, err
	}
	return r.reissue(ctx, token, &before, selected)
}

// reissue is Switch for a token that was verified.
func (r *Resolver) reissue(ctx context.Context, token secureflows.Token, before *Claims, selected Selection) (secureflows.Token, Claims, error) {
	next, claims, err := r.issue(ctx, "switch", token, selected)
	if err == nil && claims.Subject != before.Subject {
		err = fmt.Errorf("vertesia: switch: %w: the STS answered with the token of another person", secureflows.ErrUnavailable)
	}
	if err != nil {
		return secureflows.Token{}, Claims{}, err
	}
	return next, claims, nil
}

// wanted is the question to the STS, which refuses any other member.
type wanted struct {
	Type    string `json:"type"`
	Account string `json:"account_id,omitempty"`
	Project string `json:"project_id,omitempty"`
}

// issue asks the STS for a token.
func (r *Resolver) issue(ctx context.Context, op string, bearer secureflows.Token, selected Selection) (secureflows.Token, Claims, error) {
	none := secureflows.Token{}
	if selected.Account != "" {
		if err := r.admitsAccount(selected.Account); err != nil {
			return none, Claims{}, err
		}
	}
	answer, err := r.client.Do(ctx, remote.Request{
		Op: "vertesia: " + op, Method: http.MethodPost, URL: r.sts + "/token/issue",
		Bearer: bearer, Body: wanted{"user", selected.Account, selected.Project},
	})
	if err != nil {
		return none, Claims{}, err
	}
	if answer.Status != http.StatusOK {
		return none, Claims{}, refusal(op, answer)
	}
	var issued struct {
		Token string `json:"token"`
	}
	if err := answer.Decode(&issued); err != nil {
		return none, Claims{}, err
	}
	token, err := secureflows.NewToken(issued.Token)
	if err != nil {
		return none, Claims{}, answer.Outage("an answer without a token")
	}
	claims, err := r.Verify(ctx, token)
	switch {
	case errors.Is(err, secureflows.ErrSignedOut): // it says nothing about who asked
		return none, Claims{}, answer.Outage("a token that does not verify: is Config.Issuer the \"iss\" of this STS, and the clock right?")
	case err != nil:
		return none, Claims{}, err
	}
	return token, claims, nil
}

const ensuring = "ensure user"

// ensureUser has a user made of somebody who is new.
func (r *Resolver) ensureUser(ctx context.Context, bearer secureflows.Token) error {
	answer, err := r.client.Do(ctx, remote.Request{
		Op: "vertesia: " + ensuring, Method: http.MethodPost, URL: r.studio + "/auth/ensure-user", Bearer: bearer,
	})
	if err != nil {
		return err
	}
	switch {
	case answer.Status/100 != 2:
		return refusal(ensuring, answer)
	case answer.IsPage():
		return answer.Outage("a page in HTML, which is not the service's")
	}
	return nil
}
