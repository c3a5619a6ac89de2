package middleware

import (
	"context"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
)

// records are what a Browser remembers of its visitors, each under an id that is
// of no use in a cookie.
type records interface {
	find(ctx context.Context, id string) (data []byte, found bool, err error)
	create(ctx context.Context, id string, data []byte, expiry time.Time) error
	// update writes what is there still: whoever has gone meanwhile has signed
	// out, and must not be brought back.
	update(ctx context.Context, id string, data []byte, expiry time.Time) error
	remove(ctx context.Context, id string) error
}

// newRecords chooses where they are kept.
func newRecords(cfg *BrowserConfig, sealer sealer) records {
	switch {
	case cfg.Store == nil:
		return newMemory(orDefault(cfg.MaxSessions, 100_000))
	case inMemory(cfg.Store):
		return newStored(cfg.Store, nil)
	default:
		return newStored(cfg.Store, &sealer)
	}
}

// inMemory reports whether what store keeps stays in this process.
func inMemory(store scs.Store) bool {
	_, ok := store.(*memstore.MemStore)
	return ok
}

// AtomicStore is a store that does in one step what several replicas would do at
// the same time. With any other, two replicas that are handed the same return of
// a sign-in in the same moment may both accept it, and a request that is under way
// on one while its visitor signs out on another may leave their record behind,
// whose token is refused.
type AtomicStore interface {
	scs.CtxStore
	// CreateCtx stores data under id, unless there is something.
	CreateCtx(ctx context.Context, id string, data []byte, expiry time.Time) (created bool, err error)
	// ReplaceCtx stores data under id, if there is something.
	ReplaceCtx(ctx context.Context, id string, data []byte, expiry time.Time) (replaced bool, err error)
}

// stored keeps records in a store of scs's, of which there is one for nearly
// every database. scs's session manager is left aside: its New starts a goroutine
// that has no end, its middleware wraps the ResponseWriter, and its way of
// committing brings somebody back who has signed out meanwhile.
type stored struct {
	store AtomicStore
	// sealer encrypts what leaves this process, nil where nothing does. Each
	// record opens only under its own id: whoever can write to the store cannot
	// give one visitor the sign-in of another.
	sealer *sealer
}

func newStored(store scs.Store, sealer *sealer) *stored {
	atomic, ok := store.(AtomicStore)
	if !ok {
		atomic = &stepwise{Store: store}
	}
	return &stored{atomic, sealer}
}

const recordPurpose = "record "

// find gives the record of id. One that does not open, because its key has been
// dropped or somebody has changed it, is none.
func (s *stored) find(ctx context.Context, id string) (data []byte, found bool, err error) {
	data, found, err = s.store.FindCtx(ctx, id)
	if err != nil || !found || s.sealer == nil {
		return data, found, err
	}
	data, found = s.sealer.open(recordPurpose+id, string(data))
	return data, found, nil
}

func (s *stored) seal(id string, data []byte) []byte {
	if s.sealer == nil {
		return data
	}
	return []byte(s.sealer.seal(recordPurpose+id, data))
}

func (s *stored) create(ctx context.Context, id string, data []byte, expiry time.Time) error {
	return s.store.CommitCtx(ctx, id, s.seal(id, data), expiry)
}

func (s *stored) update(ctx context.Context, id string, data []byte, expiry time.Time) error {
	_, err := s.store.ReplaceCtx(ctx, id, s.seal(id, data), expiry)
	return err
}

// claim makes a record that says no more than that there is one, and reports
// false where there was.
func (s *stored) claim(ctx context.Context, id string, expiry time.Time) (first bool, err error) {
	return s.store.CreateCtx(ctx, id, s.seal(id, []byte("claimed")), expiry)
}

func (s *stored) remove(ctx context.Context, id string) error { return s.store.DeleteCtx(ctx, id) }
