package replicas_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const outage = 10 * time.Second

// crowd are visitors who are signed in and go on asking.
type crowd struct {
	visitors []*visitor
	stop     chan struct{}
	busy     sync.WaitGroup

	mu   sync.Mutex // guards what is below
	seen []seen
}

type seen struct {
	answer
	by      *visitor
	replica string
	fetch   bool
	err     error
}

func (s *site) crowd(count int) *crowd {
	s.t.Helper()
	c := &crowd{stop: make(chan struct{})}
	for i := range count {
		v := s.visitor(fmt.Sprintf("visitor-%d@example.com", i))
		v.signIn(s.replicas[i%len(s.replicas)])
		c.visitors = append(c.visitors, v)
	}
	return c
}

// ask lets every visitor ask every replica again and again, by links and by
// scripts, until told stops them.
func (c *crowd) ask(s *site) {
	for i, v := range c.visitors {
		for j, each := range s.replicas {
			c.busy.Go(func() {
				pace := time.NewTicker(100 * time.Millisecond)
				defer pace.Stop()
				for round := 0; ; round++ {
					ask, fetch := v.tryNavigation, (round+i+j)%2 == 1
					if fetch {
						ask = v.tryFetch
					}
					a, err := ask(each, anyPage)
					c.mu.Lock()
					c.seen = append(c.seen, seen{a, v, each.name, fetch, err})
					c.mu.Unlock()
					select {
					case <-pace.C:
					case <-c.stop:
						return
					}
				}
			})
		}
	}
}

// told ends the asking and gives what came of it.
func (c *crowd) told() []seen {
	close(c.stop)
	c.busy.Wait()
	return c.seen
}

// judge holds what a crowd saw during an outage against what it may see, but for
// those who were revoked in it. It gives the worst time of an answer.
func judge(t *testing.T, all []seen, revoked ...*visitor) {
	t.Helper()
	statuses := make(map[string]int)
	var worst, worstRefused time.Duration
	for _, each := range all {
		if slices.Contains(revoked, each.by) {
			continue
		}
		require.NoError(t, each.err, "%s at %s", each.by.email, each.replica)
		kind := "navigations"
		if each.fetch {
			kind = "fetches"
		}
		statuses[fmt.Sprintf("%s %d", kind, each.status)]++
		switch each.status {
		case http.StatusOK:
			worst = max(worst, each.took)
			if !strings.Contains(each.text, each.by.email) {
				t.Fatalf("%s is shown the page of somebody else", each.by.email)
			}
		case http.StatusServiceUnavailable:
			worstRefused = max(worstRefused, each.took)
			if want := map[bool]string{true: "application/problem+json", false: "text/html"}[each.fetch]; !strings.HasPrefix(each.kind, want) {
				t.Fatalf("a 503 to %s is %s", kind, each.kind)
			}
		default:
			t.Fatalf("%s at %s: somebody who is signed in is answered %v", each.by.email, each.replica, each.answer)
		}
	}
	t.Logf("%d answers: %v; the worst took %v, and of the refused %v", len(all), statuses,
		worst.Round(time.Millisecond), worstRefused.Round(time.Millisecond))
	assert.NotZero(t, statuses["navigations 503"], "the outage was not noticed")
	assert.NotZero(t, statuses["fetches 503"], "the outage was not noticed")
	assert.NotZero(t, statuses["navigations 200"], "nobody was served, who had just been")
}

// outlast kills Redis while a crowd goes on asking, and returns when the outage has
// lasted. The first of them is revoked in the middle of it.
func (s *site) outlast(t *testing.T, c *crowd) (revoked *visitor, ended time.Time) {
	c.ask(s)
	wait(t, time.Second)
	s.redis.Stop()
	wait(t, outage/2)
	revoked = c.visitors[0]
	s.service.RevokeSession(revoked.sessionToken())
	ended = time.Now()
	wait(t, outage/2)
	s.logFigures("at the end of the outage")
	return revoked, ended
}

