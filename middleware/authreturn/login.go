package authreturn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/remote"
)

// Login gives a new token for an e-mail address and a password (POST /api/login),
// and whose it is. Unlike a token, which other sites have too, the password is
// proof of an account's ownership: it is what to ask for before an account is
// linked. Compare Identity.Person, not the address. Whether the service limits how
// often somebody may guess is not published: limit the route that calls this.
//
// The error wraps secureflows.ErrUnauthenticated where the service refuses the
// two, secureflows.ErrInvalidRequest where one of them is empty, before any
// request, and secureflows.ErrUnavailable in an outage, or where the answer is not
// the one that is documented. No error quotes the password.
func (r *Resolver) Login(ctx context.Context, email, password string) (secureflows.Token, secureflows.Identity, error) {
	none := secureflows.Token{}
	if email == "" || password == "" {
		return none, secureflows.Identity{}, misconfigured("login: e-mail address or password is empty")
	}
	answer, err := r.post(ctx, remote.Request{
		Op: "authreturn: login", URL: r.endpoint("login"),
		Body: map[string]string{"email": email, "password": password},
	})
	switch {
	case errors.Is(err, secureflows.ErrSignedOut): // whatever its 401 says: there was no token
		return none, secureflows.Identity{}, fmt.Errorf("%w: authreturn: login: the service does not accept e-mail address and password", secureflows.ErrUnauthenticated)
	case err != nil:
		return none, secureflows.Identity{}, err
	}
	token, fresh, err := r.tokenIn(ctx, answer)
	if err != nil {
		return none, secureflows.Identity{}, err
	}
	var form struct {
		User struct {
			ID    json.RawMessage `json:"id"`
			Email *string         `json:"email"`
		} `json:"user"`
	}
	if err := decode(answer, &form); err != nil {
		return none, secureflows.Identity{}, err
	}
	switch {
	case form.User.Email == nil || string(form.User.ID) != strconv.FormatInt(fresh.userID, 10):
		return none, secureflows.Identity{}, answer.Outage("an answer without the user of the token")
	case r.expired(fresh):
		return none, secureflows.Identity{}, answer.Outage("a token that has expired: is the clock right?")
	}
	fresh.email = *form.User.Email
	return token, fresh.identity(), nil
}
