package redis_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/middleware/redis"
)

func in(d time.Duration) time.Time { return time.Now().Add(d) }

// finds asserts what the store of a replica has under id, nil for nothing.
func (r *member) finds(id string, want []byte, why ...any) {
	r.t.Helper()
	data, found, err := r.Store().FindCtx(r.t.Context(), id)
	require.NoError(r.t, err, why...)
	assert.Equal(r.t, want != nil, found, why...)
	assert.Equal(r.t, string(want), string(data), why...)
}

// comesToFind waits until the store of a replica has this under id.
func (r *member) comesToFind(id string, want []byte) {
	r.t.Helper()
	eventually(r.t, func() bool {
		data, found, err := r.Store().FindCtx(r.t.Context(), id)
		return err == nil && found == (want != nil) && bytes.Equal(data, want)
	}, "a change did not arrive")
}

// pttl is how long Redis keeps the record of id.
func (f *fleet) pttl(id string) time.Duration {
	f.t.Helper()
	left, ok := f.redis.Do("PTTL", "secureflows:record:"+id).(int64)
	require.True(f.t, ok)
	return time.Duration(left) * time.Millisecond
}

func TestTheStoreKeepsWhatItIsGiven(t *testing.T) {
	f := newFleet(t)
	for name, r := range map[string]*member{"near": f.join(), "nothing near": f.join(aging(-1))} {
		store := r.Store()
		for i, data := range [][]byte{[]byte("abc"), {}, {0, 255, '\r', '\n', 0}, bytes.Repeat([]byte("x"), 1<<20)} {
			id := fmt.Sprintf("%s-%d", name, i)
			_, found, err := store.Find(id)
			require.NoError(t, err)
			assert.False(t, found, "there is nothing yet")
			require.NoError(t, store.Commit(id, data, in(time.Hour)))
			for range 2 {
				got, found, err := store.Find(id)
				require.NoError(t, err)
				assert.True(t, found)
				assert.True(t, bytes.Equal(data, got), "%d bytes became %d", len(data), len(got))
			}
			require.NoError(t, store.Commit(id, []byte("next"), in(time.Hour)))
			r.finds(id, []byte("next"))
			require.NoError(t, store.Delete(id))
			r.finds(id, nil)
			assert.NoError(t, store.Delete(id), "ending what has ended succeeds")
		}
	}
}

func TestRecordsEndInRedis(t *testing.T) {
	f := newFleet(t)
	r := f.join()
	store := r.Store()
	require.NoError(t, store.Commit("committed", []byte("x"), in(time.Hour)))
	created, err := store.CreateCtx(t.Context(), "created", []byte("x"), in(time.Hour))
	require.NoError(t, err)
	assert.True(t, created)
	require.NoError(t, store.Commit("replaced", []byte("x"), in(time.Minute)))
	replaced, err := store.ReplaceCtx(t.Context(), "replaced", []byte("y"), in(time.Hour))
	require.NoError(t, err)
	assert.True(t, replaced)
	for _, id := range []string{"committed", "created", "replaced"} {
		assert.Greater(t, f.pttl(id), 59*time.Minute, id)
		assert.LessOrEqual(t, f.pttl(id), time.Hour, id)
	}
	require.NoError(t, store.Commit("short", []byte("x"), in(50*time.Millisecond)))
	require.NoError(t, store.Commit("past", []byte("x"), in(-time.Hour)))
	eventually(t, func() bool { return f.pttl("short") < 0 && f.pttl("past") < 0 })
	r.finds("past", nil)
}

// What is near ends as well.
func TestARecordIsNotFoundBeyondItsEnd(t *testing.T) {
	f := newFleet(t)
	r := f.join()
	expiry := in(time.Second)
	f.commit("short", "x", expiry, r)
	eventually(t, func() bool { return f.pttl("short") < 0 && time.Now().After(expiry) })
	r.finds("short", nil, "found in memory after its end")
}

func TestOneOfManyCreates(t *testing.T) {
	f := newFleet(t)
	replicas := []*member{f.join(), f.join(), f.join()}
	for round := range 20 {
		id := fmt.Sprintf("state-%d", round)
		var first atomic.Int32
		var all sync.WaitGroup
		for i := range 30 {
			all.Go(func() {
				created, err := replicas[i%3].Store().CreateCtx(t.Context(), id, []byte{byte(i)}, in(time.Minute))
				assert.NoError(t, err)
				if created {
					first.Add(1)
				}
			})
		}
		all.Wait()
		assert.Equal(t, int32(1), first.Load())
	}
}

func TestReplacingBringsNothingBack(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	for round := range 50 {
		id := fmt.Sprintf("visitor-%d", round)
		require.NoError(t, one.Store().Commit(id, []byte("x"), in(time.Hour)))
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				_, err := other.Store().ReplaceCtx(t.Context(), id, []byte("y"), in(time.Hour))
				assert.NoError(t, err)
			})
		}
		all.Go(func() { assert.NoError(t, one.Store().Delete(id)) })
		all.Wait()
		assert.Nil(t, f.redis.Do("GET", "secureflows:record:"+id), "it was brought back")
		replaced, err := other.Store().ReplaceCtx(t.Context(), id, []byte("y"), in(time.Hour))
		require.NoError(t, err)
		assert.False(t, replaced)
	}
}

func TestCreatingLeavesWhatIsThere(t *testing.T) {
	f := newFleet(t)
	r := f.join()
	require.NoError(t, r.Store().Commit("visitor", []byte("x"), in(time.Hour)))
	created, err := r.Store().CreateCtx(t.Context(), "visitor", []byte("y"), in(time.Minute))
	require.NoError(t, err)
	assert.False(t, created)
	r.finds("visitor", []byte("x"))
	assert.Greater(t, f.pttl("visitor"), 59*time.Minute)
}

// An outage is not the absence of a record: by that people would be signed out.
func TestAStoreWithoutRedisFails(t *testing.T) {
	f := newFleet(t)
	r := f.join(func(config *redis.Config) { config.Timeout = 100 * time.Millisecond })
	f.redis.Stop()
	store := r.Store()
	_, found, err := store.Find("visitor")
	assert.Error(t, err)
	assert.False(t, found)
	assert.Error(t, store.Commit("visitor", []byte("x"), in(time.Hour)))
	assert.Error(t, store.Delete("visitor"))
	created, err := store.CreateCtx(t.Context(), "visitor", []byte("x"), in(time.Hour))
	assert.Error(t, err)
	assert.False(t, created)
	replaced, err := store.ReplaceCtx(t.Context(), "visitor", []byte("x"), in(time.Hour))
	assert.Error(t, err)
	assert.False(t, replaced)
}

// Nor is an answer that makes no sense, such as that of a key of another kind.
func TestAWrongKindOfKeyIsAnError(t *testing.T) {
	f := newFleet(t)
	r := f.join()
	f.redis.Do("LPUSH", "secureflows:record:visitor", "x")
	_, found, err := r.Store().Find("visitor")
	assert.Error(t, err)
	assert.False(t, found)
	created, err := r.Store().CreateCtx(t.Context(), "visitor", []byte("x"), in(time.Hour))
	assert.NoError(t, err)
	assert.False(t, created)
}

func TestAVisitorWhoLeavesIsNoOutage(t *testing.T) {
	f := newFleet(t)
	r := f.join()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		_, _, err := r.Store().FindCtx(ctx, "visitor")
		assert.ErrorIs(t, err, context.Canceled)
	}
	r.finds("visitor", nil)
}
