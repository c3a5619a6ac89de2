package productflo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
	"github.com/secureflows/secureflows-go/internal/remote"
	"github.com/secureflows/secureflows-go/middleware"
)

// Provider is the Identity.Provider of all whom a [Resolver] lets in.
const Provider = "productflo"

// Config is what New takes. Secret or KeySetURL is required, one of them, and so
// is Issuer or WithoutIssuer. ProductFlo has published neither keys, nor an
// algorithm, an issuer or an audience: they are its operator's to say.
type Config struct {
	// Secret is what tokens are signed with where that is HS256, by [NewSecret]:
	// the bytes as they go into the HMAC. A text that is base64 is not decoded.
	// Whoever has it can sign tokens too.
	Secret Secret
	// KeySetURL is where the public keys are where tokens are signed with ES256
	// or RS256: a JWK set, by https, or http on loopback.
	KeySetURL string
	// Algorithms are those that tokens are signed with: ES256, RS256 or both,
	// required with KeySetURL. With Secret it is HS256, which may be left out.
	Algorithms []string

	// Issuer is the claim "iss" of ProductFlo's tokens, to the letter. It is
	// required, unless WithoutIssuer says that there is none: look into a token.
	Issuer string
	// WithoutIssuer says that ProductFlo's tokens have no claim "iss". One that
	// names an issuer is another provider's then, and those that name none are
	// told apart by their claims alone; see the package documentation.
	WithoutIssuer bool
	// Audience lists whom tokens may be for: one of the names must be in the
	// claim "aud". None is not compared.
	Audience []string
	// Tenant is the only one that is let in, by the claim "tenant_id". A token of
	// another, or without the claim, is refused as middleware.ErrNotAllowed. "" is
	// for applications that keep their tenants apart by themselves, with
	// [TenantOf].
	Tenant string

	// Leeway is how far the clocks of ProductFlo and of this machine may be
	// apart. 0 is none, 5 minutes are the most.
	Leeway time.Duration

	// RolesOf and PermissionsOf read the claims of a verified token, for those
	// who know how ProductFlo writes roles and permissions. nil takes the claims
	// "role" and "permissions" over as they are; see the package documentation
	// before you decide anything by them.
	RolesOf       func(claims map[string]json.RawMessage) secureflows.Grants
	PermissionsOf func(claims map[string]json.RawMessage) secureflows.Grants

	// AskSession makes Resolve ask ProductFlo (GET /auth/session) about each token
	// that is good by its signature, so that one which was logged out is refused.
	// Without it, such a token is good until it expires.
	AskSession bool

	// Refresh gets new tokens for a refresh token, and SecondFactor for the answer
	// to a login and a person's code. ProductFlo has both, and has published the
	// form of neither: an application that knows it supplies it here, for
	// [Resolver.Refresh] and [Resolver.SecondFactor], which are refused otherwise.
	Refresh      func(ctx context.Context, refresh secureflows.Token) (Tokens, error)
	SecondFactor func(ctx context.Context, challenge json.RawMessage, code string) (Tokens, error)

	// Origin is where ProductFlo's API is. "" is https://api.productflo.io.
	Origin string
	// HTTPClient is for requests to the API and for keys. nil is one with a
	// timeout of 10 s. Whatever it says, redirects are not followed.
	HTTPClient *http.Client
	// Now tells the time. nil is time.Now.
	Now func() time.Time
}

// Secret is what ProductFlo signs with. It prints as [REDACTED] wherever it is
// formatted, logged or encoded, inside other values too. The zero Secret is none.
type Secret struct{ held }

type held = jwtverify.Secret

// NewSecret gives the Secret with this text, of which it keeps a copy. It refuses,
// as secureflows.ErrInvalidRequest, one of under 32 bytes, and a public key, in
// whose name everybody could sign.
func NewSecret(text []byte) (Secret, error) {
	made, err := jwtverify.NewSecret(text)
	if err != nil {
		return Secret{}, fmt.Errorf("productflo: %w", err)
	}
	return Secret{made}, nil
}

// Resolver says whose a token of ProductFlo's is. It is safe for concurrent use.
type Resolver struct {
	config     Config // without Secret
	algorithms []string
	verifier   *jwtverify.Verifier
	origin     *url.URL
	remote     *remote.Client
	now        func() time.Time
}

var _ middleware.Resolver = (*Resolver)(nil)

// New makes a Resolver. It performs no I/O, and refuses, as
// secureflows.ErrInvalidRequest, a configuration that could not work or would
// not be safe.
func New(config Config) (*Resolver, error) {
	keys, algorithms, err := keysOf(&config)
	if err != nil {
		return nil, err
	}
	switch {
	case config.Issuer == "" && !config.WithoutIssuer:
		return nil, misconfigured(`Config.Issuer is empty: write the "iss" of a token of ProductFlo's there, or set Config.WithoutIssuer if it has none`)
	case config.Issuer != "" && config.WithoutIssuer:
		return nil, misconfigured(`Config has both Issuer and WithoutIssuer: look into a token, and leave WithoutIssuer out if it has an "iss", and Issuer if not`)
	}
	verifier, err := jwtverify.New(jwtverify.Config{
		Algorithms: algorithms, Keys: keys, Issuer: config.Issuer, Audience: config.Audience,
		Leeway: config.Leeway, Now: config.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("productflo: %w", err)
	}
	if config.Origin == "" {
		config.Origin = "https://api.productflo.io"
	}
	origin, err := remote.Origin("Config.Origin", config.Origin)
	if err != nil {
		return nil, fmt.Errorf("productflo: %w", err)
	}
	r := &Resolver{
		config: config, algorithms: algorithms, verifier: verifier,
		origin: origin, remote: remote.New(config.HTTPClient), now: config.Now,
	}
	if r.config.Secret = (Secret{}); r.now == nil {
		r.now = time.Now
	}
	return r, nil
}

// keysOf gives what tokens are verified with, and the algorithms for it.
func keysOf(config *Config) (keys jwtverify.Keys, algorithms []string, err error) {
	algorithms = slices.Clone(config.Algorithms)
	switch {
	case config.Secret.IsZero() && config.KeySetURL == "":
		return nil, nil, misconfigured("Config.Secret and KeySetURL are empty: write the one that the operator of ProductFlo gives you")
	case !config.Secret.IsZero() && config.KeySetURL != "":
		return nil, nil, misconfigured("Config has both Secret and KeySetURL: tokens are signed with one kind of key, leave the other out")
	case config.KeySetURL != "":
		if _, err := remote.Page("Config.KeySetURL", config.KeySetURL); err != nil {
			return nil, nil, fmt.Errorf("productflo: new: %w", err)
		}
		keys, err = jwtverify.NewKeySet(jwtverify.KeySetConfig{URL: config.KeySetURL, HTTPClient: config.HTTPClient, Now: config.Now})
	default:
		if len(algorithms) == 0 {
			algorithms = []string{"HS256"} // there is no other for a Secret
		}
		keys = config.Secret.held
	}
	if err != nil {
		return nil, nil, fmt.Errorf("productflo: %w", err)
	}
	return keys, algorithms, nil
}

func misconfigured(reason string) error {
	return fmt.Errorf("%w: productflo: %s", secureflows.ErrInvalidRequest, reason)
}

// Format prints that this is a Resolver, under every verb.
func (r *Resolver) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "productflo.Resolver") }
