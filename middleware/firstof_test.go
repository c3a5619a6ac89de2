package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// provider makes a service whose tokens begin with its name, and which passes
// others on.
func provider(name string) *service {
	return &service{answer: func(_ context.Context, token string) (secureflows.Identity, error) {
		if !strings.HasPrefix(token, name+"-") {
			return secureflows.Identity{}, fmt.Errorf("%s: %w", name, middleware.ErrForeignToken)
		}
		return secureflows.Identity{Provider: name, Subject: token}, nil
	}}
}

func TestFirstOfAsksUntilOneKnowsTheToken(t *testing.T) {
	old, older, last := provider("old"), provider("older"), &service{}
	handler := requiring(middleware.FirstOf(old, older, last), middleware.BearerConfig{})
	assert.Equal(t, http.StatusOK, status(handler, bearing("old-1")))
	assert.Equal(t, http.StatusOK, status(handler, bearing("older-1")))
	assert.Equal(t, http.StatusOK, status(handler, bearing("new-1")))
	assert.Equal(t, 3, old.calls())
	assert.Equal(t, 0, older.callsAbout("old-1"))
	assert.Equal(t, 0, last.callsAbout("old-1"))
	assert.Equal(t, 0, last.callsAbout("older-1"))
	assert.Equal(t, 1, last.callsAbout("new-1"))
}

// TestFirstOfStopsAtEveryVerdict but that the token is another's: an outage of
// the provider, above all, must not hand its token to the next.
func TestFirstOfStopsAtEveryVerdict(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
	}{
		{secureflows.ErrUnauthenticated, http.StatusUnauthorized},
		{secureflows.ErrTokenExpired, http.StatusUnauthorized},
		{secureflows.ErrUnavailable, http.StatusServiceUnavailable},
		{secureflows.ErrForbidden, http.StatusServiceUnavailable},
		{errors.New("anything else"), http.StatusServiceUnavailable},
		{middleware.ErrNotAllowed, http.StatusForbidden},
		{secureflows.ErrGraceLock, http.StatusForbidden},
	} {
		first, last := answering(secureflows.Identity{}, fmt.Errorf("provider: %w", test.err)), &service{}
		handler := requiring(middleware.FirstOf(first, last), middleware.BearerConfig{})
		assert.Equal(t, test.status, status(handler, bearing("abc")), test.err)
		assert.Equal(t, 0, last.calls(), test.err)
	}
}

func TestATokenThatNobodyKnowsIsRefused(t *testing.T) {
	handler := requiring(middleware.FirstOf(provider("old"), provider("older")), middleware.BearerConfig{})
	assert.Equal(t, http.StatusUnauthorized, status(handler, bearing("abc")))
	assert.Equal(t, http.StatusUnauthorized, status(requiring(provider("old"), middleware.BearerConfig{}), bearing("abc")))
}

func TestFirstOfRefusesWhatCannotWork(t *testing.T) {
	client := secureflowstest.NewServer(t).Client()
	for mistake, resolvers := range map[string][]middleware.Resolver{
		"no resolver":      nil,
		"resolver is nil":  {provider("old"), nil},
		"put it last":      {client, provider("old")},
		"stands before":    {middleware.NewCache(client, middleware.CacheConfig{}), provider("old")},
		"client stands":    {middleware.FirstOf(provider("old"), client), provider("older")},
		"the secureFlows ": {unwrapping{client}, client},
	} {
		func() {
			defer func() {
				text, _ := recover().(string)
				assert.Contains(t, text, mistake)
				assert.Contains(t, text, "middleware: FirstOf: ")
			}()
			middleware.FirstOf(resolvers...)
		}()
	}
	given := []middleware.Resolver{provider("old"), client}
	chain := middleware.FirstOf(given...)
	given[0] = nil
	_, err := chain.Resolve(t.Context(), token(t, "old-1"))
	assert.NoError(t, err, "the caller's slice is not the chain's")
}

// unwrapping stands in front of a resolver.
type unwrapping struct{ middleware.Resolver }

func (w unwrapping) Unwrap() middleware.Resolver { return w.Resolver }

// TestATokenOfAnotherProviderMakesNoSession: whatever such a session sent would
// give the token to secureFlows.
func TestATokenOfAnotherProviderMakesNoSession(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	var identity secureflows.Identity
	var has bool
	handler := middleware.NewBearer(middleware.FirstOf(provider("old"), server.Client()), middleware.BearerConfig{}).Require(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			identity, _ = secureflows.IdentityFromContext(r.Context())
			_, has = secureflows.SessionFromContext(r.Context())
		}))
	for range 2 { // a miss, and a hit
		require.Equal(t, http.StatusOK, status(handler, bearing("old-1")))
		assert.Equal(t, secureflows.Identity{Provider: "old", Subject: "old-1"}, identity)
		assert.False(t, has)
		require.Equal(t, http.StatusOK, status(handler, bearing(session.Token().Reveal())))
		assert.Equal(t, server.UserID("ada@example.com"), identity.UserID)
		assert.True(t, has)
	}
	for _, request := range server.Requests() {
		assert.NotContains(t, fmt.Sprintf("%+v", request), "old-1")
	}
}

