package replicas_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/secureflowstest"
)

// The replica that began the sign-ins is gone when they come back.
func TestKilledWhileVisitorsSignIn(t *testing.T) {
	s := start(t)
	type begun struct {
		*visitor
		page, login string
	}
	var all []begun
	for i := range 6 {
		page := fmt.Sprintf("/notes?find=%d", i)
		v := s.visitor(fmt.Sprintf("visitor-%d@example.com", i))
		all = append(all, begun{v, page, v.begin(s.replicas[0], page)})
	}
	s.replicas[0].Kill()
	for _, each := range all {
		each.finish(somewhere, each.login, each.page)
		a := each.navigate(somewhere, each.page)
		require.Equal(t, http.StatusOK, a.status, "%v", a)
		assert.Contains(t, a.text, each.email)
		each.sees(s.replicas[1])
		each.sees(s.replicas[2])
	}
	t.Logf("%d of the %d sign-ins and visits first met the dead replica", s.balancer.again.Load(), 2*len(all))
	assert.NotZero(t, s.balancer.again.Load(), "nobody met the dead replica")
}

// The replica is gone that had taken the return of a sign-in, and not answered
// yet. The state may be used up then: nobody can tell whether the browser was
// given its cookie. One more sign-in, which takes no typing, mends that.
func TestKilledWhileItHandlesAReturn(t *testing.T) {
	for name, through := range map[string]bool{
		"the balancer sends the return to another": true,
		"the visitor loads it anew":                false,
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			v := s.visitor(ada)
			killed := s.replicas[0]
			callback := v.consent(v.begin(killed, anyPage))
			s.service.Fail(secureflowstest.Fault{Path: "/api/v1/sessions/identity", Delay: time.Minute})
			type outcome struct {
				answer
				err error
			}
			answered := make(chan outcome, 1)
			door := somewhere
			if through {
				s.balancer.turn.Store(int64(len(s.replicas)) - 1) // the next is the first
			} else {
				door = killed
			}
			go func() {
				a, err := v.tryNavigation(door, callback)
				answered <- outcome{a, err}
			}()
			select {
			case a := <-answered:
				t.Fatalf("the return was answered before the kill: %v", a.answer)
			case <-time.After(time.Second): // it waits for the service
			}
			killed.Kill()
			first := <-answered
			if through {
				require.NoError(t, first.err)
				assert.NotZero(t, s.balancer.again.Load())
			} else {
				require.Error(t, first.err)
				first.answer = v.navigate(somewhere, callback)
			}
			next := anyPage // which needs a sign-in, as the link there does
			if first.status == http.StatusSeeOther {
				next = first.location
				if v.toLogin(first.answer) {
					next = v.consent(next)
				}
			} else {
				assert.Equal(t, http.StatusBadRequest, first.status)
				assert.Contains(t, first.text, `href="/"`)
				home, signIns := v.open(somewhere, "/")
				assert.Equal(t, http.StatusOK, home.status)
				assert.Contains(t, home.text, `href="/notes"`)
				assert.Zero(t, signIns)
			}
			last, signIns := v.open(somewhere, next)
			t.Logf("the return is answered %v", first.answer)
			t.Logf("the page after %d more sign-ins: %v", signIns, last)
			assert.Equal(t, http.StatusOK, last.status)
			assert.LessOrEqual(t, signIns, 1)
			v.sees(s.replicas[1])
			v.sees(s.replicas[2])
		})
	}
}
