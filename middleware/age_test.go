package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// ending is a service whose tokens end when a test says so.
type ending struct {
	service
	with atomic.Pointer[error]
}

func newEnding(delay time.Duration) *ending {
	e := &ending{service: service{delay: delay}}
	e.answer = func(_ context.Context, token string) (secureflows.Identity, error) {
		if with := e.with.Load(); with != nil {
			return secureflows.Identity{}, *with
		}
		return userOf(token), nil
	}
	return e
}

func (e *ending) end(with error) { e.with.Store(&with) }
func (e *ending) recover()       { e.with.Store(nil) }

func TestAnAnswerIsNeverOlderThanMaxAge(t *testing.T) {
	for name, row := range map[string]struct {
		maxAge time.Duration // of the config
		want   time.Duration
		end    error
		status int
	}{
		"by default, revoked":           {0, 10 * time.Second, secureflows.ErrSessionRevoked, 401},
		"by default, during an outage":  {0, 10 * time.Second, errDown, 503},
		"a minute, revoked":             {time.Minute, time.Minute, secureflows.ErrSessionRevoked, 401},
		"a minute, during an outage":    {time.Minute, time.Minute, errDown, 503},
		"a moment, during an outage":    {time.Nanosecond, 0, errDown, 503},
		"ask every time, revoked":       {-1, 0, secureflows.ErrSessionRevoked, 401},
		"ask every time, in an outage":  {-time.Hour, 0, errDown, 503},
		"a century, during an outage":   {1<<63 - 1, 24 * time.Hour, nil, 200},
		"by default, nothing ends":      {0, 24 * time.Hour, nil, 200},
		"ask every time, nothing ended": {-1, 24 * time.Hour, nil, 200},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				service := newEnding(0)
				handler := requiring(service, middleware.BearerConfig{MaxAge: row.maxAge})
				assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
				asked := time.Now()
				if row.end != nil {
					service.end(row.end)
				}
				// Hits that would slide an end, if anything did.
				step := max(row.want/1000, time.Millisecond)
				for status(handler, bearing("abc")) == http.StatusOK && time.Since(asked) < row.want {
					pass(step)
				}
				assert.LessOrEqual(t, time.Since(asked), row.want+step)
				pass(step)
				assert.Equal(t, row.status, status(handler, bearing("abc")))
				if row.end == errDown && row.want > 0 {
					assert.Greater(t, time.Since(asked), row.want, "an outage ended a good answer early")
				}
			})
		})
	}
}

func TestAnAnswerAgesFromWhenItWasAskedFor(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := newEnding(6 * time.Second)
		handler := requiring(service, middleware.BearerConfig{})
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		service.end(secureflows.ErrSessionRevoked)
		pass(3900 * time.Millisecond) // 9.9 s after it was asked for
		started := time.Now()
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		assert.Zero(t, time.Since(started))
		pass(200 * time.Millisecond)
		assert.Equal(t, http.StatusUnauthorized, status(handler, bearing("abc")))
	})
}

// An answer that took longer than it is good for is of use to those who waited
// for it, and to nobody after them.
func TestAnAnswerThatTookLongerThanItIsGoodFor(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{delay: 3 * time.Second}
		handler := requiring(service, middleware.BearerConfig{MaxAge: time.Second})
		go func() {
			time.Sleep(2 * time.Second)
			assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		}()
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		pass(3 * time.Second)
		assert.Equal(t, 2, service.calls(), "the second came too late for the first question")
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		assert.Equal(t, 3, service.calls())
	})
}

func TestASteadyUserNeverWaits(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{delay: 900 * time.Millisecond}
		handler := requiring(service, middleware.BearerConfig{})
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		for range 1200 { // two minutes
			pass(100 * time.Millisecond)
			started := time.Now()
			assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
			assert.Zero(t, time.Since(started), "somebody waited")
		}
		assert.LessOrEqual(t, service.calls(), 16, "asked ahead of the last fifth")
		assert.Equal(t, 1, service.mostAtOnce())
	})
}

