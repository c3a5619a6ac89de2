package vertesia

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/secureflows/secureflows-go"
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

// doneError is an error of Done's that is not about the person. It is not
// unwrapped: whatever the application met, its own ErrSignedOut or
// ErrInvalidRequest say nothing about the token here.
type doneError struct{ error }

// failureOf is how a sign-in fails for an error.
func failureOf(err error, page string) Failure {
	var done *doneError
	switch {
	case errors.As(err, &done):
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

// defaultRetryAfter is for an outage of which nobody said how long it lasts.
const defaultRetryAfter = 5 * time.Second

func retryAfter(err error) string {
	wait := defaultRetryAfter
	var facts *secureflows.Error
	if errors.As(err, &facts) && facts.RetryAfter > 0 {
		wait = facts.RetryAfter
	}
	return strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}

// refuse answers a sign-in that did not succeed. token is what it came back with,
// if anything.
func (s *SignIn) refuse(w http.ResponseWriter, r *http.Request, page string, token secureflows.Token, err error) {
	if r.Context().Err() == nil {
		text := transport.Clean(err.Error(), 1024, token.Reveal())
		s.logger.WarnContext(r.Context(), "vertesia: a sign-in failed", "error", text)
	}
	failure := failureOf(err, pageOf(page))
	keepPrivate(w.Header())
	if failure.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter(err))
	}
	if s.config.ErrorHandler == nil {
		writeFailure(w, r, failure)
		return
	}
	rendering := &rendering{ResponseWriter: w, status: failure.Status}
	s.config.ErrorHandler(rendering, withoutForm(r), failure)
	rendering.begin()
}

// rendering is what an ErrorHandler writes to. It keeps the status: a page without
// one would say 200.
type rendering struct {
	http.ResponseWriter
	status int
	begun  bool
}

func (w *rendering) begin() {
	if !w.begun {
		w.begun = true
		w.ResponseWriter.WriteHeader(w.status)
	}
}

func (w *rendering) WriteHeader(int) { w.begin() }

func (w *rendering) Write(body []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(body)
}
