package retry

import (
	"context"
	"errors"
	"log"
	"time"

	retrygo "github.com/avast/retry-go/v4"
	"github.com/cenkalti/backoff/v4"

	"github.com/secureflows/secureflows-go"
)

// page:right
func saveOrStop(ctx context.Context, session *secureflows.Session, theme string) error {
	var err error
	for range 3 {
		_, err = session.Set(ctx, "theme", theme)
		if !errors.Is(err, secureflows.ErrUnavailable) && !errors.Is(err, secureflows.ErrRateLimited) {
			return err // done, or signed out: no retry changes that
		}
		time.Sleep(time.Second)
	}
	return err
}

func saveOrRenew(ctx context.Context, client *secureflows.Client, session *secureflows.Session, idToken secureflows.IDToken) error {
	_, err := session.Set(ctx, "seen", true)
	if errors.Is(err, secureflows.ErrTokenExpired) {
		session, _, err = client.RenewSession(ctx, idToken, session.Token())
		if err == nil {
			_, err = session.Set(ctx, "seen", true)
		}
	}
	return err
}

// page:end

func stopOnSignOut(ctx context.Context, session *secureflows.Session) error {
	for {
		_, err := session.Payload(ctx)
		if err == nil || errors.Is(err, secureflows.ErrSignedOut) {
			return err
		}
		time.Sleep(time.Second)
	}
}

func final(err error) bool {
	return errors.Is(err, secureflows.ErrSignedOut) || errors.Is(err, secureflows.ErrForbidden)
}

func stopByPredicate(ctx context.Context, session *secureflows.Session) (err error) {
	for i := 0; i < 5; i++ {
		if _, err = session.Payload(ctx); err == nil || final(err) {
			break
		}
	}
	return err
}

func eachKey(ctx context.Context, session *secureflows.Session, keys []string) {
	for _, key := range keys {
		if _, err := session.Delete(ctx, key); err != nil {
			log.Print(key, err)
		}
	}
}

func eachUser(ctx context.Context, sessions []*secureflows.Session) {
	for _, session := range sessions {
		_, err := session.Payload(ctx)
		if errors.Is(err, secureflows.ErrSignedOut) {
			continue
		}
		log.Print(err)
	}
}

// poll asks at its own pace, whatever came before.
func poll(ctx context.Context, session *secureflows.Session, ticks <-chan time.Time) {
	for range ticks {
		if _, err := session.Payload(ctx); err != nil {
			log.Print(err)
		}
	}
}

func renewInLoop(ctx context.Context, client *secureflows.Client, session *secureflows.Session, idToken secureflows.IDToken) error {
	for {
		_, err := session.Payload(ctx)
		if !errors.Is(err, secureflows.ErrTokenExpired) {
			return err
		}
		if session, _, err = client.RenewSession(ctx, idToken, session.Token()); err != nil {
			return err
		}
	}
}

func fresh(ctx context.Context, client *secureflows.Client, idToken secureflows.IDToken) error {
	session, err := client.GetOrCreateSession(ctx, idToken, nil)
	if err != nil {
		return err
	}
	_, err = session.Set(ctx, "seen", true)
	return err
}

// freshEachTime gets itself a session for every attempt.
func freshEachTime(ctx context.Context, client *secureflows.Client, idToken secureflows.IDToken) error {
	var err error
	for range 3 {
		if err = fresh(ctx, client, idToken); err == nil {
			return nil
		}
	}
	return err
}

// logout ends what has ended, which is no error.
func logout(ctx context.Context, session *secureflows.Session) error {
	_, err := session.Payload(ctx)
	if errors.Is(err, secureflows.ErrSignedOut) {
		return session.Logout(ctx)
	}
	return err
}

type keeper struct{ session *secureflows.Session }

func (k *keeper) renew(ctx context.Context, client *secureflows.Client, idToken secureflows.IDToken) error {
	session, _, err := client.RenewSession(ctx, idToken, k.session.Token())
	if err == nil {
		k.session = session
	}
	return err
}

func keep(ctx context.Context, k *keeper, client *secureflows.Client, idToken secureflows.IDToken) error {
	_, err := k.session.Payload(ctx)
	if errors.Is(err, secureflows.ErrTokenExpired) {
		if err := k.renew(ctx, client, idToken); err != nil {
			return err
		}
		_, err = k.session.Payload(ctx)
	}
	return err
}

func permanent(ctx context.Context, session *secureflows.Session) error {
	return backoff.Retry(func() error {
		_, err := session.Set(ctx, "seen", true)
		if errors.Is(err, secureflows.ErrSignedOut) {
			return backoff.Permanent(err)
		}
		return err
	}, backoff.NewExponentialBackOff())
}

func retryIf(ctx context.Context, session *secureflows.Session) error {
	return retrygo.Do(func() error {
		_, err := session.Identity(ctx)
		return err
	}, retrygo.Attempts(3), retrygo.RetryIf(func(err error) bool { return errors.Is(err, secureflows.ErrUnavailable) }))
}

func byFacts(ctx context.Context, session *secureflows.Session) error {
	for {
		_, err := session.Payload(ctx)
		var facts *secureflows.Error
		if err == nil || errors.As(err, &facts) && facts.StatusCode < 500 {
			return err
		}
	}
}

func other(ctx context.Context, session, second *secureflows.Session) error {
	_, err := session.Payload(ctx)
	if errors.Is(err, secureflows.ErrSignedOut) {
		_, err = second.Payload(ctx)
	}
	return err
}

// afterSuccess asks twice, which is nobody's concern.
func afterSuccess(ctx context.Context, session *secureflows.Session) error {
	if _, err := session.Payload(ctx); err != nil {
		return err
	}
	_, err := session.Payload(ctx)
	return err
}

// inTurn comes back to its first call with the renewed session.
func inTurn(ctx context.Context, client *secureflows.Client, session *secureflows.Session, idToken secureflows.IDToken) error {
	for {
		if _, err := session.Set(ctx, "seen", true); err == nil {
			return nil
		}
		_, err := session.Payload(ctx)
		if !errors.Is(err, secureflows.ErrTokenExpired) {
			return err
		}
		if session, _, err = client.RenewSession(ctx, idToken, session.Token()); err != nil {
			return err
		}
	}
}
