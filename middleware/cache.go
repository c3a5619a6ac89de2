package middleware

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/secureflows/secureflows-go"
)

// Resolver says whose a token is. [*secureflows.Client] asks the service,
// [*Cache] remembers what another Resolver said.
//
// A Resolver of your own reports a token that is no good by wrapping one of the
// sentinels under secureflows.ErrSignedOut, a good one whose holder is not to be
// let in by [ErrNotAllowed], and a billing lock by secureflows.ErrGraceLock. Any
// other error is an outage, by which nobody is signed out. Resolve is called from
// a goroutine of the cache's, with the values of the request that asked first and
// a deadline of its own; it must return when that has passed.
//
// A Resolver that stands in front of another may give it by a method
// Unwrap() Resolver: where there is a client in the end, handlers get sessions
// of it, and caches hear of its sign-outs.
type Resolver interface {
	Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error)
}

// AgedResolver is a Resolver whose answers may have been asked for some time
// ago, such as those that several processes share. A [Cache] in front of one
// uses ResolveAged and keeps an answer for what is left of its life, so that
// MaxAge holds across the two.
type AgedResolver interface {
	Resolver
	// ResolveAged is Resolve with an answer that was asked for at most maxAge
	// before the call, and how long before that was; 0 asks anew.
	ResolveAged(ctx context.Context, token secureflows.Token, maxAge time.Duration) (identity secureflows.Identity, age time.Duration, err error)
}

// CacheConfig is what NewCache takes. The zero value is the right one for most.
type CacheConfig struct {
	// MaxAge is how long an answer is good, counted from when it was asked for:
	// the longest that a revocation made elsewhere goes unnoticed. 0 is 10 s;
	// negative remembers no answer and asks for every request.
	MaxAge time.Duration
	// RefusalAge is how long a refusal of a token is remembered, so that a
	// client that repeats a dead one does not reach the service each time, not
	// even on a route that asks for every request. 0 is 5 s, negative is not at
	// all. Outages are never remembered.
	RefusalAge time.Duration
	// MaxEntries bounds the answers kept, and by itself the refusals. 0 is
	// 100,000; an answer takes about 250 bytes. Beyond it those go first that
	// were asked for first.
	MaxEntries int
	// MaxUpstream bounds the questions under way at once, in front of [FirstOf]
	// those about the tokens of each provider. 0 is 64. Requests beyond it wait, as
	// long as their contexts let them; those with a token that was good before go
	// first.
	MaxUpstream int
	// Timeout bounds one question. 0 is 10 s.
	Timeout time.Duration
}

// Cache is a [Resolver] that remembers the answers of another, and asks one
// question for all who wait for the same answer. It may be shared by several
// middlewares, and is safe for concurrent use. What it costs in staleness, the
// package's introduction says in numbers.
type Cache struct {
	source      Resolver
	maxAge      time.Duration
	timeout     time.Duration
	fingerprint *fingerprinter
	answers     store[secureflows.Identity]
	refusals    store[error]
	flights     flights
	chain       *firstOf // nil where there is one resolver
	gates       []gate   // one for each
	stats       counters

	mu    sync.Mutex // guards heard
	heard map[*secureflows.Client]bool
}

// NewCache puts a cache in front of source. Where source has the method
// OnSignedOut of [*secureflows.Client], as a struct has that embeds one, the
// cache hears of sign-outs by it; it then lives as long as source. It panics on
// a configuration that cannot work, with the fix in the message.
func NewCache(source Resolver, cfg CacheConfig) *Cache {
	checkResolver("NewCache", source)
	if cfg.MaxEntries < 0 || cfg.MaxUpstream < 0 || cfg.Timeout < 0 {
		panic("middleware: NewCache: MaxEntries, MaxUpstream or Timeout is negative: leave it 0 for the default")
	}
	c := &Cache{
		source:      source,
		maxAge:      lifetime(cfg.MaxAge, 10*time.Second),
		timeout:     orDefault(cfg.Timeout, 10*time.Second),
		fingerprint: newFingerprinter(),
	}
	c.chain, c.gates = chainBehind(source), make([]gate, 1)
	if c.chain != nil {
		c.gates = make([]gate, len(c.chain.resolvers))
	}
	for i := range c.gates {
		c.gates[i].free = orDefault(cfg.MaxUpstream, 64)
	}
	entries := int64(orDefault(cfg.MaxEntries, 100_000))
	c.answers.lifetime, c.answers.capacity = c.maxAge, entries
	c.refusals.lifetime, c.refusals.capacity = lifetime(cfg.RefusalAge, 5*time.Second), entries
	if client := c.client(); client != nil {
		c.hear(client)
	}
	if found, ok := reporterBehind(source); ok && found != reporter(c.client()) {
		found.OnSignedOut(c.signedOut)
	}
	return c
}

