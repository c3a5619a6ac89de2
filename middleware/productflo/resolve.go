package productflo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
	"github.com/secureflows/secureflows-go/middleware"
)

// Resolve gives the identity behind a token of ProductFlo's: Subject is the claim
// "sub", Tenant "tenant_id", and Roles and Permissions are as Config says. It
// makes a Resolver the one that middleware asks.
//
// The error wraps middleware.ErrForeignToken for a token that is not of
// ProductFlo by its outer form, before anything is asked about it;
// middleware.ErrNotAllowed where Config.Tenant is not the token's;
// secureflows.ErrTokenExpired or ErrUnauthenticated for one that is not good; and
// secureflows.ErrUnavailable where that cannot be found out. With
// Config.AskSession it may be any of [Resolver.Session].
func (r *Resolver) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	holder, err := r.verify(ctx, token)
	if err != nil {
		return secureflows.Identity{}, err
	}
	if r.config.Tenant != "" && holder.tenant != r.config.Tenant {
		return secureflows.Identity{}, fmt.Errorf("%w: productflo: it is for another tenant than Config.Tenant, or for none", middleware.ErrNotAllowed)
	}
	if r.config.AskSession {
		if _, err := r.session(ctx, token, holder); err != nil {
			return secureflows.Identity{}, err
		}
	}
	return secureflows.Identity{
		Provider: Provider, Subject: holder.subject, Tenant: holder.tenant,
		Roles:       grants(r.config.RolesOf, holder.claims, "role"),
		Permissions: grants(r.config.PermissionsOf, holder.claims, "permissions"),
		ExpiresAt:   holder.ends.UTC().Truncate(time.Second),
	}, nil
}

// holder is whose a verified token is.
type holder struct {
	subject, tenant string
	ends            time.Time
	claims          map[string]json.RawMessage
}

// verify gives the holder of a token; of one that has only expired it gives the
// subject, beside the error.
func (r *Resolver) verify(ctx context.Context, token secureflows.Token) (holder, error) {
	shape, err := r.shapeOf(token)
	if err != nil {
		return holder{}, err
	}
	var claims map[string]json.RawMessage
	registered, err := r.verifier.Verify(ctx, token.Reveal(), &claims)
	if errors.Is(err, secureflows.ErrTokenExpired) {
		// All but the date is good, what the shape says included.
		subject, _ := text(shape.Claims["sub"])
		return holder{subject: subject}, fmt.Errorf("productflo: %w", err)
	}
	if err != nil {
		return holder{}, fmt.Errorf("productflo: %w", err)
	}
	if registered.Subject == "" {
		return holder{}, refused(`it has no "sub", so that it is nobody's: the key of an application, perhaps`)
	}
	tenant, ok := text(claims["tenant_id"])
	if !ok {
		return holder{}, refused(`its "tenant_id" is no string`)
	}
	return holder{registered.Subject, tenant, registered.ExpiresAt, claims}, nil
}

// Owns reports whether a token is ProductFlo's by its outside, which says nothing
// about whether it is good. It asks nobody; [middleware.FirstOf] goes by it.
func (r *Resolver) Owns(token secureflows.Token) bool {
	_, err := r.shapeOf(token)
	return err == nil
}

// shapeOf reads what a token says of itself, and passes on those that are not of
// ProductFlo by that. It decides who is asked, and nothing else.
func (r *Resolver) shapeOf(token secureflows.Token) (jwtverify.Shape, error) {
	shape, ok := jwtverify.Peek(token.Reveal())
	subject, _ := text(shape.Claims["sub"])
	switch {
	case !ok:
		return shape, foreign("it is no signed JWT")
	case !r.config.WithoutIssuer:
		// A forgery that names the issuer is refused here: it is nobody else's.
		if shape.Issuer() != r.config.Issuer {
			return shape, foreign("its issuer is not Config.Issuer")
		}
	case shape.Has("iss"):
		return shape, foreign("it names an issuer, and by Config.WithoutIssuer those of ProductFlo name none: write it as Config.Issuer if they do")
	case !slices.Contains(r.algorithms, shape.Algorithm):
		return shape, foreign("it is signed with another algorithm")
	case subject == "" || !shape.Has("role"):
		return shape, foreign(`it lacks "sub" or "role"`)
	}
	return shape, nil
}

func foreign(reason string) error {
	return fmt.Errorf("%w: productflo: %s", middleware.ErrForeignToken, reason)
}

func refused(reason string) error {
	return fmt.Errorf("%w: productflo: %s", secureflows.ErrUnauthenticated, reason)
}

// text reads a claim that is a string. A missing one and null are "", and ok.
func text(claim json.RawMessage) (s string, ok bool) {
	return s, len(claim) == 0 || json.Unmarshal(claim, &s) == nil
}

// grants are what the operator's function says, or the claim as it is.
func grants(read func(map[string]json.RawMessage) secureflows.Grants, claims map[string]json.RawMessage, name string) secureflows.Grants {
	if read != nil {
		return read(claims)
	}
	raw, _ := secureflows.RawGrants(claims[name]) // it is JSON, as a part of what was decoded
	return raw
}
