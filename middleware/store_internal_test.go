package middleware

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func small(capacity int64) *store[int] { return &store[int]{lifetime: time.Second, capacity: capacity} }

// keyIn is the nth key of a shard.
func keyIn(shard, n int) fingerprint { return fingerprint{uint64(n*shardCount + shard), uint64(n)} }

// held is what is in the store, counted rather than believed.
func held(s *store[int]) (entries, queued int) {
	for i := range s.shards {
		entries += countOf(s.shards[i].entries.Load())
		queued += len(s.shards[i].queue)
	}
	return entries, queued
}

func countOf(t *table[int]) (live int) {
	if t == nil {
		return 0
	}
	for i := range t.slots {
		if e := t.slots[i].entry.Load(); e != nil && e != t.gone {
			live++
		}
	}
	return live
}

// One token that is asked about for each request leaves an entry behind each
// time.
func TestTheQueueDoesNotGrowUnderReplacement(t *testing.T) {
	s := small(1000)
	for i := range instant(100_000) {
		s.put(entryOf(keyIn(3, 1), 1, i, 0), i)
	}
	entries, queued := held(s)
	assert.Equal(t, 1, entries)
	assert.Less(t, queued, 50)
	assert.EqualValues(t, 1, s.size.Load())
}

func TestTheQueueDoesNotGrowUnderRemoval(t *testing.T) {
	s := small(1000)
	for i := range instant(100_000) {
		s.put(entryOf(keyIn(3, int(i)), 1, i, 0), i)
		s.remove(keyIn(3, int(i)))
	}
	entries, queued := held(s)
	assert.Zero(t, entries)
	assert.Less(t, queued, 50)
	assert.Zero(t, s.size.Load())
}

func TestWhatHasEndedMakesRoom(t *testing.T) {
	s := small(1000)
	for i := range 100 {
		s.put(entryOf(keyIn(3, i), i, 0, 0), 0)
	}
	s.put(entryOf(keyIn(3, 100), 100, 0, 0), instant(time.Second)+1)
	entries, queued := held(s)
	assert.Equal(t, 1, entries)
	assert.Equal(t, 1, queued)
}

func TestAYoungerEntryStands(t *testing.T) {
	s := small(10)
	s.put(entryOf(keyIn(3, 1), 1, 7, 0), 8)
	s.put(entryOf(keyIn(3, 1), 2, 6, 0), 8)
	assert.Equal(t, 1, s.get(keyIn(3, 1), 0).value)
	assert.Nil(t, s.get(keyIn(3, 1), 8), "asked for before")
	assert.True(t, s.has(keyIn(3, 1)))
	assert.False(t, s.has(keyIn(3, 2)))
}

// Whatever is done to it, in whatever order, the store counts itself right and
// stays within its bounds.
func TestTheStoreCountsItselfRight(t *testing.T) {
	for _, capacity := range []int64{1, 5, 70, 10_000} {
		s := small(capacity)
		var all sync.WaitGroup
		for worker := range uint64(4) {
			all.Go(func() {
				random := rand.New(rand.NewPCG(7, worker))
				for i := range instant(5000) {
					at := i * instant(time.Millisecond)
					key := keyIn(random.IntN(4), random.IntN(200))
					switch random.IntN(10) {
					case 0:
						s.remove(key)
					case 1, 2, 3:
						if found := s.get(key, at.ago(s.lifetime)); found != nil && found.key != key {
							t.Error("a stranger's entry")
						}
					default:
						s.put(entryOf(key, 1, at-instant(random.IntN(2000))*instant(time.Millisecond), 0), at)
					}
				}
			})
		}
		all.Wait()
		entries, queued := held(s)
		assert.EqualValues(t, entries, s.size.Load(), "capacity %d", capacity)
		assert.LessOrEqual(t, int64(entries), capacity)
		assert.LessOrEqual(t, queued, 2*entries+17*shardCount)
	}
}