func isNil(resolver Resolver) bool {
	client, isClient := resolver.(*secureflows.Client)
	cache, isCache := resolver.(*Cache)
	return resolver == nil || isClient && client == nil || isCache && cache == nil
}

func checkResolver(caller string, resolver Resolver) {
	if isNil(resolver) {
		panic("middleware: " + caller + ": the resolver is nil: give it a *secureflows.Client")
	}
}

// lifetime gives 0 for what is not to be remembered. A century is as good as
// for ever, and leaves sums of moments within their range.
func lifetime(configured, byDefault time.Duration) time.Duration {
	return min(max(orDefault(configured, byDefault), 0), 100*365*24*time.Hour)
}

func orDefault[T int | time.Duration](configured, byDefault T) T {
	if configured == 0 {
		return byDefault
	}
	return configured
}

// behind gives resolver and those that it stands in front of.
func behind(resolver Resolver) iter.Seq[Resolver] {
	return func(yield func(Resolver) bool) {
		for yield(resolver) {
			switch r := resolver.(type) {
			case *Cache:
				resolver = r.source
			case interface{ Unwrap() Resolver }:
				resolver = r.Unwrap()
			default:
				return
			}
		}
	}
}

// client is the one that asks in the end, or nil.
func (c *Cache) client() *secureflows.Client { return clientBehind(c.source) }

func clientBehind(resolver Resolver) *secureflows.Client {
	for inner := range behind(resolver) {
		if client, ok := inner.(*secureflows.Client); ok {
			return client
		}
	}
	return nil
}

// hear listens to a client, once for all who share the cache.
func (c *Cache) hear(client *secureflows.Client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.heard[client] {
		return
	}
	if c.heard == nil {
		c.heard = make(map[*secureflows.Client]bool)
	}
	c.heard[client] = true
	client.OnSignedOut(c.signedOut)
}

// Format prints that this is a cache, under every verb: fmt would walk through
// the maps while others write to them, and show whose tokens are in them.
func (c *Cache) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("middleware.Cache")) }

// Resolve gives whose token this is, from memory or by asking.
func (c *Cache) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	return c.ResolveWithin(ctx, token, c.maxAge)
}

// ResolveWithin is Resolve with an answer that was asked for at most maxAge
// before the call. It never loosens the cache's own MaxAge; 0 asks anew and
// joins no question asked before.
func (c *Cache) ResolveWithin(ctx context.Context, token secureflows.Token, maxAge time.Duration) (secureflows.Identity, error) {
	identity, _, err := c.ResolveAged(ctx, token, maxAge)
	return identity, err
}

// ResolveAged is ResolveWithin, and says how long ago the answer was asked for:
// it makes a Cache an [AgedResolver], so that MaxAge holds where caches stand
// behind one another.
func (c *Cache) ResolveAged(ctx context.Context, token secureflows.Token, maxAge time.Duration) (identity secureflows.Identity, age time.Duration, err error) {
	if token.IsZero() {
		return secureflows.Identity{}, 0, fmt.Errorf("%w: resolve: no token: the zero value was used", secureflows.ErrUnauthenticated)
	}
	text := token.Reveal()
	key := c.fingerprint.of(text)
	arrived := now()
	if found := c.lookup(key, arrived, maxAge, text); found != nil {
		return found.value, arrived.since(found.asked), nil
	}
	answer, asked, err := c.ask(ctx, token, key, arrived, maxAge)
	if err != nil {
		return secureflows.Identity{}, 0, err
	}
	return *answer, now().since(asked), nil
}

// Forget drops what is remembered about token, good or bad, and an answer about
// it that is on its way, for sign-outs that the cache does not hear of by
// itself. Where the resolver behind has a method Forget as well, such as another
// Cache or one that tells other processes, that is called first.
func (c *Cache) Forget(token secureflows.Token) {
	if source, ok := c.source.(interface{ Forget(token secureflows.Token) }); ok {
		source.Forget(token)
	}
	c.signedOut(token)
	c.refusals.remove(c.fingerprint.of(token.Reveal()))
}

// signedOut is Forget, but for a refusal, which stays true.
func (c *Cache) signedOut(token secureflows.Token) {
	key := c.fingerprint.of(token.Reveal())
	c.flights.abandon(key)
	c.answers.remove(key)
}

// limit gives how old an answer may be where maxAge is asked for, 0 if it must be
// new.
func (c *Cache) limit(maxAge time.Duration) time.Duration { return max(0, min(maxAge, c.maxAge)) }

