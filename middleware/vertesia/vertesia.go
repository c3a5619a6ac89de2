package vertesia

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
	"github.com/secureflows/secureflows-go/internal/remote"
	"github.com/secureflows/secureflows-go/middleware"
)

// Provider is what Identity.Provider has for people of Vertesia.
const Provider = "vertesia"

const defaultCentralAuth = "https://internal-auth.vertesia.app"

// Config is what New takes. Issuer, Types and Accounts are required.
type Config struct {
	// Issuer is the claim "iss" of the tokens, such as https://sts.vertesia.io:
	// the base URL of the STS. It is compared to the letter: a token that spells it
	// in another way, with a slash at the end or in capitals, is Vertesia's and
	// refused. A region's tokens may name the region's STS or another one; look into
	// a token to find out. Another host is another issuer, whose tokens are foreign
	// here, and which needs a Resolver of its own.
	Issuer string

	// Types lists the types of tokens that are let in, such as "user". The keys
	// that sign those of people sign those of API keys, agents and services too.
	Types []string

	// Accounts lists the ids of the accounts whose tokens are let in. The tokens
	// of every customer of Vertesia verify.
	Accounts []string

	// Audience lists whom tokens may be for; the claim "aud" must have one of
	// them. None is not compared: what is in "aud" is not published.
	Audience []string

	// KeySetURL is where the issuer publishes its keys. "" is
	// /.well-known/jwks below Issuer.
	KeySetURL string

	// Leeway is how far the clocks may be apart: a token is good until just
	// before "exp" plus Leeway. 0 is none, 5 minutes are the most.
	Leeway time.Duration

	// STS is the base URL of the service that issues tokens. "" is Issuer.
	STS string

	// CentralAuth is the base URL of the page where people sign in and out. "" is
	// https://internal-auth.vertesia.app.
	CentralAuth string

	// Studio is the base URL of the API that makes a user of somebody who is new,
	// which Exchange then asks to. "" asks nobody: such a person is ErrNoUser.
	Studio string

	// FirebaseIssuer is the claim "iss" of the ID tokens that Exchange sends:
	// https://securetoken.google.com/ and the id of the Firebase project that the
	// front end signs in to for Vertesia. ID tokens of other projects, such as
	// secureFlows' own, are refused before they are sent. "" is for programs that
	// exchange none: Exchange refuses to work then.
	FirebaseIssuer string

	// HTTPClient sends the requests, by its Transport and within its Timeout. nil
	// is one with a timeout of 10 s. No redirect is followed.
	HTTPClient *http.Client

	// Now tells the time. nil is time.Now.
	Now func() time.Time
}

// Resolver says whose a token of Vertesia is. It is a [middleware.Resolver], and
// safe for concurrent use.
type Resolver struct {
	verifier       *jwtverify.Verifier
	client         *remote.Client
	now            func() time.Time
	issuer         string
	issuerAnyhow   string // as anyhow gives it
	firebaseIssuer string
	types          []string
	accounts       []string
	sts            string
	centralAuth    string
	studio         string // "" is none
}

var _ middleware.Resolver = (*Resolver)(nil)

// New makes a Resolver. It performs no I/O, and refuses a configuration that
// cannot work, as secureflows.ErrInvalidRequest, with the field and the fix in
// the message.
func New(cfg Config) (*Resolver, error) {
	if err := checkLists(&cfg); err != nil {
		return nil, err
	}
	issuer, err := base("Issuer", cfg.Issuer)
	if err != nil {
		return nil, err
	}
	r := &Resolver{
		client: remote.New(cfg.HTTPClient), now: cfg.Now, issuer: cfg.Issuer, issuerAnyhow: anyhow(cfg.Issuer), firebaseIssuer: cfg.FirebaseIssuer,
		types: slices.Clone(cfg.Types), accounts: slices.Clone(cfg.Accounts),
		sts: issuer, centralAuth: defaultCentralAuth,
	}
	if r.now == nil {
		r.now = time.Now
	}
	for _, each := range []struct {
		field, text string
		into        *string
	}{{"STS", cfg.STS, &r.sts}, {"CentralAuth", cfg.CentralAuth, &r.centralAuth}, {"Studio", cfg.Studio, &r.studio}} {
		if each.text == "" {
			continue
		}
		if *each.into, err = base(each.field, each.text); err != nil {
			return nil, err
		}
	}
	if r.verifier, err = newVerifier(&cfg, issuer); err != nil {
		return nil, err
	}
	return r, nil
}

