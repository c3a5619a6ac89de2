package middleware_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/middleware"
)

func TestCookiesAreAsStrictAsTheyCanBe(t *testing.T) {
	for name, row := range map[string]struct {
		change change
		prefix string
		secure bool
	}{
		"https": {secure, "__Host-", true}, "http on loopback": {func(*middleware.BrowserConfig) {}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			v := offline(t, &service{}, row.change).newVisitor("user-1@example.com")
			var cookies []*http.Cookie
			v.watch = func(answer seen) { cookies = append(cookies, answer.Cookies()...) }
			v.sees(v.follow("/page"), "/page")
			names := map[string]int{}
			for _, cookie := range cookies {
				kind, _, _ := strings.Cut(strings.TrimPrefix(cookie.Name, row.prefix), "-login-")
				if kind += "-login"; !strings.Contains(cookie.Name, "-login-") {
					kind = strings.TrimPrefix(cookie.Name, row.prefix)
				}
				names[kind]++
				assert.True(t, strings.HasPrefix(cookie.Name, row.prefix), cookie.Name)
				assert.True(t, cookie.HttpOnly, cookie.Name)
				assert.Equal(t, http.SameSiteLaxMode, cookie.SameSite, cookie.Name)
				assert.Equal(t, "/", cookie.Path, cookie.Name)
				assert.Empty(t, cookie.Domain, cookie.Name)
				assert.Equal(t, row.secure, cookie.Secure, cookie.Name)
				assert.True(t, cookie.Expires.IsZero() || cookie.MaxAge < 0, cookie.Name)
				switch {
				case cookie.MaxAge < 0: // taken back
				case kind == "secureflows-login":
					assert.Equal(t, 300, cookie.MaxAge, cookie.Name)
				default:
					assert.Zero(t, cookie.MaxAge, cookie.Name)
					assert.GreaterOrEqual(t, len(cookie.Value), 22, "fewer than 128 random bits")
				}
			}
			assert.Equal(t, 1, names["secureflows"])
			assert.Positive(t, names["secureflows-login"])
			assert.Len(t, names, 2)
		})
	}
}

// id is the value of the session's cookie.
func (v *visitor) id() string {
	v.t.Helper()
	held := v.cookies()
	id := held["secureflows"]
	if id == "" {
		id = held["__Host-secureflows"]
	}
	require.NotEmpty(v.t, id, "no session")
	return id
}

// The id of before is good for nothing after a sign-in, whoever knows it.
func TestTheIDChangesAtEachSignIn(t *testing.T) {
	server := mock(t)
	s := newSite(t, server)
	v := s.newVisitor("ada@example.com")
	first, second := v.begin("/first"), v.begin("/second")
	v.sees(v.finish(first), "/first")
	before := v.copied()
	before.assertSignedIn()
	v.sees(v.finish(second), "/second")
	assert.NotEqual(t, before.id(), v.id())
	before.assertSignedOut("the id of before")
	between := v.copied()
	server.ExpireToken(v.held())
	v.sees(v.follow("/page"), "/page")
	assert.NotEqual(t, between.id(), v.id(), "after a renewal")
	between.assertSignedOut("the id before a renewal")
}

// An id that somebody planted before the sign-in does not become a session's.
func TestAPlantedIDIsNotTaken(t *testing.T) {
	s := offline(t, &service{})
	attacker := s.signedIn("user-1@example.com")
	for name, id := range map[string]string{
		"the attacker's": attacker.id(), "made up": strings.Repeat("A", len(attacker.id())), "short": "x",
	} {
		victim := s.newVisitor("user-2@example.com")
		victim.plant(map[string]string{"secureflows": id})
		if name != "the attacker's" {
			victim.assertSignedOut(name)
		}
		// Signing in all the same, such as by a page that was open already.
		fresh := s.newVisitor("user-2@example.com")
		login := fresh.begin("/page")
		fresh.plant(map[string]string{"secureflows": id})
		fresh.sees(fresh.finish(login), "/page")
		assert.NotEqual(t, id, fresh.id(), name)
		planted := s.newVisitor("user-2@example.com")
		planted.plant(map[string]string{"secureflows": id})
		assert.NotEqual(t, "user-2@example.com at /still", planted.open("/still").body, name)
	}
}

func TestIDsThatAreNoneSignNobodyIn(t *testing.T) {
	store := newRecording()
	s := offline(t, &service{}, func(cfg *middleware.BrowserConfig) { cfg.Store, cfg.EncryptionKeys = store, keys(1) })
	v := s.signedIn("user-1@example.com")
	for _, id := range append(store.sessions(), "", "x", v.id()[1:], v.id()+"A", strings.ToLower(v.id()), strings.Repeat("A", 5000), "../"+v.id(), "*", "%") {
		other := s.newVisitor("user-1@example.com")
		other.plant(map[string]string{"secureflows": id})
		other.assertSignedOut(id)
	}
}

