package middleware

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
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
		entries += len(s.shards[i].entries)
		queued += len(s.shards[i].queue)
	}
	return entries, queued
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

func TestFingerprints(t *testing.T) {
	one, other := newFingerprinter(), newFingerprinter()
	assert.NotEqual(t, one, other, "caches share a key")
	seen := map[fingerprint]string{}
	texts := []string{"", "a", "A", "aa", "abc", "abc=", "abc==", strings.Repeat("a", 16<<10)}
	for i := range 10_000 {
		texts = append(texts, fmt.Sprint("user-", i))
	}
	shards := map[uint64]int{}
	for _, text := range texts {
		key := one.of(text)
		assert.Equal(t, key, one.of(strings.Clone(text)))
		assert.NotEqual(t, key, other.of(text), "a fingerprint means something outside its cache")
		assert.Empty(t, seen[key])
		assert.NotZero(t, key[0])
		assert.NotZero(t, key[1])
		assert.NotEqual(t, key[0], key[1])
		seen[key] = text
		shards[key[0]%shardCount]++
	}
	assert.Len(t, shards, shardCount)
	for shard, count := range shards {
		assert.InDelta(t, 10_000/shardCount, count, 80, "shard %d", shard)
	}
}

// The cache holds nothing that is, or contains, a token.
func TestNoTokenIsKept(t *testing.T) {
	const canary = "cAnAry.Qm9zc2VzdG8gYmUga2VwdCBzZWNyZXQ"
	f := newFingerprinter()
	text := fmt.Sprintf("%v %+v %#v %x", f.of(canary), f.of(canary), f.of(canary), f.of(canary))
	assert.NotContains(t, text, canary[:8])
	assert.NotContains(t, text, fmt.Sprintf("%x", canary[:8]))
}
