package jwtverify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/remote"
)

const fetchTimeout = 10 * time.Second

// flight is one fetch and all who wait for it. It belongs to none of them.
type flight struct {
	number int64
	asked  time.Duration
	done   chan struct{}
	// The others are written before done is closed, and read after.
	failure  *outage
	panicked any // what the HTTP client panicked with
}

// wait returns when the fetch has ended: nil when it brought keys.
func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if f.panicked != nil {
		panic(f.panicked)
	}
	if f.failure != nil {
		return f.failure
	}
	return nil
}

// fly fetches the keys, with nothing of the request that asked first: its end
// is not that of the others, and what it carries is no business of the issuer.
func (k *KeySet) fly(f *flight) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	var found *keys
	failure := failed(0, "the fetch did not return")
	defer func() {
		// No net/http catches a panic here: those who wait have it instead.
		f.panicked = recover()
		k.land(f, found, failure)
	}()
	found, failure = k.fetch(ctx)
}

func (k *KeySet) fetch(ctx context.Context) (*keys, *outage) {
	answer, err := k.client.Do(ctx, remote.Request{Op: fetching, Method: http.MethodGet, URL: k.url})
	if err != nil {
		return nil, failedBy(err)
	}
	if answer.Status != http.StatusOK {
		return nil, failedBy(answer.Outage("no key set"))
	}
	found := readKeys(answer.Body)
	if found == nil {
		return nil, failed(answer.Status, "the answer is no key set with a key for ES256 or RS256")
	}
	return found, nil
}

const fetching = "fetch key set"

// outage is why there are no keys. Its cause is in the text alone: if it were
// wrapped, the end of the fetch's context would pass for that of the caller's.
type outage struct {
	facts secureflows.Error
	// asked is the pause that the issuer asked for.
	asked time.Duration
}

func failed(status int, reason string) *outage {
	return &outage{facts: secureflows.Error{Op: fetching, StatusCode: status, Message: reason}}
}

func failedBy(err error) *outage {
	var facts *secureflows.Error
	if !errors.As(err, &facts) {
		return failed(0, "no answer in time")
	}
	failure := &outage{facts: *facts, asked: facts.RetryAfter}
	if facts.StatusCode != 0 {
		failure.facts.Message = fmt.Sprintf("the issuer answered %d: %s", facts.StatusCode, facts.Message)
	}
	return failure
}

func (o *outage) Error() string {
	return secureflows.ErrUnavailable.Error() + ": " + o.facts.Op + ": " + o.facts.Message
}

// Unwrap gives the error to decide by, and when to try again.
func (o *outage) Unwrap() []error { return []error{secureflows.ErrUnavailable, &o.facts} }

// lasting is the same outage for somebody who comes later.
func (o *outage) lasting(rest time.Duration) *outage {
	later := *o
	later.facts.RetryAfter = rest
	return &later
}

const (
	firstPause = 5 * time.Second
	lastPause  = 30 * time.Second
	// longestAsked bounds what an issuer may ask for: it is an outage of all who
	// sign in, and one header must not make it last for a day.
	longestAsked = time.Minute
)

// pause is how long there is no further fetch after so many failed ones.
func (o *outage) pause(failures int) time.Duration {
	pause := lastPause
	if failures <= 3 {
		pause = min(firstPause<<(failures-1), lastPause)
	}
	return max(pause, min(o.asked, longestAsked))
}
