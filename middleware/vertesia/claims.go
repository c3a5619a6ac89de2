package vertesia

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	josejson "github.com/go-jose/go-jose/v4/json" // "ID" is not "id" there

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
	"github.com/secureflows/secureflows-go/middleware"
)

// Claims are what a token says that was verified. What it does not have is "",
// nil or the zero time; so is what has another type than is documented, where
// nothing is decided by it: UserID, Picture, Accounts, Apps, Scopes, Tags,
// UIRestrictions and TrustedRequestIdentity. Claims name a person, their e-mail
// address and all their accounts: keep them out of logs.
type Claims struct {
	Issuer   string   `json:"iss"`
	Audience []string `json:"-"`
	// Subject is the person's id, the key beside the Provider. What it looks like
	// is not published.
	Subject string `json:"sub"`
	// ExpiresAt is in UTC, to the second, without the leeway.
	ExpiresAt time.Time `json:"-"`
	// Type is what the token is for: user, oauth_access, group, apikey,
	// service_account, agent, schedule.
	Type string `json:"type"`

	UserID  string `json:"user_id"`
	Name    string `json:"name"`
	Email   string `json:"email"`
	Picture string `json:"picture"`

	// Account is the one that the token is for, and Project the one in it, nil for
	// none. Accounts are all that the person has, whether let in here or not.
	Account  Account   `json:"account"`
	Accounts []Account `json:"accounts"`
	Project  *Project  `json:"project"`

	AccountRoles []string `json:"account_roles"`
	ProjectRoles []string `json:"project_roles"` // in Project
	Apps         []string `json:"apps"`
	Permissions  []string `json:"permissions"`
	Scopes       []string `json:"scopes"`
	Tags         []string `json:"tags"`
	// UIRestrictions are what Vertesia's own pages do not show.
	UIRestrictions []string `json:"ui_restrictions"`

	// ContentSecurity and ABAC are conditions on content that take away from what
	// the permissions give; see Restricted.
	ContentSecurity json.RawMessage `json:"content_security"`
	ABAC            json.RawMessage `json:"abac"`
	Groups          json.RawMessage `json:"groups"`
	// Endpoints are a host, or an object of several.
	Endpoints json.RawMessage `json:"endpoints"`
	// ServiceCaller is the service that asks on behalf of the person.
	ServiceCaller          json.RawMessage `json:"service_caller"`
	TrustedRequestIdentity bool            `json:"trusted_request_identity"`
}

// saidClaims are Claims as a token spells them. Those that decide something must be
// of the type that is documented. Of the others each is read by itself, so that a
// change of one signs nobody out: their fields stand before those of Claims.
type saidClaims struct {
	Claims

	UserID                 lenient[string]    `json:"user_id"`
	Picture                lenient[string]    `json:"picture"`
	Accounts               lenient[[]Account] `json:"accounts"`
	Apps                   lenient[[]string]  `json:"apps"`
	Scopes                 lenient[[]string]  `json:"scopes"`
	Tags                   lenient[[]string]  `json:"tags"`
	UIRestrictions         lenient[[]string]  `json:"ui_restrictions"`
	TrustedRequestIdentity lenient[bool]      `json:"trusted_request_identity"`
}

func (s *saidClaims) claims() Claims {
	c := s.Claims
	c.UserID, c.Picture, c.Accounts, c.Apps = s.UserID.value, s.Picture.value, s.Accounts.value, s.Apps.value
	c.Scopes, c.Tags, c.UIRestrictions = s.Scopes.value, s.Tags.value, s.UIRestrictions.value
	c.TrustedRequestIdentity = s.TrustedRequestIdentity.value
	return c
}

// lenient is the zero value where a claim is of another type.
type lenient[T any] struct{ value T }

func (l *lenient[T]) UnmarshalJSON(text []byte) error {
	var value T // and not l.value, of which a part may be set where the rest does not fit
	if josejson.Unmarshal(text, &value) == nil {
		l.value = value
	}
	return nil
}

// Account is one of Vertesia's accounts.
type Account struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Project is a project of an account.
type Project struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Account is the id of the account that it is of.
	Account    string `json:"account"`
	Restricted bool   `json:"restricted"`
}

// Restricted reports whether conditions on content restrict the permissions:
// whoever decides by those must look at ContentSecurity and ABAC too. Roles are
// not restricted by them, and say nothing of content.
func (c *Claims) Restricted() bool { return c.ContentSecurity != nil || c.ABAC != nil }

// Bare reports whether the token gives no rights at all, which is one to
// exchange once by [Resolver.Switch] for one that has them.
func (c *Claims) Bare() bool {
	return len(c.Permissions)+len(c.AccountRoles)+len(c.ProjectRoles)+len(c.Apps) == 0
}

