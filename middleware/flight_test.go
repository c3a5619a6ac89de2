package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

func TestAHerdOnAColdTokenAsksOnce(t *testing.T) {
	for name, delay := range map[string]time.Duration{"a quick answer": 0, "a slow answer": time.Second} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				service := &service{delay: delay}
				bearer := middleware.NewBearer(service, middleware.BearerConfig{})
				handler := bearer.Require(whoami)
				var all sync.WaitGroup
				for range 1000 {
					all.Go(func() { assert.Equal(t, "user-7@example.com", answerTo(handler, bearing("user-7")).Body.String()) })
				}
				all.Wait()
				assert.Equal(t, 1, service.calls())
				stats := bearer.Stats()
				assert.EqualValues(t, 1, stats.Misses)
				assert.EqualValues(t, 999, stats.Collapsed+stats.Hits)
			})
		})
	}
}

// The same in real time, where goroutines run at once: what lies between the
// look into the cache and the question has to be right.
func TestAHerdOnManyColdTokensAsksOncePerToken(t *testing.T) {
	for _, service := range []*service{{}, refusing()} {
		bearer := middleware.NewBearer(service, middleware.BearerConfig{})
		handler := bearer.Require(whoami)
		var all sync.WaitGroup
		for worker := range 32 {
			all.Go(func() {
				for i := range 100 {
					status(handler, bearing(fmt.Sprint("token-", (i+worker)%100)))
				}
			})
		}
		all.Wait()
		assert.Equal(t, 100, service.calls())
	}
}

func TestACancelledLeaderFailsNobody(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{delay: time.Second}
		bearer := middleware.NewBearer(service, middleware.BearerConfig{})
		ctx, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() {
			_, err := bearer.Check(bearing("abc").WithContext(ctx))
			assert.ErrorIs(t, err, context.Canceled)
			assert.NotErrorIs(t, err, secureflows.ErrUnavailable, "it was the caller's own end")
			assert.NotErrorIs(t, err, secureflows.ErrSignedOut)
		})
		pass(100 * time.Millisecond)
		for range 999 {
			all.Go(func() { assert.Equal(t, http.StatusOK, status(bearer.Require(whoami), bearing("abc"))) })
		}
		pass(100 * time.Millisecond)
		leave()
		all.Wait()
		assert.Equal(t, 1, service.calls())
	})
}

func TestACancelledWaiterLeavesAlone(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{delay: time.Second}
		handler := requiring(service, middleware.BearerConfig{})
		var all sync.WaitGroup
		all.Go(func() { assert.Equal(t, http.StatusOK, status(handler, bearing("abc"))) })
		pass(0)
		ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer stop()
		started := time.Now()
		assert.Equal(t, http.StatusServiceUnavailable, status(handler, bearing("abc").WithContext(ctx)))
		assert.Equal(t, 100*time.Millisecond, time.Since(started))
		all.Wait()
		assert.Equal(t, 1, service.calls())
	})
}

func TestARequestThatHasLeftAsksNothing(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{}
		bearer := middleware.NewBearer(service, middleware.BearerConfig{})
		ctx, leave := context.WithCancel(t.Context())
		leave()
		_, err := bearer.Check(bearing("abc").WithContext(ctx))
		assert.ErrorIs(t, err, context.Canceled)
		pass(0)
		assert.Zero(t, service.calls())
		_, err = bearer.Check(bearing("abc"))
		assert.NoError(t, err)
		_, err = bearer.Check(bearing("abc").WithContext(ctx))
		assert.NoError(t, err, "what is known costs nothing")
	})
}

// The question goes on when everybody has left, within its own time, and its
// answer serves whoever comes next.
func TestAQuestionOutlivesThoseWhoWait(t *testing.T) {
	virtual(t, func(t *testing.T) {
		type key struct{}
		service := &service{}
		service.say(func(ctx context.Context, token string) (secureflows.Identity, error) {
			deadline, ok := ctx.Deadline()
			assert.True(t, ok)
			assert.Equal(t, 3*time.Second, time.Until(deadline))
			assert.Equal(t, "traced", ctx.Value(key{}), "the values of whoever asked")
			time.Sleep(2 * time.Second)
			assert.NoError(t, ctx.Err())
			return userOf(token), nil
		})
		handler := requiring(middleware.NewCache(service, middleware.CacheConfig{Timeout: 3 * time.Second}), middleware.BearerConfig{})
		ctx, stop := context.WithTimeout(context.WithValue(t.Context(), key{}, "traced"), time.Second)
		defer stop()
		assert.Equal(t, http.StatusServiceUnavailable, status(handler, bearing("abc").WithContext(ctx)))
		pass(time.Second)
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		assert.Equal(t, 1, service.calls())
	})
}

