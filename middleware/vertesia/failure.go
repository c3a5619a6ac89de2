package vertesia

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/answer"
	"github.com/secureflows/secureflows-go/internal/signin"
	"github.com/secureflows/secureflows-go/internal/transport"
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
	errForm      = returnError(errors.New("the form is not that of the bridge page, or has more than 20 KiB"))
	errNoToken   = returnError(errors.New("what came back cannot be a token"))
	errOtherSite = returnError(errors.New("another site posted the form, or a browser that does not say which did"))
)

func returnError(reason error) error {
	return fmt.Errorf("%w: vertesia: callback: %w", secureflows.ErrInvalidRequest, reason)
}

// failureOf is how a sign-in fails for an error. A signin.DoneError is none of
// those that are looked for, whatever is in it.
func failureOf(err error, page string) Failure {
	switch {
	case errors.Is(err, ErrNoUser):
		return Failure{http.StatusForbidden, "Not signed up", "You are not signed up with Vertesia yet. Do that first, and try again.", page}
	case errors.Is(err, middleware.ErrNotAllowed), errors.Is(err, secureflows.ErrForbidden):
		return Failure{http.StatusForbidden, "Not allowed", "You have signed in, but may not come in here.", page}
	case errors.Is(err, secureflows.ErrInvalidRequest):
		return Failure{http.StatusBadRequest, "Sign-in failed",
			"This sign-in has been used already, took more than five minutes, or was not begun in this browser. You can try again.", page}
	case errors.Is(err, secureflows.ErrSignedOut):
		return Failure{http.StatusBadRequest, "Sign-in failed", "The sign-in did not succeed. You can try again.", page}
	}
	return Failure{http.StatusServiceUnavailable, "Temporarily unavailable",
		"Who you are could not be established just now. Try again in a moment.", page}
}

// retryAfter is how long an outage lasts, as the service says.
func retryAfter(err error) time.Duration {
	var facts *secureflows.Error
	if errors.As(err, &facts) && facts.RetryAfter > 0 {
		return facts.RetryAfter
	}
	return answer.DefaultRetryAfter
}

// refuse answers a sign-in that did not succeed. token is what it came back with,
// if anything.
func (s *SignIn) refuse(w http.ResponseWriter, r *http.Request, page string, token secureflows.Token, err error) {
	if r.Context().Err() == nil {
		text := transport.Clean(err.Error(), 1024, token.Reveal())
		s.logger.WarnContext(r.Context(), "vertesia: a sign-in failed", "error", text)
	}
	failure := failureOf(err, signin.PageOf(page))
	answer.KeepPrivate(w.Header())
	if failure.Status == http.StatusServiceUnavailable {
		answer.SetRetryAfter(w.Header(), retryAfter(err))
	}
	if s.config.ErrorHandler == nil {
		answer.RefusalPage{Title: failure.Title, Detail: failure.Detail, Again: failure.Page}.Write(w, r, failure.Status)
		return
	}
	answer.WithStatus(w, failure.Status, func(w http.ResponseWriter) { s.config.ErrorHandler(w, withoutForm(r), failure) })
}
