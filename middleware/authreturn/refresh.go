package authreturn

import (
	"context"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/remote"
)

// refreshWindow is how long before its end a token can be refreshed.
const refreshWindow = 7 * 24 * time.Hour

// RefreshDue reports whether [Resolver.Refresh] would ask the service: the token
// has AuthReturn's shape, is in its last 7 days, and has not expired. It performs
// no I/O, and what it reports is what the token says of itself.
func (r *Resolver) RefreshDue(token secureflows.Token) bool {
	s, err := read(token)
	return err == nil && r.refreshable(s) == nil
}

// Refresh gives a token with a new life of 30 days for one that is good and in
// its last 7 days (POST /api/refresh). The old one stays good until it expires:
// the service revokes nothing. An error of Refresh says nothing about the old
// token that Resolve does not say as well; go on using it.
//
// Before any request are refused: a token of another provider as
// middleware.ErrForeignToken, one that has more than 7 days left as
// secureflows.ErrInvalidRequest, which says from when on it can be refreshed, and
// one that has expired as secureflows.ErrTokenExpired, since nobody has published
// whether that can still be done. The rest is as for Resolve. An answer with a
// token of somebody else, or with an older one, is secureflows.ErrUnavailable.
func (r *Resolver) Refresh(ctx context.Context, token secureflows.Token) (secureflows.Token, error) {
	old, err := read(token)
	if err == nil {
		err = r.refreshable(old)
	}
	if err != nil {
		return secureflows.Token{}, err
	}
	answer, err := r.post(ctx, r.about(token, "refresh"))
	if err != nil {
		return secureflows.Token{}, err
	}
	token, fresh, err := r.tokenIn(ctx, answer)
	switch {
	case err != nil:
		return secureflows.Token{}, err
	case fresh.userID != old.userID:
		return secureflows.Token{}, answer.Outage("a token of somebody else")
	case fresh.expires.Before(old.expires):
		return secureflows.Token{}, answer.Outage("a token that is older than the one it replaces")
	}
	return token, nil
}

func (r *Resolver) refreshable(s said) error {
	// A service whose clock is behind would refuse a request of the first moment.
	from := s.expires.Add(r.leeway - refreshWindow)
	switch {
	case r.expired(s):
		return errExpired
	case r.now().Before(from):
		return misconfigured("refresh: the token has more than 7 days left: use it as it is until %s", from.Format(time.RFC3339))
	}
	return nil
}

// tokenIn gives the token of an answer to a refresh or a login, if it can be one,
// and what it says.
func (r *Resolver) tokenIn(ctx context.Context, answer *remote.Answer) (secureflows.Token, said, error) {
	var form struct {
		Success bool   `json:"success"`
		Token   string `json:"token"`
	}
	if err := decode(answer, &form); err != nil {
		return secureflows.Token{}, said{}, err
	}
	if !form.Success {
		return secureflows.Token{}, said{}, answer.Outage("an answer that is no success")
	}
	token, err := secureflows.NewToken(form.Token)
	if err != nil {
		return secureflows.Token{}, said{}, answer.Outage("an answer without a token")
	}
	fresh, err := read(token)
	if err != nil {
		return secureflows.Token{}, said{}, answer.Outage("a token that is not of the service's shape")
	}
	if r.verifier != nil {
		if _, err := r.verifier.Verify(ctx, token.Reveal(), nil); err != nil {
			return secureflows.Token{}, said{}, answer.Outage("a token that Config.Secret does not verify")
		}
	}
	return token, fresh, nil
}