// Tokens come and go for ever, whose traces must neither fill a table, on which
// a look for a stranger would never end, nor make it grow.
func TestTheTableOutlivesItsTraffic(t *testing.T) {
	s := small(1000)
	for i := range 100_000 {
		s.put(entryOf(keyIn(3, i), i, 0, 0), 0)
		if i >= 20 {
			s.remove(keyIn(3, i-20))
			assert.False(t, s.has(keyIn(3, i-20)))
		}
	}
	table := s.shards[3].entries.Load()
	assert.Equal(t, 20, countOf(table))
	assert.Equal(t, 20, table.live)
	assert.LessOrEqual(t, table.used, len(table.slots)/2)
	assert.LessOrEqual(t, len(table.slots), 128)
	s.remove(keyIn(3, 1))
	assert.Equal(t, 20, table.live, "removed twice")
}

// Keys that all begin their way at one slot, across the end of the slots.
func TestKeysThatMeet(t *testing.T) {
	s := small(1000)
	key := func(n int) fingerprint { return fingerprint{uint64(n * shardCount), ^uint64(0)} }
	for i := range 100 {
		s.put(entryOf(key(i), i, 0, 0), 0)
	}
	for i := 0; i < 100; i += 2 {
		s.remove(key(i))
	}
	for i := range 100 {
		found := s.get(key(i), 0)
		if i%2 == 0 {
			assert.Nil(t, found, i)
		} else {
			assert.Equal(t, i, found.value)
		}
	}
}

// What stands where an entry was is nobody's answer.
func TestTheTraceOfAnEntryIsNoEntry(t *testing.T) {
	s := small(10)
	zero := fingerprint{}
	s.put(entryOf(zero, 7, 0, 0), 0)
	assert.Equal(t, 7, s.get(zero, 0).value)
	s.remove(zero)
	assert.Nil(t, s.get(zero, 0))
	assert.False(t, s.has(zero))
}

// Whoever reads without a lock finds what is there all the time, and nothing
// that is gone, whatever is written around it.
func TestReadingWhileTheTableIsRemade(t *testing.T) {
	s := small(100_000)
	stays := keyIn(3, -1)
	s.put(entryOf(stays, -1, 0, 0), 0)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				if found := s.get(stays, 0); found == nil || found.key != stays {
					t.Error("an entry is lost while others are written")
					return
				}
				if s.has(keyIn(3, -2)) {
					t.Error("a stranger is found")
					return
				}
			}
		})
	}
	for round := range 20 {
		for i := range 500 {
			s.put(entryOf(keyIn(3, i), i, 0, 0), 0)
			s.put(entryOf(stays, -1, instant(round), 0), 0)
		}
		for i := range 500 {
			s.remove(keyIn(3, i))
		}
	}
	close(done)
	readers.Wait()
}

// What a reader finds good at a moment is the entry whose moment to ask again
// that is before, or a younger one, whatever is put meanwhile.
func TestAGoodEntryIsNotTheOneBefore(t *testing.T) {
	s := small(10)
	key := keyIn(3, 1)
	const rounds = 200_000
	var begun atomic.Int64 // rounds
	var writer sync.WaitGroup
	writer.Go(func() {
		for round := range instant(rounds) {
			begun.Store(int64(round))
			s.put(entryOf(key, int(round), 10*round, 10*round+8), 10*round)
		}
	})
	for round := int64(0); round < rounds-1; {
		round = begun.Load()
		entries := s.shard(key).entries.Load()
		if entries == nil {
			continue
		}
		at, used := entries.slot(key)
		if !used {
			continue
		}
		// Before round's own moment, and after that of the one before.
		if e := at.good(instant(10*round + 7)); e != nil {
			if int64(e.value) < round {
				t.Errorf("in round %d, the entry of round %d is good", round, e.value)
				break
			}
		}
	}
	writer.Wait()
	at, _ := s.shard(key).entries.Load().slot(key)
	assert.NotNil(t, at.good(10*(rounds-1)+7))
	assert.Nil(t, at.good(10*(rounds-1)+8))
}

// The first entry after a removal may be older than the one before it.
func TestWhatIsGoneLeavesNoMomentBehind(t *testing.T) {
	s := small(10)
	key := keyIn(3, 1)
	s.put(entryOf(key, 1, 100, 180), 100)
	s.remove(key)
	at, used := s.shard(key).entries.Load().slot(key)
	assert.True(t, used)
	at.entry.Store(entryOf(key, 2, 50, 130)) // as put does before it writes the moment
	assert.Nil(t, at.good(150))
}
