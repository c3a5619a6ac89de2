package authreturn

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
	"github.com/secureflows/secureflows-go/internal/remote"
	"github.com/secureflows/secureflows-go/middleware"
)

// Provider is the Identity.Provider of whoever has a token of AuthReturn.
const Provider = "authreturn"

const defaultOrigin = "https://authreturn.com"

// Config is what New takes. The zero value is the right one for most.
type Config struct {
	// Origin is where the service is: scheme, host and port, https off loopback.
	// "" is https://authreturn.com.
	Origin string

	// HTTPClient gives the transport and the timeout of requests to the service.
	// nil is one with 10 s. Redirects are never followed.
	HTTPClient *http.Client

	// Secret is the service's SECRET_KEY, by [NewSecret], and makes the Resolver
	// verify tokens by itself. Whoever has it can sign in as anybody at every
	// application of the service, and somebody whom the service has deleted is let
	// in until their token expires. The zero Secret asks the service about each
	// token.
	Secret Secret

	// Leeway is how far the clocks of the service and of this machine may be
	// apart: an expired token is refused that much later, and a refresh begins
	// that much later. 0 is none, 5 minutes are the most.
	Leeway time.Duration

	// Now tells the time. nil is time.Now.
	Now func() time.Time
}

// Secret is the key that AuthReturn signs with. It prints as [REDACTED] wherever
// it is formatted, logged or encoded, inside other values too. The zero Secret is
// none.
type Secret struct{ held }

type held = jwtverify.Secret

// NewSecret gives the Secret with this text, of which it keeps a copy. It refuses,
// as secureflows.ErrInvalidRequest, one of under 32 bytes, and a public key, in
// whose name everybody could sign.
func NewSecret(text []byte) (Secret, error) {
	made, err := jwtverify.NewSecret(text)
	if err != nil {
		return Secret{}, fmt.Errorf("authreturn: %w", err)
	}
	return Secret{made}, nil
}

// Resolver says whose a token of AuthReturn is. It is safe for concurrent use.
type Resolver struct {
	origin   *url.URL
	client   *remote.Client
	verifier *jwtverify.Verifier // nil where the service is asked
	leeway   time.Duration
	now      func() time.Time
}

var _ middleware.Resolver = (*Resolver)(nil)

const maxLeeway = 5 * time.Minute

// New makes a Resolver. It performs no I/O. A configuration that cannot work, or
// would not be safe, is refused as secureflows.ErrInvalidRequest, with the field
// and the fix in the message.
func New(cfg Config) (*Resolver, error) {
	if cfg.Origin == "" {
		cfg.Origin = defaultOrigin
	}
	origin, err := remote.Origin("Config.Origin", cfg.Origin)
	if err != nil {
		return nil, fmt.Errorf("authreturn: new: %w", err)
	}
	if cfg.Leeway < 0 || cfg.Leeway > maxLeeway {
		return nil, misconfigured("new: Config.Leeway is %v: write something from 0 to %v; clocks that are further apart should be set", cfg.Leeway, maxLeeway)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	r := &Resolver{origin: origin, client: remote.New(cfg.HTTPClient), leeway: cfg.Leeway, now: cfg.Now}
	if cfg.Secret.IsZero() {
		return r, nil
	}
	r.verifier, err = jwtverify.New(jwtverify.Config{
		Algorithms: []string{algorithm}, Keys: cfg.Secret.held, Leeway: cfg.Leeway, Now: cfg.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("authreturn: new: %w", err)
	}
	return r, nil
}

func misconfigured(format string, values ...any) error {
	return fmt.Errorf("%w: authreturn: "+format, append([]any{secureflows.ErrInvalidRequest}, values...)...)
}

// Format prints that this is a Resolver, under every verb.
func (r *Resolver) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("authreturn.Resolver")) }
