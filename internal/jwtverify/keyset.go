package jwtverify

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/secureflows/secureflows-go/internal/remote"
)

// KeySetConfig is what NewKeySet takes.
type KeySetConfig struct {
	// URL is where the issuer publishes its keys: absolute, and https, but on
	// loopback. It comes from the configuration and never from a token.
	URL string
	// HTTPClient fetches the keys. nil is one with a timeout of 10 s. Whatever
	// it says, redirects are not followed, and a fetch ends after 10 s.
	HTTPClient *http.Client
	// MaxAge is how old keys may be before they are fetched anew: the longest
	// that a key is accepted which the issuer has withdrawn, while the issuer
	// can be reached. 0 is an hour, a day is the most.
	MaxAge time.Duration
	// Cooldown is how often tokens with unknown keys may cause a fetch: once in
	// that time, however many they are, or sooner where the fetch has failed.
	// Until it is over, an unknown key is no key. 0 is a minute.
	Cooldown time.Duration
	// Now tells the time. nil is time.Now.
	Now func() time.Time
}

const (
	defaultMaxAge   = time.Hour
	defaultCooldown = time.Minute
	// maxServed is how long known keys serve while no newer ones can be had. It
	// is longer than an issuer is away, and ends, for whoever keeps a backend
	// from its issuer must not keep a stolen key alive with that.
	maxServed = 24 * time.Hour
)

// KeySet are the keys that an issuer publishes, for ES256 and RS256. It fetches
// them when they are first needed, and again when they are older than MaxAge or
// a token has an unknown key: one fetch at a time, for all who wait. What the
// newest answer lacks is dropped.
//
// Keys that are older than MaxAge are fetched anew in the background and serve
// meanwhile; while the issuer is away, for a day. Afterwards, or where there
// are none yet, tokens are refused as secureflows.ErrUnavailable. After a failed
// fetch the next is made in 5 s at the earliest, in 30 s after several, or when
// the issuer asked for, within a minute.
//
// A KeySet need not be closed, and is safe for concurrent use.
type KeySet struct {
	url              string
	client           *remote.Client
	maxAge, cooldown time.Duration
	now              func() time.Time
	born             time.Time

	current atomic.Pointer[keys]
	begun   atomic.Int64 // fetches
	due     atomic.Int64 // the age of the KeySet at which current is to be fetched anew

	mu sync.Mutex // guards all below
	// flight is the fetch under way.
	flight *flight
	// failure is of the last fetch, nil when it succeeded; failures are those
	// since the last success.
	failure  *outage
	failures int
	// retry and search are the ages of the KeySet from which on there may be a
	// fetch after a failed one, and for an unknown key.
	retry, search time.Duration
}

// atOnce is an age that every KeySet has reached, whatever its clock shows.
const atOnce = time.Duration(math.MinInt64)

// NewKeySet makes a KeySet. It performs no I/O, and refuses, as
// secureflows.ErrInvalidRequest, a URL or a duration that cannot be meant.
func NewKeySet(cfg KeySetConfig) (*KeySet, error) {
	if _, err := remote.Page("KeySetConfig.URL", cfg.URL); err != nil {
		return nil, fmt.Errorf("new key set: %w", err)
	}
	if cfg.MaxAge < 0 || cfg.MaxAge > maxServed {
		return nil, misconfigured("new key set: KeySetConfig.MaxAge is %v: leave it 0 for an hour, or write up to %v", cfg.MaxAge, maxServed)
	}
	if cfg.Cooldown < 0 {
		return nil, misconfigured("new key set: KeySetConfig.Cooldown is negative: leave it 0 for a minute")
	}
	k := &KeySet{
		url: cfg.URL, client: remote.New(cfg.HTTPClient),
		maxAge: cfg.MaxAge, cooldown: cfg.Cooldown, now: cfg.Now,
	}
	if k.maxAge == 0 {
		k.maxAge = defaultMaxAge
	}
	if k.cooldown == 0 {
		k.cooldown = defaultCooldown
	}
	if k.now == nil {
		k.now = time.Now
	}
	k.born, k.retry, k.search = k.now(), atOnce, atOnce
	return k, nil
}

func (k *KeySet) algorithms() []string { return []string{string(jose.ES256), string(jose.RS256)} }

// age is how old the KeySet is: on a clock that nobody sets, where Now tells it.
func (k *KeySet) age() time.Duration { return k.now().Sub(k.born) }

// known gives the keys that may serve at an age, nil when there are none.
func (k *KeySet) known(age time.Duration) *keys {
	known := k.current.Load()
	if known == nil || age >= known.asked+maxServed {
		return nil
	}
	return known
}

func (k *KeySet) verify(ctx context.Context, token *signed) ([]byte, error) {
	age := k.age()
	tried := k.known(age)
	payload, known, err := tried.verify(token)
	if known {
		if int64(age) >= k.due.Load() {
			k.refresh()
		}
		return payload, err
	}
	before := k.begun.Load()
	for !known {
		if tried, err = k.newer(ctx, tried, before); err != nil {
			return nil, err
		}
		payload, known, err = tried.verify(token)
	}
	return payload, err
}

// newer gives the keys to try after those that do not have the one that is
// wanted, perhaps nil, or why there are none. before counts the fetches that had
// begun when the token came.
func (k *KeySet) newer(ctx context.Context, tried *keys, before int64) (*keys, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := k.join(tried, before)
	if err == nil && f != nil {
		err = f.wait(ctx)
	}
	return k.known(k.age()), err
}

// join gives the fetch to wait for, or why there is none. Without either, there
// are newer keys already.
func (k *KeySet) join(tried *keys, before int64) (*flight, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	age := k.age()
	switch {
	case k.known(age) != tried:
		return nil, nil
	case tried != nil && tried.number > before:
		return nil, errUnknownKey // they are newer than the token
	case k.flight != nil:
		return k.flight, nil
	case age < k.retry:
		return nil, k.failure.lasting(k.retry - age)
	case tried != nil && age < k.search:
		return nil, errUnknownKey
	case tried != nil:
		k.search = age + k.cooldown
	}
	return k.begin(age), nil
}

// refresh fetches the keys anew in the background.
func (k *KeySet) refresh() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if age := k.age(); k.flight == nil && int64(age) >= k.due.Load() {
		k.begin(age)
	}
}

// begin starts a fetch. The caller holds the lock.
func (k *KeySet) begin(age time.Duration) *flight {
	k.due.Store(math.MaxInt64) // until this one has ended
	k.flight = &flight{number: k.begun.Add(1), asked: age, done: make(chan struct{})}
	go k.fly(k.flight)
	return k.flight
}

// land takes in what a fetch has brought, and lets those go on who wait.
func (k *KeySet) land(f *flight, found *keys, failure *outage) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flight, k.failure, f.failure = nil, failure, failure
	if failure == nil {
		found.number, found.asked = f.number, f.asked
		k.current.Store(found)
		k.failures, k.retry = 0, atOnce
		k.due.Store(int64(f.asked + k.maxAge))
	} else {
		k.failures++
		failure.facts.RetryAfter = failure.pause(k.failures)
		k.retry = k.age() + failure.facts.RetryAfter
		k.search = atOnce // nothing has been found out
		k.due.Store(int64(k.retry))
	}
	close(f.done)
}
