package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// atomicRecording is a recording that does in one step what middleware.AtomicStore
// asks for, and remembers what it was asked to do.
type atomicRecording struct {
	*recording
	mu    sync.Mutex // guards calls
	calls []string
}

var _ middleware.AtomicStore = (*atomicRecording)(nil)

func newAtomic() *atomicRecording { return &atomicRecording{recording: newRecording()} }

func atomically(store *atomicRecording) change {
	return func(cfg *middleware.BrowserConfig) { cfg.Store, cfg.EncryptionKeys = store, keys(1) }
}

func (s *atomicRecording) call(operation, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kind, _, found := strings.Cut(id, "-"); found && (kind == "state" || kind == "renewal") {
		id = kind
	} else {
		id = "visitor"
	}
	s.calls = append(s.calls, operation+" "+id)
}

// called gives what was done since it was asked last.
func (s *atomicRecording) called() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

func (s *atomicRecording) FindCtx(_ context.Context, id string) ([]byte, bool, error) {
	s.call("find", id)
	return s.Find(id)
}

func (s *atomicRecording) CommitCtx(_ context.Context, id string, data []byte, expiry time.Time) error {
	s.call("commit", id)
	return s.Commit(id, data, expiry)
}

func (s *atomicRecording) DeleteCtx(_ context.Context, id string) error {
	s.call("delete", id)
	return s.Delete(id)
}

func (s *atomicRecording) CreateCtx(_ context.Context, id string, data []byte, expiry time.Time) (bool, error) {
	s.call("create", id)
	return s.put("create", id, data, expiry, false)
}

func (s *atomicRecording) ReplaceCtx(_ context.Context, id string, data []byte, expiry time.Time) (bool, error) {
	s.call("replace", id)
	return s.put("replace", id, data, expiry, true)
}

// put stores data where there is something, or nothing, as it should be.
func (s *atomicRecording) put(operation, id string, data []byte, expiry time.Time, there bool) (bool, error) {
	if err := s.begin(operation, id+"\n"+string(data)); err != nil {
		return false, err
	}
	s.recording.mu.Lock()
	defer s.recording.mu.Unlock()
	found, ok := s.records[id]
	if ok = ok && time.Now().Before(found.expiry); ok != there {
		return false, nil
	}
	s.records[id] = record{data, expiry}
	return true, nil
}

func TestAnAtomicStoreIsAskedForOneStep(t *testing.T) {
	virtual(t, func(t *testing.T) {
		store := newAtomic()
		s := offline(t, &service{}, atomically(store))
		v := s.newVisitor("user-1@example.com")
		target := v.next(v.begin("/page"))
		store.called()
		require.Equal(t, http.StatusSeeOther, v.open(target).StatusCode)
		assert.Equal(t, []string{"create state", "commit visitor"}, store.called(), "a return")
		v.open("/page")
		assert.Equal(t, []string{"find visitor", "find visitor", "replace visitor"}, store.called(), "the first page")
		v.open("/page")
		assert.Equal(t, []string{"find visitor"}, store.called(), "a page")
		pass(3 * time.Hour)
		v.open("/page")
		assert.Equal(t, []string{"find visitor", "replace visitor"}, store.called(), "a page after a while")
		v.submit("/auth/logout", nil)
		assert.NotContains(t, store.called(), "commit visitor")
	})
}

func TestAReturnCountsOnceForAllReplicas(t *testing.T) {
	store := newAtomic()
	one, other := offline(t, &service{}, atomically(store)), offline(t, &service{}, atomically(store))
	for range 10 {
		v := one.newVisitor("user-1@example.com")
		target := v.next(v.begin("/page"))
		var in, refused atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			copied := v.copied()
			copied.site = []*site{one, other}[i%2]
			all.Go(func() {
				switch copied.open(target).StatusCode {
				case http.StatusSeeOther:
					in.Add(1)
				case http.StatusBadRequest:
					refused.Add(1)
				}
			})
		}
		all.Wait()
		assert.Equal(t, []int32{1, 7}, []int32{in.Load(), refused.Load()})
	}
}

