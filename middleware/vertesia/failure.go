package vertesia

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/signin"
	"github.com/secureflows/secureflows-go/middleware"
)

// Failure is a sign-in that did not succeed, for an ErrorHandler to show. Why it
// did not is for the Logger.
type Failure struct {
	// Status is the answer's: 400, 403 for somebody who is not let in or is no
	// user of Vertesia, 503 for an outage.
	Status int
	// Title and Detail say what happened, in words that hold nothing of the
	// request.
	Title, Detail string
	// Page is where the sign-in would have gone on, a path of this site: a link to
	// it is the way to try again.
	Page string
}

// The ways in which a return can be no good, besides those of an attempt.
var (
	errForm      = errors.New("the form is not that of the bridge page, or has more than 20 KiB")
	errOtherSite = errors.New("another site posted the form, or a browser that does not say which did")
	errNoToken   = returnError(errors.New("what came back cannot be a token"))
)

func returnError(reason error) error {
	return fmt.Errorf("%w: vertesia: callback: %w", secureflows.ErrInvalidRequest, reason)
}

// centralError is an error that the central page came back with. Whether it ever
// does is not published: the form is that of OAuth.
type centralError struct{ code string }

// Error has the code where it looks like one: anybody can write such a URL.
func (e *centralError) Error() string {
	text := "vertesia: callback: the central page came back with an error"
	if len(e.code) <= maxCodeBytes && codes.MatchString(e.code) {
		text += ": " + e.code
	}
	return text
}

var noUser = signin.Kind{
	Outcome: "newcomer", Status: http.StatusForbidden, Title: "Not signed up",
	Detail: "You are not signed up with Vertesia yet. Do that first, and try again.",
}

// kindOf sorts the errors of a return. A signin.DoneError is none of those that
// are looked for, whatever is in it. That the STS takes a request for malformed
// says nothing about the person.
func kindOf(err error) *signin.Kind {
	var unexpected *signin.UnknownReturnError
	var central *centralError
	switch {
	case errors.As(err, &unexpected):
		return &signin.Unknown
	case errors.Is(err, ErrNoUser):
		return &noUser
	case errors.Is(err, middleware.ErrNotAllowed), errors.Is(err, secureflows.ErrForbidden):
		return &signin.NotAllowed
	case errors.Is(err, secureflows.ErrSignedOut), errors.Is(err, errNoToken), errors.As(err, &central):
		return &signin.Failed
	default:
		return &signin.Unavailable
	}
}
