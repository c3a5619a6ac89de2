package replicas_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// promised is how soon a sign-out on one replica counts on all.
	promised = 100 * time.Millisecond
	// atWorst allows for a machine that does other things as well, and is far
	// below what a replica that was not told would take.
	atWorst = 2 * time.Second
	// heardAgain is how soon replicas hear of each other again, at worst. They
	// would find out by themselves after twice as long.
	heardAgain = 4 * time.Second
	rounds     = 200
)

func TestSignOutCountsEverywhere(t *testing.T) {
	// The browser is not sent on to the hosted logout, so that the token is good:
	// what refuses is the site alone.
	endings(t, start(t), signOut)
}

func TestRevocationCountsEverywhere(t *testing.T) {
	endings(t, start(t), deleteAll)
}

// endings signs somebody in and ends that on one replica, again and again, and
// measures how long the two others, who have just served them from memory, go on
// to.
func endings(t *testing.T, s *site, path string) {
	var delays []time.Duration
	for round := range rounds {
		v := s.visitor(fmt.Sprintf("visitor-%d@example.com", round))
		ending := s.replicas[round%3]
		v.signIn(s.replicas[(round+1)%3])
		for range 2 {
			for _, other := range s.others(ending) {
				v.sees(other)
			}
		}
		kept := v.copy()
		a := v.submit(ending, path, nil)
		answered := time.Now()
		require.Equal(t, http.StatusSeeOther, a.status, "round %d: %v", round, a)
		delays = append(delays, untilRefused(t, kept, s.others(ending), answered))
		for _, each := range s.replicas {
			assert.Equal(t, http.StatusUnauthorized, kept.fetch(each, anyPage).status, "round %d: again on %s", round, each.name)
		}
	}
	slices.Sort(delays)
	t.Logf("%d times %s: both others refuse after %v (median), %v (99th percentile), %v (worst)", rounds, path,
		delays[rounds/2], delays[rounds*99/100], delays[rounds-1])
	assert.Less(t, delays[rounds/2], promised, "the median")
	assert.Less(t, delays[rounds-1], atWorst, "the worst")
}

// What could not be told to the others is told once Redis is back, with what it
// had or without.
func TestRevocationWhileRedisIsAway(t *testing.T) {
	for name, arguments := range map[string][]string{
		"and remembers": {"--appendonly", "yes", "--appendfsync", "always"}, "and forgets": nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, arguments...)
			v := s.visitor(ada)
			v.signIn(s.replicas[0])
			for range 2 {
				for _, each := range s.replicas {
					v.sees(each)
				}
			}
			s.redis.Stop()
			require.Equal(t, http.StatusSeeOther, v.submit(s.replicas[0], deleteAll, nil).status)
			ended := time.Now()
			wait(t, 2*time.Second)
			s.redis.Restart()
			back := time.Now()
			for _, each := range s.others(s.replicas[0]) {
				until(t, "the revocation is heard of", heardAgain, func() bool {
					a := v.fetch(each, anyPage) // 503 in between
					return a.status == http.StatusUnauthorized
				})
				t.Logf("%s refuses %v after Redis is back, and %v after the revocation", each.name, time.Since(back), time.Since(ended))
			}
		})
	}
}

// untilRefused gives how long after answered all of these replicas refuse.
func untilRefused(t *testing.T, kept *visitor, replicas []*replica, answered time.Time) (worst time.Duration) {
	t.Helper()
	var wg sync.WaitGroup
	delays := make([]time.Duration, len(replicas))
	failures := make([]error, len(replicas))
	for i, each := range replicas {
		wg.Go(func() {
			for {
				a, err := kept.tryFetch(each, anyPage)
				delays[i] = time.Since(answered)
				switch {
				case err != nil:
					failures[i] = err
					return
				case a.status == http.StatusUnauthorized:
					return
				case a.status != http.StatusOK || delays[i] > atWorst:
					failures[i] = fmt.Errorf("%s still answers %v after %v", each.name, a, delays[i])
					return
				}
			}
		})
	}
	wg.Wait()
	for _, failure := range failures {
		require.NoError(t, failure)
	}
	return slices.Max(delays)
}