// Verify gives everything that a token says, if it is to be let in. The error
// wraps
//
//   - [middleware.ErrForeignToken] for a token of another issuer, before any
//     request. One that spells Config.Issuer in another way is none of those;
//   - [middleware.ErrNotAllowed] for a good token of a type or an account that is
//     not on the list, or of none;
//   - secureflows.ErrTokenExpired where all but the date is good, and
//     secureflows.ErrUnauthenticated for all else that is wrong with a token, and
//     for an API key of Vertesia's (sk-), before any request;
//   - secureflows.ErrUnavailable where keys are needed that cannot be fetched.
//
// It is that of ctx, as it is, when ctx ends meanwhile.
func (r *Resolver) Verify(ctx context.Context, token secureflows.Token) (Claims, error) {
	claims, err := r.genuine(ctx, token)
	if err != nil {
		return Claims{}, err
	}
	if err := r.admits(&claims); err != nil {
		return Claims{}, err
	}
	return claims, nil
}

// Owns reports whether a token is Vertesia's by its outside, which says nothing
// about whether it is good. It asks nobody; [middleware.FirstOf] goes by it.
func (r *Resolver) Owns(token secureflows.Token) bool {
	return !errors.Is(r.route(token), middleware.ErrForeignToken)
}

// route passes on what is of another provider, by the issuer alone: a token that
// names ours goes to nobody else, whatever it was signed with, and however the name
// is spelled.
func (r *Resolver) route(token secureflows.Token) error {
	if token.IsZero() {
		return fmt.Errorf("vertesia: %w: no token: the zero value was used", secureflows.ErrUnauthenticated)
	}
	if strings.HasPrefix(token.Reveal(), "sk-") { // it is as good as a password, and goes nowhere
		return fmt.Errorf("vertesia: %w: it is an API key, and no token of a person", secureflows.ErrUnauthenticated)
	}
	shape, ok := jwtverify.Peek(token.Reveal())
	named := shape.Issuer()
	switch {
	case !ok || named != r.issuer && anyhow(named) != r.issuerAnyhow:
		return fmt.Errorf("vertesia: %w", middleware.ErrForeignToken)
	case named != r.issuer:
		return fmt.Errorf(`vertesia: %w: its "iss" is Config.Issuer in another spelling: write it there as the tokens have it`, secureflows.ErrUnauthenticated)
	}
	return nil
}

// genuine gives what a token of Vertesia says, whoever it lets in.
func (r *Resolver) genuine(ctx context.Context, token secureflows.Token) (Claims, error) {
	if err := r.route(token); err != nil {
		return Claims{}, err
	}
	var said saidClaims
	registered, err := r.verifier.Verify(ctx, token.Reveal(), &said)
	if err != nil {
		return Claims{}, err
	}
	claims := said.claims()
	if claims.Subject == "" {
		return Claims{}, fmt.Errorf("vertesia: %w: the token does not say whose it is", secureflows.ErrUnauthenticated)
	}
	claims.Audience, claims.ExpiresAt = registered.Audience, registered.ExpiresAt.UTC().Truncate(time.Second)
	return claims, nil
}

func (r *Resolver) admits(claims *Claims) error {
	if err := r.admitsType(claims); err != nil {
		return err
	}
	return r.admitsAccount(claims.Account.ID) // a token without one is not admitted
}

func (r *Resolver) admitsType(claims *Claims) error {
	if !slices.Contains(r.types, claims.Type) {
		return fmt.Errorf("vertesia: the token's type is not in Config.Types: %w", middleware.ErrNotAllowed)
	}
	return nil
}

func (r *Resolver) admitsAccount(id string) error {
	if !slices.Contains(r.accounts, id) {
		return fmt.Errorf("vertesia: the account, if any, is not in Config.Accounts: %w", middleware.ErrNotAllowed)
	}
	return nil
}

func (c *Claims) identity() (secureflows.Identity, error) {
	permissions, err := c.grants()
	if err != nil {
		return secureflows.Identity{}, err
	}
	return secureflows.Identity{
		Provider: Provider, Subject: c.Subject, Email: c.Email, Tenant: c.Account.ID,
		Roles: secureflows.GrantsOf(c.AccountRoles...), Permissions: permissions, ExpiresAt: c.ExpiresAt,
	}, nil
}

// grants are the permissions as they are to be decided by.
func (c *Claims) grants() (secureflows.Grants, error) {
	if !c.Restricted() {
		return secureflows.GrantsOf(c.Permissions...), nil
	}
	raw, err := json.Marshal(struct {
		Permissions     []string        `json:"permissions"`
		ContentSecurity json.RawMessage `json:"content_security,omitempty"`
		ABAC            json.RawMessage `json:"abac,omitempty"`
	}{c.Permissions, c.ContentSecurity, c.ABAC})
	if err != nil {
		return secureflows.Grants{}, fmt.Errorf("vertesia: permissions: %w", err)
	}
	return secureflows.RawGrants(raw)
}
