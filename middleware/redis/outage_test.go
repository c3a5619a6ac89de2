package redis_test

import (
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/middleware/redis"
)

// outage is a way in which Redis is lost, and found again.
type outage struct{ begin, end func(f *fleet, r *member) }

var outages = map[string]outage{
	"killed":  {func(f *fleet, _ *member) { f.redis.Stop() }, func(f *fleet, _ *member) { f.redis.Restart() }},
	"hanging": {func(f *fleet, _ *member) { f.redis.Pause() }, func(f *fleet, _ *member) { f.redis.Resume() }},
	"cut off": {func(_ *fleet, r *member) { r.wire.cut() }, func(_ *fleet, r *member) { r.wire.mend() }},
}

func hurried(config *redis.Config) { config.Timeout = 500 * time.Millisecond }

// Whatever goes wrong meanwhile, and however often.
func TestAnOutageIsTwoLines(t *testing.T) {
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t)
			r := f.join(hurried)
			for round := range 2 {
				outage.begin(f, r)
				for i := range 20 {
					r.signOut(fmt.Sprintf("user-%d", i))
					_, _, err := r.Store().Find("visitor")
					assert.Error(t, err)
				}
				r.deaf()
				assert.False(t, r.Stats().Connected)
				// It goes on trying.
				for dead := in(2 * time.Second); time.Now().Before(dead); {
					_, _, err := r.Store().Find("visitor")
					assert.Error(t, err)
				}
				assert.Equal(t, round+1, r.log.lines(slog.LevelWarn)+r.log.lines(slog.LevelError), r.log)
				outage.end(f, r)
				r.hears()
				eventually(t, func() bool { return r.log.lines(slog.LevelInfo) == round+1 }, r.log)
				assert.Equal(t, uint64(round+1), r.Stats().Outages)
			}
			assert.Equal(t, 2, r.log.lines(slog.LevelWarn)+r.log.lines(slog.LevelError), r.log)
			assert.Equal(t, 2, r.log.lines(slog.LevelInfo), r.log)
		})
	}
}

// A replica that starts before Redis does says so, and is no worse afterwards.
func TestRedisMayComeLater(t *testing.T) {
	f := newFleet(t)
	r := f.start(hurried)
	other := f.join()
	r.hears()
	assert.Zero(t, r.Stats().Outages)
	r.Close()
	late := &member{}
	late.Replicas = f.lateReplica(t, late)
	eventually(t, func() bool { return late.Stats().Outages == 1 })
	late.wire.mend()
	late.t = t
	late.hears()
	f.heard(func() { other.cache.Forget(token(t, "abc")) }, other)
	eventually(t, func() bool { return late.Stats().Received > 0 })
	assert.Equal(t, 1, late.log.lines(slog.LevelWarn), late.log)
	assert.Equal(t, 1, late.log.lines(slog.LevelInfo), late.log)
}

// lateReplica has a client that was connected once, and is not any more.
func (f *fleet) lateReplica(t *testing.T, r *member) *redis.Replicas {
	t.Helper()
	r.wire, r.log = newWire(t, f.redis.Addr()), &journal{}
	client := dial(t, r.wire.url())
	r.wire.cut()
	replicas, err := redis.New(client, redis.Config{EncryptionKeys: keysOf(1), Logger: slog.New(slog.NewTextHandler(r.log, nil))})
	require.NoError(t, err)
	t.Cleanup(replicas.Close)
	return replicas
}

// Answers in memory are given without asking Redis anything: that it hangs is not
// noticed by those who are signed in.
func TestWhatIsNearDoesNotWaitForAHangingRedis(t *testing.T) {
	f := newFleet(t)
	r := f.join(patient, sharing) // whoever waited would wait for long
	r.admits("abc")
	f.commit("visitor", "x", in(time.Hour), r)
	f.redis.Pause()
	began := time.Now()
	for range 1000 {
		r.admits("abc")
		r.finds("visitor", []byte("x"))
	}
	assert.Less(t, time.Since(began), soon/2)
	assert.Equal(t, 1, r.asker.times("abc"))
}