// TestTheCacheHearsOfSignOutsBehindFirstOf, of the client that comes last.
func TestTheCacheHearsOfSignOutsBehindFirstOf(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	handler := requiring(middleware.FirstOf(provider("old"), unwrapping{server.Client()}), middleware.BearerConfig{})
	require.Equal(t, http.StatusOK, status(handler, bearing(session.Token().Reveal())))
	require.NoError(t, session.Logout(t.Context()))
	assert.Equal(t, http.StatusUnauthorized, status(handler, bearing(session.Token().Reveal())))
}

func TestForgetReachesCachesBehindFirstOf(t *testing.T) {
	old := provider("old")
	inner := middleware.NewCache(old, middleware.CacheConfig{})
	cache := middleware.NewCache(middleware.FirstOf(inner, &service{}), middleware.CacheConfig{})
	known := token(t, "old-1")
	for range 2 {
		_, err := cache.Resolve(t.Context(), known)
		require.NoError(t, err)
	}
	require.Equal(t, 1, old.calls())
	cache.Forget(known)
	_, err := cache.Resolve(t.Context(), known)
	require.NoError(t, err)
	assert.Equal(t, 2, old.calls())
}

func TestFirstOfHandsOnHowOldAnAnswerIs(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := &aging{age: 8 * time.Second}
		handler := requiring(middleware.FirstOf(provider("old"), source), middleware.BearerConfig{})
		require.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		time.Sleep(3 * time.Second)
		source.offer(0)
		require.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		assert.Equal(t, 2, source.calls(), "the answer was 11 s old")
	})
}

// TestAGoodTokenWhoseHolderIsNotLetIn is asked about once in RefusalAge.
func TestAGoodTokenWhoseHolderIsNotLetIn(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := answering(secureflows.Identity{}, fmt.Errorf("account: %w", middleware.ErrNotAllowed))
		bearer := middleware.NewBearer(source, middleware.BearerConfig{})
		handler := bearer.Require(http.NotFoundHandler())
		for range 3 {
			assert.Equal(t, http.StatusForbidden, status(handler, bearing("abc")))
		}
		assert.Equal(t, 1, source.calls())
		assert.EqualValues(t, 3, bearer.Stats().Refused)
		_, err := bearer.Check(bearing("abc"))
		assert.ErrorIs(t, err, middleware.ErrNotAllowed)
		assert.NotErrorIs(t, err, secureflows.ErrSignedOut)
		time.Sleep(5*time.Second + 1)
		assert.Equal(t, http.StatusForbidden, status(handler, bearing("abc")))
		assert.Equal(t, 2, source.calls())
	})
}

// TestNoAnswerOutlivesItsToken, whatever MaxAge says.
func TestNoAnswerOutlivesItsToken(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := &service{}
		ends := time.Now().Add(4 * time.Second)
		source.say(func(context.Context, string) (secureflows.Identity, error) {
			if !time.Now().Before(ends) {
				return secureflows.Identity{}, secureflows.ErrTokenExpired
			}
			return secureflows.Identity{Provider: "old", Subject: "1", ExpiresAt: ends}, nil
		})
		for maxAge, questions := range map[time.Duration]int{10 * time.Second: 1, time.Hour: 1, time.Second: 3} {
			before := source.calls()
			handler := requiring(source, middleware.BearerConfig{MaxAge: maxAge})
			ends = time.Now().Add(4 * time.Second)
			for range 3 {
				require.Equal(t, http.StatusOK, status(handler, bearing("abc")), maxAge)
				time.Sleep(1100 * time.Millisecond)
			}
			synctest.Wait()
			assert.Equal(t, questions, source.calls()-before, maxAge)
			time.Sleep(time.Until(ends) - time.Nanosecond)
			assert.Equal(t, http.StatusOK, status(handler, bearing("abc")), maxAge)
			time.Sleep(time.Nanosecond)
			assert.Equal(t, http.StatusUnauthorized, status(handler, bearing("abc")), maxAge)
		}
	})
}

// TestATokenWithinItsLeewayIsAskedAboutEachTime: its end is over, and its
// resolver still takes it.
func TestATokenWithinItsLeewayIsAskedAboutEachTime(t *testing.T) {
	virtual(t, func(t *testing.T) {
		for _, ended := range []time.Time{time.Now(), time.Now().Add(-time.Minute), time.Unix(0, 0), time.Unix(-1<<40, 0)} {
			for _, maxAge := range []time.Duration{0, 1 << 62} {
				source := answering(secureflows.Identity{Provider: "old", Subject: "1", ExpiresAt: ended}, nil)
				handler := requiring(source, middleware.BearerConfig{MaxAge: maxAge})
				for range 3 {
					assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
				}
				assert.Equal(t, 3, source.calls(), ended)
			}
		}
	})
}

