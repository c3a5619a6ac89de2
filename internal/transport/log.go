package transport

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// startAttempt is the hook that runs before every attempt; it is set where
// somebody reads the log.
func startAttempt(_ retryablehttp.Logger, r *http.Request, _ int) {
	r.Context().(*call).started = time.Now()
}

// logAttempt writes one debug record: no URL, no header, no body.
func (c *call) logAttempt() {
	logger := c.client.logger
	if logger == nil || !logger.Enabled(c.Context, slog.LevelDebug) {
		return
	}
	logger.LogAttrs(c.Context, slog.LevelDebug, "secureflows: attempt",
		slog.String("operation", c.request.Op), slog.Int("attempt", c.attempt),
		c.outcome(), slog.Duration("duration", time.Since(c.started)),
		slog.String("request_id", c.knownAs()))
}

// logEnd writes one warning when a call ends without the service's word on it.
func (c *call) logEnd() {
	logger := c.client.logger
	gaveUp := c.failure != nil && !c.failure.Canceled ||
		c.failure == nil && (c.answer.Status >= 500 || c.answer.Status == http.StatusTooManyRequests && !c.answer.billing())
	if logger == nil || !gaveUp || !logger.Enabled(context.WithoutCancel(c.Context), slog.LevelWarn) {
		return
	}
	logger.LogAttrs(c.Context, slog.LevelWarn, "secureflows: giving up",
		slog.String("operation", c.request.Op), slog.Int("attempts", c.attempt),
		c.outcome(), slog.String("request_id", c.knownAs()))
}

func (c *call) outcome() slog.Attr {
	if c.failure != nil {
		return slog.String("error", c.failure.Cause.Error())
	}
	return slog.Int("status", c.answer.Status)
}

func (c *call) knownAs() string {
	if c.answer.Status != 0 {
		return c.answer.RequestID()
	}
	return c.header[requestID]
}
