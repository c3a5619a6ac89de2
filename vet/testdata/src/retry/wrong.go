// Package retry has calls that are repeated with a token that was refused, and
// some that are repeated with reason.
package retry

import (
	"context"
	"errors"
	"log"
	"time"

	retrygo "github.com/avast/retry-go/v4"
	"github.com/cenkalti/backoff/v4"
	backoff5 "github.com/cenkalti/backoff/v5"

	"github.com/secureflows/secureflows-go"
)

// page:wrong
func save(ctx context.Context, session *secureflows.Session, theme string) error {
	var err error
	for range 3 {
		if _, err = session.Set(ctx, "theme", theme); err == nil { // want `repeated after a refusal`
			return nil
		}
		time.Sleep(time.Second)
	}
	return err
}

// page:end

func untilItWorks(ctx context.Context, session *secureflows.Session) secureflows.Payload {
	for {
		payload, err := session.Payload(ctx) // want `repeated after a refusal`
		if err != nil {
			log.Print(err)
			continue
		}
		return payload
	}
}

func allKeys(ctx context.Context, session *secureflows.Session, keys []string) {
	for _, key := range keys {
		_, err := session.Delete(ctx, key) // want `repeated after a refusal`
		if errors.Is(err, secureflows.ErrSignedOut) {
			log.Print("signed out: ", key)
			continue
		}
	}
}

func secondCall(ctx context.Context, session *secureflows.Session) error {
	_, err := session.Payload(ctx)
	if errors.Is(err, secureflows.ErrTokenExpired) {
		_, err = session.Payload(ctx) // want `asks with a session that was refused`
	}
	return err
}

func note(ctx context.Context, session *secureflows.Session, text string) {
	if _, err := session.Set(ctx, "last-error", text); err != nil {
		log.Print(err)
	}
}

func thirdCall(ctx context.Context, session *secureflows.Session) error {
	_, err := secureflows.GetOr(ctx, session, "visits", 0)
	switch {
	case errors.Is(err, secureflows.ErrSignedOut):
		note(ctx, session, err.Error()) // want `asks with a session that was refused`
	}
	return err
}

type store struct{ session *secureflows.Session }

func (s *store) load(ctx context.Context) error {
	if _, err := s.session.Payload(ctx); errors.Is(err, secureflows.ErrSessionRevoked) {
		_, err = s.session.Identity(ctx) // want `asks with a session that was refused`
		return err
	}
	return nil
}

// attempt is a retry of one's own, which does not ask what went wrong.
func attempt(n int, operation func() error) error {
	var err error
	for range n {
		if err = operation(); err == nil { // want `repeated after a refusal`
			break
		}
	}
	return err
}

func byAttempt(ctx context.Context, session *secureflows.Session) error {
	return attempt(3, func() error {
		_, err := session.Set(ctx, "seen", true)
		return err
	})
}

func again(ctx context.Context, session *secureflows.Session, left int) error {
	_, err := session.Payload(ctx)
	if err != nil && left > 0 {
		return again(ctx, session, left-1) // want `repeated after a refusal`
	}
	return err
}

func byBackoff(ctx context.Context, session *secureflows.Session) error {
	operation := func() error {
		_, err := session.Set(ctx, "seen", true)
		return err
	}
	return backoff.Retry(operation, backoff.NewExponentialBackOff()) // want `retries what was refused`
}

func byBackoff5(ctx context.Context, session *secureflows.Session) (secureflows.Payload, error) {
	return backoff5.Retry(ctx, func() (secureflows.Payload, error) { // want `retries what was refused`
		payload, err := session.Payload(ctx)
		if errors.Is(err, secureflows.ErrGraceLock) {
			return nil, backoff5.Permanent(err)
		}
		return payload, err
	})
}

func byRetryGo(ctx context.Context, session *secureflows.Session) error {
	return retrygo.Do(func() error { // want `retries what was refused`
		_, err := session.Identity(ctx)
		return err
	}, retrygo.Attempts(3))
}
