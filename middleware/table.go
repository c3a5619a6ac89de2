package middleware

import "sync/atomic"

// table is a map from fingerprints to entries that is read without a lock, by
// one who writes and any number who read: the lock of a map is a cache line
// that the processors of a large machine would hand about for each request.
//
// Entries are found by linear probing from where their fingerprint says. Once
// in a slot, an entry is only replaced by a younger one of its fingerprint, or
// by gone; a slot that was used is never empty again, so that nobody who passes
// it while others write stops too early. More than that takes a new table.
type table[V any] struct {
	slots []atomic.Pointer[entry[V]] // their number is a power of two
	used  int                        // not empty; at most half
	live  int                        // used and not gone
	gone  *entry[V]                  // stands where an entry was
}

const smallestTable = 8

// tableFor gives an empty table with room for as many entries again.
func tableFor[V any](entries int) *table[V] {
	size := smallestTable
	for size < 4*entries {
		size *= 2
	}
	return &table[V]{slots: make([]atomic.Pointer[entry[V]], size), gone: new(entry[V])}
}

// slot gives the slot of key, the empty one at the end of its way where it has
// none, and what is in it. Its way begins at other bits than pick its shard.
func (t *table[V]) slot(key fingerprint) (*atomic.Pointer[entry[V]], *entry[V]) {
	last := uint64(len(t.slots) - 1)
	for at := key[1]; ; at++ {
		slot := &t.slots[at&last]
		found := slot.Load()
		if found == nil || found.key == key && found != t.gone {
			return slot, found
		}
	}
}

// full reports whether a further fingerprint takes a new table.
func (t *table[V]) full() bool { return t == nil || 2*(t.used+1) > len(t.slots) }

// put stores an entry in the slot of its key. The table must not be full.
func (t *table[V]) put(added *entry[V]) {
	slot, before := t.slot(added.key)
	slot.Store(added)
	if before == nil {
		t.used++
		t.live++
	}
}

// remove drops the entry of key, and reports false when there is none.
func (t *table[V]) remove(key fingerprint) bool {
	slot, found := t.slot(key)
	if found == nil {
		return false
	}
	slot.Store(t.gone)
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
		if e := t.slots[i].Load(); e != nil && e != t.gone {
			fresh.put(e)
		}
	}
	return fresh
}
