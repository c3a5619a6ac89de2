package signin

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go"
)

// Kind is one sort of end that is no success.
type Kind struct {
	Outcome       string // in a cookie: letters
	Status        int
	Title, Detail string
}

// The kinds that all providers have.
var (
	Unknown = Kind{"", http.StatusBadRequest, "Sign-in failed",
		"This sign-in has been used already, took more than five minutes, or was not begun in this browser. You can try again."}
	Failed = Kind{"failed", http.StatusBadRequest, "Sign-in failed",
		"The sign-in did not succeed. You can try again."}
	NotAllowed = Kind{"refused", http.StatusForbidden, "Not allowed",
		"You have signed in, but may not come in here."}
	Unavailable = Kind{"outage", http.StatusServiceUnavailable, "Temporarily unavailable",
		"Who you are could not be established just now. Try again in a moment."}
)

// UnknownReturnError is the error of a return that is not the end of a sign-in that is
// waited for.
type UnknownReturnError struct{ Err error }

func (e *UnknownReturnError) Error() string { return e.Err.Error() }

func (e *UnknownReturnError) Unwrap() error { return e.Err }

// maxRetryAfter bounds how long a provider can keep people from trying again.
const maxRetryAfter = time.Hour

// retryAfter is how long an outage lasts, as the provider says; 0 where it does
// not.
func retryAfter(err error) time.Duration {
	var facts *secureflows.Error
	if !errors.As(err, &facts) {
		return 0
	}
	return facts.RetryAfter
}

// outcomeOf is a kind in a cookie: with the seconds to wait, where there are any.
func outcomeOf(kind *Kind, wait time.Duration) string {
	if kind.Status != http.StatusServiceUnavailable || wait <= 0 {
		return kind.Outcome
	}
	return kind.Outcome + "-" + strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)
}

// endOf reads what outcomeOf has written. The cookie is the visitor's to change,
// who sees nothing but one of kinds.
func endOf(outcome string, kinds []*Kind) (kind *Kind, wait time.Duration) {
	name, text, _ := strings.Cut(outcome, "-")
	seconds, _ := strconv.ParseUint(text, 10, 32)
	for _, kind := range kinds {
		if kind.Outcome == name {
			return kind, time.Duration(seconds) * time.Second
		}
	}
	return &Unknown, 0
}

// Failure is what the packages of the providers hand to an ErrorHandler.
type Failure struct {
	Status        int
	Title, Detail string
	Page          string
}
