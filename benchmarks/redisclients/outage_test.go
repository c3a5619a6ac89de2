package redisclients_test

import (
	"context"
	"flag"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/secureflows/secureflows-go/internal/redistest"
)

var outageRounds = flag.Int("outage", 0, "rounds of TestOutage, about a minute each; none unless set")

const requests = 200

// TestOutage prints what the clients do while Redis is paused or restarts. It
// asserts nothing about times: they are its result.
func TestOutage(t *testing.T) {
	if *outageRounds == 0 {
		t.Skip("set -outage")
	}
	s := newServerWithSession(t)
	var bursts, sustained, streams, cached figures
	for range *outageRounds {
		for _, v := range slices.Concat(variants, tuned) {
			measureBurst(t, s, v, &bursts)
		}
		measurePause(t, s, &sustained, &streams, &cached)
	}
	bursts.print(t, "200 GETs at once while paused, then resume, then kill -9 and restart")
	sustained.print(t, "200 goroutines that GET again and again while paused for 15 s")
	streams.print(t, "Streams while paused for 15 s")
	cached.print(t, "rueidis DoCache while paused for 15 s, each 10 ms")
}

func measureBurst(t *testing.T, s *redistest.Server, v variant, to *figures) {
	c := v.open(t, s)
	defer c.Close()
	burst(c) // both open connections only when asked

	before := runtime.NumGoroutine()
	s.Pause()
	took := burst(c)
	time.Sleep(100 * time.Millisecond) // what is about to end may
	to.addTime(v.name, "GET, median", median(took))
	to.addTime(v.name, "GET, worst", slices.Max(took))
	to.add(v.name, "goroutines left, paused", float64(runtime.NumGoroutine()-before))

	first := firstSuccess(c)
	time.Sleep(time.Second)
	resumed := time.Now()
	s.Resume()
	to.addTime(v.name, "resume to first success", (<-first).Sub(resumed))
	time.Sleep(100 * time.Millisecond)
	to.add(v.name, "goroutines left, resumed", float64(runtime.NumGoroutine()-before))

	s.Stop()
	first = firstSuccess(c)
	time.Sleep(time.Second)
	s.Restart()
	restarted := time.Now()
	to.addTime(v.name, "restart to first success", (<-first).Sub(restarted))
	setSession(s)
}

// burst returns how long each of many GETs took at once.
func burst(c client) []time.Duration {
	took := make([]time.Duration, requests)
	var group sync.WaitGroup
	for i := range took {
		group.Go(func() { took[i], _ = timedGet(c) })
	}
	group.Wait()
	return took
}

func timedGet(c client) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	start := time.Now()
	_, err := c.Get(ctx, sessionKey)
	return time.Since(start), err
}

// firstSuccess tries until a GET succeeds, and sends when that was.
func firstSuccess(c client) <-chan time.Time {
	success := make(chan time.Time, 1)
	go func() {
		for {
			if _, err := timedGet(c); err == nil {
				success <- time.Now()
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return success
}