func TestRedisIsKilledAndRemembers(t *testing.T) {
	s := start(t, "--appendonly", "yes", "--appendfsync", "always")
	c := s.crowd(8)
	before := s.quiet()
	revoked, ended := s.outlast(t, c)
	s.redis.Restart()
	back := s.back(c.visitors[1:])
	wait(t, time.Until(ended.Add(maxAge+3*time.Second)))
	all := c.told()
	judge(t, all, revoked)
	longest := admitted(t, all, revoked, ended)
	t.Logf("all are served %v after Redis is back; the revoked token was good for %v", back, longest)

	for _, v := range c.visitors[1:] {
		for _, each := range s.replicas {
			v.sees(each)
		}
	}
	for _, each := range s.replicas {
		assert.True(t, revoked.toLogin(revoked.navigate(each, anyPage)), "the revoked one is sent to sign in by %s", each.name)
	}
	s.compare(before)
}

func TestRedisIsKilledAndForgets(t *testing.T) {
	s := start(t)
	c := s.crowd(8)
	before := s.quiet()
	revoked, ended := s.outlast(t, c)
	all := c.told() // until it is back: then a visitor without a record is nobody
	s.redis.Restart()
	began := time.Now()
	judge(t, all, revoked)

	// They press the link again where it is not there yet, as the page says.
	for _, v := range c.visitors[1:] {
		for {
			last, signIns := v.open(somewhere, anyPage)
			if last.status == http.StatusOK {
				assert.LessOrEqual(t, signIns, 1)
				break
			}
			require.Equal(t, http.StatusServiceUnavailable, last.status, "%s: %v", v.email, last)
			require.Less(t, time.Since(began), patience, "%s is not served any more", v.email)
			wait(t, 20*time.Millisecond)
		}
	}
	t.Logf("all are signed in anew %v after Redis is back", time.Since(began).Round(time.Millisecond))
	for _, v := range c.visitors[1:] {
		for _, each := range s.replicas {
			v.sees(each)
		}
	}
	again := &crowd{visitors: []*visitor{revoked}, stop: make(chan struct{})}
	again.ask(s)
	wait(t, time.Until(ended.Add(maxAge+3*time.Second)))
	t.Logf("the revoked token was good for %v", admitted(t, append(all, again.told()...), revoked, ended))
	s.compare(before)
}

func (s *site) logFigures(when string) {
	s.t.Helper()
	for _, each := range s.replicas {
		s.t.Logf("%s %s: %v", each.name, when, each.figures(s.t))
	}
}

// back waits until all are served by all again, and gives how long that took.
func (s *site) back(visitors []*visitor) time.Duration {
	s.t.Helper()
	return until(s.t, "everybody is served again", patience, func() bool {
		for _, v := range visitors {
			for _, each := range s.replicas {
				if a := v.fetch(each, anyPage); a.status != http.StatusOK {
					require.Equal(s.t, http.StatusServiceUnavailable, a.status, "%s is signed out: %v", v.email, a)
					return false
				}
			}
		}
		return true
	})
}

// admitted makes sure that somebody was let in by requests only that were made
// within maxAge of the end of their token, and gives the time of the last.
func admitted(t *testing.T, all []seen, v *visitor, ended time.Time) (longest time.Duration) {
	t.Helper()
	later := 0
	for _, each := range all {
		since := each.asked.Sub(ended)
		if each.by != v || each.err != nil || since < 0 {
			continue
		}
		if each.status == http.StatusOK {
			longest = max(longest, since)
		}
		if since > maxAge {
			later++
		}
	}
	assert.LessOrEqual(t, longest, maxAge, "a token that was revoked is good for longer than MaxAge")
	assert.NotZero(t, later, "nobody asked after MaxAge")
	return longest.Round(time.Millisecond)
}

// compare holds the replicas against what they were before. What is open then
// must be closed again; a few more may be kept for the next request.
func (s *site) compare(before []figures) {
	s.t.Helper()
	const kept = 6
	for i, each := range s.replicas {
		if !before[i].known {
			s.t.Skip("the kernel of this machine does not say what a process has open")
		}
		until(s.t, "the sockets of "+each.name+" are closed", patience, func() bool {
			return s.quiet()[i].sockets <= before[i].sockets+kept
		})
		s.t.Logf("%s before: %v; after: %v", each.name, before[i], s.quiet()[i])
	}
}
