package replicas_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A Redis that hangs is the outage that nobody is told of: it takes what it is
// sent, and says nothing.
func TestRedisHangs(t *testing.T) {
	const refusedWithin = 2 * time.Second
	s := start(t)
	known, strangers := s.crowd(6), make([]*visitor, 0, 12)
	for i := range 12 { // signed in by the first replica only
		v := s.visitor(fmt.Sprintf("stranger-%d@example.com", i))
		v.signIn(s.replicas[0])
		strangers = append(strangers, v)
	}
	for range 2 { // in memory everywhere
		for _, v := range known.visitors {
			for _, each := range s.replicas {
				v.sees(each)
			}
		}
	}

	s.redis.Pause()
	paused := time.Now()
	var local time.Duration
	served := 0
	for time.Since(paused) < 4*time.Second {
		for _, v := range known.visitors {
			for _, each := range s.replicas {
				a := v.navigate(each, anyPage)
				require.Equal(t, http.StatusOK, a.status, "%v after the pause began, %s, whom %s has in memory: %v", time.Since(paused), v.email, each.name, a)
				local = max(local, a.took)
				served++
			}
		}
	}
	refused := make(chan answer, 2*len(strangers))
	var wg sync.WaitGroup
	for i, v := range strangers {
		wg.Go(func() {
			for _, ask := range []func(*replica, string) (answer, error){v.tryNavigation, v.tryFetch} {
				a, err := ask(s.replicas[1+i%2], anyPage)
				if err != nil {
					a.text = err.Error()
				}
				refused <- a
			}
		})
	}
	wg.Wait()
	close(refused)
	var worst time.Duration
	for a := range refused {
		assert.Equal(t, http.StatusServiceUnavailable, a.status, "%v: %s", a, a.text)
		assert.True(t, a.kind == "application/problem+json" || strings.Contains(a.text, "still signed in"), a.text)
		assert.Less(t, a.took, refusedWithin)
		worst = max(worst, a.took)
	}
	t.Logf("%d pages from memory, the worst after %v; the others were refused, the worst after %v", served, local.Round(time.Millisecond), worst.Round(time.Millisecond))
	assert.Less(t, local, refusedWithin, "a page from memory")

	wait(t, time.Until(paused.Add(maxAge+time.Second)))
	ended := 0
	for _, v := range known.visitors {
		for _, each := range s.replicas {
			if a := v.navigate(each, anyPage); a.status != http.StatusOK {
				require.Equal(t, http.StatusServiceUnavailable, a.status, "%v", a)
				ended++
			}
		}
	}
	assert.Equal(t, len(known.visitors)*len(s.replicas), ended, "what is in memory is used for longer than MaxAge")

	s.redis.Resume()
	t.Logf("all are served %v after the pause", s.back(append(strangers, known.visitors...)).Round(time.Millisecond))
	v := s.visitor("newcomer@example.com")
	v.signIn(somewhere)
	require.Equal(t, http.StatusSeeOther, v.submit(s.replicas[1], signOut, nil).status)
	until(t, "a sign-out is heard again", maxAge/2, func() bool { return v.toLogin(v.navigate(s.replicas[2], anyPage)) })
}

// A sign-in that comes back meanwhile is refused, and nobody can tell what Redis
// makes of it when it goes on. The visitor loads the page again, or presses the
// link on it.
func TestASignInComesBackWhileRedisHangs(t *testing.T) {
	s := start(t)
	v := s.visitor(ada)
	callback := v.consent(v.begin(somewhere, anyPage))
	s.redis.Pause()
	a := v.navigate(somewhere, callback)
	assert.Equal(t, http.StatusServiceUnavailable, a.status, "%v", a)
	s.redis.Resume()
	again := v.navigate(somewhere, callback)
	until(t, "Redis is back", patience, func() bool {
		if again.status == http.StatusServiceUnavailable {
			again = v.navigate(somewhere, callback)
		}
		return again.status != http.StatusServiceUnavailable
	})
	last, signIns := v.open(somewhere, anyPage)
	t.Logf("%v while it hangs, %v afterwards, and %d more sign-ins", a, again, signIns)
	assert.Equal(t, http.StatusOK, last.status)
	assert.LessOrEqual(t, signIns, 1)
}

// Nobody waits for a replica that cannot tell the others what it has to.
func TestReplicasEndWhileRedisHangs(t *testing.T) {
	s := start(t)
	v := s.visitor(ada)
	v.signIn(s.replicas[0])
	for range 2 {
		for _, each := range s.replicas {
			v.sees(each)
		}
	}
	s.redis.Pause()
	require.Equal(t, http.StatusSeeOther, v.submit(s.replicas[2], deleteAll, nil).status)
	for _, each := range s.replicas {
		t.Logf("%s ends in peace after %v", each.name, each.Stop())
	}
}
