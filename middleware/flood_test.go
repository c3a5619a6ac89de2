package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

func TestARefusalIsRemembered(t *testing.T) {
	for name, row := range map[string]struct {
		refusalAge time.Duration
		err        error
		route      func(*middleware.Bearer) http.Handler
		after      time.Duration
		calls      int
	}{
		"for 5 s":                        {0, secureflows.ErrUnauthenticated, nil, 5 * time.Second, 1},
		"and not longer":                 {0, secureflows.ErrUnauthenticated, nil, 5*time.Second + 1, 2},
		"as long as configured":          {time.Minute, secureflows.ErrTokenExpired, nil, time.Minute, 1},
		"no longer than configured":      {time.Second, secureflows.ErrTokenExpired, nil, time.Second + 1, 2},
		"not at all":                     {-1, secureflows.ErrUnauthenticated, nil, 0, 2},
		"on a route that asks each time": {0, secureflows.ErrSessionRevoked, fresh, time.Second, 1},
		"unlike an outage":               {0, secureflows.ErrUnavailable, nil, 0, 2},
		"unlike an unknown error":        {0, errDown, nil, 0, 2},
		"unlike a rate limit":            {0, secureflows.ErrRateLimited, nil, 0, 2},
		"unlike a billing lock":          {0, secureflows.ErrGraceLock, nil, 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				service := answering(secureflows.Identity{}, row.err)
				bearer := middleware.NewBearer(middleware.NewCache(service, middleware.CacheConfig{RefusalAge: row.refusalAge}), middleware.BearerConfig{})
				handler := bearer.Require(whoami)
				if row.route != nil {
					handler = row.route(bearer)
				}
				first := answerTo(handler, bearing("abc"))
				pass(row.after / 2)
				status(handler, bearing("abc")) // does not prolong it
				before := service.calls()
				pass(row.after - row.after/2)
				second := answerTo(handler, bearing("abc"))
				assert.Equal(t, first.Body.String(), second.Body.String(), "the same answer")
				if row.after > 0 {
					assert.Equal(t, 1, before)
					assert.Equal(t, row.calls, service.calls())
				} else {
					assert.Equal(t, 3, service.calls())
				}
			})
		})
	}
}

// Two questions at once, the second of which is answered much later.
func TestALateRefusalDoesNotProlongTheFirst(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := refusing()
		service.slow(time.Second)
		bearer := middleware.NewBearer(service, middleware.BearerConfig{})
		go status(fresh(bearer), bearing("abc"))
		pass(0)
		service.slow(4 * time.Second)
		go status(fresh(bearer), bearing("abc"))
		pass(6500 * time.Millisecond)
		status(bearer.Require(whoami), bearing("abc"))
		assert.Equal(t, 3, service.calls())
	})
}

func fresh(b *middleware.Bearer) http.Handler { return b.RequireFresh(0)(whoami) }

func TestManyAtOnceWithADeadTokenAskOnce(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := refusing()
		service.slow(time.Second)
		bearer := middleware.NewBearer(middleware.NewCache(service, middleware.CacheConfig{MaxUpstream: 2}), middleware.BearerConfig{})
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() { assert.Equal(t, http.StatusUnauthorized, status(bearer.Require(whoami), bearing("abc"))) })
		}
		all.Wait()
		assert.Equal(t, 1, service.calls())
		// Those who want it fresh ask each for themselves; what waits for a
		// place has its answer by then.
		for range 100 {
			all.Go(func() { assert.Equal(t, http.StatusUnauthorized, status(fresh(bearer), bearing("abd"))) })
		}
		all.Wait()
		assert.Equal(t, 2, service.callsAbout("abd"))
	})
}

// knowingUsers is a service that knows users, and refuses what is invented.
func knowingUsers(delay time.Duration) *service {
	return &service{delay: delay, answer: func(_ context.Context, token string) (secureflows.Identity, error) {
		if len(token) > 5 && token[:5] == "user-" {
			return userOf(token), nil
		}
		return secureflows.Identity{}, secureflows.ErrUnauthenticated
	}}
}

