package redis_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// What one replica is told of counts on all, on cached answers that would be good
// for another hour.
func TestEndingsAreHeardByAll(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *secureflowstest.Server, *middleware.Cache, *secureflows.Session){
		"a logout": func(t *testing.T, _ *secureflowstest.Server, _ *middleware.Cache, s *secureflows.Session) {
			assert.NoError(t, s.Logout(t.Context()))
		},
		"a revocation": func(t *testing.T, _ *secureflowstest.Server, _ *middleware.Cache, s *secureflows.Session) {
			_, err := s.Revoke(t.Context())
			assert.NoError(t, err)
		},
		"a read that is told expired": func(t *testing.T, server *secureflowstest.Server, _ *middleware.Cache, s *secureflows.Session) {
			server.ExpireToken(s.Token())
			_, err := s.Payload(t.Context())
			assert.ErrorIs(t, err, secureflows.ErrTokenExpired)
		},
		"a question that is told revoked": func(t *testing.T, server *secureflowstest.Server, cache *middleware.Cache, s *secureflows.Session) {
			server.RevokeSession(s.Token())
			_, err := cache.ResolveWithin(t.Context(), s.Token(), 0)
			assert.ErrorIs(t, err, secureflows.ErrSessionRevoked)
		},
		"a word of the application": func(_ *testing.T, server *secureflowstest.Server, cache *middleware.Cache, s *secureflows.Session) {
			server.RevokeSession(s.Token())
			cache.Forget(s.Token())
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, server := newFleet(t), secureflowstest.NewServer(t)
			session, bystander := server.Session("ada@example.com"), server.Session("bob@example.com")
			clients, caches, handlers := f.bearers(server, 3)
			for _, handler := range handlers {
				require.Equal(t, http.StatusOK, status(handler, bearing(session.Token().Reveal())))
				require.Equal(t, http.StatusOK, status(handler, bearing(bystander.Token().Reveal())))
			}
			end(t, server, caches[0], clients[0].Session(session.Token()))
			asked := len(server.Requests())
			for _, handler := range slices.Backward(handlers) { // the others first: the one that knows asks too
				eventually(t, func() bool {
					return status(handler, bearing(session.Token().Reveal())) == http.StatusUnauthorized
				}, "not evicted")
			}
			assert.LessOrEqual(t, len(server.Requests()), asked+len(handlers), "each asks once")
			server.RevokeSession(bystander.Token())
			for _, handler := range handlers {
				assert.Equal(t, http.StatusOK, status(handler, bearing(bystander.Token().Reveal())), "another was evicted")
			}
		})
	}
}

// bearers makes replicas whose clients ask the mock.
func (f *fleet) bearers(server *secureflowstest.Server, count int, changes ...change) (clients []*secureflows.Client, caches []*middleware.Cache, handlers []http.Handler) {
	f.t.Helper()
	for range count {
		r := f.join(changes...)
		client, err := secureflows.New(server.Config())
		require.NoError(f.t, err)
		cache := r.NewCache(client, middleware.CacheConfig{})
		clients, caches = append(clients, client), append(caches, cache)
		handlers = append(handlers, middleware.NewBearer(cache, middleware.BearerConfig{}).Require(whoami))
	}
	return clients, caches, handlers
}

func TestARenewalEndsTheOldTokenOnAll(t *testing.T) {
	f, server := newFleet(t), secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	clients, _, handlers := f.bearers(server, 2)
	for _, handler := range handlers {
		require.Equal(t, http.StatusOK, status(handler, bearing(session.Token().Reveal())))
	}
	renewed, _, err := clients[0].RenewSession(t.Context(), server.IDToken("ada@example.com"), session.Token())
	require.NoError(t, err)
	for _, handler := range handlers {
		eventually(t, func() bool { return status(handler, bearing(session.Token().Reveal())) != http.StatusOK })
		assert.Equal(t, http.StatusOK, status(handler, bearing(renewed.Token().Reveal())))
	}
}

// A token that this replica was never asked about may be known to others.
func TestATokenOfTheApplicationsOwnIsTold(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	other.admits("batch-job")
	one.signOut("batch-job")
	eventually(t, func() bool { return other.refuses("batch-job") })
}

func TestAnAnswerOnItsWayIsNotKept(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	one.admits("abc")
	arrived, release := other.asker.holding()
	defer release()
	was := make(chan error, 1)
	go func() {
		_, err := other.cache.Resolve(t.Context(), token(t, "abc"))
		was <- err
	}()
	<-arrived
	f.heard(func() { one.signOut("abc") }, other)
	release()
	assert.ErrorIs(t, <-was, secureflows.ErrSessionRevoked, "whoever waited was given the old answer")
	assert.True(t, other.refuses("abc"), "the old answer was kept")
}

