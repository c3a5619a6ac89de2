package redis_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestABrokenConnectionLosesNothing(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	other.admits("abc", "abd")
	f.commit("visitor", "x", in(time.Hour), other)
	other.wire.cut()
	other.deaf()
	one.signOut("abc")
	require.NoError(t, one.Store().Delete("visitor"))
	one.caughtUp(one)
	other.admits("abc")
	other.finds("visitor", []byte("x"))
	asked := other.asker.times("abd")
	other.wire.mend()
	eventually(t, func() bool { return other.refuses("abc") })
	other.comesToFind("visitor", nil)
	other.admits("abd")
	assert.Equal(t, asked, other.asker.times("abd"), "more was dropped than had ended")
	assert.Zero(t, other.Stats().Lost)
	assert.Equal(t, uint64(1), other.Stats().Outages)
}

// Connections break one after the other, and somebody always ends something.
func TestAFlappingConnectionLosesNothing(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	for i := range 10 {
		text := fmt.Sprintf("user-%d", i)
		other.admits(text)
		other.wire.cut()
		one.signOut(text)
		other.wire.mend()
		eventually(t, func() bool { return other.refuses(text) })
	}
	assert.Zero(t, other.Stats().Lost)
}

// assertForgets asserts that a replica that knew tokens and records, and was away
// while loss happened, asks for all of them anew.
func assertForgets(t *testing.T, f *fleet, loss func(one *member)) {
	t.Helper()
	one, other := f.join(), f.join()
	other.admits("abc", "abd")
	f.commit("visitor", "x", in(time.Hour), other)
	other.wire.cut()
	other.deaf()
	f.service.end("abc")
	loss(one)
	other.admits("abc")
	other.wire.mend()
	other.hears()
	eventually(t, func() bool { return other.Stats().Lost == 1 })
	eventually(t, func() bool { return other.refuses("abc") })
	asked, read := other.asker.times("abd"), other.Stats().RecordsRead
	eventually(t, func() bool {
		other.admits("abd")
		return other.asker.times("abd") > 1
	}, "asked %d times", asked)
	_, _, err := other.Store().Find("visitor")
	require.NoError(t, err)
	assert.Greater(t, other.Stats().RecordsRead, read, "a record was kept")
	// And hears again.
	other.admits("abd")
	one.hears()
	one.signOut("abd")
	eventually(t, func() bool { return other.refuses("abd") })
	assert.Equal(t, uint64(1), other.Stats().Lost)
}

func TestATrimmedStreamDropsAll(t *testing.T) {
	f := newFleet(t)
	assertForgets(t, f, func(*member) { f.redis.Do("XTRIM", "secureflows:events", "MAXLEN", "0") })
}

func TestADeletedStreamDropsAll(t *testing.T) {
	f := newFleet(t)
	assertForgets(t, f, func(*member) { f.redis.Do("FLUSHALL") })
}

func TestARedisThatComesBackEmptyDropsAll(t *testing.T) {
	f := newFleet(t)
	assertForgets(t, f, func(*member) { f.redis.Restart() })
}

// A Redis that comes back with what it had is read on from there.
func TestARedisThatComesBackWithItsDataLosesNothing(t *testing.T) {
	f := newFleet(t, "--appendonly", "yes", "--appendfsync", "always")
	one, other := f.join(), f.join()
	other.admits("abc", "abd")
	f.redis.Stop()
	one.deaf()
	other.deaf()
	one.signOut("abc")
	other.admits("abc")
	f.redis.Restart()
	eventually(t, func() bool { return other.refuses("abc") }, "what was signed out meanwhile is not told")
	other.admits("abd")
	assert.Equal(t, 1, other.asker.times("abd"))
	assert.Zero(t, other.Stats().Lost)
}

func TestASignOutJustBeforeCloseIsHeard(t *testing.T) {
	f := newFleet(t)
	other := f.join()
	for i := range 10 {
		one := f.join()
		text := fmt.Sprintf("user-%d", i)
		other.admits(text)
		one.signOut(text)
		one.Close()
		eventually(t, func() bool { return other.refuses(text) })
	}
}

// A failing Redis may lose what it has acknowledged, as one does that fails over
// to another: it is told once more.
func TestWhatRedisHasForgottenIsToldAgain(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	other.admits("abc")
	other.wire.cut()
	other.deaf()
	f.heard(func() { one.signOut("abc") }, one)
	f.dropLastEvent()
	other.wire.mend()
	other.hears()
	other.admits("abc")
	// one notices the failover by its connection. What it read on from is gone
	// with the event, and it drops what it has; other finds its place.
	one.wire.cut()
	one.deaf()
	one.wire.mend()
	eventually(t, func() bool { return other.refuses("abc") }, "the event stayed lost")
	assert.Zero(t, other.Stats().Lost)
}

// The bound of what waits is not a bound of what is heard.
func TestTooManyEventsBecomeOne(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	other.admits("abc", "abd")
	f.commit("visitor", "x", in(time.Hour), other)
	one.wire.cut()
	one.deaf()
	sent := one.Stats().Sent
	f.service.end("abc")
	abc := token(t, "abc")
	for range 10_001 {
		one.cache.Forget(abc)
	}
	read := other.Stats().RecordsRead
	one.wire.mend()
	eventually(t, func() bool { return other.refuses("abc") })
	eventually(t, func() bool {
		other.admits("abd")
		return other.asker.times("abd") > 1
	}, "only what was said by name is dropped")
	other.finds("visitor", []byte("x"))
	assert.Greater(t, other.Stats().RecordsRead, read)
	// A thousand may have been under way when they became too many, and one may be
	// told again, as whatever was told just before Redis was back.
	assert.LessOrEqual(t, one.Stats().Sent, sent+1000+3)
	told := f.events()
	assert.Equal(t, "a", told[len(told)-1])
	other.caughtUp(one)
}

func TestManyEventsAreToldInOrder(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	one.wire.cut()
	one.deaf()
	texts := make([]string, 2500)
	for i := range texts {
		texts[i] = fmt.Sprintf("user-%d", i)
		one.admits(texts[i])
		other.admits(texts[i])
		one.signOut(texts[i])
	}
	one.wire.mend()
	eventually(t, func() bool { return one.Stats().Sent >= uint64(len(texts)) })
	for _, text := range texts {
		eventually(t, func() bool { return other.refuses(text) })
	}
	assert.LessOrEqual(t, one.Stats().Sent, 2*uint64(len(texts)))
}

// Nobody has an answer any more that an event could end.
func TestEventsAreNotToldForEver(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	f.heard(func() { one.signOut("abc") }, other)
	for range 5 {
		one.wire.cut()
		one.deaf()
		one.wire.mend()
		one.hears()
	}
	other.caughtUp(one)
	length, _ := f.redis.Do("XLEN", "secureflows:events").(int64)
	assert.LessOrEqual(t, length, int64(20))
}
