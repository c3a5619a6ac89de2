package replicas_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each step of a sign-in comes to another replica.
func TestSignedInOnOneServedByAll(t *testing.T) {
	s := start(t)
	v := s.visitor(ada)
	login := v.begin(s.replicas[0], "/notes?find=milk")
	v.finish(s.replicas[1], login, "/notes?find=milk")
	for _, each := range s.replicas {
		a := v.navigate(each, "/notes?find=milk")
		assert.Equal(t, http.StatusOK, a.status, each.name)
		assert.Contains(t, a.text, ada)
		v.sees(each)
	}
	for range 2 * len(s.replicas) {
		v.sees(somewhere)
	}
}

// Whoever knew the id of before is not signed in too: on no replica, not even on
// those that had just served it.
func TestANewIDAtEachSignIn(t *testing.T) {
	s := start(t)
	v := s.visitor(ada)
	seen := make(map[string]bool)
	var before *visitor
	for round := range 6 {
		// In a second tab, whose sign-in was begun before that of the first was
		// complete; every other time after a sign-out.
		first, second := s.replicas[round%3], s.replicas[(round+1)%3]
		tab := v.begin(first, anyPage)
		other := v.begin(second, anyPage)
		v.finish(second, tab, anyPage)
		for _, id := range []string{v.cookie(), ""} {
			if id == "" {
				for _, each := range s.replicas {
					v.sees(each)
				}
				before = v.copy()
				v.finish(first, other, anyPage)
				id = v.cookie()
			}
			require.NotEmpty(t, id)
			assert.False(t, seen[id], "an id comes again")
			seen[id] = true
		}
		for _, each := range s.replicas {
			v.sees(each)
			until(t, "the id of before is refused on "+each.name, maxAge/2, func() bool {
				return before.fetch(each, anyPage).status == http.StatusUnauthorized
			})
		}
		require.Equal(t, http.StatusSeeOther, v.submit(first, signOut, nil).status)
		until(t, "signed out", maxAge/2, func() bool { return v.toLogin(v.navigate(second, anyPage)) })
	}
	assert.Len(t, seen, 12)
}

// A balancer that sends a return twice, or a browser whose user is impatient,
// hands it to two replicas in the same moment.
func TestAReturnIsTakenOnce(t *testing.T) {
	s := start(t)
	for round := range 50 {
		v := s.visitor(ada)
		callback := v.consent(v.begin(somewhere, anyPage))
		var wg sync.WaitGroup
		statuses := make([]int, len(s.replicas))
		for i, each := range s.replicas {
			wg.Go(func() {
				a, err := v.copy().tryNavigation(each, callback)
				if err == nil {
					statuses[i] = a.status
				}
			})
		}
		wg.Wait()
		slices.Sort(statuses)
		require.Equal(t, []int{http.StatusSeeOther, http.StatusBadRequest, http.StatusBadRequest}, statuses, "round %d", round)
	}
}

// In the middle of a change of keys, replicas encrypt under different ones, and
// each has both.
func TestKeysAreChanged(t *testing.T) {
	before, after := newKey(), newKey()
	s := deployment{keys: []string{before + "\n" + after, after + "\n" + before, before + "\n" + after}}.start(t)
	for _, first := range s.replicas {
		v := s.visitor(ada)
		v.finish(s.others(first)[0], v.begin(first, anyPage), anyPage)
		for range 2 {
			for _, each := range s.replicas {
				v.sees(each)
			}
		}
		kept := v.copy()
		require.Equal(t, http.StatusSeeOther, v.submit(first, deleteAll, nil).status)
		t.Logf("revoked by %s, and refused by the others after %v", first.name, untilRefused(t, kept, s.others(first), time.Now()))
	}
}

// Whoever has other keys has other visitors.
func TestKeysOfAnotherSite(t *testing.T) {
	s := deployment{keys: []string{newKey(), newKey(), newKey()}}.start(t)
	v := s.visitor(ada)
	v.signIn(s.replicas[0])
	for _, other := range s.others(s.replicas[0]) {
		assert.True(t, v.copy().toLogin(v.copy().navigate(other, anyPage)), other.name)
	}
	v.sees(s.replicas[0])
}