func TestAServiceThatHangsIsAnOutage(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{delay: time.Hour}
		cache := middleware.NewCache(service, middleware.CacheConfig{})
		bearer := middleware.NewBearer(cache, middleware.BearerConfig{})
		started := time.Now()
		_, err := bearer.Check(bearing("abc"))
		assert.Equal(t, 10*time.Second, time.Since(started))
		assert.ErrorIs(t, err, secureflows.ErrUnavailable)
		assert.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's own time is not over")
		_, err = cache.Resolve(t.Context(), token(t, "abc"))
		assert.ErrorIs(t, err, secureflows.ErrUnavailable)
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
		assert.EqualValues(t, 2, bearer.Stats().UpstreamErrors)
	})
}

func TestASlowServiceBlocksNobodyWithACachedAnswer(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{}
		handler := requiring(service, middleware.BearerConfig{})
		assert.Equal(t, http.StatusOK, status(handler, bearing("user-1")))
		service.slow(time.Hour)
		var all sync.WaitGroup
		for i := range 5000 {
			all.Go(func() { status(handler, bearing(fmt.Sprint("cold-", i))) })
		}
		pass(5 * time.Second)
		started := time.Now()
		for range 100 {
			assert.Equal(t, http.StatusOK, status(handler, bearing("user-1")))
		}
		assert.Zero(t, time.Since(started))
		service.slow(0)
		all.Wait()
	})
}

func TestQuestionsAtOnceAreBounded(t *testing.T) {
	for name, row := range map[string]struct{ configured, want int }{"by default": {0, 64}, "one": {1, 1}, "three": {3, 3}} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				service := &service{delay: time.Second}
				cache := middleware.NewCache(service, middleware.CacheConfig{MaxUpstream: row.configured})
				bearer := middleware.NewBearer(cache, middleware.BearerConfig{})
				var served, late atomic.Int64
				for i := range 3 * row.want {
					go func() {
						ctx, stop := context.WithTimeout(context.Background(), 2500*time.Millisecond)
						defer stop()
						switch status(bearer.Require(whoami), bearing(fmt.Sprint("cold-", i)).WithContext(ctx)) {
						case http.StatusOK:
							served.Add(1)
						case http.StatusServiceUnavailable:
							late.Add(1)
						}
					}()
				}
				pass(500 * time.Millisecond)
				assert.Equal(t, row.want, service.calls())
				pass(10 * time.Second)
				assert.Equal(t, row.want, service.mostAtOnce())
				assert.EqualValues(t, 2*row.want, served.Load(), "those who could wait")
				assert.EqualValues(t, row.want, late.Load(), "503 for the others")
			})
		})
	}
}

// Nobody is asked for who left the line, and nobody is stuck behind them.
func TestWhoeverLeavesTheLineIsNotAskedFor(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{delay: time.Second}
		cache := middleware.NewCache(service, middleware.CacheConfig{MaxUpstream: 1})
		handler := requiring(cache, middleware.BearerConfig{})
		go status(handler, bearing("first"))
		pass(0)
		ctx, stop := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer stop()
		for i := range 100 {
			go status(handler, bearing(fmt.Sprint("impatient-", i)).WithContext(ctx))
		}
		pass(0)
		go status(handler, bearing("patient"))
		pass(600 * time.Millisecond)
		// One comes back to a question that was given up.
		go func() { assert.Equal(t, http.StatusOK, status(handler, bearing("impatient-7"))) }()
		pass(10 * time.Second)
		assert.Equal(t, 3, service.calls())
		assert.Equal(t, 1, service.callsAbout("patient"))
		assert.Equal(t, 1, service.callsAbout("impatient-7"))
	})
}

// One of several leaves the line: the question stands.
func TestAQuestionInLineStandsWhileSomebodyWaits(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{delay: time.Second}
		cache := middleware.NewCache(service, middleware.CacheConfig{MaxUpstream: 1})
		handler := requiring(cache, middleware.BearerConfig{})
		go status(handler, bearing("first"))
		pass(0)
		ctx, stop := context.WithTimeout(context.Background(), 500*time.Millisecond)
		defer stop()
		go status(handler, bearing("second").WithContext(ctx))
		pass(0)
		assert.Equal(t, http.StatusOK, status(handler, bearing("second")))
		assert.Equal(t, 2, service.calls())
	})
}

