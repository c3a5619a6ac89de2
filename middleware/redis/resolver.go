package redis

import (
	"context"
	"errors"
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
	identity, age, found := r.replicas.answers.find(ctx, tags[0], maxAge)
	if !found {
		identity, err = r.ask(ctx, token, tags)
	}
	if r.replicas.tokens.settle(tags, asked, err) {
		r.replicas.end(tags)
	}
	return identity, age, err
}

func (r *resolver) ask(ctx context.Context, token secureflows.Token, tags []tag) (secureflows.Identity, error) {
	began := time.Now()
	identity, err := r.source.Resolve(ctx, token)
	switch {
	case err == nil:
		r.replicas.answers.share(tags[0], identity, began, r.maxAge)
	case errors.Is(err, secureflows.ErrSignedOut):
		r.replicas.answers.withdraw(tags)
	}
	return identity, err
}

// OnSignedOut is for the cache.
func (r *resolver) OnSignedOut(listener func(secureflows.Token)) (stop func()) {
	r.replicas.tokens.listen(listener)
	return func() {}
}

// Forget is for the cache, which passes on what it is told.
func (r *resolver) Forget(token secureflows.Token) { r.replicas.signedOut(token) }
