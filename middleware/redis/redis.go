package redis

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// Config is what New takes. EncryptionKeys are required; the zero value of the
// rest is the right one for most.
type Config struct {
	// EncryptionKeys are the application's, the same on all replicas, each of 32
	// random bytes. Tokens are named and answers encrypted under the first; what
	// was made under the others is understood. They are changed as those of
	// middleware.BrowserConfig, and may be the same: what is derived from them is
	// not.
	EncryptionKeys []middleware.EncryptionKey

	// Prefix is what all keys in Redis begin with, "secureflows:" if empty.
	// Applications that share a Redis take one each.
	Prefix string

	// MaxAge is how long an answer about a token, or a sign-in that was read, may
	// be kept in memory: the longest that a sign-out on another replica goes
	// unnoticed while Redis is out of reach. 0 is 10 s; negative keeps nothing.
	MaxAge time.Duration

	// ShareAnswers keeps the service's answers in Redis too, encrypted and for at
	// most MaxAge, so that all replicas together ask about a token once. It is
	// worth it where the service is farther away than Redis. Answers about tokens
	// of other providers (middleware.FirstOf) are not kept there: a replica that is
	// not set up for one must not take its people for secureFlows'.
	ShareAnswers bool

	// Timeout is how long a request waits for Redis. 0 is 500 ms. One that meets
	// the client while it connects anew may wait a second more.
	Timeout time.Duration

	// MaxEntries bounds how many tokens, and how many sign-ins, are kept in
	// memory. 0 is 100,000. Beyond it, a sign-out elsewhere may be noticed after
	// MaxAge only.
	MaxEntries int

	// Logger is told when Redis is out of reach, once, and when it is back. nil is
	// silence.
	Logger *slog.Logger
}

// Replicas connects this process with the others that serve the same
// application. It is safe for concurrent use.
type Replicas struct {
	client  rueidis.Client
	config  Config
	maxAge  time.Duration
	keys    keyring
	link    *link
	events  *events
	tokens  *tokens
	answers *answers
	store   *Store
	counts  counters

	ctx    context.Context // ends with Close
	cancel context.CancelFunc

	mu      sync.Mutex // guards what is below
	closed  bool
	running sync.WaitGroup
	sources map[middleware.Resolver]bool // that are listened to
}