// TestFreshAnswersBehindACache: a route that asks for every request does so where a
// resolver of FirstOf has a cache of its own, too.
func TestFreshAnswersBehindACache(t *testing.T) {
	virtual(t, func(t *testing.T) {
		old := provider("old")
		chain := middleware.FirstOf(middleware.NewCache(old, middleware.CacheConfig{MaxAge: time.Minute}), &service{})
		bearer := middleware.NewBearer(chain, middleware.BearerConfig{})
		fresh := bearer.RequireFresh(0)(whoami)
		require.Equal(t, http.StatusOK, status(fresh, bearing("old-1")))
		old.say(func(context.Context, string) (secureflows.Identity, error) {
			return secureflows.Identity{}, secureflows.ErrSessionRevoked
		})
		pass(time.Second)
		assert.Equal(t, http.StatusUnauthorized, status(fresh, bearing("old-1")), "RequireFresh(0) was answered from a cache")
	})
}

// TestAgesAddUpThroughFirstOf: the MaxAge of the one in front holds.
func TestAgesAddUpThroughFirstOf(t *testing.T) {
	virtual(t, func(t *testing.T) {
		old := provider("old")
		chain := middleware.FirstOf(middleware.NewCache(old, middleware.CacheConfig{}), &service{})
		handler := requiring(chain, middleware.BearerConfig{})
		require.Equal(t, http.StatusOK, status(handler, bearing("old-1"))) // both remember
		bearer2 := requiring(chain, middleware.BearerConfig{})
		old.say(func(context.Context, string) (secureflows.Identity, error) {
			return secureflows.Identity{}, secureflows.ErrSessionRevoked
		})
		pass(7 * time.Second)
		require.Equal(t, http.StatusOK, status(bearer2, bearing("old-1"))) // by an answer of 7 s
		pass(4 * time.Second)
		assert.Equal(t, http.StatusUnauthorized, status(bearer2, bearing("old-1")), "an answer of 11 s is used where MaxAge is 10 s")
	})
}

func TestAgesAddUpThroughTwoCaches(t *testing.T) {
	virtual(t, func(t *testing.T) {
		old := &service{}
		inner := middleware.NewCache(old, middleware.CacheConfig{})
		require.NoError(t, second(inner.Resolve(t.Context(), token(t, "old-1"))))
		outer := middleware.NewCache(inner, middleware.CacheConfig{})
		pass(7 * time.Second)
		require.NoError(t, second(outer.Resolve(t.Context(), token(t, "old-1"))))
		old.say(func(context.Context, string) (secureflows.Identity, error) {
			return secureflows.Identity{}, secureflows.ErrSessionRevoked
		})
		pass(4 * time.Second)
		assert.Error(t, second(outer.Resolve(t.Context(), token(t, "old-1"))))
	})
}

func second(_ secureflows.Identity, err error) error { return err }

// TestAnIdentityWithoutAProviderIsSecureFlows, and its token would go there with the
// session.
func TestAnIdentityWithoutAProviderIsSecureFlows(t *testing.T) {
	server := secureflowstest.NewServer(t)
	forgetful := answering(secureflows.Identity{UserID: 7, Email: "mallory@example.com"}, nil)
	bearer := middleware.NewBearer(middleware.FirstOf(forgetful, server.Client()), middleware.BearerConfig{})
	_, err := bearer.Check(bearing("staff.7"))
	assert.ErrorIs(t, err, secureflows.ErrUnavailable)
	assert.ErrorContains(t, err, "resolver 1 of 2 gave an identity without a Provider")
	assert.Equal(t, http.StatusServiceUnavailable, status(bearer.Require(whoami), bearing("staff.7")))
}

// TestAProviderThatHangsHoldsUpItsOwnTokensAlone, also within another FirstOf and
// behind a cache.
func TestAProviderThatHangsHoldsUpItsOwnTokensAlone(t *testing.T) {
	for name, wrapped := range map[string]func(middleware.Resolver) middleware.Resolver{
		"alone": func(old middleware.Resolver) middleware.Resolver { return old },
		"cached": func(old middleware.Resolver) middleware.Resolver {
			return middleware.NewCache(old, middleware.CacheConfig{})
		},
		"in chains": func(old middleware.Resolver) middleware.Resolver { return middleware.FirstOf(provider("older"), old) },
	} {
		virtual(t, func(t *testing.T) {
			old, last := provider("old"), &service{}
			old.slow(time.Hour) // ended by the cache's Timeout of 10 s
			last.slow(10 * time.Millisecond)
			chain := middleware.FirstOf(wrapped(&owning{"old-", old}), last)
			handler := requiring(unwrapping{chain}, middleware.BearerConfig{})
			for i := range 640 {
				go status(handler, bearing(fmt.Sprintf("old-%d", i)))
			}
			pass(time.Second)
			began := time.Now()
			assert.Equal(t, http.StatusOK, status(handler, bearing("new-1")), name)
			assert.Less(t, time.Since(began), time.Second, name)
		})
	}
}

// owning knows its own tokens by their beginning.
type owning struct {
	prefix string
	middleware.Resolver
}

func (o *owning) Owns(token secureflows.Token) bool {
	return strings.HasPrefix(token.Reveal(), o.prefix)
}

func (o *owning) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	if !o.Owns(token) {
		return secureflows.Identity{}, middleware.ErrForeignToken
	}
	return o.Resolver.Resolve(ctx, token)
}
