package middleware

import (
	"container/list"
	"sync"
)

// gate lets a bounded number of questions to the service be under way at once.
// Whoever finds no place waits in one of two lines: tokens that were good
// before go ahead of strangers, so that a flood of invented tokens does not
// keep the answers about real ones from being asked for again.
type gate struct {
	mu        sync.Mutex // guards all below
	free      int        // places; none while somebody waits
	ahead     int        // how many have gone ahead of a stranger in a row
	known     list.List  // of chan struct{}, closed when the turn has come
	strangers list.List
}

// strangersTurn is how many may go ahead of a stranger before one goes in: at a
// service that can do no more, a new user must not wait for ever.
const strangersTurn = 3

// enter waits for a place, and reports false when stop is closed before there
// is one.
func (g *gate) enter(known bool, stop <-chan struct{}) bool {
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return true
	}
	line := &g.strangers
	if known {
		line = &g.known
	}
	turn := make(chan struct{})
	place := line.PushBack(turn)
	g.mu.Unlock()

	select {
	case <-turn:
		return true
	case <-stop:
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-turn: // both at once: the place is somebody else's to have
		g.admit()
	default:
		line.Remove(place)
	}
	return false
}

// leave gives a place back.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.admit()
}

// admit gives a place to whoever is next. The caller holds the lock.
func (g *gate) admit() {
	line := &g.known
	if g.known.Len() == 0 || g.ahead >= strangersTurn && g.strangers.Len() > 0 {
		line = &g.strangers
	}
	next := line.Front()
	if next == nil {
		g.free++
		return
	}
	line.Remove(next)
	if line == &g.known && g.strangers.Len() > 0 {
		g.ahead++
	} else {
		g.ahead = 0
	}
	close(next.Value.(chan struct{}))
}