// lookup is the way of nearly every request. text is read only when the answer
// is due to be asked for again.
func (c *Cache) lookup(key fingerprint, arrived instant, maxAge time.Duration, text string) *entry[secureflows.Identity] {
	limit := c.limit(maxAge)
	entries := c.answers.shard(key).entries.Load()
	if limit == 0 || entries == nil {
		return nil
	}
	s, used := entries.slot(key)
	if !used {
		return nil
	}
	if limit == c.maxAge {
		if found := entries.present(s.good(arrived)); found != nil {
			c.stats.hit(key)
			return found
		}
	}
	found := entries.present(s.entry.Load())
	if found == nil || found.asked < arrived.ago(limit) {
		return nil
	}
	c.stats.hit(key)
	if arrived >= found.due { // s.due is behind while this answer is being put
		c.refresh(s, found, arrived, text)
	}
	return found
}

// ask waits for an answer, somebody else's where one is on its way. It is for
// reading only.
func (c *Cache) ask(ctx context.Context, token secureflows.Token, key fingerprint, arrived instant, maxAge time.Duration) (*secureflows.Identity, instant, error) {
	if ctx.Err() != nil {
		return nil, 0, left(ctx)
	}
	// An answer that a sign-out has overtaken is asked for again, and one that is
	// too old, which was shared by others while this waited; neither can go on
	// for long.
	for range 3 {
		f, found, err := c.join(ctx, token, key, arrived, maxAge)
		if found != nil {
			return &found.value, found.asked, nil
		}
		if f != nil {
			err = f.wait(ctx)
			if err == nil && (f.overtaken.Load() || f.asked < arrived.ago(c.limit(maxAge))) {
				continue
			}
		}
		if err == nil {
			return &f.identity, f.asked, nil
		}
		if isRefusal(err) {
			c.stats.refused.Add(1)
		}
		return nil, 0, err
	}
	return nil, 0, errOvertaken
}

var errOvertaken = fmt.Errorf("%w: resolve: the token was signed out again and again while it was asked about", secureflows.ErrUnavailable)

// refresh asks for an answer again before it ends, one goroutine per token.
func (c *Cache) refresh(s *slot[secureflows.Identity], found *entry[secureflows.Identity], arrived instant, text string) {
	// Whoever moves the moment on is the one to ask; should that fail, the next
	// tries a twentieth of a life later.
	due, next := s.due.Load(), min(arrived+instant(c.maxAge/20), found.asked+instant(c.maxAge))
	if int64(arrived) < due || !s.due.CompareAndSwap(due, int64(next)) {
		return
	}
	shard := c.flights.shard(found.key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if shard.newest(found.key, found.asked+1, c.maxAge) != nil {
		return // the service has not answered the last one yet
	}
	// Where the answer is gone by now, the token was signed out.
	if c.answers.get(found.key, found.asked) != found {
		return
	}
	token, err := secureflows.NewToken(text)
	if err != nil {
		return
	}
	c.stats.refreshed.Add(1)
	// What others share will do if it lasts a good while longer.
	f := shard.start(found.key, c.maxAge/2)
	f.waiting = 1
	go func() {
		// Nobody needs it asked for ahead once it has ended.
		patience := time.AfterFunc(time.Duration(found.asked-arrived)+c.maxAge, f.leave)
		defer patience.Stop()
		c.queue(context.Background(), f, token, true)
	}()
}

// remember stores what an answered question said.
func (c *Cache) remember(f *flight) {
	switch {
	case isRefusal(f.err):
		c.answers.remove(f.key)
		// Nothing slides the end of a refusal either.
		if at := now(); c.refusals.lifetime > 0 && c.refusal(f.key, at) == nil {
			c.refusals.put(entryOf(f.key, f.err, at, 0), at)
		}
	case errors.Is(f.err, secureflows.ErrGraceLock): // is said anew each time, and no outage
	case f.err != nil:
		c.stats.upstreamErrors.Add(1)
	case c.maxAge > 0 && !f.overtaken.Load():
		// In the last fifth, but not all at once: a fleet that started together
		// would ask together for ever.
		asked, due := f.asked, f.asked+instant(c.maxAge/5*4)+instant(rand.N(c.maxAge/10+1))
		at := now()
		if ends := f.identity.ExpiresAt; !ends.IsZero() {
			// An answer does not outlive its token: one that would passes for older
			// than it is, and there is nothing to ask ahead for.
			// Time that is long over would not fit into an instant.
			if left := max(time.Until(ends), 0); left < c.maxAge-at.since(asked) {
				due = at + instant(left)
				asked = due - instant(c.maxAge) - 1
			}
		}
		c.answers.put(entryOf(f.key, f.identity, asked, due), at)
	}
}
