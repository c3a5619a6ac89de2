package middleware

import (
	"math"
	"sync/atomic"
)

// table is a map from fingerprints to entries that is read without a lock, by
// one who writes and any number who read: the lock of a map is a cache line
// that the processors of a large machine would hand about for each request.
//
// Entries are found by linear probing from where their fingerprint says. A slot
// is its fingerprint's for good, and holds its newest entry, or gone; so nobody
// who passes it while others write stops too early. More slots than that take a
// new table.
type table[V any] struct {
	slots []slot[V] // their number is a power of two
	used  int       // have a key; at most half
	live  int       // have an entry that is not gone
	gone  *entry[V] // stands where an entry was
}

// slot has two to a cache line. Nearly every request reads one and nothing behind
// it: where the processor must fetch each from memory, a second one would take as
// long as all the rest of the request.
type slot[V any] struct {
	key fingerprint // written before entry, and not changed any more
	// due is until when entry is good and need not be asked for again. Whoever asks
	// moves it on, so that one does.
	due   atomic.Int64
	entry atomic.Pointer[entry[V]] // nil in an empty slot
}

// good gives the entry, which may be gone, if it is good at a moment and need not
// be asked for again.
// The order matters: due is written after the entry that it is of, so that
// whoever has read due reads that entry or a younger one.
func (s *slot[V]) good(at instant) *entry[V] {
	if int64(at) >= s.due.Load() {
		return nil
	}
	return s.entry.Load()
}

const smallestTable = 8

// tableFor gives an empty table with room for half as many entries again.
func tableFor[V any](entries int) *table[V] {
	size := smallestTable
	for size < 3*entries {
		size *= 2
	}
	return &table[V]{slots: make([]slot[V], size), gone: new(entry[V])}
}

// slot gives the slot of key, or the empty one at the end of its way and false.
// Its way begins at other bits than pick its shard.
func (t *table[V]) slot(key fingerprint) (s *slot[V], used bool) {
	last := uint64(len(t.slots) - 1)
	for at := key[1]; ; at++ {
		s := &t.slots[at&last]
		if s.entry.Load() == nil {
			return s, false
		}
		if s.key == key {
			return s, true
		}
	}
}

// find gives the entry of key, or nil.
func (t *table[V]) find(key fingerprint) *entry[V] {
	s, used := t.slot(key)
	if !used {
		return nil
	}
	return t.present(s.entry.Load())
}

// present gives an entry that is not gone, or nil.
func (t *table[V]) present(found *entry[V]) *entry[V] {
	if found == t.gone {
		return nil
	}
	return found
}

// full reports whether a further fingerprint takes a new table.
func (t *table[V]) full() bool { return t == nil || 2*(t.used+1) > len(t.slots) }

// put stores an entry in the slot of its key. The table must not be full.
func (t *table[V]) put(added *entry[V]) {
	s, used := t.slot(added.key)
	if !used {
		s.key = added.key
		t.used++
	}
	if !used || s.entry.Load() == t.gone {
		t.live++
	}
	s.entry.Store(added)
	s.due.Store(int64(added.due))
}

// remove drops the entry of key, and reports false when there is none.
func (t *table[V]) remove(key fingerprint) bool {
	s, used := t.slot(key)
	if !used || s.entry.Load() == t.gone {
		return false
	}
	s.entry.Store(t.gone)
	s.due.Store(math.MinInt64) // what comes next may be older, and end before
	t.live--
	return true
}

// remade gives a table of the live entries of t with room for more.
func (t *table[V]) remade() *table[V] {
	if t == nil {
		return tableFor[V](0)
	}
	fresh := tableFor[V](t.live + 1)
	for i := range t.slots {
		if e := t.slots[i].entry.Load(); e != nil && e != t.gone {
			fresh.put(e)
		}
	}
	return fresh
}
