package middleware

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// shardCount is a power of two, and enough that the requests of a large machine
// seldom meet in one shard.
const shardCount = 64

// store is a bounded map from tokens, by their fingerprints, to values that end
// after the same time, counted from when each was asked for. Nothing slides
// that end. It needs no goroutine: what has ended is dropped as others come.
type store[V any] struct {
	lifetime time.Duration
	capacity int64
	size     atomic.Int64
	shards   [shardCount]shard[V]
}

type shard[V any] struct {
	entries atomic.Pointer[table[V]] // never nil once there was an entry

	mu sync.Mutex // guards queue, and who writes to entries
	// queue has the entries in the order in which they were put, which is that
	// in which they end, but for those that others had asked for before. One that
	// was replaced since is still in it.
	queue []*entry[V]

	// Neighbours in the array must not share a cache line under the locks of
	// different processors.
	_ [64]byte
}

// entry is one value. It is replaced, and never changed.
type entry[V any] struct {
	key   fingerprint
	asked instant
	due   instant // when to ask again, for whoever does first
	value V
}

func entryOf[V any](key fingerprint, value V, asked, due instant) *entry[V] {
	return &entry[V]{key: key, asked: asked, due: due, value: value}
}

func (s *store[V]) shard(key fingerprint) *shard[V] { return &s.shards[key[0]%shardCount] }

// get gives the entry of key if it was asked for at oldest or later.
func (s *store[V]) get(key fingerprint, oldest instant) *entry[V] {
	found := s.shard(key).find(key)
	if found == nil || found.asked < oldest {
		return nil
	}
	return found
}

// has reports whether there is an entry of key, ended or not.
func (s *store[V]) has(key fingerprint) bool {
	return s.shard(key).find(key) != nil
}

// find gives the entry of key, or nil. It takes no lock.
func (s *shard[V]) find(key fingerprint) *entry[V] {
	entries := s.entries.Load()
	if entries == nil {
		return nil
	}
	return entries.find(key)
}

// put stores an entry, unless there is one that was asked for later, and makes
// room where the store is full.
func (s *store[V]) put(added *entry[V], now instant) {
	key := added.key
	shard := s.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	s.dropEnded(shard, now)
	before := shard.find(key)
	if before != nil && before.asked > added.asked {
		return
	}
	if before == nil && s.size.Add(1) > s.capacity && !s.makeRoom(shard) {
		s.size.Add(-1)
		return
	}
	entries := shard.entries.Load()
	if before == nil && entries.full() {
		entries = entries.remade()
		entries.put(added)
		shard.entries.Store(entries)
	} else {
		entries.put(added)
	}
	shard.queue = append(shard.queue, added)
	if len(shard.queue) > 2*entries.live+16 {
		// One token asked about again and again leaves much behind.
		shard.queue = slices.DeleteFunc(shard.queue, func(e *entry[V]) bool { return shard.find(e.key) != e })
	}
}

// makeRoom drops the entry that ends first, of this shard, or of another one
// that is free if this has none. The caller holds the lock of full.
func (s *store[V]) makeRoom(full *shard[V]) bool {
	if s.dropOldest(full) {
		return true
	}
	for i := range s.shards {
		other := &s.shards[i]
		if other == full || !other.mu.TryLock() {
			continue
		}
		dropped := s.dropOldest(other)
		other.mu.Unlock()
		if dropped {
			return true
		}
	}
	return false
}

// remove drops the entry of key.
func (s *store[V]) remove(key fingerprint) {
	shard := s.shard(key)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	s.drop(shard, key)
}

// dropEnded drops the entries that have ended, and what was replaced before
// them. The caller holds the lock.
func (s *store[V]) dropEnded(shard *shard[V], now instant) {
	for len(shard.queue) > 0 {
		head := shard.queue[0]
		current := shard.find(head.key) == head
		if current && now.since(head.asked) <= s.lifetime {
			return
		}
		s.shift(shard, current)
	}
}

// dropOldest drops the entry of the shard that ends first, and reports false
// when it has none. The caller holds the lock.
func (s *store[V]) dropOldest(shard *shard[V]) bool {
	for len(shard.queue) > 0 {
		current := shard.find(shard.queue[0].key) == shard.queue[0]
		s.shift(shard, current)
		if current {
			return true
		}
	}
	return false
}

// shift takes the head off the queue, and its entry away when it is current.
func (s *store[V]) shift(shard *shard[V], current bool) {
	if current {
		s.drop(shard, shard.queue[0].key)
	}
	shard.queue[0] = nil
	shard.queue = shard.queue[1:]
}

// drop takes the entry of key away, if there is one. The caller holds the lock.
func (s *store[V]) drop(shard *shard[V], key fingerprint) {
	if entries := shard.entries.Load(); entries != nil && entries.remove(key) {
		s.size.Add(-1)
	}
}
