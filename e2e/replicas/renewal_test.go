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

// turn is how long the requests of a visitor leave a renewal to the first of
// them: that of the middleware.
const turn = 3 * time.Second

// A browser that restores its tabs opens all of them at once, and the balancer
// gives them to all replicas. Renewals that are made together supersede each
// other's tokens.
func TestOneRenewalForAllTabs(t *testing.T) {
	const tabs = 12
	s := start(t)
	v := s.visitor(ada)
	v.signIn(s.replicas[0])
	for _, each := range s.replicas {
		v.sees(each)
	}
	before := v.cookie()
	s.service.ExpireToken(v.sessionToken())

	type opened struct {
		tab int
		answer
		err error
		at  time.Duration
	}
	answers := make(chan opened, tabs)
	page := func(tab int) string { return fmt.Sprintf("/notes?find=%d", tab) }
	began := time.Now()
	var wg sync.WaitGroup
	for tab := range tabs {
		wg.Go(func() {
			a, err := v.tryNavigation(s.replicas[tab%3], page(tab))
			answers <- opened{tab, a, err, time.Since(began)}
		})
	}
	go func() { wg.Wait(); close(answers) }()

	first := <-answers
	require.NoError(t, first.err)
	require.True(t, v.toLogin(first.answer), "the first answer is no renewal: %v", first.answer)
	require.Contains(t, first.location, "session_token=", "it is a fresh sign-in")
	// Somebody has to press a button there. Nobody else must have been sent by then.
	select {
	case other := <-answers:
		t.Fatalf("another did not wait for the renewal: %v after %v", other.answer, other.at)
	case <-time.After(time.Second):
	}
	require.Less(t, time.Since(began), turn, "this machine is too slow to tell")
	v.finish(somewhere, first.location, page(first.tab))
	renewed := time.Since(began)
	require.NotEqual(t, before, v.cookie(), "the renewal brings a new id")

	out, last := 1, time.Duration(0)
	ends := map[int]answer{first.tab: v.navigate(somewhere, page(first.tab))}
	for each := range answers {
		require.NoError(t, each.err)
		last = max(last, each.at)
		if v.toLogin(each.answer) {
			assert.GreaterOrEqual(t, each.at, turn, "a further renewal")
			out++
		} else {
			assert.Equal(t, http.StatusSeeOther, each.status, "tab %d: %v", each.tab, each.answer)
			assert.Equal(t, page(each.tab), each.location)
		}
		path := each.location
		if v.toLogin(each.answer) {
			path = v.consent(each.location)
		}
		ends[each.tab], _ = v.open(s.replicas[each.tab%3], path)
	}
	t.Logf("%d of %d tabs went to the hosted renewal; it was back after %v, and the last tab was told %v later",
		out, tabs, renewed.Round(time.Millisecond), (last - renewed).Round(time.Millisecond))
	assert.Equal(t, 1, out)
	require.Len(t, ends, tabs)
	for tab, end := range ends {
		assert.Equal(t, http.StatusOK, end.status, "tab %d: %v", tab, end)
		assert.Contains(t, end.text, fmt.Sprintf("Notes with “%d”", tab))
		assert.Contains(t, end.text, ada)
	}
	for _, each := range s.replicas {
		v.sees(each)
	}
	assert.Equal(t, 2, s.logins(), "the sign-in and one renewal")
}

// Where nobody finishes the renewal, the others go out themselves.
func TestARenewalThatDoesNotComeBack(t *testing.T) {
	const tabs = 6
	s := start(t)
	v := s.visitor(ada)
	v.signIn(s.replicas[0])
	s.service.ExpireToken(v.sessionToken())
	began := time.Now()
	var wg sync.WaitGroup
	answers := make([]answer, tabs)
	failures := make([]error, tabs)
	for tab := range tabs {
		wg.Go(func() { answers[tab], failures[tab] = v.tryNavigation(s.replicas[tab%3], "/notes") })
	}
	wg.Wait()
	early := 0
	for tab, a := range answers {
		require.NoError(t, failures[tab])
		require.True(t, v.toLogin(a), "tab %d: %v", tab, a)
		if a.asked.Add(a.took).Sub(began) < turn {
			early++
		}
	}
	t.Logf("%d of %d went at once, and all after %v", early, tabs, time.Since(began).Round(time.Millisecond))
	assert.Equal(t, 1, early)
	last, _ := v.open(somewhere, v.consent(answers[tabs-1].location))
	assert.Equal(t, http.StatusOK, last.status, "%v", last)
	assert.Contains(t, last.text, ada)
}

// logins counts how often somebody signed in at the hosted page.
func (s *site) logins() (count int) {
	for _, request := range s.service.Requests() {
		if request.Method == http.MethodPost && strings.HasPrefix(request.Path, loginPath) {
			count++
		}
	}
	return count
}
