package middleware_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// aging is a service whose answers others have asked for some time ago.
type aging struct {
	service
	mu     sync.Mutex // guards all below
	age    time.Duration
	always bool // whatever is asked for
	within []time.Duration
}

var _ middleware.AgedResolver = (*aging)(nil)

func (a *aging) ResolveAged(ctx context.Context, token secureflows.Token, maxAge time.Duration) (secureflows.Identity, time.Duration, error) {
	a.mu.Lock()
	a.within = append(a.within, maxAge)
	age := a.age
	if age > maxAge && !a.always {
		age = 0
	}
	a.mu.Unlock()
	identity, err := a.Resolve(ctx, token)
	return identity, age, err
}

// offer makes answers from now on so old, unless a younger one is asked for.
func (a *aging) offer(age time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.age = age
}

// asked gives how old answers might have been.
func (a *aging) asked() []time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.within
}

func TestAnAgedAnswerLivesForWhatIsLeftOfIt(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := &aging{age: 8 * time.Second}
		handler := requiring(source, middleware.BearerConfig{})
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		source.offer(0)
		pass(1900 * time.Millisecond)
		source.say(answering(secureflows.Identity{}, errDown).answer) // nor ahead
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")), "2 s are left")
		pass(200 * time.Millisecond)
		assert.Equal(t, http.StatusServiceUnavailable, status(handler, bearing("abc")), "it was good for longer than MaxAge")
	})
}

// What may be shared is what the request takes, and never more than MaxAge.
func TestAnAgedResolverIsToldHowOldAnAnswerMayBe(t *testing.T) {
	virtual(t, func(t *testing.T) {
		for asked, want := range map[time.Duration]time.Duration{
			0: 0, -time.Second: 0, 3 * time.Second: 3 * time.Second, 10 * time.Second: 10 * time.Second, time.Hour: 10 * time.Second,
		} {
			source := &aging{}
			_, err := middleware.NewCache(source, middleware.CacheConfig{}).ResolveWithin(t.Context(), token(t, "abc"), asked)
			require.NoError(t, err)
			assert.Equal(t, []time.Duration{want}, source.asked())
		}
		source := &aging{}
		_, err := middleware.NewCache(source, middleware.CacheConfig{MaxAge: -1}).Resolve(t.Context(), token(t, "abc"))
		require.NoError(t, err)
		assert.Equal(t, []time.Duration{0}, source.asked())
	})
}

func TestAFreshQuestionIsNotAnsweredByAnAgedOne(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := &aging{age: 8 * time.Second}
		source.slow(time.Second)
		bearer := middleware.NewBearer(source, middleware.BearerConfig{})
		var all sync.WaitGroup
		all.Go(func() { assert.Equal(t, http.StatusOK, status(bearer.Require(whoami), bearing("abc"))) })
		synctest.Wait()
		for _, maxAge := range []time.Duration{9 * time.Second, time.Second, 0, 5 * time.Second} {
			all.Go(func() { assert.Equal(t, http.StatusOK, status(bearer.RequireFresh(maxAge)(whoami), bearing("abc"))) })
			synctest.Wait()
		}
		all.Wait()
		assert.Equal(t, []time.Duration{10 * time.Second, 9 * time.Second, time.Second, 0}, source.asked(),
			"the last one takes what is asked for anew")
	})
}

// Who takes an older answer waits for a fresher one that is on its way.
func TestAFresherAnswerOnItsWayWillDo(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := &aging{}
		source.slow(time.Second)
		bearer := middleware.NewBearer(source, middleware.BearerConfig{})
		var all sync.WaitGroup
		all.Go(func() { status(bearer.RequireFresh(2*time.Second)(whoami), bearing("abc")) })
		synctest.Wait()
		all.Go(func() { status(bearer.Require(whoami), bearing("abc")) })
		all.Wait()
		assert.Equal(t, []time.Duration{2 * time.Second}, source.asked())
	})
}

// Who comes later waits for the same answer, which is too old for them by then.
func TestAnAnswerThatIsTooOldForALatecomerIsAskedForAgain(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := &aging{age: 8 * time.Second}
		source.slow(6 * time.Second)
		cache := middleware.NewCache(source, middleware.CacheConfig{})
		var all sync.WaitGroup
		all.Go(func() { _, _ = cache.Resolve(t.Context(), token(t, "abc")) })
		pass(5 * time.Second)
		source.offer(0)
		source.say(refused) // from here on; the first is decided by then
		first := make(chan error, 1)
		all.Go(func() {
			_, err := cache.Resolve(t.Context(), token(t, "abc"))
			first <- err
		})
		assert.ErrorIs(t, <-first, secureflows.ErrSessionRevoked, "13 s old")
		all.Wait()
		assert.Equal(t, 2, source.calls())
	})
}

