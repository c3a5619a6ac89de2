package middleware

import (
	"context"
	"sync"
	"time"
)

// claims are what one request may have and no other, among the replicas that
// share a store too.
type claims struct {
	shared *stored // nil where there are no others

	mu sync.Mutex // guards what is below
	// When each claim ends, in two generations: the older is dropped when the
	// younger is as old as a claim may become, or has its share of the bound.
	// That drops claims early which still have some life.
	younger, older map[string]time.Time
	since          time.Time // of the younger
}

const (
	claimAge  = attemptAge + time.Minute // the longest, where a clock is behind
	maxClaims = 100_000
)

// take claims id until expiry, or reports false where somebody has it.
func (c *claims) take(ctx context.Context, id string, expiry time.Time) (first bool, err error) {
	if !c.takeHere(id, expiry) {
		return false, nil
	}
	if c.shared == nil {
		return true, nil
	}
	first, err = c.shared.claim(ctx, id, expiry)
	if err != nil {
		c.drop(id)
	}
	return first, err
}

// takeHere is take for what other replicas need not know of.
func (c *claims) takeHere(id string, expiry time.Time) (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.since) >= claimAge || len(c.younger) >= maxClaims/2 {
		c.younger, c.older, c.since = make(map[string]time.Time), c.younger, now
	}
	if c.heldAt(id, now) {
		return false
	}
	c.younger[id] = expiry
	return true
}

// held reports whether this replica knows of a claim of id.
func (c *claims) held(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.heldAt(id, time.Now())
}

// heldAt is held for a caller that holds the lock.
func (c *claims) heldAt(id string, now time.Time) bool {
	return now.Before(c.younger[id]) || now.Before(c.older[id])
}

// release gives a claim back.
func (c *claims) release(ctx context.Context, id string) {
	if c.shared == nil || c.shared.remove(context.WithoutCancel(ctx), id) == nil {
		c.drop(id)
	}
}

func (c *claims) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.younger, id)
	delete(c.older, id)
}
