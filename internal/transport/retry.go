package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Policy says after which failures a request may be sent again.
type Policy int

const (
	// Unsafe requests are sent again only if no byte of them can have reached
	// the service, or after a 429, which it answers before executing.
	Unsafe Policy = iota
	// Safe requests may be sent again after any failure.
	Safe
	// WhenReady requests are Safe, and their 503 asks to come back after 5 s,
	// twice at most (CONTRACT "Session API", docs/search).
	WhenReady
)

const (
	firstWait    = 100 * time.Millisecond
	longestWait  = 2 * time.Second
	notReadyWait = 5 * time.Second
	// longestRetryAfter caps what a server may ask for; without a cap one
	// stray header holds a caller for a day.
	longestRetryAfter = 30 * time.Second
)

// checkRetry is the hook that sees every attempt.
func checkRetry(ctx context.Context, response *http.Response, err error) (bool, error) {
	return ctx.(*call).observe(response, err), nil
}

// observe takes in the outcome of an attempt and reports whether to make
// another.
func (c *call) observe(response *http.Response, err error) bool {
	c.attempt++
	c.answer, c.failure = Answer{}, nil
	if err == nil {
		err = c.answer.read(response, c)
	}
	if c.endAttempt != nil {
		c.endAttempt()
		c.endAttempt = nil
	}
	if err != nil {
		c.failure = c.fail(err)
	}
	c.logAttempt()
	c.connected.Store(false) // the next attempt's own
	c.waiting = c.again() && c.fits(c.longestWait())
	c.uncertain = c.uncertain || c.lostAnswer()
	return c.waiting
}

// again reports whether policy and outcome allow another attempt.
func (c *call) again() bool {
	limit := c.client.maxRetries
	if c.request.Policy == WhenReady {
		limit = min(limit, 2)
	}
	if c.attempt > limit {
		return false
	}
	if c.failure != nil {
		return c.failure.repeatable && (c.request.Policy != Unsafe || !c.failure.Uncertain)
	}
	switch status := c.answer.Status; {
	case status == http.StatusTooManyRequests:
		return !c.answer.billing()
	case status >= 500 && status != http.StatusNotImplemented:
		return c.request.Policy != Unsafe
	default:
		return false
	}
}

// lostAnswer reports whether this attempt may have been executed without our
// seeing the service's answer: it broke off, or a gateway could not pass it on.
func (c *call) lostAnswer() bool {
	if c.failure != nil {
		return c.failure.Uncertain
	}
	switch c.answer.Status {
	case http.StatusBadGateway, http.StatusGatewayTimeout, 520, 524: // the last two are Cloudflare's own
		return true
	default:
		return false
	}
}

// fits reports whether a wait ends before the caller's deadline. Where it does
// not, the caller gets the answer there is, at once.
func (c *call) fits(wait time.Duration) bool {
	if c.Err() != nil {
		return false
	}
	deadline, ok := c.Deadline()
	return !ok || time.Until(deadline) > wait
}

// longestWait is the most that backoff will answer for this outcome.
func (c *call) longestWait() time.Duration {
	return cmp.Or(c.answer.pause, exponential(c.attempt-1))
}

// backoff is the hook that says how long to wait. Waits are spread out, so that
// clients that failed together do not come back together.
func backoff(_, _ time.Duration, attempt int, response *http.Response) time.Duration {
	if response != nil {
		if pause := response.Body.(*spent).pause; pause > 0 {
			return pause
		}
	}
	longest := exponential(attempt)
	return longest/2 + rand.N(longest/2)
}

func exponential(attempt int) time.Duration {
	return min(longestWait, firstWait<<min(attempt, 10))
}

// RetryAfter reads the header in both its forms (RFC 9110 section 10.2.3). The
// date is read against the server's own clock where it gave one.
func RetryAfter(header http.Header) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	} else if errors.Is(err, strconv.ErrRange) {
		return maxRetryAfter
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// maxRetryAfter bounds what is reported, so that arithmetic on it is safe.
const maxRetryAfter = 10 * 365 * 24 * time.Hour

// unsent reports whether err proves that no connection was made, and so no
// byte of the request sent.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}

// hopeless reports whether err will be the same the next time.
func hopeless(err error) bool {
	var certificate *tls.CertificateVerificationError
	var long tooLong
	return errors.As(err, &certificate) || errors.As(err, &long)
}