// A request that is under way on one replica does not bring back who signs out on
// another.
func TestNobodyIsBroughtBackByAnotherReplica(t *testing.T) {
	virtual(t, func(t *testing.T) {
		store := newAtomic()
		one, other := offline(t, &service{}, atomically(store)), offline(t, &service{}, atomically(store))
		v := one.signedIn("user-1@example.com")
		v.open("/page")
		pass(3 * time.Hour) // so that the next request writes
		elsewhere := v.copied()
		elsewhere.site = other
		store.interrupt(2, func() { // after it was found
			store.recording.mu.Lock()
			store.before = nil
			store.recording.mu.Unlock()
			elsewhere.submit("/auth/logout", nil)
		})
		v.open("/page")
		assert.Empty(t, store.sessions(), "a record was brought back")
	})
}

// expired is a service to which the first token of a visitor has expired.
func expired(text string) *service {
	return &service{answer: func(_ context.Context, token string) (secureflows.Identity, error) {
		if token == text {
			return secureflows.Identity{}, secureflows.ErrTokenExpired
		}
		return userOf(token), nil
	}}
}

// renewing are replicas of a site, and a visitor of theirs whose token has
// expired and who is given another.
func renewing(t *testing.T, changes ...change) (sites []*site, v *visitor) {
	t.Helper()
	fine := &service{}
	for range 2 {
		sites = append(sites, offline(t, fine, changes...))
	}
	v = sites[0].signedIn("user-1@example.com")
	fine.say(expired("user-1").answer)
	v.token, v.email = "renewed-1", "renewed-1@example.com"
	return sites, v
}

// navigated is the answer to one of several navigations of a visitor at once.
type navigated struct {
	page     string
	location string
	code     int
	after    time.Duration
	cookies  []*http.Cookie
}

// navigate opens pages at once, by turns on the replicas.
func navigate(ctx context.Context, sites []*site, v *visitor, count int) (answers chan navigated, done *sync.WaitGroup) {
	answers, done = make(chan navigated, count), &sync.WaitGroup{}
	cookies, began := v.cookies(), time.Now()
	for i := range count {
		done.Go(func() {
			page := fmt.Sprintf("/page-%d?x=%d", i, i)
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, page, nil)
			r.Host, r.Header = "localhost:8080", navigation()
			for name, value := range cookies {
				r.AddCookie(&http.Cookie{Name: name, Value: value})
			}
			w := httptest.NewRecorder()
			sites[i%len(sites)].ServeHTTP(w, r)
			answers <- navigated{page, w.Header().Get("Location"), w.Code, time.Since(began), w.Result().Cookies()}
		})
	}
	return answers, done
}

func (n navigated) renews(s *site) bool {
	return n.code == http.StatusSeeOther && strings.HasPrefix(n.location, s.hosted+"/")
}

func TestOneRequestRenewsForAll(t *testing.T) {
	for name, make := range map[string]func() []change{
		"an atomic store": func() []change { return []change{atomically(newAtomic())} },
		"any store":       func() []change { return []change{stored(newRecording(), 1)} },
		"its own memory":  func() []change { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				sites, v := renewing(t, make()...)
				if name != "an atomic store" {
					sites = sites[:1] // where one process is all that there can be
				}
				answers, done := navigate(t.Context(), sites, v, 20)
				pass(time.Second)
				require.Len(t, answers, 1, "how many went to renew")
				first := <-answers
				require.True(t, first.renews(sites[0]), "%+v", first)
				assert.Zero(t, first.after)
				v.renew(first, sites[len(sites)-1])
				pass(200 * time.Millisecond)
				done.Wait()
				close(answers)
				for answer := range answers {
					assert.Equal(t, http.StatusSeeOther, answer.code)
					assert.Equal(t, answer.page, answer.location, "to come back with the new cookie")
					assert.LessOrEqual(t, answer.after, 1200*time.Millisecond)
				}
				v.assertSignedIn()
			})
		})
	}
}