// Who makes up tokens costs the service a question each, and Redis nothing.
func TestTokensMadeUpAreNotTold(t *testing.T) {
	for name, ask := range map[string]func(r *member, text string){
		"one after the other": func(r *member, text string) {
			assert.True(t, r.refuses(text))
			assert.True(t, r.refuses(text))
		},
		"several at once": func(r *member, text string) {
			arrived, release := r.asker.holding()
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() {
					_, err := r.cache.ResolveWithin(t.Context(), token(t, text), 0)
					assert.ErrorIs(t, err, secureflows.ErrSignedOut)
				})
				<-arrived
			}
			release()
			all.Wait()
		},
		"with two caches": func(r *member, text string) {
			assert.True(t, r.refuses(text))
			_, err := r.second.Resolve(t.Context(), token(t, text))
			assert.ErrorIs(t, err, secureflows.ErrSignedOut)
		},
	} {
		for how, changes := range map[string][]change{"": nil, ", sharing answers": {sharing}} {
			t.Run(name+how, func(t *testing.T) {
				f := newFleet(t)
				r := f.join(changes...)
				if name == "with two caches" {
					r.second = r.NewCache(r.asker, middleware.CacheConfig{})
				}
				f.service.end("made-up-1", "made-up-2", "made-up-3")
				for _, text := range []string{"made-up-1", "made-up-2", "made-up-3"} {
					ask(r, text)
				}
				r.Close()
				assert.Equal(t, []string{"h"}, f.events(), "more than the hello of the start")
			})
		}
	}
}

func TestATokenThatWasGoodAndIsRefusedIsTold(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	one.admits("abc")
	other.admits("abc")
	f.service.end("abc")
	_, err := one.cache.ResolveWithin(t.Context(), token(t, "abc"), 0)
	require.ErrorIs(t, err, secureflows.ErrSignedOut)
	eventually(t, func() bool { return other.refuses("abc") })
}

// The first answer is on its way when the application signs the token out, and
// the service does not know of it yet.
func TestASignOutBeforeTheFirstAnswerIsTold(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	other.admits("abc")
	arrived, release := one.asker.holding()
	defer release()
	was := make(chan error, 1)
	go func() {
		_, err := one.cache.Resolve(t.Context(), token(t, "abc"))
		was <- err
	}()
	<-arrived
	one.asker.tell(token(t, "abc"))
	release()
	assert.NoError(t, <-was)
	assert.Equal(t, 2, one.asker.times("abc"), "the answer on its way was kept")
	eventually(t, func() bool {
		other.admits("abc")
		return other.asker.times("abc") == 2
	}, "not told")
}

func TestEventsAreHeardByEveryCacheOfAReplica(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	second := other.NewCache(other.asker, middleware.CacheConfig{MaxAge: time.Minute})
	_, err := second.Resolve(t.Context(), token(t, "abc"))
	require.NoError(t, err)
	one.signOut("abc")
	eventually(t, func() bool {
		_, err := second.Resolve(t.Context(), token(t, "abc"))
		return err != nil
	})
}

func TestWhatSomebodyElseWritesIsPassedOver(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	other.admits("abc")
	asked := other.asker.times("abc")
	for _, value := range []string{"", "t", "tAAAA", "t!", "x", "z\x00\xff", "r", "h", "tAAAAAAAAAAAAAAAAAAAAAA"} {
		f.redis.Do("XADD", "secureflows:events", "*", "e", value)
	}
	f.redis.Do("XADD", "secureflows:events", "*", "other", "field")
	other.caughtUp(one)
	other.admits("abc")
	assert.Equal(t, asked, other.asker.times("abc"))
	assert.Zero(t, other.Stats().Outages)
}

// -race is what this is for.
func TestEndingsAndRequestsAtOnce(t *testing.T) {
	f := newFleet(t)
	replicas := []*member{f.join(sharing), f.join(sharing), f.join(sharing)}
	var all sync.WaitGroup
	texts := make([]string, 30)
	for i := range texts {
		texts[i] = fmt.Sprintf("user-%d", i)
		for _, r := range replicas {
			all.Go(func() {
				for range 20 {
					_, _ = r.cache.Resolve(t.Context(), token(t, texts[i]))
				}
			})
		}
		all.Go(func() { replicas[i%3].signOut(texts[i]) })
	}
	all.Wait()
	for _, r := range replicas {
		for _, text := range texts {
			eventually(t, func() bool { return r.refuses(text) })
		}
	}
}
