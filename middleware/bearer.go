package middleware

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/arrival"
)

// BearerConfig is what NewBearer takes. The zero value is the right one for
// most.
type BearerConfig struct {
	// MaxAge is how long an answer about a token may be reused: the longest
	// that a revocation made elsewhere goes unnoticed. 0 is 10 s, negative asks
	// for every request; the refusal of a token is remembered for 5 s even
	// then. Where NewBearer is given a [*Cache], 0 is that cache's own, and
	// anything else can only be stricter.
	MaxAge time.Duration

	// Realm is said in the challenge of a 401, in visible ASCII and spaces. ""
	// says none.
	Realm string

	// RedirectURI, the callback of the front end, makes answers of 401 carry
	// the URL of the hosted login that returns there. "" leaves it out.
	RedirectURI string

	// TokenSource finds the token of a request that has no bearer token in its
	// Authorization header, and reports false when there is none. It is for the
	// requests that cannot have one: a browser's websocket says it in a
	// subprotocol.
	// Query parameters end up in logs, cookies are sent by any page: prefer
	// neither. nil is the header alone.
	TokenSource func(*http.Request) (token string, ok bool)

	// ErrorHandler writes the answer to a refused request. The status is the
	// Refusal's, whatever it writes, and the headers that the status calls for
	// are set already. nil is [Refusal.Write].
	ErrorHandler func(w http.ResponseWriter, r *http.Request, refusal *Refusal)

	// Client makes the sessions that handlers get, where the resolver is
	// neither a *secureflows.Client nor in front of one, and its sign-outs empty
	// the cache. nil gives handlers no sessions. Tokens of other providers
	// ([FirstOf]) never have one.
	Client *secureflows.Client
}

// Bearer guards routes by the bearer token of each request. Its methods fit
// every router that takes a func(http.Handler) http.Handler. It is safe for
// concurrent use.
type Bearer struct {
	cache    *Cache
	client   *secureflows.Client
	config   BearerConfig
	maxAge   time.Duration
	loginURL string
}

// NewBearer makes a Bearer that asks resolver, usually a *[secureflows.Client],
// whose a token is, through a cache of its own, or through resolver itself when
// that is a [*Cache]. It panics on a configuration that cannot work, with the
// fix in the message.
func NewBearer(resolver Resolver, cfg BearerConfig) *Bearer {
	checkResolver("NewBearer", resolver)
	if strings.ContainsFunc(cfg.Realm, func(c rune) bool { return c < ' ' || c > '~' }) {
		panic("middleware: NewBearer: the Realm cannot be sent in a header: write it in visible ASCII")
	}
	b := &Bearer{config: cfg, client: cfg.Client, maxAge: cfg.MaxAge}
	cache, shared := resolver.(*Cache)
	if !shared {
		cache = NewCache(resolver, CacheConfig{MaxAge: cfg.MaxAge})
	}
	if b.cache = cache; cfg.MaxAge == 0 {
		b.maxAge = cache.maxAge
	}
	if b.client == nil {
		b.client = cache.client()
	}
	if b.client != nil {
		cache.hear(b.client)
	}
	if cfg.RedirectURI != "" {
		b.loginURL = loginURL(b.client, cfg.RedirectURI)
	}
	return b
}

func loginURL(client *secureflows.Client, redirectURI string) string {
	if client == nil {
		panic("middleware: NewBearer: RedirectURI needs a client to build the login URL: set BearerConfig.Client")
	}
	url, err := client.LoginURL(secureflows.LoginOptions{RedirectURI: redirectURI})
	if err != nil {
		panic(fmt.Sprintf("middleware: NewBearer: %v", err))
	}
	return url
}

// Require lets requests with a good token through to next, with identity and
// session in the context ([secureflows.IdentityFromContext],
// [secureflows.SessionFromContext]), and refuses all others.
func (b *Bearer) Require(next http.Handler) http.Handler { return b.guard(next, b.maxAge, nil, false) }

// Optional is Require, but lets requests without credentials through as
// anonymous ones. Bad credentials and an outage are refused all the same: a
// person who believes to be signed in must not be served as nobody.
func (b *Bearer) Optional(next http.Handler) http.Handler { return b.guard(next, b.maxAge, nil, true) }

