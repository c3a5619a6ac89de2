package middleware

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/secureflows/secureflows-go"
)

// flight is one question to the service and all who wait for its answer. It
// belongs to none of them: whoever came first may leave, and the others still
// get their answer.
type flight struct {
	key     fingerprint
	created instant
	// within is how old an answer of an AgedResolver may be.
	within time.Duration
	// asked is when the answer was asked for, perhaps by another process. It is
	// written before done is closed, and read after.
	asked instant
	// overtaken says that the token was signed out while the answer was on its
	// way: a good answer is worth nothing then.
	overtaken atomic.Bool

	mu      sync.Mutex // guards waiting and flying
	waiting int
	flying  bool // asked, or about to be
	// deserted is closed when everybody has left before it was asked, done when
	// identity and err are there.
	deserted chan struct{}
	done     chan struct{}
	identity secureflows.Identity
	err      error
	panicked any // what the resolver panicked with
}

// flights are the questions under way, those about one token with the newest
// last.
type flights struct {
	shards [shardCount]flightShard
}

type flightShard struct {
	mu     sync.Mutex // guards flying
	flying map[fingerprint][]*flight
	_      [64]byte
}

func (fs *flights) shard(key fingerprint) *flightShard { return &fs.shards[key[0]%shardCount] }

// start begins a question, for which an answer will do that was asked for within
// that time. The caller holds the lock.
func (s *flightShard) start(key fingerprint, within time.Duration) *flight {
	f := &flight{key: key, created: now(), within: within, deserted: make(chan struct{}), done: make(chan struct{})}
	if s.flying == nil {
		s.flying = make(map[fingerprint][]*flight)
	}
	s.flying[key] = append(s.flying[key], f)
	return f
}

// newest gives the question about key that was begun last, at oldest or later,
// of those whose answer will be no older than within. The caller holds the lock.
func (s *flightShard) newest(key fingerprint, oldest instant, within time.Duration) *flight {
	for _, f := range slices.Backward(s.flying[key]) {
		if f.created < oldest {
			return nil
		}
		if f.within <= within {
			return f
		}
	}
	return nil
}

// end takes a question off the list. The caller holds the lock.
func (s *flightShard) end(f *flight) {
	rest := slices.DeleteFunc(s.flying[f.key], func(other *flight) bool { return other == f })
	if len(rest) == 0 {
		delete(s.flying, f.key)
		return
	}
	s.flying[f.key] = rest
}

// abandon makes the answers to the questions under way worthless.
func (fs *flights) abandon(key fingerprint) {
	shard := fs.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.abandon(key)
}

// abandon is the same for a caller that holds the lock.
func (s *flightShard) abandon(key fingerprint) {
	for _, f := range s.flying[key] {
		f.overtaken.Store(true)
	}
	delete(s.flying, key)
}

// join gives the question to wait for, one under way or a new one, and counts
// the caller in. Where an answer has come since the caller looked, or a refusal
// is remembered, it gives that and no question.
func (c *Cache) join(ctx context.Context, token secureflows.Token, key fingerprint, arrived instant, maxAge time.Duration) (*flight, *entry[secureflows.Identity], error) {
	shard := c.flights.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	if refusal := c.refusal(key, arrived); refusal != nil {
		return nil, nil, refusal
	}
	limit := c.limit(maxAge)
	if limit > 0 {
		if f := shard.newest(key, arrived.ago(limit), limit); f != nil && f.board() {
			c.stats.collapsed.Add(1)
			return f, nil, nil
		}
		// A question may have been answered between the look into the cache and
		// here; without this, a thousand at once ask nine times.
		if found := c.answers.get(key, arrived.ago(limit)); found != nil {
			c.stats.hit(key)
			return nil, found, nil
		}
	}
	c.stats.misses.Add(1)
	f := shard.start(key, limit)
	f.waiting = 1
	go c.queue(context.WithoutCancel(ctx), f, token, c.answers.has(key))
	return f, nil, nil
}

// refusal gives the refusal of the token that is remembered at a moment.
func (c *Cache) refusal(key fingerprint, at instant) error {
	if c.refusals.lifetime == 0 {
		return nil
	}
	if found := c.refusals.get(key, at.ago(c.refusals.lifetime)); found != nil {
		return found.value
	}
	return nil
}

// board counts a waiter in, and reports false when everybody has left and the
// question will not be asked.
func (f *flight) board() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	select {
	case <-f.deserted:
		return false
	default:
		f.waiting++
		return true
	}
}

// wait returns when the answer is there, or leaves when ctx ends.
func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		if f.panicked != nil {
			panic(f.panicked)
		}
		return f.err
	case <-ctx.Done():
		f.leave()
		return left(ctx)
	}
}

// errLeft tells the caller's own end from one that a resolver reports.
var errLeft = errors.New("the caller left before the answer came")

func left(ctx context.Context) error {
	return fmt.Errorf("secureflows: resolve: %w: %w", errLeft, ctx.Err())
}

func (f *flight) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.waiting--; f.waiting == 0 && !f.flying {
		close(f.deserted)
	}
}

// depart reports whether the question is to be asked: somebody waits.
func (f *flight) depart() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.flying = f.waiting > 0
	return f.flying
}

// gateOf gives the gate that questions about a token go through.
func (c *Cache) gateOf(token secureflows.Token) *gate {
	if c.chain == nil {
		return &c.gates[0]
	}
	return &c.gates[c.chain.owner(token)]
}

// queue asks as soon as there is a place for the question, unless nobody waits
// for the answer by then.
func (c *Cache) queue(ctx context.Context, f *flight, token secureflows.Token, known bool) {
	gate := c.gateOf(token)
	if gate.enter(known, f.deserted) {
		defer gate.leave()
		if f.depart() {
			c.fly(ctx, f, token)
			return
		}
	}
	shard := c.flights.shard(f.key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.end(f)
}

// fly asks the question. ctx has the values of whoever asked first, and nothing
// of its end.
func (c *Cache) fly(ctx context.Context, f *flight, token secureflows.Token) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	f.asked = now()
	f.err = errNoAnswer
	defer func() {
		// This is not the goroutine of a request, where net/http would catch a
		// panic of the resolver: those who wait have it instead.
		f.panicked = recover()
		c.land(f)
	}()
	// While this one waited for its place, another may have been told.
	if refusal := c.refusal(f.key, f.asked); refusal != nil {
		f.err = refusal
		return
	}
	aged, ok := c.source.(AgedResolver)
	if !ok {
		identity, err := c.source.Resolve(ctx, token)
		f.identity, f.err = identity, verdict(err)
		return
	}
	identity, age, err := aged.ResolveAged(ctx, token, f.within)
	f.identity, f.err = identity, verdict(err)
	f.asked = f.asked.ago(max(age, 0))
}

var errNoAnswer = fmt.Errorf("%w: resolve: the resolver did not return", secureflows.ErrUnavailable)

// land hands the answer to those who wait. It is remembered before the question
// leaves the list: whoever comes between the two must find one of them.
func (c *Cache) land(f *flight) {
	shard := c.flights.shard(f.key)
	shard.mu.Lock()
	if errors.Is(f.err, secureflows.ErrSignedOut) {
		shard.abandon(f.key) // a good answer on its way is older
	}
	c.remember(f)
	shard.end(f)
	shard.mu.Unlock()
	close(f.done)
}
