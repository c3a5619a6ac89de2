package redis

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/secureflows/secureflows-go/middleware"
)

// Store keeps sign-ins for a [middleware.Browser]. It is given encrypted records,
// under ids that are of no use in a cookie, and they end as Redis expiries.
//
// What was read is kept in memory for at most Config.MaxAge, and dropped when any
// replica changes it: most pages need no round trip, and none while Redis is
// away.
type Store struct {
	replicas *Replicas

	mu      sync.Mutex // guards what is below
	near    *generations[string, reading]
	changes uint64 // of records, that this replica has made or heard of
}

var _ middleware.AtomicStore = (*Store)(nil)

// reading is a record as it was.
type reading struct {
	data []byte
	end  time.Time // of its use
}

func newStore(r *Replicas) *Store {
	return &Store{replicas: r, near: newGenerations[string, reading](r.maxAge, r.config.MaxEntries)}
}

// FindCtx gives the record of id.
func (s *Store) FindCtx(ctx context.Context, id string) (data []byte, found bool, err error) {
	if near, ok := s.near.get(id); ok && time.Now().Before(near.end) {
		s.replicas.counts.recordsNear.Add(1)
		return near.data, true, nil
	}
	s.replicas.counts.recordsRead.Add(1)
	before, asked, key := s.begin(), time.Now(), s.key(id)
	results, err := s.replicas.link.doMulti(ctx, s.builder().Get().Key(key).Build(), s.builder().Pttl().Key(key).Build())
	if err != nil {
		return nil, false, err
	}
	data, err = results[0].AsBytes()
	if rueidis.IsRedisNil(err) {
		return nil, false, nil
	}
	left, ttlErr := results[1].AsInt64()
	if err = errors.Join(err, ttlErr); err != nil {
		return nil, false, err
	}
	s.keep(id, reading{data, asked.Add(min(s.replicas.maxAge, time.Duration(left)*time.Millisecond))}, before)
	return data, true, nil
}

func (s *Store) begin() (changes uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// keep remembers what was read, unless something has changed while it was.
func (s *Store) keep(id string, read reading, before uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changes == before && time.Now().Before(read.end) {
		s.near.put(id, read)
	}
}

// changed drops what is remembered of a record.
func (s *Store) changed(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	s.near.drop(id)
}

// changedAll drops what is remembered.
func (s *Store) changedAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes++
	s.near.clear()
}

// CommitCtx stores data under id until expiry, whatever was there.
func (s *Store) CommitCtx(ctx context.Context, id string, data []byte, expiry time.Time) error {
	defer s.announce(id)
	_, err := s.replicas.link.do(ctx, s.builder().Set().Key(s.key(id)).Value(rueidis.BinaryString(data)).Px(life(expiry)).Build())
	return err
}

// CreateCtx stores data under id until expiry, unless there is something.
func (s *Store) CreateCtx(ctx context.Context, id string, data []byte, expiry time.Time) (created bool, err error) {
	return s.set(ctx, s.builder().Set().Key(s.key(id)).Value(rueidis.BinaryString(data)).Nx().Px(life(expiry)).Build())
}

// ReplaceCtx stores data under id until expiry, if there is something.
func (s *Store) ReplaceCtx(ctx context.Context, id string, data []byte, expiry time.Time) (replaced bool, err error) {
	defer s.announce(id)
	return s.set(ctx, s.builder().Set().Key(s.key(id)).Value(rueidis.BinaryString(data)).Xx().Px(life(expiry)).Build())
}

// set reports whether a conditional SET was done.
func (s *Store) set(ctx context.Context, command rueidis.Completed) (done bool, err error) {
	result, err := s.replicas.link.do(ctx, command)
	return err == nil && result.Error() == nil, err
}

// DeleteCtx takes the record of id away.
func (s *Store) DeleteCtx(ctx context.Context, id string) error {
	defer s.announce(id)
	_, err := s.replicas.link.do(ctx, s.builder().Del().Key(s.key(id)).Build())
	return err
}

// announce is for after a change, also one of which it is not known whether it
// was made: whoever looks then finds out.
func (s *Store) announce(id string) {
	s.changed(id)
	s.replicas.events.tell(recordChanged, id)
}

// Find, Commit and Delete are for those who have no context.

// Find is FindCtx.
func (s *Store) Find(id string) (data []byte, found bool, err error) {
	return s.FindCtx(context.Background(), id)
}

// Commit is CommitCtx.
func (s *Store) Commit(id string, data []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), id, data, expiry)
}

// Delete is DeleteCtx.
func (s *Store) Delete(id string) error { return s.DeleteCtx(context.Background(), id) }

func (s *Store) key(id string) string { return s.replicas.config.Prefix + "record:" + id }

func (s *Store) builder() rueidis.Builder { return s.replicas.client.B() }

// life is how long a record has until expiry. It is counted by Redis, whose clock
// may show another time.
func life(expiry time.Time) time.Duration { return max(time.Until(expiry), time.Millisecond) }
