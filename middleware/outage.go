package middleware

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/secureflows/secureflows-go"
)

// verdict gives what a resolver's error says about the user. What is not known
// to be a sign-out is an outage: it must not sign anybody out.
func verdict(err error) error {
	switch {
	case err == nil, isRefusal(err), errors.Is(err, secureflows.ErrGraceLock):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return &outage{err} // of the question's context, not of those who wait
	case errors.Is(err, secureflows.ErrUnavailable), errors.Is(err, secureflows.ErrRateLimited):
		return err
	default:
		return &outage{err}
	}
}

// isRefusal reports whether err is about the token, and will stay what it is for
// a while.
func isRefusal(err error) bool {
	return errors.Is(err, secureflows.ErrSignedOut) || errors.Is(err, ErrNotAllowed)
}

// outage is an error that says nothing about the user. Of the errors to decide
// by it is secureflows.ErrUnavailable and no other, whatever the resolver met:
// an ErrInvalidRequest of its own must not pass for malformed credentials, nor
// its time-out for that of whoever waits.
type outage struct{ cause error }

func (o *outage) Error() string {
	return secureflows.ErrUnavailable.Error() + ": resolve: " + strings.TrimPrefix(o.cause.Error(), "secureflows: ")
}

// Is leaves errors.Is to the resolver's own errors possible.
func (o *outage) Is(target error) bool {
	if slices.Contains(decisive, target) {
		return target == secureflows.ErrUnavailable
	}
	return errors.Is(o.cause, target)
}

// As leaves errors.As to a *secureflows.Error and the like possible.
func (o *outage) As(target any) bool { return errors.As(o.cause, target) }

// decisive are the errors to decide by.
var decisive = []error{
	secureflows.ErrSignedOut, secureflows.ErrUnauthenticated, secureflows.ErrTokenExpired, secureflows.ErrSessionRevoked,
	secureflows.ErrSessionNotFound, secureflows.ErrKeyNotFound, secureflows.ErrGraceLock, secureflows.ErrForbidden,
	secureflows.ErrSessionLimit, secureflows.ErrPayloadTooLarge, secureflows.ErrRateLimited, secureflows.ErrInvalidRequest,
	secureflows.ErrUnavailable, context.Canceled, context.DeadlineExceeded,
}