func TestAFloodOfInventedTokens(t *testing.T) {
	const flood = 100_000
	virtual(t, func(t *testing.T) {
		service := knowingUsers(0)
		bearer := middleware.NewBearer(service, middleware.BearerConfig{})
		ask := func(text string, want error) {
			r := &http.Request{Header: http.Header{"Authorization": {"Bearer " + text}}}
			if _, err := bearer.Check(r); !errors.Is(err, want) {
				t.Fatalf("%s: got %v, want %v", text, err, want)
			}
		}
		ask("user-1", nil)
		before := heap()
		for range 2 {
			for i := range flood {
				ask(fmt.Sprint("invented-", i), secureflows.ErrUnauthenticated)
			}
			ask("user-1", nil)
		}
		assert.Equal(t, flood+1, service.calls(), "each once")
		assert.Equal(t, 1, service.callsAbout("user-1"), "the flood drove a good answer out")
		assert.Equal(t, 1, bearer.Stats().Entries)
		service.forgetCounts()
		assert.Less(t, heap()-before, int64(flood*250))
	})
}

// What is remembered of a flood is bounded, and takes nothing from the answers.
func TestRefusalsAreBoundedByThemselves(t *testing.T) {
	service := knowingUsers(0)
	cache := middleware.NewCache(service, middleware.CacheConfig{MaxEntries: 100, MaxAge: time.Hour, RefusalAge: time.Hour})
	handler := requiring(cache, middleware.BearerConfig{})
	for i := range 100 {
		assert.Equal(t, http.StatusOK, status(handler, bearing(fmt.Sprint("user-", i))))
	}
	before := heap()
	for i := range 10_000 {
		assert.Equal(t, http.StatusUnauthorized, status(handler, bearing(fmt.Sprint("invented-", i))))
	}
	status(handler, bearing("invented-9999"))
	assert.Equal(t, 1, service.callsAbout("invented-9999"), "the newest was kept")
	service.forgetCounts()
	assert.Less(t, heap()-before, int64(300_000))
	for i := range 100 {
		assert.Equal(t, http.StatusOK, status(handler, bearing(fmt.Sprint("user-", i))))
	}
	assert.Zero(t, service.calls(), "the flood drove good answers out")
}

// heap is what is in use on the heap, in bytes.
func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// A flood that goes on keeps every place at the service taken; the answers
// about those who are signed in must be asked for again all the same, and ahead
// of the line.
func TestAFloodDoesNotMakeASteadyUserWait(t *testing.T) {
	for name, row := range map[string]struct{ places, flood int }{"by default": {64, 100}, "with one place": {1, 20}} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				service := knowingUsers(200 * time.Millisecond)
				cache := middleware.NewCache(service, middleware.CacheConfig{MaxUpstream: row.places})
				handler := requiring(cache, middleware.BearerConfig{})
				assert.Equal(t, http.StatusOK, status(handler, bearing("user-1")))
				ended := time.Now().Add(40 * time.Second)
				for worker := range row.flood {
					go func() {
						for i := 0; time.Now().Before(ended); i++ {
							status(handler, bearing(fmt.Sprint("invented-", worker, ".", i)))
						}
					}()
				}
				for time.Now().Before(ended) {
					pass(100 * time.Millisecond)
					started := time.Now()
					assert.Equal(t, http.StatusOK, status(handler, bearing("user-1")))
					assert.Zero(t, time.Since(started))
				}
				assert.LessOrEqual(t, service.mostAtOnce(), row.places)
			})
		})
	}
}

