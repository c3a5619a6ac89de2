package main

import (
	"context"
	"sync"
	"time"
)

// gate is what everybody passes before a person's work begins. A rate limit and
// an outage close it for all: whoever is told to wait alone is overtaken by the
// others, who are told the same.
type gate struct {
	clock    clock
	patience int // outages in a row before all wait

	mu      sync.Mutex // guards the next three
	until   time.Time
	outages int // in a row, of which those behind one hold are one
	holds   int // for an outage, so far
}

// clock is the time, which tests move.
type clock struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
}

var systemClock = clock{now: time.Now, sleep: func(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}}

const (
	firstHold   = time.Second
	longestHold = time.Minute
	manyOutages = 8 // holds without an answer, three minutes in all, end the run
)

// pass waits until the gate is open, and gives the number of holds before, for
// outage.
func (g *gate) pass(ctx context.Context) (holds int, err error) {
	for {
		g.mu.Lock()
		wait, holds := g.until.Sub(g.clock.now()), g.holds
		g.mu.Unlock()
		if wait <= 0 {
			return holds, ctx.Err()
		}
		if err := g.clock.sleep(ctx, wait); err != nil {
			return 0, err
		}
	}
}

// hold closes the gate for d, unless it is closed for longer, and reports
// whether it was open.
func (g *gate) hold(d time.Duration) (wasOpen bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	wasOpen = !g.until.After(g.clock.now())
	g.holdLocked(d)
	return wasOpen
}

func (g *gate) holdLocked(d time.Duration) {
	if until := g.clock.now().Add(d); until.After(g.until) {
		g.until = until
	}
}

// answered says that the service is there.
func (g *gate) answered() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.outages = 0
}

// outage says that somebody who passed after this many holds had no answer. It
// reports how long all wait now (0 is not at all: one answer lost is no outage
// yet), and whether there is hope.
func (g *gate) outage(passed int) (hold time.Duration, hope bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if passed < g.holds {
		return 0, true // others passed with this one, and made all wait already
	}
	g.outages++
	row := g.outages - g.patience
	if row <= 0 {
		return 0, true
	}
	g.holds++
	hold = min(firstHold<<min(row-1, 16), longestHold)
	g.holdLocked(hold)
	return hold, row <= manyOutages
}
