package middleware_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// TestTheOwnerMayCrash at every request, before or after it is executed: another
// replica goes on once the claim has ended.
func TestTheOwnerMayCrash(t *testing.T) {
	for crash := 1; crash <= importRequests; crash++ {
		for _, last := range []fate{{dies: true, lost: true}, {dies: true, unanswered: true}} {
			virtual(t, func(t *testing.T) {
				service := newShelf(nil)
				first, second := service.join(t, 3), service.join(t, 3)
				first.meet = func(n int, _, _ string) fate {
					if n == crash {
						return last
					}
					return fate{}
				}
				_, _ = middleware.Import(t.Context(), oldAccount, first.session(t), tagged("first"))
				started := time.Now()
				_, err := middleware.Import(t.Context(), oldAccount, second.session(t), tagged("second"))
				require.NoError(t, err, crash)
				assert.Less(t, time.Since(started), 64*time.Second, crash)
				checkImported(t, service)
				if crash < importRequests-1 {
					assert.Empty(t, service.keys(importClaims), crash)
				}
			})
		}
	}
}

// TestImportsUnderEverySchedule lets several replicas import at once, whose
// requests arrive in another order with each seed, are lost, lose their answers or
// come late, and who crash; and whose handlers write as soon as they may.
func TestImportsUnderEverySchedule(t *testing.T) {
	seeds := 400
	if testing.Short() {
		seeds = 40
	}
	for seed := range seeds {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) { virtual(t, func(t *testing.T) { runSchedule(t, uint64(seed)) }) }) {
			return
		}
	}
}

// schedule is one run.
type schedule struct {
	t       *testing.T
	service *shelf

	mu      sync.Mutex // guards what is below
	random  *rand.Rand
	asked   int // importers that have not answered yet
	begun   int
	newer   map[string]string // what handlers have written
	written int
}

func runSchedule(t *testing.T, seed uint64) {
	s := &schedule{
		t: t, service: newShelf(map[string]string{"b": `"own"`}),
		random: rand.New(rand.NewPCG(seed, 8)), newer: map[string]string{"b": `"own"`},
	}
	faulty, skewed := seed%4 != 0, seed%4 == 1
	// What is sent again may arrive twice, the second time long after; which is so
	// for every write, and no matter of imports.
	retries := -1
	if seed%2 == 1 {
		retries = 3
	}
	var group sync.WaitGroup
	for n := range 2 + s.chance(4) {
		replica := s.service.join(t, retries)
		if skewed {
			replica.skew = time.Duration(s.chance(29)-14) * time.Second
		}
		crash := 0
		if faulty && n > 0 && s.chance(2) == 0 { // the first lives
			crash = 1 + s.chance(15)
		}
		replica.meet = func(n int, _, key string) fate { return s.fate(n, key, faulty, !skewed && retries < 0, crash) }
		group.Go(func() { s.run(replica) })
	}
	group.Wait()
	pass(2 * time.Minute) // for what is late
	s.check()
}

func (s *schedule) chance(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.IntN(n)
}

// fate draws what becomes of a request.
func (s *schedule) fate(n int, key string, faulty, lateData bool, crash int) fate {
	delay := func() time.Duration {
		longest := []int{3e6, 3e6, 3e8, 3e8, 3e8, 3e8, 3e9, 15e9}[s.chance(8)]
		return time.Duration(1 + s.chance(longest))
	}
	next := fate{before: delay(), after: delay()}
	if !faulty {
		return next
	}
	next.dies = n == crash
	switch s.chance(12) {
	case 0:
		next.lost = true
	case 1:
		next.unanswered = true
	case 2:
		if strings.HasPrefix(key, importClaims) {
			next.late = next.before + time.Duration(1+s.chance(40e9))
		} else if lateData {
			// The claim is kept for 5 s from when its sender knows.
			next.late = next.before + time.Duration(1+s.chance(4e9))
		}
	}
	return next
}

// run is a replica whose visitor comes back until the account is imported.
func (s *schedule) run(replica *replica) {
	name := fmt.Sprintf("replica%p", replica)
	for started := time.Now(); ; {
		time.Sleep(time.Duration(s.chance(5e9)))
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Duration(1+s.chance(120))*time.Second)
		_, err := middleware.Import(ctx, oldAccount, replica.session(s.t), func(ctx context.Context, _ secureflows.Identity) (map[string]any, error) {
			return s.importing(ctx, name)
		})
		cancel()
		switch {
		case replica.crashed():
			return
		case err == nil:
			s.handle()
			return
		}
		require.Less(s.t, time.Since(started), 30*time.Minute, "%v", err)
	}
}

// importing is the importer of a replica.
func (s *schedule) importing(ctx context.Context, name string) (map[string]any, error) {
	s.mu.Lock()
	assert.Zero(s.t, s.asked, "two import at once")
	assert.Empty(s.t, s.service.keys(importMarks), "it is done already")
	s.begun++
	tag := fmt.Sprint(name, "-", s.begun)
	s.service.begin(tag)
	s.asked++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked--
	}()
	select {
	case <-time.After(time.Duration(s.chance([]int{1e6, 5e9, 40e9}[s.chance(3)]))):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.chance(8) == 0 {
		return nil, errDown
	}
	return tagged(tag)(ctx, oldAccount)
}

// handle is the handler behind: it finds the data, and writes.
func (s *schedule) handle() {
	require.Len(s.t, s.service.keys(importMarks), 1)
	for _, key := range []string{"a", "b", "c"} {
		require.Contains(s.t, s.service.data(), key)
	}
	key := []string{"a", "b", "c"}[s.chance(3)]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.written++
	s.newer[key] = fmt.Sprintf(`"newer %d"`, s.written)
	s.service.put(key, s.newer[key])
}

func (s *schedule) check() {
	data := s.service.data()
	for key, value := range s.newer {
		require.Equal(s.t, value, data[key], key)
	}
	require.Positive(s.t, s.written)
	checkImported(s.t, s.service)
}