// renew goes where a navigation was sent, and comes back to a replica.
func (v *visitor) renew(went navigated, back *site) {
	v.t.Helper()
	at, err := url.Parse(back.origin)
	require.NoError(v.t, err)
	v.site = back
	v.jar.SetCookies(at, went.cookies)
	answer := v.open(v.next(went.location))
	require.Equal(v.t, http.StatusSeeOther, answer.StatusCode, answer.body)
	require.Equal(v.t, went.page, answer.Header.Get("Location"))
}

func TestARenewalThatDoesNotComeBackIsWaitedForForAWhile(t *testing.T) {
	virtual(t, func(t *testing.T) {
		sites, v := renewing(t, atomically(newAtomic()))
		answers, done := navigate(t.Context(), sites, v, 6)
		pass(2900 * time.Millisecond)
		assert.Len(t, answers, 1)
		pass(300 * time.Millisecond)
		assert.Len(t, answers, 6, "they wait for longer")
		done.Wait()
		close(answers)
		for answer := range answers {
			assert.True(t, answer.renews(sites[0]), "%+v", answer)
		}
	})
}

func TestWhoLeavesDoesNotWait(t *testing.T) {
	virtual(t, func(t *testing.T) {
		sites, v := renewing(t, atomically(newAtomic()))
		ctx, cancel := context.WithCancel(t.Context())
		answers, done := navigate(ctx, sites, v, 5)
		pass(time.Second)
		assert.Len(t, answers, 1)
		cancel()
		synctest.Wait()
		assert.Len(t, answers, 5)
		done.Wait()
	})
}

func TestNoMoreThanSomeWaitForARenewal(t *testing.T) {
	virtual(t, func(t *testing.T) {
		sites, v := renewing(t, atomically(newAtomic()))
		answers, done := navigate(t.Context(), sites[:1], v, 1+256+7)
		pass(50 * time.Millisecond)
		assert.Len(t, answers, 1+7, "how many went out at once")
		pass(4 * time.Second)
		done.Wait()
		// And those who waited make room for others.
		again, done := navigate(t.Context(), sites[:1], v, 1+256)
		pass(50 * time.Millisecond)
		assert.Len(t, again, 1)
		pass(4 * time.Second)
		done.Wait()
	})
}

func TestCallsOfAPageDoNotWaitForARenewal(t *testing.T) {
	virtual(t, func(t *testing.T) {
		sites, v := renewing(t, atomically(newAtomic()))
		answers, done := navigate(t.Context(), sites, v, 2)
		synctest.Wait()
		assert.Len(t, answers, 1)
		for _, s := range sites {
			v.site = s
			began := time.Now()
			assert.Equal(t, http.StatusUnauthorized, v.fetch("/page").StatusCode)
			assert.Zero(t, time.Since(began))
		}
		pass(4 * time.Second)
		done.Wait()
	})
}

// The turn is one of a visitor, not of all.
func TestVisitorsDoNotWaitForEachOther(t *testing.T) {
	virtual(t, func(t *testing.T) {
		source, store := &service{}, newAtomic()
		sites := []*site{offline(t, source, atomically(store)), offline(t, source, atomically(store))}
		one, other := sites[0].signedIn("user-1@example.com"), sites[1].signedIn("user-2@example.com")
		source.say(answering(secureflows.Identity{}, secureflows.ErrTokenExpired).answer)
		for _, v := range []*visitor{one, other} {
			answers, done := navigate(t.Context(), sites, v, 1)
			synctest.Wait()
			require.Len(t, answers, 1, "held up")
			answer := <-answers
			assert.True(t, answer.renews(sites[0]), "%+v", answer)
			done.Wait()
		}
	})
}

// Where the store fails, renewals are not held up by it.
func TestAStoreThatFailsHoldsUpNoRenewal(t *testing.T) {
	virtual(t, func(t *testing.T) {
		store := newAtomic()
		sites, v := renewing(t, atomically(store))
		store.fail(errStore, "create")
		answers, done := navigate(t.Context(), sites, v, 6)
		synctest.Wait()
		done.Wait()
		require.Len(t, answers, 6)
		close(answers)
		for answer := range answers {
			assert.True(t, answer.renews(sites[0]), "%+v", answer)
			// One may have seen the claim of another before that was given back.
			assert.LessOrEqual(t, answer.after, 100*time.Millisecond)
		}
	})
}
