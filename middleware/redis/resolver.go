package redis

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// resolver stands between a cache and the resolver that asks the service. It
// tells other replicas what has ended here, and the cache what has ended there.
type resolver struct {
	replicas *Replicas
	source   middleware.Resolver
	maxAge   time.Duration // of the cache's answers

	mu        sync.Mutex // guards listeners, and what is in known
	listeners []func(secureflows.Token)
	// known are the tokens that the cache may have an answer about, or may be
	// given one, by their tags.
	known *generations[tag, *known]
}

// known is a token that was asked about.
type known struct {
	token secureflows.Token
	good  bool // at some time
	// told counts how often it was reported as signed out while nobody had ever
	// found it good.
	told int
}

// flightAge is how long an answer may be on its way.
const flightAge = 10 * time.Second

// Unwrap gives the resolver that asks, for sessions of its client.
func (r *resolver) Unwrap() middleware.Resolver { return r.source }

func (r *resolver) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	identity, _, err := r.ResolveAged(ctx, token, 0)
	return identity, err
}

// ResolveAged makes this a middleware.AgedResolver.
func (r *resolver) ResolveAged(ctx context.Context, token secureflows.Token, maxAge time.Duration) (identity secureflows.Identity, age time.Duration, err error) {
	tags := r.replicas.keys.tags(token)
	asked := r.expect(tags, token)
	if identity, age, found := r.replicas.answers.find(ctx, tags[0], maxAge); found {
		r.settle(tags, asked, nil)
		return identity, age, nil
	}
	began := time.Now()
	identity, err = r.source.Resolve(ctx, token)
	r.settle(tags, asked, err)
	switch {
	case err == nil:
		r.replicas.answers.share(tags[0], identity, began, r.maxAge)
	case errors.Is(err, secureflows.ErrSignedOut):
		r.replicas.answers.withdraw(tags)
	}
	return identity, 0, err
}

// expect makes a token known before there is an answer: one that is on its way
// when the token ends must not be kept.
func (r *resolver) expect(tags []tag, token secureflows.Token) *known {
	r.mu.Lock()
	defer r.mu.Unlock()
	own, found := r.known.get(tags[0])
	if !found {
		own = &known{token: token}
	}
	for _, tag := range tags {
		r.known.put(tag, own)
	}
	return own
}

// settle notes how a question ended. A token that is refused when it is asked
// about for the first time is nobody's, and of no interest to other replicas: a
// client that makes up tokens must not fill the stream.
func (r *resolver) settle(tags []tag, asked *known, err error) {
	r.mu.Lock()
	refused := errors.Is(err, secureflows.ErrSignedOut)
	if refused && !asked.good {
		asked.told--
	}
	tell := asked.told > 0
	asked.told = 0
	asked.good = asked.good || err == nil
	if refused {
		for _, tag := range tags {
			r.known.drop(tag)
		}
	}
	r.mu.Unlock()
	if tell {
		r.replicas.end(tags)
	}
}

// OnSignedOut is for the cache.
func (r *resolver) OnSignedOut(listener func(secureflows.Token)) (stop func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.listeners = append(r.listeners, listener)
	return func() {} // the cache lives as long as this
}

// Forget is for the cache, and for whoever it forwards to.
func (r *resolver) Forget(token secureflows.Token) { r.signedOut(token) }

// signedOut passes on what has ended here.
func (r *resolver) signedOut(token secureflows.Token) {
	if token.IsZero() {
		return
	}
	tags := r.replicas.keys.tags(token)
	r.mu.Lock()
	asked, found := r.known.get(tags[0])
	stranger := found && !asked.good
	if stranger {
		asked.told++
	}
	r.mu.Unlock()
	if !stranger {
		r.replicas.end(tags)
	}
	r.inform(token)
}

// heard drops what the cache knows of the token of a tag that has ended elsewhere.
func (r *resolver) heard(about tag) {
	r.mu.Lock()
	asked, found := r.known.get(about)
	r.mu.Unlock()
	if found {
		r.replicas.counts.evicted.Add(1)
		r.inform(asked.token)
	}
}

// heardAll drops what the cache knows.
func (r *resolver) heardAll() {
	r.mu.Lock()
	all := r.known.clear()
	r.mu.Unlock()
	r.replicas.counts.evicted.Add(uint64(len(all)))
	for _, asked := range all {
		r.inform(asked.token)
	}
}

func (r *resolver) inform(token secureflows.Token) {
	r.mu.Lock()
	listeners := slices.Clip(r.listeners)
	r.mu.Unlock()
	for _, listener := range listeners {
		listener(token)
	}
}
