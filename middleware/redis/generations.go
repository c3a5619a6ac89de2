package redis

import (
	"sync"
	"time"
)

// generations is a bounded map whose entries stay for at least their lifetime,
// and less than two. It needs no goroutine: the older of two maps is dropped when
// the younger is as old as an entry must become, or has its share of the bound.
type generations[K comparable, V any] struct {
	lifetime time.Duration
	capacity int

	mu             sync.Mutex // guards what is below
	younger, older map[K]V
	since          time.Time // of the younger
}

func newGenerations[K comparable, V any](lifetime time.Duration, capacity int) *generations[K, V] {
	return &generations[K, V]{lifetime: lifetime, capacity: capacity}
}

func (g *generations[K, V]) put(key K, value V) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn()
	g.younger[key] = value
}

// turn begins a new generation where it is time to. The caller holds the lock.
func (g *generations[K, V]) turn() {
	now := time.Now()
	switch age := now.Sub(g.since); {
	case age >= 2*g.lifetime:
		g.younger, g.older, g.since = make(map[K]V), nil, now
	case age >= g.lifetime || len(g.younger) >= (g.capacity+1)/2:
		g.younger, g.older, g.since = make(map[K]V), g.younger, now
	}
}

func (g *generations[K, V]) get(key K) (value V, found bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn()
	if value, found = g.younger[key]; !found {
		value, found = g.older[key]
	}
	return value, found
}

func (g *generations[K, V]) drop(key K) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.younger, key)
	delete(g.older, key)
}

// clear drops all, and gives what there was.
func (g *generations[K, V]) clear() (all []V) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, generation := range []map[K]V{g.younger, g.older} {
		for _, value := range generation {
			all = append(all, value)
		}
	}
	g.younger, g.older, g.since = nil, nil, time.Time{}
	return all
}
