package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// What this process is told of counts at once, on a cached answer.
func TestSignOutsEvictAtOnce(t *testing.T) {
	for name, row := range map[string]struct {
		do   func(*testing.T, *secureflowstest.Server, *secureflows.Session)
		want int
	}{
		"a logout": {func(t *testing.T, _ *secureflowstest.Server, s *secureflows.Session) {
			assert.NoError(t, s.Logout(t.Context()))
		}, 401},
		"a revocation": {func(t *testing.T, _ *secureflowstest.Server, s *secureflows.Session) {
			_, err := s.Revoke(t.Context())
			assert.NoError(t, err)
		}, 401},
		"a renewal": {func(t *testing.T, server *secureflowstest.Server, s *secureflows.Session) {
			_, _, err := server.Client().RenewSession(t.Context(), server.IDToken("ada@example.com"), s.Token())
			assert.NoError(t, err)
		}, 401},
		"a read that is told expired": {func(t *testing.T, server *secureflowstest.Server, s *secureflows.Session) {
			server.ExpireToken(s.Token())
			_, err := s.Payload(t.Context())
			assert.ErrorIs(t, err, secureflows.ErrTokenExpired)
		}, 401},
		"a write that is told revoked": {func(t *testing.T, server *secureflowstest.Server, s *secureflows.Session) {
			server.RevokeSession(s.Token())
			_, err := s.Set(t.Context(), "theme", "dark")
			assert.ErrorIs(t, err, secureflows.ErrSessionRevoked)
		}, 401},
		"a logout that failed: the answer is dropped, and the service is asked": {func(t *testing.T, server *secureflowstest.Server, s *secureflows.Session) {
			server.Fail(secureflowstest.Fault{Status: 503})
			assert.Error(t, s.Logout(t.Context()))
			server.Fail(secureflowstest.Fault{Status: 503}) // and is down still
		}, 503},
		"a revocation without an answer": {func(t *testing.T, server *secureflowstest.Server, s *secureflows.Session) {
			server.Fail(secureflowstest.Fault{Drop: true})
			_, err := s.Revoke(t.Context())
			assert.Error(t, err)
			server.Fail(secureflowstest.Fault{Status: 503})
		}, 503},
		"an outage alone evicts nothing": {func(t *testing.T, server *secureflowstest.Server, s *secureflows.Session) {
			server.Fail(secureflowstest.Fault{Status: 503})
			_, err := s.Payload(t.Context())
			assert.ErrorIs(t, err, secureflows.ErrUnavailable)
			server.RevokeSession(s.Token())
		}, 200},
		"a revocation elsewhere is not heard of yet": {func(_ *testing.T, server *secureflowstest.Server, s *secureflows.Session) {
			server.RevokeSession(s.Token())
		}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			server := secureflowstest.NewServer(t)
			session := server.Session("ada@example.com")
			text := session.Token().Reveal()
			inner := middleware.NewCache(server.Client(), middleware.CacheConfig{MaxAge: time.Hour})
			handlers := map[string]http.Handler{
				"a client":          requiring(server.Client(), middleware.BearerConfig{MaxAge: time.Hour}),
				"a cache":           requiring(inner, middleware.BearerConfig{}),
				"a cache's cache":   requiring(middleware.NewCache(inner, middleware.CacheConfig{MaxAge: time.Hour}), middleware.BearerConfig{}),
				"a struct with one": requiring(struct{ *secureflows.Client }{server.Client()}, middleware.BearerConfig{MaxAge: time.Hour}),
				"a resolver of one's own": requiring(asking{server.Client()}, middleware.BearerConfig{
					MaxAge: time.Hour, Client: server.Client()}),
			}
			for how, handler := range handlers {
				require.Equal(t, http.StatusOK, status(handler, bearing(text)), how)
			}
			row.do(t, server, session)
			if row.want == http.StatusServiceUnavailable {
				server.Fail(secureflowstest.Fault{Status: 503, Times: 10})
			}
			for how, handler := range handlers {
				assert.Equal(t, row.want, status(handler, bearing(text)), how)
			}
		})
	}
}

// asking is a resolver that hides the client's other methods.
type asking struct{ client *secureflows.Client }