func TestNobodyAsksAheadForATokenThatIsNotUsed(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{}
		handler := requiring(service, middleware.BearerConfig{})
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		pass(7 * time.Second)
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		pass(time.Hour)
		assert.Equal(t, 1, service.calls())
	})
}

// A service that takes its time is asked once per token, however many use it.
func TestOneGoroutinePerTokenAsksAhead(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{}
		bearer := middleware.NewBearer(service, middleware.BearerConfig{})
		handler := bearer.Require(whoami)
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		pass(9100 * time.Millisecond) // the latest that asking ahead may begin
		service.slow(8 * time.Second)
		for range 300 { // beyond the answer's end
			for range 10 {
				go status(handler, bearing("abc"))
			}
			pass(10 * time.Millisecond)
		}
		assert.Equal(t, 2, service.calls())
		assert.EqualValues(t, 1, bearer.Stats().Refreshed)
		pass(time.Minute)
	})
}

// A fleet that started together must not ask together ever after.
func TestAskingAheadIsSpreadOut(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var first, last time.Time
		service := &service{}
		handler := requiring(service, middleware.BearerConfig{})
		begun := time.Now()
		const users = 100
		for user := range users {
			assert.Equal(t, http.StatusOK, status(handler, bearing(fmt.Sprint("user-", user))))
		}
		inOneStep := 0
		for service.calls() < 2*users {
			before := service.calls()
			pass(50 * time.Millisecond)
			for user := range users {
				assert.Equal(t, http.StatusOK, status(handler, bearing(fmt.Sprint("user-", user))))
			}
			pass(0)
			asked := service.calls() - before
			inOneStep = max(inOneStep, asked)
			if asked > 0 && first.IsZero() {
				first = time.Now()
			}
			if asked > 0 {
				last = time.Now()
			}
		}
		assert.GreaterOrEqual(t, first.Sub(begun), 8*time.Second, "in the last fifth")
		assert.LessOrEqual(t, last.Sub(begun), 9500*time.Millisecond, "with time left for the answer")
		assert.Greater(t, last.Sub(first), 500*time.Millisecond)
		assert.Less(t, inOneStep, users/4)
	})
}

func TestAskingAheadHearsOfTheEnd(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := newEnding(0)
		handler := requiring(service, middleware.BearerConfig{})
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		service.end(secureflows.ErrTokenExpired)
		pass(9100 * time.Millisecond)
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")), "good for another moment")
		pass(0)
		assert.Equal(t, http.StatusUnauthorized, status(handler, bearing("abc")))
		assert.Equal(t, 2, service.calls(), "the refusal that was heard is remembered")
	})
}

func TestAskingAheadIsTriedAgain(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := newEnding(0)
		handler := requiring(service, middleware.BearerConfig{})
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		service.end(errDown)
		pass(9010 * time.Millisecond)
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		pass(400 * time.Millisecond)
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		pass(0)
		assert.Equal(t, 2, service.calls(), "not at once")
		service.recover()
		pass(200 * time.Millisecond)
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		pass(0)
		assert.Equal(t, 3, service.calls())
		pass(5 * time.Second)
		started := time.Now()
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		assert.Zero(t, time.Since(started))
		assert.Equal(t, 3, service.calls())
	})
}

func TestRequireFresh(t *testing.T) {
	for name, row := range map[string]struct {
		maxAge, fresh, age time.Duration
		asks               bool
	}{
		"0 asks":                              {0, 0, 0, true},
		"negative asks":                       {0, -time.Second, 0, true},
		"younger than asked for":              {0, 5 * time.Second, 4 * time.Second, false},
		"as old as asked for":                 {0, 5 * time.Second, 5 * time.Second, false},
		"older than asked for":                {0, 5 * time.Second, 5*time.Second + 1, true},
		"an hour does not loosen the default": {0, time.Hour, 10*time.Second + 1, true},
		"an hour does not loosen 2 s":         {2 * time.Second, time.Hour, 2*time.Second + 1, true},
		"an hour does not loosen never":       {-1, time.Hour, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				service := &service{}
				bearer := middleware.NewBearer(service, middleware.BearerConfig{MaxAge: row.maxAge})
				assert.Equal(t, http.StatusOK, status(bearer.Require(whoami), bearing("abc")))
				pass(row.age)
				assert.Equal(t, http.StatusOK, status(bearer.RequireFresh(row.fresh)(whoami), bearing("abc")))
				assert.Equal(t, row.asks, service.calls() == 2, "%d calls", service.calls())
			})
		})
	}
}

