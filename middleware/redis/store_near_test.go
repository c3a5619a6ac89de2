package redis_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// commit commits a record on the first replica, and returns when all have heard
// of it and have it near.
func (f *fleet) commit(id, data string, expiry time.Time, replicas ...*member) {
	f.t.Helper()
	f.heard(func() { require.NoError(f.t, replicas[0].Store().Commit(id, []byte(data), expiry)) }, replicas...)
	for _, r := range replicas {
		r.finds(id, []byte(data))
		before := r.Stats().RecordsRead
		r.finds(id, []byte(data))
		require.Equal(f.t, before, r.Stats().RecordsRead, "not near")
	}
}

// heard does something that makes one event, and waits until that has been heard.
func (f *fleet) heard(do func(), replicas ...*member) {
	f.t.Helper()
	var before []uint64
	for _, r := range replicas {
		before = append(before, r.Stats().Received)
	}
	do()
	for i, r := range replicas {
		eventually(f.t, func() bool { return r.Stats().Received > before[i] }, "an event did not arrive")
	}
}

func TestNearRecordsNeedNoRedis(t *testing.T) {
	f := newFleet(t)
	r := f.join()
	f.commit("visitor", "old", in(time.Hour), r)
	before := r.Stats()
	for range 1000 {
		r.finds("visitor", []byte("old"))
	}
	after := r.Stats()
	assert.Equal(t, before.RecordsRead, after.RecordsRead)
	assert.Equal(t, before.RecordsNear+1000, after.RecordsNear)
}

func TestAChangeIsSeenByOthers(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	for name, change := range map[string]func(id string) (want []byte, err error){
		"committed": func(id string) ([]byte, error) {
			return []byte("new"), one.Store().Commit(id, []byte("new"), in(time.Hour))
		},
		"replaced": func(id string) ([]byte, error) {
			_, err := one.Store().ReplaceCtx(t.Context(), id, []byte("new"), in(time.Hour))
			return []byte("new"), err
		},
		"deleted": func(id string) ([]byte, error) { return nil, one.Store().Delete(id) },
	} {
		f.commit(name, "old", in(time.Hour), one, other)
		want, err := change(name)
		require.NoError(t, err)
		one.finds(name, want, name)
		other.comesToFind(name, want)
	}
}

// A reading is as old as its question, and the change was after that.
func TestAReadingThatAChangeOvertakesIsNotKept(t *testing.T) {
	f := newFleet(t)
	reader, other := f.join(patient), f.join()
	require.NoError(t, other.Store().Commit("visitor", []byte("old"), in(time.Hour)))
	reader.caughtUp(other)
	before, received := f.done("get"), reader.Stats().Received
	asked := reader.wire.holdReply("record:visitor")
	read := make(chan string, 1)
	go func() {
		data, _, err := reader.Store().FindCtx(context.Background(), "visitor")
		assert.NoError(t, err)
		read <- string(data)
	}()
	<-asked
	eventually(t, func() bool { return f.done("get") > before }, "the reading is not under way")
	require.NoError(t, other.Store().Delete("visitor"))
	eventually(t, func() bool { return reader.Stats().Received > received }, "the change was not heard")
	reader.wire.goOn()
	assert.Equal(t, "old", <-read)
	reader.finds("visitor", nil, "a reading from before the change was kept")
}

func TestNearRecordsAreNoOlderThanMaxAge(t *testing.T) {
	const maxAge = 500 * time.Millisecond
	f := newFleet(t)
	r := f.join(aging(maxAge))
	near := false
	for range 3 {
		f.heard(func() { require.NoError(t, r.Store().Commit("visitor", []byte("old"), in(time.Hour))) }, r)
		r.finds("visitor", []byte("old"))
		f.redis.Do("SET", "secureflows:record:visitor", "new") // nobody tells
		for changed := time.Now(); ; {
			began := time.Now()
			data, found, err := r.Store().Find("visitor")
			require.NoError(t, err)
			require.True(t, found)
			if string(data) == "new" {
				break
			}
			near = true
			require.Less(t, began.Sub(changed), maxAge, "it slides with each reading")
		}
	}
	assert.True(t, near, "nothing was near")
}

func TestNothingIsNearWithoutMaxAge(t *testing.T) {
	f := newFleet(t)
	r := f.join(aging(-1))
	require.NoError(t, r.Store().Commit("visitor", []byte("x"), in(time.Hour)))
	for range 10 {
		r.finds("visitor", []byte("x"))
	}
	assert.Zero(t, r.Stats().RecordsNear)
	assert.Equal(t, uint64(10), r.Stats().RecordsRead)
}
