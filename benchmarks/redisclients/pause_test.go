package redisclients_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/secureflows/secureflows-go/internal/redistest"
)

// A pause tells its probes when Redis stops and when it goes on.
type pause struct {
	began, ended     chan struct{} // closed
	beganAt, endedAt time.Time     // to be read when these are
}

const (
	pauseLength = 15 * time.Second // rueidis gives an idle connection up after 11
	pauseLead   = 300 * time.Millisecond
)

// A probe is one client of its own in a pause.
type probe struct {
	*pause
	t      *testing.T
	s      *redistest.Server
	c      client
	column string
	to     *figures
}

// measurePause measures everything in one pause: while nothing answers, the
// probes do not take the processor from each other.
func measurePause(t *testing.T, s *redistest.Server, load, streams, cached *figures) {
	now := &pause{began: make(chan struct{}), ended: make(chan struct{})}
	ends, cancel := context.WithTimeout(t.Context(), pauseLead+2*time.Second)
	defer cancel()
	cancelled, cancel := context.WithCancel(t.Context())
	time.AfterFunc(pauseLead+2*time.Second, cancel)

	var probes sync.WaitGroup
	for _, v := range slices.Concat(variants, tuned) {
		probes.Go(probe{now, t, s, v.open(t, s), v.name, load}.load)
	}
	for _, v := range variants {
		open := func() probe { return probe{now, t, s, v.open(t, s), v.name, streams} }
		for row, ctx := range map[string]context.Context{
			"XREAD BLOCK 1 s, no deadline":         t.Context(),
			"XREAD BLOCK 1 s, deadline at 2 s":     ends,
			"XREAD BLOCK 1 s, cancellation at 2 s": cancelled,
		} {
			p := open()
			probes.Go(func() { p.read(ctx, row) })
		}
		probes.Go(open().add)
	}
	for column, timeout := range map[string]time.Duration{"default": 0, "ConnWriteTimeout 1 s": time.Second} {
		c := openRueidis(t, rueidis.ClientOption{InitAddress: []string{s.Addr()}, ConnWriteTimeout: timeout})
		probes.Go(func() { probe{now, t, s, c, column, cached}.cached(c) })
	}
	time.Sleep(pauseLead) // by now the readers are blocked

	s.Pause()
	now.beganAt = time.Now()
	close(now.began)
	time.Sleep(pauseLength)
	now.endedAt = time.Now()
	s.Resume()
	close(now.ended)
	probes.Wait()
}

type call struct {
	start, end time.Time
	err        error
}

// load GETs from many goroutines, each again a moment after its answer.
func (p probe) load() {
	burst(p.c)
	<-p.began
	calls := make([][]call, requests)
	var group sync.WaitGroup
	for i := range calls {
		group.Go(func() { calls[i] = p.callUntilResumed() })
	}
	group.Wait()

	var took []time.Duration
	var late int
	first := time.Hour
	for _, call := range slices.Concat(calls...) {
		if call.err == nil && call.end.After(p.endedAt) {
			first = min(first, call.end.Sub(p.endedAt))
		}
		if call.start.After(p.endedAt.Add(-patience)) {
			continue // the end of the pause may have answered it
		}
		took = append(took, call.end.Sub(call.start))
		if call.end.Sub(call.start) > patience+100*time.Millisecond {
			late++
		}
	}
	p.to.addTime(p.column, "GET, median", median(took))
	p.to.addTime(p.column, "GET, worst", slices.Max(took))
	p.to.add(p.column, "GETs", float64(len(took)))
	p.to.add(p.column, "GETs of over 300 ms, %", 100*float64(late)/float64(len(took)))
	p.to.addTime(p.column, "resume to first success", first)
}

func (p probe) callUntilResumed() (calls []call) {
	for {
		start := time.Now()
		_, err := timedGet(p.c)
		calls = append(calls, call{start, time.Now(), err})
		if err == nil && p.over() {
			return calls
		}
		time.Sleep(patience / 2)
	}
}

func (p *pause) over() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// read is called before the pause and tells how long into it XREAD lasts.
func (p probe) read(ctx context.Context, row string) {
	_, err := p.c.Read(ctx, "nothing", "$", time.Second)
	returned := time.Now()
	<-p.began
	p.to.addTime(p.column, row, returned.Sub(p.beganAt))
	p.t.Logf("%s, %s: %v", p.column, row, err)
}

// add counts, because a client that tries again may add twice.
func (p probe) add() {
	stream := "added-" + p.column
	payload := strings.Repeat("m", messageBytes)
	p.s.Do("DEL", stream)
	if err := p.c.Add(p.t.Context(), stream, payload); err != nil {
		p.t.Error(err)
	}
	<-p.began
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*pauseLength)
	defer cancel()
	err := p.c.Add(ctx, stream, payload)
	p.to.addTime(p.column, "XADD, deadline at 30 s", time.Since(p.beganAt))
	p.t.Logf("%s, XADD: %v", p.column, err)
	<-p.ended
	time.Sleep(time.Second)
	entries, ok := p.s.Do("XLEN", stream).(int64)
	if !ok {
		p.t.Error("no length")
	}
	p.to.add(p.column, "XADD, entries of one call", float64(entries-1))
}

// cached asks for a cached key until rueidis no longer has it.
func (p probe) cached(c rueidisClient) {
	if _, _, err := c.GetCached(p.t.Context(), sessionKey); err != nil {
		p.t.Error(err)
	}
	<-p.began
	var took []time.Duration
	for {
		ctx, cancel := context.WithTimeout(p.t.Context(), patience)
		start := time.Now()
		_, hit, err := c.GetCached(ctx, sessionKey)
		elapsed := time.Since(start)
		cancel()
		if !hit || err != nil {
			p.to.addTime(p.column, "first miss, into the pause", start.Sub(p.beganAt))
			p.to.addTime(p.column, "first miss took", elapsed)
			break
		}
		took = append(took, elapsed)
		time.Sleep(10 * time.Millisecond)
	}
	if len(took) > 0 {
		p.to.add(p.column, "hits", float64(len(took)))
		p.to.addTime(p.column, "hit, median", median(took))
		p.to.addTime(p.column, "hit, worst", slices.Max(took))
	}
}
