package middleware

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/secureflows/secureflows-go"
)

var (
	// ErrForeignToken is what a [Resolver] says about a token of another provider
	// than its own, before it has asked anybody. [FirstOf] goes on to the next
	// then; where there is none the token is refused with 401, as errors.Is(err,
	// secureflows.ErrUnauthenticated) holds too.
	ErrForeignToken = fmt.Errorf("middleware: the token is of another provider: %w", secureflows.ErrUnauthenticated)

	// ErrNotAllowed is what a [Resolver] says about a token that is good, and whose
	// holder is not to be let in: 403, which signs nobody out. It is remembered as
	// long as a refusal.
	ErrNotAllowed = errors.New("middleware: the token is good, but its holder is not let in here")
)

// FirstOf gives a Resolver for tokens of several providers. It asks the
// resolvers in their order and goes on to the next only past [ErrForeignToken],
// so that an outage, an expired token and a forged one stay what they are, and
// no provider is sent a token that another has taken for its own.
//
// A secureFlows client comes last: its tokens have no shape that an application
// may know, so that it takes every one that is left. FirstOf panics where that,
// or anything else about the resolvers, cannot work, with the fix in the message.
//
// A Resolver that can tell its own tokens by their outside alone, as those of
// middleware/authreturn, middleware/vertesia and middleware/productflo can, says so
// by a method Owns(token secureflows.Token) bool, which must be quick and ask
// nobody. A [Cache] in front then counts its questions apart, so that a provider
// that hangs holds up its own tokens and no others.
//
// Handlers tell the providers apart by Identity.Provider, and get a session for
// tokens of secureFlows alone. An identity without a Provider is one of
// secureFlows: from another resolver than the last it is an outage.
func FirstOf(resolvers ...Resolver) Resolver {
	if len(resolvers) == 0 {
		panic("middleware: FirstOf: no resolver is given: give it those of the providers, and the secureFlows client last")
	}
	for i, resolver := range resolvers {
		checkResolver("FirstOf", resolver)
		if i < len(resolvers)-1 && clientBehind(resolver) != nil {
			panic("middleware: FirstOf: the secureFlows client stands before another resolver and would be sent that provider's tokens: put it last")
		}
	}
	return &firstOf{slices.Clone(resolvers)}
}

type firstOf struct{ resolvers []Resolver }

var _ AgedResolver = (*firstOf)(nil)

// Unwrap gives the last, which has the client where there is one.
func (f *firstOf) Unwrap() Resolver { return f.resolvers[len(f.resolvers)-1] }

func (f *firstOf) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	identity, _, err := f.first(token, func(resolver Resolver) (secureflows.Identity, time.Duration, error) {
		identity, err := resolver.Resolve(ctx, token)
		return identity, 0, err
	})
	return identity, err
}

func (f *firstOf) ResolveAged(ctx context.Context, token secureflows.Token, maxAge time.Duration) (identity secureflows.Identity, age time.Duration, err error) {
	return f.first(token, func(resolver Resolver) (secureflows.Identity, time.Duration, error) {
		if aged, ok := resolver.(AgedResolver); ok {
			return aged.ResolveAged(ctx, token, maxAge)
		}
		identity, err := resolver.Resolve(ctx, token)
		return identity, 0, err
	})
}

// first asks in turn.
func (f *firstOf) first(token secureflows.Token, ask func(Resolver) (secureflows.Identity, time.Duration, error)) (identity secureflows.Identity, age time.Duration, err error) {
	err = ErrForeignToken
	for i, resolver := range f.resolvers {
		if owned, said := owns(resolver, token); said && !owned {
			continue // a cache in between would have it wait for the answers about others
		}
		identity, age, err = ask(resolver)
		switch {
		case errors.Is(err, ErrForeignToken):
		case err == nil && identity.Provider == "" && i < len(f.resolvers)-1:
			return secureflows.Identity{}, 0, fmt.Errorf(`middleware: FirstOf: resolver %d of %d gave an identity without a Provider, which is one of secureFlows: set Identity.Provider`, i+1, len(f.resolvers))
		default:
			return identity, age, err
		}
	}
	return secureflows.Identity{}, 0, err
}

// chainBehind gives the FirstOf that a resolver is or stands in front of, or nil.
func chainBehind(resolver Resolver) *firstOf {
	for inner := range behind(resolver) {
		if chain, ok := inner.(*firstOf); ok {
			return chain
		}
	}
	return nil
}

// owner gives the number of the resolver whose token this is, by its outside; that
// of the last where none says so.
func (f *firstOf) owner(token secureflows.Token) int {
	last := len(f.resolvers) - 1
	for i, resolver := range f.resolvers[:last] {
		if owned, _ := owns(resolver, token); owned {
			return i
		}
	}
	return last
}

// owns reports whether a resolver, or what it stands in front of, says that a token
// is its own, and whether it says anything about that.
func owns(resolver Resolver, token secureflows.Token) (owned, said bool) {
	for inner := range behind(resolver) {
		if chain, ok := inner.(*firstOf); ok {
			return chain.owns(token)
		}
		if owning, ok := inner.(interface{ Owns(secureflows.Token) bool }); ok {
			return owning.Owns(token), true
		}
	}
	return false, false
}

// owns says no only where all of the resolvers do.
func (f *firstOf) owns(token secureflows.Token) (owned, said bool) {
	said = true
	for _, resolver := range f.resolvers {
		one, has := owns(resolver, token)
		owned, said = owned || one, said && has
	}
	return owned, owned || said
}

// Forget is for the cache in front, which passes on what it is told.
func (f *firstOf) Forget(token secureflows.Token) {
	for _, resolver := range f.resolvers {
		if remembering, ok := resolver.(interface{ Forget(secureflows.Token) }); ok {
			remembering.Forget(token)
		}
	}
}

// OnSignedOut is for those in front who want to hear of sign-outs.
func (f *firstOf) OnSignedOut(listener func(secureflows.Token)) (stop func()) {
	var stops []func()
	for _, resolver := range f.resolvers {
		if reporter, ok := reporterBehind(resolver); ok {
			stops = append(stops, reporter.OnSignedOut(listener))
		}
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// reporter is a Resolver that says which tokens are signed out, as a client does.
type reporter interface {
	OnSignedOut(listener func(secureflows.Token)) (stop func())
}

// reporterBehind gives the first one that a resolver is or stands in front of.
func reporterBehind(resolver Resolver) (reporter, bool) {
	for inner := range behind(resolver) {
		if found, ok := inner.(reporter); ok {
			return found, true
		}
	}
	return nil, false
}
