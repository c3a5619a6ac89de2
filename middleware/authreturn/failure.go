package authreturn

import (
	"errors"
	"fmt"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/signin"
	"github.com/secureflows/secureflows-go/middleware"
)

// Failure is a sign-in that did not succeed, for an ErrorHandler to show. Why it
// did not is for the Logger.
type Failure struct {
	// Status is the answer's: 400, 403 where Done has refused the person, 503 for
	// an outage.
	Status int
	// Title and Detail say what happened, in words that hold nothing of the
	// request.
	Title, Detail string
	// Page is where the sign-in would have gone on, a path of this site: a link to
	// it is the way to try again.
	Page string
}

var errNoToken = returnError(errors.New("the return has no token, or more than one"))

func returnError(reason error) error {
	return fmt.Errorf("%w: authreturn: callback: %w", secureflows.ErrInvalidRequest, reason)
}

// kindOf sorts the errors of a return. A signin.DoneError is none of those that
// are looked for, whatever is in it.
func kindOf(err error) *signin.Kind {
	var unexpected *signin.UnknownReturnError
	switch {
	case errors.As(err, &unexpected):
		return &signin.Unknown
	case errors.Is(err, middleware.ErrNotAllowed):
		return &signin.NotAllowed
	case errors.Is(err, secureflows.ErrSignedOut), errors.Is(err, errNoToken):
		return &signin.Failed
	default:
		return &signin.Unavailable
	}
}