// Requests that need Redis wait for Timeout, and after a few not even that.
func TestOthersWaitForTheTimeoutOnly(t *testing.T) {
	f := newFleet(t)
	r := f.join(hurried)
	f.redis.Pause()
	for i := range 20 {
		began := time.Now()
		_, found, err := r.Store().Find(fmt.Sprintf("visitor-%d", i))
		assert.Error(t, err)
		assert.False(t, found)
		assert.Less(t, time.Since(began), 5*time.Second, "the %dth waited for more than Timeout", i)
	}
	f.redis.Resume()
	eventually(t, func() bool {
		_, found, err := r.Store().Find("visitor")
		return err == nil && !found
	})
	for i := range 100 {
		r.finds(fmt.Sprintf("visitor-%d", i), nil, "refused after Redis is back")
	}
}

// The one who finds out whether Redis is back is one at a time.
func TestAnOutagePilesUpNothing(t *testing.T) {
	f := newFleet(t)
	r := f.join(func(config *redis.Config) { config.Timeout = time.Second })
	f.redis.Pause()
	ask := func(count int) (refused int64) {
		var all sync.WaitGroup
		var atOnce atomic.Int64
		for range count {
			all.Go(func() {
				began := time.Now()
				_, _, err := r.Store().Find("visitor")
				assert.Error(t, err)
				if time.Since(began) < time.Second {
					atOnce.Add(1)
				}
			})
		}
		all.Wait()
		return atOnce.Load()
	}
	ask(5)
	before, began := r.wire.times("record:visitor"), time.Now()
	refused := ask(500)
	tries := int(time.Since(began)/time.Second) + 2 // one a second may try
	assert.LessOrEqual(t, r.wire.times("record:visitor")-before, tries)
	assert.GreaterOrEqual(t, refused, int64(500-tries))
}

func TestOutagesLeaveNoGoroutines(t *testing.T) {
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			r := f.join(hurried, sharing)
			r.admits("abc")
			_, _, _ = r.Store().Find("visitor")
			before := runtime.NumGoroutine()
			for range 2 {
				outage.begin(f, r)
				var all sync.WaitGroup
				for i := range 300 {
					all.Go(func() {
						_, _, _ = r.Store().Find("visitor")
						r.admits(fmt.Sprintf("user-%d", i))
						r.signOut(fmt.Sprintf("other-%d", i))
					})
				}
				all.Wait()
				r.deaf()
				assert.Less(t, runtime.NumGoroutine(), before+600, "requests left goroutines")
				outage.end(f, r)
				r.hears()
			}
			eventually(t, func() bool { return runtime.NumGoroutine() <= before+20 }, "%d before", before)
		})
	}
}

// Which TestMain looks after: here it is that Close comes back.
func TestCloseEndsWhereRedisDoesNotAnswer(t *testing.T) {
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, noticed := range []bool{false, true} {
				f := newFleet(t)
				r := f.join(hurried, sharing)
				r.admits("abc")
				outage.begin(f, r)
				if noticed {
					r.deaf()
				}
				for i := range 10 {
					r.signOut(fmt.Sprintf("user-%d", i))
				}
				began := time.Now()
				r.Close()
				assert.Less(t, time.Since(began), 8*time.Second)
				r.Close()
				outage.end(f, r)
			}
		})
	}
}

func TestAfterCloseItGoesOnAlone(t *testing.T) {
	f := newFleet(t)
	r := f.join(sharing)
	require.NoError(t, r.Store().Commit("visitor", []byte("x"), in(time.Hour)))
	r.Close()
	r.finds("visitor", []byte("x"))
	r.admits("abc")
	r.signOut("abc")
	assert.True(t, r.refuses("abc"))
	require.NoError(t, r.Store().Delete("visitor"))
	r.finds("visitor", nil)
	assert.False(t, r.Stats().Connected)
	require.NoError(t, r.client.Do(t.Context(), r.client.B().Ping().Build()).Error(), "the application's client was closed")
}

// While Redis is away, MaxAge is what holds.
func TestNobodyIsAdmittedForLongerThanMaxAge(t *testing.T) {
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const maxAge = time.Second
			f := newFleet(t)
			one, other := f.join(hurried, sharing, aging(maxAge)), f.join(hurried, sharing, aging(maxAge))
			one.admits("abc")
			outage.begin(f, other)
			other.admits("abc")
			ended := time.Now()
			one.signOut("abc")
			for {
				began := time.Now()
				if other.refuses("abc") {
					break
				}
				require.Less(t, began.Sub(ended), maxAge+200*time.Millisecond)
				time.Sleep(time.Millisecond)
			}
			outage.end(f, other)
			other.hears()
			for range 100 {
				assert.True(t, other.refuses("abc"))
				assert.True(t, one.refuses("abc"))
			}
		})
	}
}
