package authreturn

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/answer"
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

// kind is one sort of failure.
type kind struct {
	outcome       string // in a cookie
	status        int
	title, detail string
}

var (
	unknown = kind{"", http.StatusBadRequest, "Sign-in failed",
		"This sign-in has been used already, took more than five minutes, or was not begun in this browser. You can try again."}
	failed = kind{"failed", http.StatusBadRequest, "Sign-in failed",
		"The sign-in did not succeed. You can try again."}
	notAllowed = kind{"refused", http.StatusForbidden, "Not allowed",
		"You have signed in, but may not come in here."}
	unavailable = kind{"outage", http.StatusServiceUnavailable, "Temporarily unavailable",
		"Who you are could not be established just now. Try again in a moment."}
)

func kindNamed(outcome string) *kind {
	for _, k := range []*kind{&failed, &notAllowed, &unavailable} {
		if k.outcome == outcome {
			return k
		}
	}
	return &unknown
}

var errNoToken = returnError(errors.New("the return has no token, or more than one"))

func returnError(reason error) error {
	return fmt.Errorf("%w: authreturn: callback: %w", secureflows.ErrInvalidRequest, reason)
}

// unknownReturn is a return of no sign-in that is waited for.
type unknownReturn struct{ error }

func kindOf(err error) *kind {
	var unexpected *unknownReturn
	switch {
	case errors.As(err, &unexpected):
		return &unknown
	case errors.Is(err, middleware.ErrNotAllowed):
		return &notAllowed
	case errors.Is(err, secureflows.ErrSignedOut), errors.Is(err, errNoToken):
		return &failed
	default:
		return &unavailable
	}
}

func (s *SignIn) refuse(w http.ResponseWriter, r *http.Request, k *kind, page string) {
	failure := Failure{Status: k.status, Title: k.title, Detail: k.detail, Page: page}
	if k.status == http.StatusServiceUnavailable {
		answer.SetRetryAfter(w.Header(), answer.DefaultRetryAfter)
	}
	if s.config.ErrorHandler == nil {
		answer.RefusalPage{Title: failure.Title, Detail: failure.Detail, Again: failure.Page}.Write(w, r, failure.Status)
		return
	}
	answer.WithStatus(w, failure.Status, func(w http.ResponseWriter) { s.config.ErrorHandler(w, r, failure) })
}
