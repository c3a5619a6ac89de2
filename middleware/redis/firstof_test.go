package redis_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// oldProvider takes the tokens that begin with old-.
type oldProvider struct{}

func (oldProvider) Resolve(_ context.Context, token secureflows.Token) (secureflows.Identity, error) {
	if !strings.HasPrefix(token.Reveal(), "old-") {
		return secureflows.Identity{}, fmt.Errorf("old: %w", middleware.ErrForeignToken)
	}
	return secureflows.Identity{Provider: "old", Subject: token.Reveal()}, nil
}

// TestASignOutBehindFirstOfIsHeard by the replica that signs out and by others.
func TestASignOutBehindFirstOfIsHeard(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(sharing), f.join(sharing)
	askers := []*asker{{service: f.service}, {service: f.service}}
	plain := []*asker{{service: f.service}, {service: f.service}}
	caches := []*middleware.Cache{
		one.NewCache(middleware.FirstOf(oldProvider{}, askers[0]), middleware.CacheConfig{RefusalAge: -1}),
		other.NewCache(middleware.FirstOf(oldProvider{}, askers[1]), middleware.CacheConfig{RefusalAge: -1}),
	}
	control := []*middleware.Cache{
		one.NewCache(plain[0], middleware.CacheConfig{RefusalAge: -1}), other.NewCache(plain[1], middleware.CacheConfig{RefusalAge: -1}),
	}
	good := func(cache *middleware.Cache, text string) bool {
		_, err := cache.Resolve(t.Context(), token(t, text))
		return err == nil
	}
	for i := range 2 {
		require.True(t, good(caches[i], "abc"))
		require.True(t, good(control[i], "control"))
	}
	f.service.end("abc", "control")
	askers[0].tell(token(t, "abc"))
	plain[0].tell(token(t, "control"))
	assert.Eventually(t, func() bool { return !good(control[1], "control") }, soon, 5*time.Millisecond, "control: a plain source")
	one.caughtUp(other)
	other.caughtUp(one)
	assert.False(t, good(caches[0], "abc"), "signed out here, and let in here")
	assert.False(t, good(caches[1], "abc"), "signed out elsewhere, and let in here")
}

// TestAForeignTokenHasNotEnded: each resolver of the chain has a cache of its own
// here, and that the old one passes a token on says nothing about it.
func TestAForeignTokenHasNotEnded(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(sharing), f.join(sharing)
	chain := middleware.FirstOf(one.NewCache(oldProvider{}, middleware.CacheConfig{RefusalAge: -1}), one.cache)
	far := middleware.FirstOf(other.NewCache(oldProvider{}, middleware.CacheConfig{RefusalAge: -1}), other.cache)
	_, err := chain.Resolve(t.Context(), token(t, "abc"))
	require.NoError(t, err)
	eventually(t, func() bool { return len(f.answers()) == 1 })
	_, err = far.Resolve(t.Context(), token(t, "abc"))
	require.NoError(t, err)
	assert.Empty(t, f.keys("secureflows:ended:*"), "Redis was told that a good token has ended")
	assert.Equal(t, 1, f.service.times("abc"), "the answer about a good token was not shared")
	// Every further request passes the old provider's cache, and then an end that is
	// told elsewhere is not heard here.
	_, err = far.Resolve(t.Context(), token(t, "abc"))
	require.NoError(t, err)
	one.signOut("abc")
	other.caughtUp(one)
	assert.Eventually(t, func() bool {
		return other.refuses("abc")
	}, 2*time.Second, 10*time.Millisecond, "the end was told, and the token is still good on the other replica")
}

// TestAnswersOfOtherProvidersAreNotShared: while a deployment rolls, there are
// replicas that do not know the provider.
func TestAnswersOfOtherProvidersAreNotShared(t *testing.T) {
	f := newFleet(t)
	modern, older := f.join(sharing), f.join(sharing)
	f.service.end("old-7") // secureFlows does not know the token
	chain := modern.NewCache(middleware.FirstOf(oldProvider{}, modern.asker), middleware.CacheConfig{RefusalAge: -1})
	_, err := chain.Resolve(t.Context(), token(t, "old-7"))
	require.NoError(t, err)
	_, err = chain.Resolve(t.Context(), token(t, "abc"))
	require.NoError(t, err)
	eventually(t, func() bool { return len(f.answers()) == 1 })
	_, err = older.cache.Resolve(t.Context(), token(t, "abc"))
	require.NoError(t, err)
	assert.Equal(t, 1, f.service.times("abc"), "those of secureFlows are shared")
	identity, err := older.cache.Resolve(t.Context(), token(t, "old-7"))
	assert.ErrorIs(t, err, secureflows.ErrSignedOut, "a replica with the client alone let in %+v", identity)
	assert.Len(t, f.answers(), 1)
}

// TestASignOutOfAClientBehindFirstOf empties the cache in front, which must not
// find the answer in Redis then.
func TestASignOutOfAClientBehindFirstOf(t *testing.T) {
	for name, wrap := range map[string]func(*secureflows.Client) middleware.Resolver{
		"the client alone": func(client *secureflows.Client) middleware.Resolver { return client },
		"behind FirstOf":   func(client *secureflows.Client) middleware.Resolver { return middleware.FirstOf(oldProvider{}, client) },
	} {
		t.Run(name, func(t *testing.T) {
			f, service := newFleet(t), secureflowstest.NewServer(t)
			one, client := f.join(sharing), service.Client()
			cache := one.NewCache(wrap(client), middleware.CacheConfig{})
			signedIn := service.Session("ada@example.com")
			before := len(f.answers())
			_, err := cache.Resolve(t.Context(), signedIn.Token())
			require.NoError(t, err)
			eventually(t, func() bool { return len(f.answers()) > before })
			require.NoError(t, client.Session(signedIn.Token()).Logout(t.Context()))
			_, err = cache.Resolve(t.Context(), signedIn.Token())
			assert.ErrorIs(t, err, secureflows.ErrSignedOut, "signed out by this replica, and let in by it")
		})
	}
}
