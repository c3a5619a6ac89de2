package middleware

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/secureflows/secureflows-go"
)

// BrowserConfig is what NewBrowser takes. CallbackURL and AfterLogout are
// required; the zero value of the rest is the right one for most.
type BrowserConfig struct {
	// CallbackURL is where hosted login returns to, the public URL of the route
	// of [Browser.Callback]: absolute, without fragment, exactly as the
	// dashboard's allowlist has it, and https off loopback. With https the
	// cookies are Secure and have the prefix __Host-. Pages must be opened
	// under its host name, since cookies do not cross over to another.
	CallbackURL string

	// AfterLogout is the page that people come to once they are signed out:
	// absolute, of an origin on the allowlist, https off loopback, and not the
	// callback. A page that needs a sign-in would ask for one at once.
	AfterLogout string

	// MaxAge is how long an answer about a visitor may be reused, as in
	// [BearerConfig].
	MaxAge time.Duration

	// Resolver says whose a token is, such as the [*Cache] that a Bearer asks
	// too. nil is the client behind a cache of its own.
	Resolver Resolver

	// TTL is how long a session of the service lives that a sign-in creates, 1
	// minute to 7 days in whole seconds. 0 leaves it unlimited.
	TTL time.Duration
	// Payload is what such a session starts with, any value encoding/json
	// writes as an object. nil is nothing.
	Payload any

	// IdleTimeout ends the sign-in of a visitor who requests nothing for so
	// long, Lifetime ends every sign-in so long after it was made; the data is
	// not touched by either. 0 is a day and a week, and no negative is taken.
	IdleTimeout time.Duration
	Lifetime    time.Duration

	// MaxSessions bounds how many visitors are signed in at once where Store is
	// nil; those go first who were not seen for longest, and sign in again with
	// one click. 0 is 100,000, at about a kilobyte each. Whoever can sign in can
	// do so many times: let a proxy in front limit the rate of the callback.
	MaxSessions int

	// Store keeps the sign-ins where this process's memory will not do. nil is
	// its memory. Any other needs EncryptionKeys; it is never given a cookie or
	// a token that could be used. Replicas are best served by an [AtomicStore],
	// such as that of middleware/redis.
	Store scs.Store

	// EncryptionKeys encrypt what leaves this process's memory: what Store is
	// given, and the state of a sign-in. Each is 32 random bytes. The first
	// encrypts and all decrypt: a new key is added last on all replicas, then
	// put in front, and the old one dropped after Lifetime. None is a key made
	// up by this process, which only itself can read.
	EncryptionKeys []EncryptionKey

	// InsecureAllowMissingState accepts a return without state, as older
	// servers give it. Whoever makes a visitor follow a link can then sign them
	// in as somebody else, and read what they write there.
	InsecureAllowMissingState bool

	// ErrorHandler writes the answer to a refused request or return, in the
	// status that is the Refusal's. nil is a plain page for navigations and
	// [Refusal.Write] for everything else.
	ErrorHandler func(w http.ResponseWriter, r *http.Request, refusal *Refusal)

	// Logger is told of what an operator should know: a store that cannot be
	// reached, sign-ins that fail. nil is silence.
	Logger *slog.Logger
}

// NewBrowser makes a Browser that signs visitors in for client. It performs no
// I/O. A configuration that cannot work is refused as
// secureflows.ErrInvalidRequest, with the field and the fix in the message.
// [Browser.ValidateRedirects] asks the service about the rest.
func NewBrowser(client *secureflows.Client, cfg BrowserConfig) (*Browser, error) {
	callback, err := checkBrowser(client, &cfg)
	if err != nil {
		return nil, err
	}
	b := &Browser{
		client: client, config: cfg, callback: callback, maxAge: cfg.MaxAge,
		logger: cfg.Logger, origins: http.NewCrossOriginProtection(),
	}
	if b.logger == nil {
		b.logger = slog.New(slog.DiscardHandler)
	}
	// A proxy in front may call this server by another name.
	if err := b.origins.AddTrustedOrigin(callback.Scheme + "://" + callback.Host); err != nil {
		return nil, misconfigured("BrowserConfig.CallbackURL has a host that no browser sends: %v", err)
	}
	b.ask(cfg.Resolver)
	sealer := newSealer(cfg.CallbackURL, cfg.EncryptionKeys)
	b.visitors = &visitors{
		records: newRecords(&cfg, sealer), cookie: newCookie("secureflows", callback),
		idle: orDefault(cfg.IdleTimeout, 24*time.Hour), lifetime: orDefault(cfg.Lifetime, 7*24*time.Hour),
	}
	b.claims = &claims{}
	if store, ok := b.visitors.records.(*stored); ok && store.sealer != nil {
		b.claims.shared = store
	}
	b.attempts = &attempts{
		sealer: sealer, cookie: newCookie("secureflows-login", callback), keepLastPage: cfg.InsecureAllowMissingState,
		used: b.claims,
	}
	return b, nil
}

