package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// Sixty-four people sign in, look around, expire and sign out at once, and none
// is ever shown as another.
func TestVisitorsAreNeverMixed(t *testing.T) {
	for name, change := range map[string]change{
		"in memory": func(*middleware.BrowserConfig) {}, "in a memory of scs": func(cfg *middleware.BrowserConfig) { cfg.Store = newMemory() },
		"in a store": stored(newRecording(), 1), "with answers reused": func(cfg *middleware.BrowserConfig) { cfg.MaxAge = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			server := mock(t)
			s := newSite(t, server, change)
			var all sync.WaitGroup
			for i := range 64 {
				all.Go(func() {
					email := fmt.Sprintf("person%d@example.com", i)
					v := s.newVisitor(email)
					for round := range 3 {
						target := fmt.Sprintf("/page/%d?round=%d", i, round)
						answer := v.follow(target)
						assert.Equal(t, email+" at "+target, answer.body)
						for range 5 {
							assert.Equal(t, email+" at /x", v.fetch("/x").body)
						}
						assert.Equal(t, email+" at /public", v.open("/public").body)
						if round == 1 {
							v.through(v.submit("/auth/logout", nil))
							assert.Equal(t, "nobody at /public", v.open("/public").body)
						}
					}
				})
			}
			all.Wait()
		})
	}
}

// One visitor's tabs and scripts ask on while they sign in, sign out and sign
// in again: whatever the order, the answers are theirs or nobody's, and the
// last word counts.
func TestOneVisitorManyRequestsAtOnce(t *testing.T) {
	for name, change := range map[string]change{"in memory": func(*middleware.BrowserConfig) {}, "in a store": stored(newRecording(), 1)} {
		t.Run(name, func(t *testing.T) {
			s := offline(t, &service{answer: anySession}, change)
			v := s.newVisitor("user-1@example.com")
			stop := make(chan struct{})
			var all sync.WaitGroup
			for range 16 {
				all.Go(func() {
					for running := true; running; {
						select {
						case <-stop:
							running = false
						default:
						}
						answer := v.fetch("/x")
						if answer.StatusCode != http.StatusUnauthorized {
							assert.Equal(t, "user-1@example.com at /x", answer.body)
						}
						v.open("/public")
					}
				})
			}
			for round := range 50 {
				driver := v.copied()
				driver.token = fmt.Sprintf("%d.user-1", round) // no token is given twice
				answer := driver.follow("/page")
				assert.Equal(t, "user-1@example.com at /page", answer.body)
				v.plant(map[string]string{"secureflows": driver.cookies()["secureflows"]})
				before := driver.copied()
				driver.submit("/auth/logout", nil)
				before.assertSignedOut()
			}
			close(stop)
			all.Wait()
			v.assertSignedOut("a request that was under way put the session back")
		})
	}
}

// anySession answers a token of the form session.user.
func anySession(_ context.Context, token string) (secureflows.Identity, error) {
	_, user, _ := strings.Cut(token, ".")
	return userOf(user), nil
}

// A request that was under way when its visitor signed out must not write the
// session back, such as when it says that it was seen.
func TestASlowRequestDoesNotUndoASignOut(t *testing.T) {
	for name, change := range map[string]change{
		"in memory": func(*middleware.BrowserConfig) {}, "in a store": stored(newRecording(), 1),
		"in a memory of scs": func(cfg *middleware.BrowserConfig) { cfg.Store = newMemory() },
	} {
		t.Run(name, func(t *testing.T) {
			s := offline(t, &service{}, change)
			inside, leave := make(chan struct{}), make(chan struct{})
			s.guarding("/slow", func(w http.ResponseWriter, r *http.Request) {
				close(inside)
				<-leave
				showPage(w, r)
			})
			v := s.signedIn("user-1@example.com")
			slow := v.copied()
			done := make(chan seen)
			go func() { done <- slow.open("/slow") }()
			<-inside
			held := v.copied()
			v.submit("/auth/logout", nil)
			close(leave)
			answer := <-done
			assert.Empty(t, answer.Cookies())
			held.assertSignedOut()
		})
	}
}

// The same at whatever moment of a request the sign-out comes, such as between
// reading a record and writing when its visitor was seen.
func TestASignOutAtAnyMomentCounts(t *testing.T) {
	for moment := range 8 {
		for name, wait := range map[string]time.Duration{"the first page": 0, "seen long ago": 20 * time.Hour} {
			virtual(t, func(t *testing.T) {
				store := newRecording()
				s := offline(t, &service{}, stored(store, 1))
				v := s.newVisitor("user-1@example.com")
				v.open(v.next(v.begin("/page")))
				held := v.copied()
				pass(wait)
				store.interrupt(moment+1, func() { v.submit("/auth/logout", nil) })
				held.open("/page")
				store.interrupt(0, nil)
				if v.cookies()["secureflows"] != "" {
					return // the request was over by then
				}
				held.assertSignedOut(fmt.Sprintf("%s, moment %d: the session is back: ", name, moment))
			})
		}
	}
}

// The question whose a visitor is takes a while, too.
func TestASignOutDuringAQuestionCounts(t *testing.T) {
	for where, change := range map[string]change{"in memory": func(*middleware.BrowserConfig) {}, "in a store": stored(newRecording(), 1)} {
		for name, err := range map[string]error{"good": nil, "expired": secureflows.ErrTokenExpired, "an outage": errDown} {
			source := &service{}
			s := offline(t, source, change)
			v := s.signedIn("user-1@example.com")
			held, slow := v.copied(), v.copied()
			source.say(func(context.Context, string) (secureflows.Identity, error) {
				source.say(nil)
				v.submit("/auth/logout", nil)
				source.say(answering(secureflows.Identity{}, err).answer)
				return secureflows.Identity{}, err
			})
			slow.open("/page")
			source.say(nil)
			held.assertSignedOut(where + ", " + name)
		}
	}
}

// What was never finished is in no store either.
func TestAStoreHearsOfNobodyWhoNeverFinishes(t *testing.T) {
	store := newRecording()
	s := offline(t, &service{}, stored(store, 1))
	for range 10 {
		v := s.newVisitor("user-1@example.com")
		v.begin("/page")
		v.fetch("/page")
		v.open("/public")
		v.open(returning("sessionToken", "user-1", "state", "x"))
	}
	assert.Empty(t, store.everGiven())
}
