package middleware

import (
	"context"
	"errors"
	"fmt"
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
// Handlers tell the providers apart by Identity.Provider, and get a session for
// tokens of secureFlows alone.
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
	return firstOf(append([]Resolver(nil), resolvers...))
}

type firstOf []Resolver

var _ AgedResolver = firstOf{}

// Unwrap gives the last, which has the client where there is one.
func (f firstOf) Unwrap() Resolver { return f[len(f)-1] }

func (f firstOf) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	identity, _, err := f.ResolveAged(ctx, token, 0)
	return identity, err
}

func (f firstOf) ResolveAged(ctx context.Context, token secureflows.Token, maxAge time.Duration) (identity secureflows.Identity, age time.Duration, err error) {
	for _, resolver := range f {
		if aged, ok := resolver.(AgedResolver); ok {
			identity, age, err = aged.ResolveAged(ctx, token, maxAge)
		} else {
			identity, err = resolver.Resolve(ctx, token)
		}
		if !errors.Is(err, ErrForeignToken) {
			return identity, age, err
		}
	}
	return secureflows.Identity{}, 0, err
}

// Forget is for the cache in front, which passes on what it is told.
func (f firstOf) Forget(token secureflows.Token) {
	for _, resolver := range f {
		if remembering, ok := resolver.(interface{ Forget(token secureflows.Token) }); ok {
			remembering.Forget(token)
		}
	}
}