// ask chooses the cache that knows whose a token is.
func (b *Browser) ask(resolver Resolver) {
	if resolver == nil {
		resolver = b.client
	}
	cache, shared := resolver.(*Cache)
	if !shared {
		cache = NewCache(resolver, CacheConfig{MaxAge: b.config.MaxAge})
	}
	if b.cache = cache; b.maxAge == 0 {
		b.maxAge = cache.maxAge
	}
	cache.hear(b.client)
}

// newCookie gives a cookie that no script reads and no other site's form sends,
// and with https none that a neighbouring host can plant.
func newCookie(name string, callback *url.URL) http.Cookie {
	cookie := http.Cookie{Name: name, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if callback.Scheme == "https" {
		cookie.Name, cookie.Secure = "__Host-"+name, true
	}
	return cookie
}

func misconfigured(format string, values ...any) error {
	return fmt.Errorf("%w: new browser: "+format, append([]any{secureflows.ErrInvalidRequest}, values...)...)
}

// checkBrowser gives the URL of the callback of a configuration that can work.
func checkBrowser(client *secureflows.Client, cfg *BrowserConfig) (*url.URL, error) {
	switch {
	case client == nil:
		return nil, misconfigured("the client is nil: give it that of secureflows.New")
	case cfg.Resolver != nil && isNil(cfg.Resolver):
		return nil, misconfigured("BrowserConfig.Resolver is a nil pointer: leave it out for the client")
	case cfg.IdleTimeout < 0 || cfg.Lifetime < 0 || cfg.MaxSessions < 0:
		return nil, misconfigured("BrowserConfig.IdleTimeout, Lifetime or MaxSessions is negative: leave it 0 for the default")
	case cfg.Store != nil && !inMemory(cfg.Store) && len(cfg.EncryptionKeys) == 0:
		return nil, misconfigured("BrowserConfig.Store keeps tokens outside of this process, and there are no EncryptionKeys: give it one of 32 random bytes")
	}
	for i, key := range cfg.EncryptionKeys {
		if len(key) != keyBytes {
			return nil, misconfigured("BrowserConfig.EncryptionKeys[%d] has %d bytes: a key is 32 random ones", i, len(key))
		}
	}
	return checkURLs(client, cfg)
}

// checkURLs asks the client what it takes, which knows the contract's rules.
func checkURLs(client *secureflows.Client, cfg *BrowserConfig) (*url.URL, error) {
	for _, login := range []struct {
		field   string
		options secureflows.LoginOptions
	}{
		{"CallbackURL", secureflows.LoginOptions{}},
		{"TTL", secureflows.LoginOptions{TTL: cfg.TTL}},
		{"Payload", secureflows.LoginOptions{Payload: cfg.Payload}},
	} {
		login.options.RedirectURI = cfg.CallbackURL
		if _, err := client.LoginURL(login.options); err != nil {
			return nil, fmt.Errorf("%w (BrowserConfig.%s)", err, login.field)
		}
	}
	// Made up, so that no URL has it in it by chance.
	token, err := secureflows.NewToken(rand.Text())
	if err != nil {
		return nil, err
	}
	if _, err := client.LogoutURL(token, cfg.AfterLogout); err != nil {
		return nil, fmt.Errorf("%w (BrowserConfig.AfterLogout)", err)
	}
	callback, err := checkScheme("CallbackURL", cfg.CallbackURL)
	if err != nil {
		return nil, err
	}
	after, err := checkScheme("AfterLogout", cfg.AfterLogout)
	if err != nil {
		return nil, err
	}
	if strings.EqualFold(after.Host, callback.Host) && sameRoute(after.Path, callback.Path) {
		return nil, misconfigured("BrowserConfig.AfterLogout is the callback, which would sign the visitor in again: use another page, such as /")
	}
	return callback, nil
}

// checkScheme gives the URL of a field whose traffic nobody can listen to.
func checkScheme(field, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, misconfigured("BrowserConfig.%s cannot be read as a URL", field)
	}
	if u.Scheme != "https" && !isLoopback(u.Hostname()) {
		return nil, misconfigured("BrowserConfig.%s is plain http, which shows cookies and tokens to everyone on the way: write https (http is for loopback)", field)
	}
	return u, nil
}

// isLoopback reports whether host is this machine, as a browser sees it.
func isLoopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// ValidateRedirects asks the service whether CallbackURL is on the
// application's allowlist, for a check at start-up. One that is not is
// secureflows.ErrInvalidRequest; any other error says nothing about it. A page
// of AfterLogout needs no entry where it shares the callback's origin, and is
// asked about otherwise.
func (b *Browser) ValidateRedirects(ctx context.Context) error {
	uris := []string{b.config.CallbackURL}
	if after, err := url.Parse(b.config.AfterLogout); err == nil && (after.Scheme != b.callback.Scheme || after.Host != b.callback.Host) {
		uris = append(uris, b.config.AfterLogout)
	}
	for _, uri := range uris {
		check, err := b.client.ValidateRedirect(ctx, uri)
		if err != nil {
			return err
		}
		if !check.Valid {
			return fmt.Errorf("%w: validate redirects: %s is not on the allowlist of the application (%s): add it in the dashboard, exactly so",
				secureflows.ErrInvalidRequest, uri, check.Reason)
		}
	}
	return nil
}
