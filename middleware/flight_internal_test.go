package middleware

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

func TestEnteringAndLeavingTheGate(t *testing.T) {
	g := &gate{free: 2}
	never, now := make(chan struct{}), make(chan struct{})
	close(now)
	assert.True(t, g.enter(false, never))
	assert.True(t, g.enter(true, never))
	assert.False(t, g.enter(false, now), "full")
	assert.False(t, g.enter(true, now))
	g.leave()
	g.leave()
	assert.Equal(t, 2, g.free, "whoever left the line took a place along")
	assert.Zero(t, g.known.Len()+g.strangers.Len())
}

// Places are neither lost nor made, whoever leaves the line when.
func TestTheGateLosesNoPlace(t *testing.T) {
	g := &gate{free: 3}
	var all sync.WaitGroup
	for worker := range 16 {
		all.Go(func() {
			for i := range 500 {
				stop := make(chan struct{})
				go close(stop)
				if g.enter((worker+i)%2 == 0, stop) {
					g.leave()
				}
			}
		})
	}
	all.Wait()
	assert.Equal(t, 3, g.free)
	assert.Zero(t, g.known.Len()+g.strangers.Len())
}

// A question that was given up or answered leaves nothing behind.
func TestTheListOfQuestionsEmpties(t *testing.T) {
	var fs flights
	key := keyIn(3, 1)
	shard := fs.shard(key)
	first, second := shard.start(key, 0), shard.start(key, 0)
	assert.Same(t, second, shard.newest(key, first.created, 0))
	assert.Nil(t, shard.newest(key, second.created+1, 0))
	shard.end(second)
	assert.Same(t, first, shard.newest(key, 0, 0))
	fs.abandon(key)
	assert.True(t, first.overtaken.Load())
	assert.False(t, second.overtaken.Load(), "it had ended before")
	third := shard.start(key, 0)
	shard.end(first)
	assert.Same(t, third, shard.newest(key, 0, 0), "the end of one took another along")
	shard.end(third)
	assert.Empty(t, shard.flying)
}

// Whoever leaves the line at the moment when the turn comes hands it on.
func TestATurnThatComesTooLateIsHandedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, stop := &gate{}, make(chan struct{})
		go func() { assert.False(t, g.enter(false, stop)) }()
		synctest.Wait()
		g.mu.Lock()
		close(stop) // wakes it, to wait for the lock
		g.admit()
		g.mu.Unlock()
		synctest.Wait()
		assert.Equal(t, 1, g.free)
	})
}

func TestADesertedQuestionIsNeitherAskedNorJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewCache(fixed{}, CacheConfig{})
		token, err := secureflows.NewToken("abc")
		require.NoError(t, err)
		key := c.fingerprint.of("abc")
		f := c.flights.shard(key).start(key, 0)
		f.waiting = 1
		f.leave()
		assert.False(t, f.board())
		assert.False(t, f.depart())
		// It is on the list until its goroutine has seen that.
		identity, err := c.Resolve(t.Context(), token)
		assert.NoError(t, err)
		assert.EqualValues(t, 7, identity.UserID)
	})
}

type fixed struct{}

func (fixed) Resolve(context.Context, secureflows.Token) (secureflows.Identity, error) {
	return secureflows.Identity{UserID: 7}, nil
}

// answered gives a cache with the answer about a token, and the slot of that.
func answered(t *testing.T) (*Cache, secureflows.Token, *slot[secureflows.Identity]) {
	c := NewCache(fixed{}, CacheConfig{})
	token, err := secureflows.NewToken("abc")
	require.NoError(t, err)
	_, err = c.Resolve(t.Context(), token)
	require.NoError(t, err)
	key := c.fingerprint.of(token.Reveal())
	s, used := c.answers.shard(key).entries.Load().slot(key)
	require.True(t, used)
	return c, token, s
}

// A sign-out between the look into the cache and the question ahead.
func TestNobodyAsksAheadForWhatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, token, s := answered(t)
		found := s.entry.Load()
		c.Forget(token)
		c.refresh(s, found, found.due, token.Reveal())
		synctest.Wait()
		assert.Zero(t, c.Stats().Refreshed)
		assert.Nil(t, c.answers.get(found.key, now().ago(time.Second)))
	})
}

// While an answer is being put, the moment to ask again is still that of the one
// before.
func TestNobodyAsksAheadForWhatHasJustCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, token, s := answered(t)
		s.due.Store(int64(now()))
		_, err := c.Resolve(t.Context(), token)
		require.NoError(t, err)
		synctest.Wait()
		assert.Zero(t, c.Stats().Refreshed)
		assert.EqualValues(t, 1, c.Stats().Hits)
	})
}

// failing resolves once.
type failing struct{ asked atomic.Int64 }

func (f *failing) Resolve(context.Context, secureflows.Token) (secureflows.Identity, error) {
	if f.asked.Add(1) == 1 {
		return secureflows.Identity{UserID: 7}, nil
	}
	return secureflows.Identity{}, secureflows.ErrUnavailable
}

// An outage is not asked about by every request of the last fifth, whatever age
// of answer each wants.
func TestAskingAheadOfAnOutage(t *testing.T) {
	for name, wanted := range map[string]time.Duration{"any answer": 100 * time.Second, "a younger one": 99 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			resolver := &failing{}
			c := NewCache(resolver, CacheConfig{MaxAge: 100 * time.Second})
			token, err := secureflows.NewToken("abc")
			require.NoError(t, err)
			_, err = c.Resolve(t.Context(), token)
			require.NoError(t, err)
			time.Sleep(91 * time.Second)
			for _, want := range []int64{2, 3} {
				for range 100 {
					_, err = c.ResolveWithin(t.Context(), token, wanted)
					require.NoError(t, err)
					synctest.Wait()
				}
				assert.Equal(t, want, resolver.asked.Load(), name)
				time.Sleep(5 * time.Second)
			}
		})
	}
}