func (a asking) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	return a.client.Resolve(ctx, token)
}

// With the session of the context, in the handler itself.
func TestASignOutInAHandlerCountsForTheNextRequest(t *testing.T) {
	server := secureflowstest.NewServer(t)
	text := server.Session("ada@example.com").Token().Reveal()
	bearer := middleware.NewBearer(server.Client(), middleware.BearerConfig{MaxAge: time.Hour})
	logout := bearer.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session, _ := secureflows.SessionFromContext(r.Context())
		assert.NoError(t, session.Logout(r.Context()))
		w.WriteHeader(http.StatusNoContent)
	}))
	assert.Equal(t, http.StatusOK, status(bearer.Require(whoami), bearing(text)))
	assert.Equal(t, http.StatusNoContent, status(logout, bearing(text)))
	assert.Equal(t, http.StatusUnauthorized, status(bearer.Require(whoami), bearing(text)))
}

// An answer that was on its way when the token was signed out says what is no
// longer so, on all three ways to ask.
func TestASignOutBeatsAnAnswerOnItsWay(t *testing.T) {
	for name, prepare := range map[string]func(h http.Handler, text string){
		"a miss": func(http.Handler, string) {},
		"asked ahead": func(h http.Handler, text string) {
			status(h, bearing(text))
			pass(9 * time.Second)
		},
	} {
		for how, forget := range map[string]func(*middleware.Cache, *reporting, secureflows.Token){
			"told by the resolver": func(_ *middleware.Cache, r *reporting, token secureflows.Token) { r.tell(token) },
			"told by Forget":       func(c *middleware.Cache, _ *reporting, token secureflows.Token) { c.Forget(token) },
		} {
			t.Run(name+", "+how, func(t *testing.T) {
				virtual(t, func(t *testing.T) {
					source := &reporting{}
					cache := middleware.NewCache(source, middleware.CacheConfig{})
					handler := requiring(cache, middleware.BearerConfig{})
					prepare(handler, "abc")
					before := source.calls()
					source.slow(time.Second)
					var all sync.WaitGroup
					all.Go(func() { status(handler, bearing("abc")) })
					pass(500 * time.Millisecond)
					assert.Equal(t, before+1, source.calls())
					source.slow(0)
					source.say(refused)
					forget(cache, source, token(t, "abc"))
					assert.Equal(t, http.StatusUnauthorized, status(handler, bearing("abc")))
					pass(time.Second)
					all.Wait()
					assert.Equal(t, http.StatusUnauthorized, status(handler, bearing("abc")), "the late answer was kept")
					assert.Equal(t, before+2, source.calls())
				})
			})
		}
	}
}

// A resolver in front of a client hides nothing of what the client is told.
func TestSignOutsAreHeardThroughAResolverInFront(t *testing.T) {
	server := secureflowstest.NewServer(t)
	client := server.Client()
	handler := requiring(&wrapper{client}, middleware.BearerConfig{})
	session := client.Session(server.Session("ada@example.com").Token())
	text := session.Token().Reveal()
	assert.Equal(t, http.StatusOK, status(handler, bearing(text)))
	require.NoError(t, session.Logout(t.Context()))
	assert.Equal(t, http.StatusUnauthorized, status(handler, bearing(text)))
}

// reporting is a resolver that tells of sign-outs as a client does.
type reporting struct {
	service
	tell func(secureflows.Token)
}

func (r *reporting) OnSignedOut(listener func(secureflows.Token)) (stop func()) {
	r.tell = listener
	return func() {}
}

// Whoever waited for an answer that was overtaken does not get it.
func TestThoseWhoWaitedForAnOvertakenAnswerAreToldTheNewOne(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := &service{delay: time.Second}
		cache := middleware.NewCache(source, middleware.CacheConfig{})
		handler := requiring(cache, middleware.BearerConfig{})
		for range 10 {
			go func() { assert.Equal(t, http.StatusUnauthorized, status(handler, bearing("abc"))) }()
		}
		pass(500 * time.Millisecond)
		source.say(refused)
		cache.Forget(token(t, "abc"))
		pass(10 * time.Second)
		assert.Equal(t, 2, source.calls())
	})
}

