// Package transport carries one request of the client to the service and
// brings one bounded answer back. It knows about credentials, retries, limits
// and logging, and nothing of what the calls mean.
package transport

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Config is what New needs.
type Config struct {
	Origin     *url.URL
	HTTPClient *http.Client // nil: a pooled one with a timeout per attempt
	MaxRetries int          // 0: none
	UserAgent  string
	Logger     *slog.Logger // nil: silent
}

// Client sends requests to one origin. It is safe for concurrent use.
type Client struct {
	template   *http.Request // every request is a copy
	userAgent  []string
	maxRetries int
	logger     *slog.Logger
	retrier    retryablehttp.Client
}

// New makes a Client. It performs no I/O and leaves cfg.HTTPClient as it is.
func New(cfg Config) *Client {
	c := &Client{
		template: &http.Request{
			URL: cfg.Origin, Host: cfg.Origin.Host,
			Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		},
		userAgent:  []string{cfg.UserAgent},
		maxRetries: cfg.MaxRetries,
		logger:     cfg.Logger,
	}
	c.retrier = retryablehttp.Client{
		HTTPClient: privateClient(cfg.HTTPClient),
		// Whether to go on is decided in one place, call.observe.
		RetryMax:   1 << 30,
		CheckRetry: checkRetry,
		Backoff:    backoff,
		// The default handler hides the answer and prints the URL, which may
		// hold a token.
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	if c.logger != nil {
		c.retrier.RequestLogHook = startAttempt
	}
	return c
}

// privateClient wraps the transport of the caller's client, which is used but
// never changed. Redirects are not followed: a credential would go with them.
// Cookies are not kept: a call is made for its token's user, whoever else
// signed in through the same jar.
func privateClient(given *http.Client) *http.Client {
	each := attempts{next: http.DefaultTransport}
	switch {
	case given == nil:
		each.next, each.timeout = pooledTransport(), attemptTimeout
	case given.Transport != nil:
		each.next, each.timeout = given.Transport, given.Timeout
	default:
		each.timeout = given.Timeout
	}
	return &http.Client{
		Transport:     each,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// attemptTimeout bounds an attempt of a client that brought no HTTPClient of
// its own: without one, a service that accepts and says nothing would hold a
// caller whose context has no deadline for ever.
const attemptTimeout = 30 * time.Second

// pooledTransport is http.DefaultTransport with a pool that fits one busy
// host: by default all but two connections are thrown away after each burst.
// Where a program has replaced the default by something of its own, that is
// meant to be used.
func pooledTransport() http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	pooled := standard.Clone()
	pooled.MaxIdleConnsPerHost = pooled.MaxIdleConns
	return pooled
}

// attempts puts the timeout of http.Client.Timeout on each attempt. The field
// itself cannot be used below go-retryablehttp: it leaves the request with a
// context that has ended, and the next attempt would start with that one.
//
// It hides whatever else next can do. go-retryablehttp v0.7.8 calls
// CloseIdleConnections whenever a call fails, which would empty the pool for
// every other user of the transport.
type attempts struct {
	next    http.RoundTripper
	timeout time.Duration
}

// RoundTrip is one attempt. Its timeout covers the body too: call.observe, which
// reads it, ends the attempt.
func (a attempts) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.timeout <= 0 {
		return a.next.RoundTrip(r)
	}
	ctx := r.Context()
	timed, cancel := context.WithTimeout(ctx, a.timeout)
	ctx.(*call).endAttempt = cancel
	return a.next.RoundTrip(r.WithContext(timed))
}