func TestSessionsEndWhenIdle(t *testing.T) {
	for name, row := range map[string]struct {
		change change
		idle   time.Duration
	}{
		"by default":         {func(*middleware.BrowserConfig) {}, 24 * time.Hour},
		"as configured":      {func(cfg *middleware.BrowserConfig) { cfg.IdleTimeout = time.Hour }, time.Hour},
		"a memory of scs":    {func(cfg *middleware.BrowserConfig) { cfg.Store = newMemory() }, 24 * time.Hour},
		"another store":      {func(cfg *middleware.BrowserConfig) { cfg.Store, cfg.EncryptionKeys = newRecording(), keys(1) }, 24 * time.Hour},
		"longer than a life": {func(cfg *middleware.BrowserConfig) { cfg.IdleTimeout, cfg.Lifetime = time.Hour, 12*time.Hour }, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				v := offline(t, &service{}, row.change).signedIn("user-1@example.com")
				for range 4 {
					pass(row.idle * 9 / 10)
					v.assertSignedIn("was seen in time")
				}
				pass(row.idle + time.Minute)
				v.assertSignedOut("was not seen for too long")
			})
		})
	}
}

// Requests that are no navigations keep a session, too.
func TestAFetchKeepsASession(t *testing.T) {
	virtual(t, func(t *testing.T) {
		v := offline(t, &service{}).signedIn("user-1@example.com")
		for range 5 {
			pass(20 * time.Hour)
			assert.Equal(t, http.StatusOK, v.fetch("/data").StatusCode)
		}
		pass(25 * time.Hour)
		assert.Equal(t, http.StatusUnauthorized, v.fetch("/data").StatusCode)
	})
}

func TestSessionsEndWhateverTheTraffic(t *testing.T) {
	for name, row := range map[string]struct {
		change change
		life   time.Duration
	}{
		"by default":      {func(*middleware.BrowserConfig) {}, 7 * 24 * time.Hour},
		"as configured":   {func(cfg *middleware.BrowserConfig) { cfg.Lifetime = 3 * time.Hour }, 3 * time.Hour},
		"a memory of scs": {func(cfg *middleware.BrowserConfig) { cfg.Store = newMemory() }, 7 * 24 * time.Hour},
		"another store":   {func(cfg *middleware.BrowserConfig) { cfg.Store, cfg.EncryptionKeys = newRecording(), keys(1) }, 7 * 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				v := offline(t, &service{}, row.change).signedIn("user-1@example.com")
				began := time.Now()
				for time.Since(began) < row.life-row.life/50 {
					pass(row.life / 50)
					v.assertSignedIn(time.Since(began))
				}
				pass(row.life/50 + time.Minute)
				v.assertSignedOut("lived for too long")
				v.sees(v.follow("/"), "/")
				v.assertSignedIn()
			})
		})
	}
}

func TestTheLongestUnseenMakeRoom(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := offline(t, &service{}, func(cfg *middleware.BrowserConfig) { cfg.MaxSessions = 3 })
		var all []*visitor
		for i := range 3 {
			all = append(all, s.signedIn(fmt.Sprintf("user-%d@example.com", i)))
			pass(10 * time.Minute)
		}
		all[0].assertSignedIn()
		pass(10 * time.Minute)
		all = append(all, s.signedIn("user-3@example.com"))
		all[1].assertSignedOut("was seen longest ago")
		for _, i := range []int{0, 2, 3} {
			all[i].assertSignedIn(i)
		}
	})
}

func TestVisitorsWhoNeverFinishCostNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("a hundred thousand visitors")
	}
	s := offline(t, &service{}, silent)
	asking, returned, stale := asFromTheWire("/page?"+strings.Repeat("x", 100)),
		asFromTheWire(returning("sessionToken", "user-1", "state", strings.Repeat("A", 200))), asFromTheWire("/page")
	stale.AddCookie(&http.Cookie{Name: "secureflows", Value: strings.Repeat("A", 43)})
	for name, row := range map[string]struct {
		times   int
		request *http.Request
		status  int
	}{
		"asking for a page":             {100_000, asking, http.StatusSeeOther},
		"coming back with nothing good": {10_000, returned, http.StatusBadRequest},
		"with a session that is none":   {10_000, stale, http.StatusSeeOther},
	} {
		require.Equal(t, row.status, status(s, row.request), name)
		before := heap()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				for range row.times / 10 {
					if got := status(s, row.request); got != row.status {
						t.Error(name, got)
					}
				}
			})
		}
		all.Wait()
		assert.Less(t, heap()-before, int64(500_000), name)
	}
}

// Those who do come back, but with an error, are remembered no longer than
// their state would have been good.
func TestVisitorsWhoCancelCostLittle(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := offline(t, &service{}, silent)
		cancel := func() {
			begun := answerTo(s, asFromTheWire("/page"))
			r := asFromTheWire(returning("error", "access_denied", "state", stateOf(t, begun.Header().Get("Location"))))
			r.AddCookie(begun.Result().Cookies()[0])
			if status(s, r) != http.StatusBadRequest {
				t.FailNow()
			}
		}
		cancel()
		before := heap()
		for range 10 {
			for range 1000 {
				cancel()
			}
			pass(6 * time.Minute)
		}
		assert.Less(t, heap()-before, int64(500_000))
	})
}

func TestSessionsAreBounded(t *testing.T) {
	s := offline(t, &service{}, silent, func(cfg *middleware.BrowserConfig) { cfg.MaxSessions = 1000 })
	last := s.signedIn("user-1@example.com")
	before := heap()
	for range 3_000 {
		last = s.signedIn("user-1@example.com")
	}
	last.assertSignedIn()
	// A kilobyte each, and what remembers for five minutes which states were
	// used.
	assert.Less(t, heap()-before, int64(3_000_000))
}