// New connects this process with the others over client, which is the
// application's own: to a single Redis or Valkey of version 6.2 or later, to
// sentinels or to a cluster, with or without TLS. It waits for nothing, and
// Redis may go and come back. A configuration that cannot work is refused as
// secureflows.ErrInvalidRequest. Call Close at the end.
func New(client rueidis.Client, config Config) (*Replicas, error) {
	if err := check(client, config); err != nil {
		return nil, err
	}
	if config.Prefix == "" {
		config.Prefix = "secureflows:"
	}
	if config.Timeout == 0 {
		config.Timeout = 500 * time.Millisecond
	}
	if config.MaxEntries == 0 {
		config.MaxEntries = 100_000
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Replicas{
		client: client, config: config, maxAge: max(config.MaxAge, 0), keys: newKeyring(config.EncryptionKeys),
		link: newLink(client, config.Timeout), sources: make(map[middleware.Resolver]bool),
	}
	if config.MaxAge == 0 {
		r.maxAge = 10 * time.Second
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.tokens = newTokens(r)
	r.store = newStore(r)
	r.answers = newAnswers(r)
	r.events = &events{
		client: client, key: config.Prefix + "events", timeout: config.Timeout, maxAge: r.maxAge + flightAge,
		logger: config.Logger, heard: r.heard, self: rand.Text()[:8], wake: make(chan struct{}, 1),
	}
	r.background(r.events.listen)
	r.background(r.events.write)
	return r, nil
}

func check(client rueidis.Client, config Config) error {
	refused := func(format string, values ...any) error {
		return fmt.Errorf("%w: redis: "+format, append([]any{secureflows.ErrInvalidRequest}, values...)...)
	}
	switch {
	case client == nil:
		return refused("the client is nil: give it that of rueidis.NewClient")
	case len(config.EncryptionKeys) == 0:
		return refused("Config.EncryptionKeys is empty: give it one of 32 random bytes, the same on all replicas")
	case config.Timeout < 0 || config.MaxEntries < 0:
		return refused("Config.Timeout or MaxEntries is negative: leave it 0 for the default")
	}
	for i, key := range config.EncryptionKeys {
		if len(key) != 32 {
			return refused("Config.EncryptionKeys[%d] has %d bytes: a key is 32 random ones", i, len(key))
		}
	}
	return nil
}

// Store gives the store of sign-ins, for middleware.BrowserConfig.Store.
func (r *Replicas) Store() *Store { return r.store }

// NewCache is [middleware.NewCache] with answers that end when any replica ends
// the token. The others hear of what source's method OnSignedOut reports, which a
// [*secureflows.Client] has, and of what the cache is told to forget. The cache
// lives as long as source, and MaxAge is that of Config unless it is shorter.
// Like middleware.NewCache it panics on a configuration that cannot work.
func (r *Replicas) NewCache(source middleware.Resolver, config middleware.CacheConfig) *middleware.Cache {
	switch {
	case isNil(source):
		panic("redis: NewCache: the resolver is nil: give it a *secureflows.Client")
	case config.MaxAge > r.maxAge:
		panic(fmt.Sprintf("redis: NewCache: CacheConfig.MaxAge is %v, longer than the %v of Config.MaxAge: set that as well, or leave this 0", config.MaxAge, r.maxAge))
	case config.Timeout > flightAge:
		panic(fmt.Sprintf("redis: NewCache: CacheConfig.Timeout is %v: use at most %v", config.Timeout, flightAge))
	case config.MaxAge == 0:
		config.MaxAge = r.maxAge
	}
	if config.MaxAge == 0 {
		config.MaxAge = -1 // nothing is kept
	}
	r.hear(source)
	return middleware.NewCache(&resolver{replicas: r, source: source, of: origin(source), maxAge: max(config.MaxAge, 0)}, config)
}

// hear listens to a source, or to what it stands in front of, once for all caches
// in front of it.
func (r *Replicas) hear(source middleware.Resolver) {
	for {
		if reporter, ok := source.(interface {
			OnSignedOut(listener func(secureflows.Token)) (stop func())
		}); ok {
			if r.isNew(source) {
				reporter.OnSignedOut(r.signedOut)
			}
			return
		}
		wrapper, ok := source.(interface{ Unwrap() middleware.Resolver })
		if !ok {
			return
		}
		source = wrapper.Unwrap()
	}
}

// isNew reports whether a source has not been listened to. Of those that are no
// pointers there is no telling.
func (r *Replicas) isNew(source middleware.Resolver) bool {
	if reflect.TypeOf(source).Kind() != reflect.Pointer {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	heard := r.sources[source]
	r.sources[source] = true
	return !heard
}

func isNil(source middleware.Resolver) bool {
	client, isClient := source.(*secureflows.Client)
	cache, isCache := source.(*middleware.Cache)
	return source == nil || isClient && client == nil || isCache && cache == nil
}

// signedOut passes on what has ended here.
func (r *Replicas) signedOut(token secureflows.Token) {
	if token.IsZero() {
		return
	}
	if tags := r.keys.tags(token); r.tokens.ended(tags) {
		r.end(tags)
	}
	r.tokens.inform(token)
}

// end tells everybody that a token has ended, by its tags: while keys are changed,
// others may have another one in front.
func (r *Replicas) end(tags []tag) {
	r.answers.withdraw(tags)
	for _, about := range tags {
		r.events.tell(tokenEnded, about.String())
	}
}

// heard does what another replica's event asks for.
func (r *Replicas) heard(event event) {
	switch event.kind {
	case tokenEnded:
		about, ok := parseTag(event.text)
		if !ok {
			return
		}
		r.answers.heard(about)
		if token, known := r.tokens.of(about); known {
			r.counts.evicted.Add(1)
			r.tokens.inform(token)
		}
	case recordChanged:
		r.store.changed(event.text)
	case anything:
		r.store.changedAll()
		for _, token := range r.tokens.clear() {
			r.counts.evicted.Add(1)
			r.tokens.inform(token)
		}
	}
}

// background runs do until it ends or Close ends its context, and reports false
// after Close.
func (r *Replicas) background(do func(context.Context)) (started bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.running.Go(func() { do(r.ctx) })
	return true
}

// Close tells the others what they have not heard yet, if Redis answers, and
// waits for what runs in the background. It leaves the client open. What is built
// on r goes on like one that cannot reach the others.
func (r *Replicas) Close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel()
	r.running.Wait()
}

// Format prints that this is a Replicas, under every verb: fmt would show whose
// tokens are in it.
func (r *Replicas) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("redis.Replicas")) }

// Format prints that this is a Store, under every verb.
func (s *Store) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("redis.Store")) }

// Stats are counts since New, for a metrics exporter to read.
type Stats struct {
	Connected bool   // whether other replicas are heard
	Outages   uint64 // times that they could not be, and MaxAge was what held
	Lost      uint64 // outages after which nothing kept in memory could be trusted, and was dropped
	Sent      uint64 // events told to the others
	Received  uint64 // events heard, own ones included
	Evicted   uint64 // tokens forgotten because another replica has ended them, or may have

	RecordsNear uint64 // sign-ins found in memory
	RecordsRead uint64 // sign-ins asked of Redis

	AnswersShared uint64 // answers found in Redis, with ShareAnswers
	AnswersMissed uint64 // answers that were not there
}

type counters struct {
	evicted, recordsNear, recordsRead, answersShared, answersMissed atomic.Uint64
}

// Stats gives the counts so far.
func (r *Replicas) Stats() Stats {
	return Stats{
		Connected: r.events.connected.Load(), Outages: r.events.outages.Load(), Lost: r.events.lost.Load(),
		Sent: r.events.sent.Load(), Received: r.events.received.Load(), Evicted: r.counts.evicted.Load(),
		RecordsNear: r.counts.recordsNear.Load(), RecordsRead: r.counts.recordsRead.Load(),
		AnswersShared: r.counts.answersShared.Load(), AnswersMissed: r.counts.answersMissed.Load(),
	}
}
