package redis

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/redistest"
)

// What is said of it: at least a lifetime, and less than two.
func TestGenerationsLive(t *testing.T) {
	for name, busy := range map[string]bool{"and others come": true, "and nothing else happens": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGenerations[string, int](10*time.Second, 1000)
				for at := range 35 {
					g.put(fmt.Sprint("mine-", at), at)
					time.Sleep(9999 * time.Millisecond)
					_, found := g.get(fmt.Sprint("mine-", at))
					assert.True(t, found, "gone before its time")
					for range 13 { // a turn comes with an entry, and they come once a second
						time.Sleep(time.Second)
						if busy {
							g.put("other", at)
						}
					}
					_, found = g.get(fmt.Sprint("mine-", at))
					assert.False(t, found, "there after two lifetimes")
					time.Sleep(time.Duration(at) * time.Second / 7)
				}
			})
		})
	}
}

func TestGenerationsAreBounded(t *testing.T) {
	for _, capacity := range []int{1, 2, 3, 100, 101} {
		g := newGenerations[int, int](time.Hour, capacity)
		for i := range 10 * capacity {
			g.put(i, i)
			g.put(i, i) // again is no more
			_, found := g.get(i)
			assert.True(t, found)
		}
		kept := len(g.clear())
		assert.LessOrEqual(t, kept, capacity+1)
		assert.GreaterOrEqual(t, kept, capacity/2, "room was wasted")
		assert.Empty(t, g.clear())
	}
}

func TestGenerationsDrop(t *testing.T) {
	g := newGenerations[string, int](time.Hour, 2)
	for i := range 3 {
		g.put("mine", i)
		g.put("other", i)
	}
	g.drop("mine")
	_, found := g.get("mine")
	assert.False(t, found, "an older one came up")
}

func TestTagsAreReadBack(t *testing.T) {
	ring := newKeyring(nil)
	assert.Empty(t, ring)
	about := tag{1, 2, 255}
	read, ok := parseTag(about.String())
	assert.True(t, ok)
	assert.Equal(t, about, read)
	for _, text := range []string{"", "AAAA", about.String() + "A", about.String() + "=", about.String()[1:], "!" + about.String()[1:]} {
		_, ok := parseTag(text)
		assert.False(t, ok, text)
	}
}

// No sign-out waits for Redis, however long it is away.
func TestTellingNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &events{maxAge: time.Minute, wake: make(chan struct{}, 1)}
		for i := range 3 * maxWaitingEvents {
			e.tell(tokenEnded, fmt.Sprint(i))
			assert.LessOrEqual(t, len(e.waiting), maxWaitingEvents)
		}
		assert.Equal(t, []event{{kind: anything, at: time.Now()}}, e.batch())
		e.told(e.batch())
		assert.Empty(t, e.batch())
		e.tell(tokenEnded, "late")
		time.Sleep(time.Minute + 1)
		assert.Empty(t, e.batch(), "nobody has an answer any more that it could end")
	})
}

// What is told while as much waits as may is neither lost nor taken for what came
// after it.
func TestOverflowWhileTelling(t *testing.T) {
	e := &events{maxAge: time.Hour, wake: make(chan struct{}, 1)}
	for i := range maxWaitingEvents {
		e.tell(tokenEnded, fmt.Sprint(i))
	}
	batch := e.batch()
	e.tell(tokenEnded, "one more")
	e.told(batch)
	assert.Equal(t, anything, e.batch()[0].kind)
	e.repeat()
	kinds := map[eventKind]bool{}
	for _, each := range e.waiting {
		kinds[each.kind] = true
	}
	assert.True(t, kinds[anything])
	assert.LessOrEqual(t, len(e.waiting), maxWaitingEvents)
}

// What nobody can need any more goes as others come, by the clock of Redis. It
// goes in blocks of a hundred or so.
func TestTheStreamDropsWhatIsOld(t *testing.T) {
	server := redistest.Start(t)
	r := join(t, server, Config{})
	tell := func(count int) {
		before := r.Stats().Sent
		for range count {
			r.events.tell(recordChanged, "visitor")
		}
		require.Eventually(t, func() bool { return r.Stats().Sent == before+uint64(count) }, 20*time.Second, time.Millisecond)
	}
	tell(1000)
	assert.EqualValues(t, 1001, server.Do("XLEN", r.events.key), "with the hello")

	// As if the first had been told that long ago.
	r.events.mu.Lock()
	r.events.redisAt = r.events.redisAt.Add(-r.events.maxAge - streamAge - time.Minute)
	r.events.mu.Unlock()
	tell(1)
	assert.Less(t, server.Do("XLEN", r.events.key), int64(200))
}
