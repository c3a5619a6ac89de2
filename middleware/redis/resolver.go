package redis

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// resolver stands between a cache and the resolver that asks the service. It
// tells other replicas what has ended here, and the cache what has ended there.
type resolver struct {
	replicas *Replicas
	source   middleware.Resolver
	of       string        // its origin
	maxAge   time.Duration // of the cache's answers
}

// origin tells the answers of one resolver from those of another: where each
// provider's has a cache of its own, that of one must not find in Redis what
// another has said. "" is a client.
func origin(source middleware.Resolver) string {
	for {
		wrapper, ok := source.(interface{ Unwrap() middleware.Resolver })
		if !ok {
			break
		}
		source = wrapper.Unwrap()
	}
	if _, ok := source.(*secureflows.Client); ok {
		return ""
	}
	return reflect.TypeOf(source).String()
}

var _ middleware.AgedResolver = (*resolver)(nil)

// Unwrap gives the resolver that asks, for sessions of its client.
func (r *resolver) Unwrap() middleware.Resolver { return r.source }

func (r *resolver) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	identity, _, err := r.ResolveAged(ctx, token, 0)
	return identity, err
}

func (r *resolver) ResolveAged(ctx context.Context, token secureflows.Token, maxAge time.Duration) (identity secureflows.Identity, age time.Duration, err error) {
	tags := r.replicas.keys.tags(token)
	asked := r.replicas.tokens.expect(tags, token)
	identity, age, found := r.replicas.answers.find(ctx, tags[0], r.of, maxAge)
	if !found {
		identity, age, err = r.ask(ctx, token, tags, maxAge)
	}
	if r.replicas.tokens.settle(tags, asked, err) {
		r.replicas.end(tags)
	}
	return identity, age, err
}

func (r *resolver) ask(ctx context.Context, token secureflows.Token, tags []tag, maxAge time.Duration) (identity secureflows.Identity, age time.Duration, err error) {
	asked := time.Now()
	aged, ok := r.source.(middleware.AgedResolver)
	if ok {
		identity, age, err = aged.ResolveAged(ctx, token, maxAge)
		asked = asked.Add(-age)
	} else {
		identity, err = r.source.Resolve(ctx, token)
	}
	switch {
	case errors.Is(err, middleware.ErrForeignToken): // says nothing about the token
	case errors.Is(err, secureflows.ErrSignedOut):
		r.replicas.answers.withdraw(tags)
	case err == nil && identity.Provider == "":
		// A replica that is not set up for another provider must not take its
		// people for those of secureFlows.
		r.replicas.answers.share(tags[0], r.of, identity, asked, r.maxAge)
	}
	return identity, age, err
}

// OnSignedOut is for the cache.
func (r *resolver) OnSignedOut(listener func(secureflows.Token)) (stop func()) {
	r.replicas.tokens.listen(listener)
	return func() {}
}

// Forget is for the cache, which passes on what it is told.
func (r *resolver) Forget(token secureflows.Token) { r.replicas.signedOut(token) }