// One who was here before and one who is new both get in while others push.
func TestNobodyInLineWaitsForEver(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := knowingUsers(100 * time.Millisecond)
		bearer := middleware.NewBearer(middleware.NewCache(service, middleware.CacheConfig{MaxUpstream: 1}), middleware.BearerConfig{})
		assert.Equal(t, http.StatusOK, status(bearer.Require(whoami), bearing("user-1")))
		var done atomic.Bool
		for range 10 { // those who were here before take every place there is
			go func() {
				for !done.Load() {
					status(fresh(bearer), bearing("user-1"))
				}
			}()
		}
		pass(time.Second)
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		assert.Equal(t, http.StatusOK, status(bearer.Require(whoami), bearing("user-2").WithContext(ctx)), "a new user")
		done.Store(true)
	})
}

func TestAnOutageOfAMinute(t *testing.T) {
	const users = 100
	virtual(t, func(t *testing.T) {
		service := newEnding(50 * time.Millisecond)
		bearer := middleware.NewBearer(service, middleware.BearerConfig{})
		handler := bearer.Require(whoami)
		var good, outages, others atomic.Int64
		begun := time.Now()
		for user := range users {
			go func() {
				for time.Since(begun) < 2*time.Minute {
					switch status(handler, bearing(fmt.Sprint("user-", user))) {
					case http.StatusOK:
						good.Add(1)
					case http.StatusServiceUnavailable:
						outages.Add(1)
					default:
						others.Add(1)
					}
					time.Sleep(time.Second)
				}
			}()
		}
		pass(20 * time.Second)
		assert.Zero(t, outages.Load())
		service.end(secureflows.ErrUnavailable)
		good.Store(0)
		pass(900 * time.Millisecond)
		assert.Zero(t, outages.Load(), "what is known serves on")
		assert.NotZero(t, good.Load())
		pass(10 * time.Second)
		good.Store(0)
		pass(49 * time.Second)
		assert.Zero(t, good.Load(), "longer than it is good for")
		assert.NotZero(t, outages.Load())
		assert.Zero(t, others.Load(), "an outage signed somebody out")
		before := service.calls()
		service.recover()
		pass(2 * time.Second)
		outages.Store(0)
		pass(30 * time.Second)
		assert.Zero(t, outages.Load()+others.Load())
		assert.LessOrEqual(t, service.mostAtOnce(), 64)
		assert.Less(t, service.calls()-before, 6*users, "a stampede")
	})
}

// A service that hangs and comes back: those who gave up are not asked for.
func TestAfterAServiceHungItIsAskedForThoseWhoWaitOnly(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{delay: time.Hour}
		handler := requiring(service, middleware.BearerConfig{})
		for i := range 5000 {
			go func() {
				ctx, stop := context.WithTimeout(context.Background(), 8*time.Second)
				defer stop()
				assert.Equal(t, http.StatusServiceUnavailable, status(handler, bearing(fmt.Sprint("user-", i)).WithContext(ctx)))
			}()
		}
		pass(9 * time.Second)
		assert.Equal(t, 64, service.calls())
		service.slow(0)
		pass(time.Minute)
		assert.Equal(t, 64, service.calls())
		assert.Equal(t, http.StatusOK, status(handler, bearing("user-4999")))
	})
}

func TestTheCacheIsBounded(t *testing.T) {
	for _, entries := range []int{1, 2, 63, 64, 65, 1000} {
		virtual(t, func(t *testing.T) {
			service := &service{}
			cache := middleware.NewCache(service, middleware.CacheConfig{MaxEntries: entries})
			handler := requiring(cache, middleware.BearerConfig{})
			for i := range 3 * entries {
				assert.Equal(t, http.StatusOK, status(handler, bearing(fmt.Sprint("user-", i))))
				assert.LessOrEqual(t, cache.Stats().Entries, entries)
			}
			assert.Equal(t, entries, cache.Stats().Entries)
			last := fmt.Sprint("user-", 3*entries-1)
			assert.Equal(t, http.StatusOK, status(handler, bearing(last)))
			assert.Equal(t, 1, service.callsAbout(last), "the newest was kept")
			pass(11 * time.Second)
			assert.Equal(t, http.StatusOK, status(handler, bearing(last)))
			assert.Equal(t, 2, service.callsAbout(last))
		})
	}
}