// RequireFresh is Require with an answer that was asked for at most maxAge
// before the request came; 0 asks the service for each request. It never
// loosens the Bearer's MaxAge. It is for the routes on which a revocation must
// count at once, such as deleting an account.
func (b *Bearer) RequireFresh(maxAge time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return b.guard(next, min(maxAge, b.maxAge), nil, false) }
}

// Allow is Require, and then refuses with 403 those whom allowed gives an
// error for. The error is not shown to them.
func (b *Bearer) Allow(allowed func(secureflows.Identity) error) func(http.Handler) http.Handler {
	if allowed == nil {
		panic("middleware: Allow: the function is nil, which would allow everybody: that is Require")
	}
	return func(next http.Handler) http.Handler { return b.guard(next, b.maxAge, allowed, false) }
}

// Check gives whose request r is, or why it is refused, without the HTTP. No
// credentials are secureflows.ErrUnauthenticated, bad ones that or another
// sentinel of a sign-out, malformed ones secureflows.ErrInvalidRequest. A
// billing lock is secureflows.ErrGraceLock; a service that cannot be asked is
// secureflows.ErrUnavailable or secureflows.ErrRateLimited. The end of r's own
// context is none of these, but context.Canceled or context.DeadlineExceeded.
func (b *Bearer) Check(r *http.Request) (secureflows.Identity, error) {
	identity, _, refusal := b.check(r, b.maxAge)
	if refusal != nil {
		return secureflows.Identity{}, refusal.Err
	}
	return *identity, nil
}

// guard is what all of them are.
func (b *Bearer) guard(next http.Handler, maxAge time.Duration, allowed func(secureflows.Identity) error, optional bool) http.Handler {
	if next == nil {
		panic("middleware: the handler to guard is nil")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, bearer, refusal := b.check(r, maxAge)
		if refusal == nil && allowed != nil {
			if err := allowed(*identity); err != nil {
				refusal = &Refusal{Err: err, kind: &notAllowed}
			}
		}
		switch {
		case refusal == nil:
			next.ServeHTTP(w, attach(r, b.client, bearer, identity))
		case optional && refusal.kind == &noCredentials:
			next.ServeHTTP(w, r)
		default:
			b.refuse(w, r, refusal)
		}
	})
}

// attach puts the caller into the request; see package arrival.
var attach = arrival.Attach.(func(*http.Request, *secureflows.Client, string, *secureflows.Identity) *http.Request)

// check gives whose request r is, for reading only, and the text of the token
// that says so.
func (b *Bearer) check(r *http.Request, maxAge time.Duration) (identity *secureflows.Identity, bearer string, refusal *Refusal) {
	bearer, err := b.bearer(r)
	if err != nil {
		return nil, "", refuse(err)
	}
	arrived := now()
	key := b.cache.fingerprint.of(bearer)
	if found := b.cache.lookup(key, arrived, maxAge, bearer); found != nil {
		return &found.value, bearer, nil
	}
	// What is in the cache was a token; anything else may be garbage, and
	// garbage is refused before it costs the service anything.
	token, err := secureflows.NewToken(bearer)
	if err != nil {
		return nil, "", refuse(errMalformed)
	}
	identity, _, err = b.cache.ask(r.Context(), token, key, arrived, maxAge)
	if err != nil {
		return nil, "", refuse(err)
	}
	return identity, bearer, nil
}

func (b *Bearer) bearer(r *http.Request) (string, error) {
	text, err := bearerText(r)
	if b.config.TokenSource == nil || !errors.Is(err, errNoCredentials) {
		return text, err
	}
	text, ok := b.config.TokenSource(r)
	switch {
	case !ok:
		return "", errNoCredentials
	case text == "" || len(text) > maxTokenBytes:
		return "", errMalformed
	default:
		return text, nil
	}
}

// Format prints that this is a Bearer, under every verb; see [Cache.Format].
func (b *Bearer) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("middleware.Bearer")) }

// Stats gives the counts of the cache below.
func (b *Bearer) Stats() Stats { return b.cache.Stats() }

var _ Resolver = (*secureflows.Client)(nil)