func newVerifier(cfg *Config, issuer string) (*jwtverify.Verifier, error) {
	keySetURL := cfg.KeySetURL
	if keySetURL == "" {
		keySetURL = issuer + "/.well-known/jwks"
	}
	if _, err := remote.Page("Config.KeySetURL", keySetURL); err != nil {
		return nil, fmt.Errorf("vertesia: new: %w", err)
	}
	keys, err := jwtverify.NewKeySet(jwtverify.KeySetConfig{URL: keySetURL, HTTPClient: cfg.HTTPClient, Now: cfg.Now})
	if err != nil {
		return nil, fmt.Errorf("vertesia: %w", err)
	}
	verifier, err := jwtverify.New(jwtverify.Config{
		Algorithms: []string{"ES256", "RS256"}, Keys: keys,
		Issuer: cfg.Issuer, Audience: cfg.Audience, Leeway: cfg.Leeway, Now: cfg.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("vertesia: %w", err)
	}
	return verifier, nil
}

func checkLists(cfg *Config) error {
	switch {
	case len(cfg.Types) == 0:
		return misconfigured(`Config.Types is empty: list the types of tokens to let in, "user" for people`)
	case len(cfg.Accounts) == 0:
		return misconfigured("Config.Accounts is empty, and the tokens of every customer of Vertesia verify: list the ids of your accounts")
	}
	for _, name := range slices.Concat(cfg.Types, cfg.Accounts) {
		if name == "" || strings.ContainsAny(name, "* \t\r\n") {
			return misconfigured("Config.Types or Config.Accounts has a name that is empty or has a space or a *: names are compared to the letter")
		}
	}
	return nil
}

// base gives a base URL without a slash at its end.
func base(field, text string) (string, error) {
	u, err := remote.Page("Config."+field, text)
	if err != nil {
		return "", fmt.Errorf("vertesia: new: %w", err)
	}
	if u.RawQuery != "" || u.ForceQuery {
		return "", misconfigured("Config.%s has a query: leave it out", field)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// anyhow gives an issuer in the one spelling of several that lead to the same
// place, or what is no URL as it is. It says whose a token is, and lets nobody in.
func anyhow(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || strings.Contains(issuer, "#") {
		return issuer
	}
	standard := map[string]string{"https": ":443", "http": ":80"}[u.Scheme] // which url.Parse writes small
	u.Host = strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(u.Host), standard), ":")
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u.String()
}

func misconfigured(format string, values ...any) error {
	return fmt.Errorf("vertesia: new: %w: "+format, append([]any{secureflows.ErrInvalidRequest}, values...)...)
}

// Resolve gives whose token this is: Subject is "sub", Tenant the id of the
// account that the token is for, Roles the roles in that account, ExpiresAt is
// "exp" without the leeway. What else the token says, [Resolver.Verify] gives.
//
// Permissions are the list of the token's. Where conditions on content restrict
// them ([Claims.Restricted]), they are the JSON object of the claims permissions,
// content_security and abac instead, of which Has is false for every name: the
// list alone would promise too much. Roles are as they are in both cases: whoever
// decides by a role what content somebody sees looks at Restricted as well.
//
// Whoever writes roles down, such as beside the link of an account, writes
// ExpiresAt down too, and decides nothing by them from then on: Vertesia may have
// taken them away.
//
// The errors are those of Verify.
func (r *Resolver) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	claims, err := r.Verify(ctx, token)
	if err != nil {
		return secureflows.Identity{}, err
	}
	return claims.identity()
}

// LogoutURL gives the page that ends the central sign-in of a browser, for a
// redirect there after the application has ended its own session. redirectURI is
// where to go on to, absolute; "" leaves that to the page. Whether the page goes
// wherever it is told is not published.
func (r *Resolver) LogoutURL(redirectURI string) (string, error) {
	if redirectURI == "" {
		return r.centralAuth + "/logout", nil
	}
	if _, err := remote.Page("redirectURI", redirectURI); err != nil {
		return "", fmt.Errorf("vertesia: logout URL: %w", err)
	}
	return r.centralAuth + "/logout?" + url.Values{"redirect_uri": {redirectURI}}.Encode(), nil
}

// Format prints that this is a Resolver, under every verb.
func (r *Resolver) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("vertesia.Resolver")) }
