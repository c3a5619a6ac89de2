package jwtverify_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
)

func TestKeysAreFetchedWhenTheyAreFirstNeeded(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		assert.Zero(t, i.fetches(), "a configuration is no reason to ask")
		_ = a.verify("no token")
		_ = a.verify(signers()["HS256"].token())
		assert.Zero(t, i.fetches(), "nor is what cannot be good")
		for range 100 {
			a.accepts(signers()["ES256"].token())
			a.accepts(signers()["RS256"].token())
		}
		require.Equal(t, 1, i.fetches())
		sent := i.requests[0]
		assert.Equal(t, keysURL, sent.URL.String())
		assert.Equal(t, http.MethodGet, sent.Method)
		assert.Empty(t, sent.Header.Get("Authorization"))
		assert.Empty(t, sent.Header.Get("Cookie"))
	})
}

// TestAFloodOfUnknownKeys is 10,000 tokens, one after the other or at once. Of
// those without a key id there are fewer: each is verified.
func TestAFloodOfUnknownKeys(t *testing.T) {
	nameless := func(int) string { return lasting(otherEC(), "") }
	for name, row := range map[string]struct {
		token  func(n int) string
		count  int
		atOnce bool
		warm   bool
	}{
		"in a row":                 {unknown, 10_000, false, false},
		"in a row, keys known":     {unknown, 10_000, false, true},
		"at once":                  {unknown, 10_000, true, false},
		"at once, keys known":      {unknown, 10_000, true, true},
		"nameless":                 {nameless, 500, false, false},
		"nameless, at once, known": {nameless, 500, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			tokens := make([]string, row.count)
			for n := range tokens {
				tokens[n] = row.token(n)
			}
			virtual(t, func(t *testing.T) {
				i := newIssuer(usual())
				i.takes(time.Second)
				a := asks(t, i.keys(t))
				if row.warm {
					a.accepts(signers()["ES256"].token())
				}
				var all sync.WaitGroup
				for _, token := range tokens {
					if !row.atOnce {
						a.saysUnknown(token)
						continue
					}
					all.Go(func() { a.saysUnknown(token) })
				}
				all.Wait()
				assert.LessOrEqual(t, i.fetches(), 2)
				a.accepts(signers()["ES256"].token())
				assert.LessOrEqual(t, i.fetches(), 2, "who is known is not affected")
			})
		})
	}
}

func TestAnUnknownKeyIsLookedForOncePerCooldown(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keysWith(t, jwtverify.KeySetConfig{Cooldown: 10 * time.Second}))
		a.accepts(lasting(ecKey(), "e1"))
		i.publishes(jwk(ecKey(), "e1"), jwk(otherEC(), "e2"))
		a.accepts(lasting(otherEC(), "e2"))
		assert.Equal(t, 2, i.fetches(), "a new key is found at once")
		i.publishes(jwk(ecKey(), "e1"), jwk(otherEC(), "e3"))
		a.saysUnknown(lasting(otherEC(), "e3"))
		pass(10*time.Second - 1)
		a.saysUnknown(lasting(otherEC(), "e3"))
		assert.Equal(t, 2, i.fetches(), "the cooldown is not over")
		pass(1)
		a.accepts(lasting(otherEC(), "e3"))
		assert.Equal(t, 3, i.fetches())
		a.saysUnknown(lasting(otherEC(), "e2"))
		assert.Equal(t, 3, i.fetches(), "a key that the newest answer lacks is gone")
	})
}

// TestATokenThatCausedAFetchIsNotAskedAboutTwice: an answer that is newer than
// the token is final.
func TestATokenThatCausedAFetchIsNotAskedAboutTwice(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		a.saysUnknown(unknown(1))
		assert.Equal(t, 1, i.fetches())
		a.saysUnknown(unknown(2))
		assert.Equal(t, 2, i.fetches(), "the key may have been published since")
		a.saysUnknown(unknown(3))
		assert.Equal(t, 2, i.fetches())
	})
}

// TestATokenThatComesDuringAFetch gets one that began after it.
func TestATokenThatComesDuringAFetch(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		i.takes(time.Second)
		a := asks(t, i.keys(t))
		go a.accepts(lasting(ecKey(), "e1"))
		pass(time.Second / 2) // the answer is on its way, without the new key
		i.publishes(jwk(ecKey(), "e1"), jwk(otherEC(), "e2"))
		a.accepts(lasting(otherEC(), "e2"))
		assert.Equal(t, 2, i.fetches())
	})
}

func TestOneFetchForAllWhoWait(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		i.takes(3 * time.Second)
		a := asks(t, i.keys(t))
		token := lasting(ecKey(), "e1")
		first, leave := context.WithCancelCause(t.Context())
		var all sync.WaitGroup
		all.Go(func() { assert.Equal(t, context.Canceled, a.during(first, token), "as it is") })
		synctest.Wait()
		for range 100 {
			all.Go(func() { a.accepts(token) })
		}
		all.Go(func() {
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			assert.Equal(t, context.DeadlineExceeded, a.during(short, token), "as it is")
			assert.Equal(t, time.Second, time.Since(start))
		})
		pass(time.Second / 2)
		leave(errors.New("gone"))
		all.Wait()
		assert.Equal(t, 1, i.fetches(), "the one who came first has left, and nobody minds")
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestAContextThatHasEndedCausesNoFetch(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		assert.Equal(t, context.Canceled, a.during(ended, lasting(ecKey(), "e1")))
		synctest.Wait()
		assert.Zero(t, i.fetches())
		a.accepts(lasting(ecKey(), "e1"))
		assert.NoError(t, a.during(ended, lasting(ecKey(), "e1")), "what needs no waiting has an answer")
	})
}

