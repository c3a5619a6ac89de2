package transport

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Failure is a call that got no answer.
type Failure struct {
	// Canceled says that the caller's context ended; otherwise the service
	// could not be reached, or broke off.
	Canceled bool
	// Uncertain says that the service may have executed the request.
	Uncertain bool
	// Cause is what happened, without any URL or token in it.
	Cause     error
	RequestID string

	repeatable bool
}

// fail gives the failure of an attempt that ended with err.
func (c *call) fail(err error) *Failure {
	uncertain := c.connected.Load() || !unsent(err)
	if c.callerDone() {
		return c.cancelled(uncertain)
	}
	return &Failure{
		Uncertain:  uncertain,
		Cause:      describeFailure(err, c.request.secrets()),
		RequestID:  c.header[requestID],
		repeatable: !hopeless(err),
	}
}

// callerDone reports whether the caller's context has ended. A dialler takes
// the deadline for its own and may notice it a moment before the context does.
func (c *call) callerDone() bool {
	if c.Err() != nil {
		return true
	}
	deadline, ok := c.Deadline()
	return ok && !time.Now().Before(deadline)
}

// cancelled gives the failure of a call whose caller's context has ended.
func (c *call) cancelled(uncertain bool) *Failure {
	cause := c.Err()
	if cause == nil {
		cause = context.DeadlineExceeded
	}
	if why := context.Cause(c.Context); why != nil && !errors.Is(why, cause) {
		cause = fmt.Errorf("%w: %w", cause, why)
	}
	if c.answer.Status != 0 {
		cause = fmt.Errorf("%w while waiting to try again after a %d", cause, c.answer.Status)
	}
	return &Failure{Canceled: true, Uncertain: uncertain, Cause: cause, RequestID: c.header[requestID]}
}

// describeFailure gives err without the URL that net/http puts around it, and
// without the tokens of the request.
func describeFailure(err error, secrets []string) error {
	var wrapped *url.Error
	for errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	text := Clean(err.Error(), 1024, secrets...)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		text = "no answer in time"
	}
	return &cause{text: text, err: err, tainted: tainted(err, secrets)}
}

// cause is an error below this package, made safe. It never is a context's
// error, which belongs to the caller: http.Client.Timeout running out is an
// outage. And it hands out nothing whose text holds a token.
type cause struct {
	text    string
	err     error
	tainted bool
}

func (c *cause) Error() string { return c.text }

// Format prints the text under every verb: %#v would go on to err.
func (c *cause) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(c.text)) }

// Is leaves errors.Is(err, syscall.ECONNREFUSED) and the like possible.
func (c *cause) Is(target error) bool {
	if target == context.Canceled || target == context.DeadlineExceeded {
		return false
	}
	return errors.Is(c.err, target)
}

// As leaves errors.As to a *net.OpError and the like possible.
func (c *cause) As(target any) bool { return !c.tainted && errors.As(c.err, target) }