// A resolver that gives what was not asked for is not believed.
func TestAnAnswerThatIsTooOldAdmitsNobody(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := &aging{age: 5 * time.Second, always: true}
		bearer := middleware.NewBearer(source, middleware.BearerConfig{})
		assert.Equal(t, http.StatusServiceUnavailable, status(bearer.RequireFresh(0)(whoami), bearing("abc")))
		assert.LessOrEqual(t, source.calls(), 3)
		source.offer(11 * time.Second)
		assert.Equal(t, http.StatusServiceUnavailable, status(bearer.RequireFresh(time.Second)(whoami), bearing("abd")))
		source.offer(-time.Hour) // nor from the future
		assert.Equal(t, http.StatusOK, status(bearer.Require(whoami), bearing("abe")))
		source.say(refused)
		pass(10*time.Second + time.Millisecond)
		assert.Equal(t, http.StatusUnauthorized, status(bearer.Require(whoami), bearing("abe")))
	})
}

// An aged answer that arrives late does not replace a younger one.
func TestAnAgedAnswerDoesNotReplaceAYoungerOne(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := &aging{age: 8 * time.Second}
		source.slow(2 * time.Second)
		source.say(func(context.Context, string) (secureflows.Identity, error) {
			return secureflows.Identity{Email: "old@example.com"}, nil
		})
		cache := middleware.NewCache(source, middleware.CacheConfig{})
		var all sync.WaitGroup
		all.Go(func() { _, _ = cache.Resolve(t.Context(), token(t, "abc")) })
		pass(time.Second)
		source.slow(0)
		source.say(nil)
		_, err := cache.ResolveWithin(t.Context(), token(t, "abc"), 0)
		require.NoError(t, err)
		all.Wait()
		pass(4 * time.Second) // the old one has ended, the young one has not
		calls := source.calls()
		identity, err := cache.Resolve(t.Context(), token(t, "abc"))
		require.NoError(t, err)
		assert.Equal(t, "abc@example.com", identity.Email)
		assert.Equal(t, calls, source.calls())
	})
}

// Asking ahead takes what others have asked for lately, not what is as old as
// what is there.
func TestAskingAheadTakesWhatLastsAGoodWhile(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := &aging{}
		handler := requiring(source, middleware.BearerConfig{})
		status(handler, bearing("abc"))
		pass(9500 * time.Millisecond)
		source.offer(4 * time.Second)
		status(handler, bearing("abc"))
		synctest.Wait()
		assert.Equal(t, []time.Duration{10 * time.Second, 5 * time.Second}, source.asked())
		// 6 s are left of it.
		pass(5900 * time.Millisecond)
		source.say(answering(secureflows.Identity{}, errDown).answer)
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		pass(200 * time.Millisecond)
		assert.Equal(t, http.StatusServiceUnavailable, status(handler, bearing("abc")))
	})
}

// forgetful notes what it is told to forget.
type forgetful struct {
	aging
	forgotten []string
	then      func()
}

func (f *forgetful) Forget(token secureflows.Token) {
	f.forgotten = append(f.forgotten, token.Reveal())
	if f.then != nil {
		f.then()
	}
}

func TestForgetIsPassedOn(t *testing.T) {
	source := &forgetful{}
	cache := middleware.NewCache(middleware.NewCache(source, middleware.CacheConfig{}), middleware.CacheConfig{})
	_, err := cache.Resolve(t.Context(), token(t, "abc"))
	require.NoError(t, err)
	cache.Forget(token(t, "abc"))
	assert.Equal(t, []string{"abc"}, source.forgotten)
	_, err = cache.Resolve(t.Context(), token(t, "abc"))
	require.NoError(t, err)
	assert.Equal(t, 2, source.calls())
}

// It is told first: an answer that is asked for in between must not be one that
// it had.
func TestForgetTellsTheResolverFirst(t *testing.T) {
	source := &forgetful{}
	cache := middleware.NewCache(source, middleware.CacheConfig{})
	source.then = func() {
		_, err := cache.Resolve(t.Context(), token(t, "abc"))
		assert.NoError(t, err)
	}
	cache.Forget(token(t, "abc"))
	calls := source.calls()
	_, err := cache.Resolve(t.Context(), token(t, "abc"))
	require.NoError(t, err)
	assert.Equal(t, calls+1, source.calls(), "what was asked before it was told is kept")
}