func refused(context.Context, string) (secureflows.Identity, error) {
	return secureflows.Identity{}, secureflows.ErrSessionRevoked
}

// A resolver that tells nobody: what it says last about a token counts.
func TestARefusalBeatsAGoodAnswerOnItsWay(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source := &service{delay: time.Second}
		bearer := middleware.NewBearer(source, middleware.BearerConfig{})
		slow := make(chan int, 1)
		go func() { slow <- status(bearer.RequireFresh(0)(whoami), bearing("abc")) }()
		pass(500 * time.Millisecond)
		source.slow(0)
		source.say(refused)
		assert.Equal(t, http.StatusUnauthorized, status(bearer.RequireFresh(0)(whoami), bearing("abc")))
		assert.Equal(t, http.StatusUnauthorized, <-slow, "it was asked before the refusal")
		assert.Equal(t, http.StatusUnauthorized, status(bearer.Require(whoami), bearing("abc")))
		assert.Equal(t, 2, source.calls())
	})
}

func TestATokenThatIsSignedOutAgainAndAgainIsAnOutage(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var cache *middleware.Cache
		abc := token(t, "abc")
		source := &service{answer: func(_ context.Context, token string) (secureflows.Identity, error) {
			cache.Forget(abc)
			return userOf(token), nil
		}}
		cache = middleware.NewCache(source, middleware.CacheConfig{})
		_, err := cache.Resolve(t.Context(), abc)
		assert.ErrorIs(t, err, secureflows.ErrUnavailable)
		assert.Equal(t, 3, source.calls())
	})
}

func TestForget(t *testing.T) {
	source := newEnding(0)
	cache := middleware.NewCache(source, middleware.CacheConfig{})
	handler := requiring(cache, middleware.BearerConfig{})
	assert.Equal(t, http.StatusOK, status(handler, bearing("abc")))
	assert.Equal(t, http.StatusOK, status(handler, bearing("abd")))
	source.end(secureflows.ErrTokenExpired)
	cache.Forget(token(t, "abc"))
	assert.Equal(t, http.StatusUnauthorized, status(handler, bearing("abc")))
	assert.Equal(t, http.StatusOK, status(handler, bearing("abd")), "another token was forgotten")
	source.recover()
	assert.Equal(t, http.StatusUnauthorized, status(handler, bearing("abc")), "remembered")
	cache.Forget(token(t, "abc"))
	assert.Equal(t, http.StatusOK, status(handler, bearing("abc")), "forgotten")
	cache.Forget(token(t, "never-seen"))
	cache.Forget(secureflows.Token{})
}

func TestNoTokenIsNobody(t *testing.T) {
	source := &service{}
	_, err := middleware.NewCache(source, middleware.CacheConfig{}).Resolve(t.Context(), secureflows.Token{})
	assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
	assert.Zero(t, source.calls())
}

// Many Bearers and caches may listen to one client; sign-outs and requests
// come at once. With -race.
func TestSignOutsAndRequestsAtOnce(t *testing.T) {
	server := secureflowstest.NewServer(t)
	cache := middleware.NewCache(server.Client(), middleware.CacheConfig{})
	first, second := requiring(cache, middleware.BearerConfig{}), requiring(cache, middleware.BearerConfig{Client: server.Client()})
	var all sync.WaitGroup
	for user := range 16 {
		session := server.Session(fmt.Sprintf("user-%d@example.com", user))
		text := session.Token().Reveal()
		var mine sync.WaitGroup
		for _, handler := range []http.Handler{first, second} {
			mine.Go(func() {
				for range 20 {
					if w := answerTo(handler, bearing(text)); w.Code == 200 && w.Body.String() != fmt.Sprintf("user-%d@example.com", user) {
						t.Errorf("user %d is %s", user, w.Body)
					}
				}
			})
		}
		all.Go(func() {
			assert.NoError(t, session.Logout(t.Context()))
			assert.Equal(t, http.StatusUnauthorized, status(first, bearing(text)), "after the logout")
			mine.Wait()
			assert.Equal(t, http.StatusUnauthorized, status(second, bearing(text)))
		})
	}
	all.Wait()
}