func TestAFetchEndsAfter10Seconds(t *testing.T) {
	for name, client := range map[string]*http.Client{"of the caller's own": {}, "with a longer timeout": {Timeout: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				i := newIssuer(usual())
				i.takes(24 * time.Hour)
				client := &http.Client{Transport: i, Timeout: client.Timeout}
				keys, err := jwtverify.NewKeySet(jwtverify.KeySetConfig{URL: keysURL, HTTPClient: client})
				require.NoError(t, err)
				asks(t, keys).saysAway(lasting(ecKey(), "e1"))
				assert.Equal(t, 10*time.Second, time.Since(start))
			})
		})
	}
}

// carried must not reach the issuer with a fetch.
type carried struct{}

func TestAFetchKnowsNothingOfTheRequestThatCausedIt(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		assert.NoError(t, a.during(context.WithValue(t.Context(), carried{}, "secret"), lasting(ecKey(), "e1")))
		assert.Nil(t, i.requests[0].Context().Value(carried{}))
	})
}

func TestKeysAreFetchedAnewInTheBackground(t *testing.T) {
	for name, row := range map[string]struct{ configured, maxAge time.Duration }{
		"by default":    {0, time.Hour},
		"as configured": {5 * time.Minute, 5 * time.Minute},
		"once a day":    {24*time.Hour - 1, 24*time.Hour - 1},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				i := newIssuer(usual())
				a := asks(t, i.keysWith(t, jwtverify.KeySetConfig{MaxAge: row.configured}))
				a.accepts(lasting(ecKey(), "e1"))
				pass(row.maxAge - 1)
				a.accepts(lasting(ecKey(), "e1"))
				synctest.Wait()
				assert.Equal(t, 1, i.fetches(), "they are not old yet")
				pass(1)
				i.takes(time.Second / 2)
				before := time.Now()
				for range 10 {
					a.accepts(lasting(ecKey(), "e1"))
				}
				assert.Zero(t, time.Since(before), "nobody waits")
				pass(time.Second)
				assert.Equal(t, 2, i.fetches())
				pass(row.maxAge - time.Second - 1)
				a.accepts(lasting(ecKey(), "e1"))
				synctest.Wait()
				assert.Equal(t, 2, i.fetches(), "age counts from when they were asked for")
				pass(1)
				a.accepts(lasting(ecKey(), "e1"))
				synctest.Wait()
				assert.Equal(t, 3, i.fetches())
			})
		})
	}
}

func TestAWithdrawnKeyIsDropped(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		a.accepts(lasting(rsaKey(), "r1"))
		i.publishes(jwk(ecKey(), "e1"))
		pass(time.Hour)
		a.accepts(lasting(rsaKey(), "r1")) // and has them fetched anew
		synctest.Wait()
		a.saysUnknown(lasting(rsaKey(), "r1"))
		a.accepts(lasting(ecKey(), "e1"))
	})
}

// TestOneKeySetForMany is of use with the race detector.
func TestOneKeySetForMany(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		i.takes(50 * time.Millisecond)
		a := asks(t, i.keysWith(t, jwtverify.KeySetConfig{MaxAge: time.Second, Cooldown: time.Second}))
		tokens := []string{lasting(ecKey(), "e1"), lasting(rsaKey(), "r1"), unknown(1)}
		var all sync.WaitGroup
		for n := range 60 {
			all.Go(func() {
				for range 20 {
					err := a.verify(tokens[n%3])
					if n%3 == 2 {
						assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
					} else {
						assert.NoError(t, err)
					}
					time.Sleep(100 * time.Millisecond)
				}
			})
		}
		all.Wait()
		assert.LessOrEqual(t, i.fetches(), 6)
	})
}

// TestManyWhoFindKeysOldAtOnce has one of them stop where it is about to fetch
// newer ones, until all others have seen that they are old.
func TestManyWhoFindKeysOldAtOnce(t *testing.T) {
	const many = 100
	i := newIssuer(usual())
	var calls atomic.Int64
	var now atomic.Pointer[time.Time]
	now.Store(&start)
	stopped, all := make(chan struct{}), make(chan struct{})
	keys := i.keysWith(t, jwtverify.KeySetConfig{Now: func() time.Time {
		at := *now.Load()
		if !at.After(start) {
			return at
		}
		switch calls.Add(1) {
		case 2: // after the one by which the first has learnt the age
			close(stopped)
			<-all
		case 2 + many:
			close(all)
		}
		return at
	}})
	a := asking{t, verifier(t, jwtverify.Config{Algorithms: []string{"ES256"}, Keys: keys, Now: at})}
	token := lasting(ecKey(), "e1")
	a.accepts(token)
	later := start.Add(time.Hour)
	now.Store(&later)
	var group sync.WaitGroup
	group.Go(func() { a.accepts(token) })
	<-stopped
	for range many {
		group.Go(func() { a.accepts(token) })
	}
	group.Wait()
	a.saysUnknown(unknown(1)) // waits for the fetch in the background, and causes one more
	assert.Equal(t, 3, i.fetches())
}