func TestAPanicOfTheResolverSurfacesToThoseWhoWait(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{delay: time.Second, answer: func(context.Context, string) (secureflows.Identity, error) {
			panic("canary of the resolver")
		}}
		handler := requiring(service, middleware.BearerConfig{})
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				defer func() { assert.Equal(t, "canary of the resolver", recover()) }()
				status(handler, bearing("abc"))
				t.Error("nothing surfaced")
			})
		}
		all.Wait()
		assert.Equal(t, 1, service.calls())
		service.say(nil)
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")), "and is not remembered")

		// Nobody waits for an answer that is asked for ahead.
		service.say(func(context.Context, string) (secureflows.Identity, error) { panic("nobody hears this") })
		pass(8500 * time.Millisecond) // it was a second on its way
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		pass(time.Second)
		assert.Equal(t, 3, service.calls())
	})
}

func TestAResolverThatEndsItsGoroutineIsAnOutage(t *testing.T) {
	handler := requiring(&service{answer: func(context.Context, string) (secureflows.Identity, error) {
		runtime.Goexit()
		return secureflows.Identity{}, nil
	}}, middleware.BearerConfig{})
	assert.Equal(t, http.StatusServiceUnavailable, status(handler, bearing("abc")))
}

// With -race, and in real time: no answer about one token is given for another,
// and no value is shared between requests.
func TestUsersAreNeverMixed(t *testing.T) {
	const users = 64
	var turn atomic.Int64
	service := &service{answer: func(_ context.Context, token string) (secureflows.Identity, error) {
		switch turn.Add(1) % 7 {
		case 0:
			return userOf(token), errDown
		case 1:
			runtime.Gosched()
		}
		return userOf(token), nil
	}}
	cache := middleware.NewCache(service, middleware.CacheConfig{MaxAge: 2 * time.Millisecond, MaxEntries: 40, MaxUpstream: 5})
	bearer := middleware.NewBearer(cache, middleware.BearerConfig{})
	routes := []http.Handler{bearer.Require(whoami), bearer.Optional(whoami), bearer.RequireFresh(0)(whoami), bearer.RequireFresh(time.Millisecond)(whoami)}
	var all sync.WaitGroup
	for worker := range 2 * users {
		text := fmt.Sprint("user-", worker%users)
		forgotten := token(t, text)
		all.Go(func() {
			for i := range 100 {
				w := answerTo(routes[i%len(routes)], bearing(text))
				body := w.Body.String()
				if w.Code == http.StatusOK && body != text+"@example.com" || w.Code != http.StatusOK && strings.Contains(body, "@") {
					t.Errorf("%s got %d %s", text, w.Code, body)
				}
				if i%10 == worker%10 {
					cache.Forget(forgotten)
				}
			}
		})
	}
	all.Wait()
	assert.LessOrEqual(t, service.mostAtOnce(), 5)
	assert.LessOrEqual(t, bearer.Stats().Entries, 40)
}

func TestStatsAddUp(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := newEnding(time.Second)
		bearer := middleware.NewBearer(service, middleware.BearerConfig{})
		ask := func(text string, want error) {
			t.Helper()
			_, err := bearer.Check(bearing(text))
			assert.True(t, errors.Is(err, want), "%v", err)
		}
		go ask("abc", nil)
		pass(0)
		ask("abc", nil)
		ask("abc", nil)
		assert.Equal(t, middleware.Stats{Misses: 1, Collapsed: 1, Hits: 1, Entries: 1}, bearer.Stats())
		pass(8500 * time.Millisecond)
		ask("abc", nil)
		pass(time.Second)
		assert.Equal(t, middleware.Stats{Misses: 1, Collapsed: 1, Hits: 2, Refreshed: 1, Entries: 1}, bearer.Stats())
		service.end(errDown)
		ask("abd", errDown)
		service.end(secureflows.ErrGraceLock)
		ask("abd", secureflows.ErrGraceLock)
		service.end(secureflows.ErrTokenExpired)
		ask("abd", secureflows.ErrTokenExpired)
		ask("abd", secureflows.ErrTokenExpired)
		assert.Equal(t, middleware.Stats{Misses: 4, Collapsed: 1, Hits: 2, Refreshed: 1, Refused: 2, UpstreamErrors: 1, Entries: 1}, bearer.Stats())
		ask("a b", secureflows.ErrInvalidRequest)
		assert.EqualValues(t, 4, bearer.Stats().Misses, "garbage does not reach the cache")
	})
}