func TestRequireFreshIsAsStrictAsItsBearerOnASharedCache(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{}
		bearer := middleware.NewBearer(middleware.NewCache(service, middleware.CacheConfig{}), middleware.BearerConfig{MaxAge: 2 * time.Second})
		assert.Equal(t, http.StatusOK, status(bearer.Require(whoami), bearing("abc")))
		pass(3 * time.Second)
		assert.Equal(t, http.StatusOK, status(bearer.RequireFresh(time.Hour)(whoami), bearing("abc")))
		assert.Equal(t, 2, service.calls())
	})
}

// A question ahead that finds no place before its answer has ended is not asked
// for somebody who is gone.
func TestAskingAheadIsGivenUp(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{}
		handler := requiring(middleware.NewCache(service, middleware.CacheConfig{MaxUpstream: 1, Timeout: time.Hour}), middleware.BearerConfig{})
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		pass(8 * time.Second)
		service.slow(time.Minute)
		go status(handler, bearing("slow"))
		pass(time.Second)
		assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
		pass(10 * time.Minute)
		assert.Equal(t, 1, service.callsAbout("abc"))
	})
}

func TestRequireFresh0JoinsNoEarlierQuestion(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{delay: time.Second}
		bearer := middleware.NewBearer(service, middleware.BearerConfig{})
		go status(bearer.Require(whoami), bearing("abc"))
		for range 3 {
			pass(100 * time.Millisecond)
			go status(bearer.RequireFresh(0)(whoami), bearing("abc"))
		}
		pass(100 * time.Millisecond)
		assert.Equal(t, 4, service.calls())
		go status(bearer.RequireFresh(200*time.Millisecond)(whoami), bearing("abc"))
		pass(0)
		assert.Equal(t, 4, service.calls(), "a question young enough is joined")
		pass(time.Second)
		assert.Equal(t, http.StatusOK, status(bearer.Require(whoami), bearing("abc")))
		assert.Equal(t, 4, service.calls(), "the freshest answer serves the others")
	})
}

// The answer to the older question comes last, and must not take the place of
// the younger one.
func TestAnOlderAnswerDoesNotReplaceAYoungerOne(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{delay: 5 * time.Second}
		bearer := middleware.NewBearer(service, middleware.BearerConfig{})
		go status(bearer.Require(whoami), bearing("abc"))
		pass(4 * time.Second)
		service.slow(0)
		assert.Equal(t, http.StatusOK, status(bearer.RequireFresh(0)(whoami), bearing("abc")))
		pass(2 * time.Second) // 6 s after the older, 2 s after the younger
		assert.Equal(t, http.StatusOK, status(bearer.RequireFresh(3*time.Second)(whoami), bearing("abc")))
		assert.Equal(t, 2, service.calls())
	})
}

func TestBearersThatShareACacheAreEachAsStrictAsTheySay(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := &service{}
		cache := middleware.NewCache(service, middleware.CacheConfig{MaxAge: 20 * time.Second})
		usual := requiring(cache, middleware.BearerConfig{})
		strict := requiring(cache, middleware.BearerConfig{MaxAge: 2 * time.Second})
		loose := requiring(cache, middleware.BearerConfig{MaxAge: time.Hour})
		never := requiring(cache, middleware.BearerConfig{MaxAge: -1})
		for _, row := range []struct {
			age     time.Duration
			handler http.Handler
			calls   int
		}{
			{0, usual, 1}, {2 * time.Second, strict, 1}, {time.Second, usual, 1}, {0, strict, 2},
			{0, never, 3}, {12 * time.Second, usual, 3}, {0, loose, 3}, {9 * time.Second, loose, 4}, {0, never, 5},
		} {
			pass(row.age)
			assert.Equal(t, http.StatusOK, status(row.handler, bearing("abc")))
			assert.Equal(t, row.calls, service.calls())
		}
	})
}
