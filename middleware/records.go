package middleware

import (
	"context"
	"sync"
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
		return &stored{store: cfg.Store}
	default:
		return &stored{store: cfg.Store, sealer: &sealer}
	}
}

// inMemory reports whether what store keeps stays in this process.
func inMemory(store scs.Store) bool {
	_, ok := store.(*memstore.MemStore)
	return ok
}

// stored keeps records in a store of scs's, of which there is one for nearly
// every database. scs's session manager is left aside: its New starts a goroutine
// that has no end, its middleware wraps the ResponseWriter, and its way of
// committing brings somebody back who has signed out meanwhile.
type stored struct {
	store scs.Store
	// sealer encrypts what leaves this process, nil where nothing does. Each
	// record opens only under its own id: whoever can write to the store cannot
	// give one visitor the sign-in of another.
	sealer *sealer

	mu      sync.Mutex // guards updates
	updates map[string]*pending
}

// pending are the updates of a record that are under way.
type pending struct {
	count   int
	removed bool // meanwhile
}

const recordPurpose = "record "

// find gives the record of id. One that does not open, because its key has been
// dropped or somebody has changed it, is none.
func (s *stored) find(ctx context.Context, id string) (data []byte, found bool, err error) {
	if store, ok := s.store.(scs.CtxStore); ok {
		data, found, err = store.FindCtx(ctx, id)
	} else {
		data, found, err = s.store.Find(id)
	}
	if err != nil || !found || s.sealer == nil {
		return data, found, err
	}
	data, found = s.sealer.open(recordPurpose+id, string(data))
	return data, found, nil
}

func (s *stored) create(ctx context.Context, id string, data []byte, expiry time.Time) error {
	if s.sealer != nil {
		data = []byte(s.sealer.seal(recordPurpose+id, data))
	}
	if store, ok := s.store.(scs.CtxStore); ok {
		return store.CommitCtx(ctx, id, data, expiry)
	}
	return s.store.Commit(id, data, expiry)
}

// update takes several steps, since scs has no such thing in one. Who signs out
// in between on another replica leaves a record behind until its expiry, whose
// token is refused.
func (s *stored) update(ctx context.Context, id string, data []byte, expiry time.Time) error {
	s.mu.Lock()
	own := s.updates[id]
	if own == nil {
		own = &pending{}
		if s.updates == nil {
			s.updates = make(map[string]*pending)
		}
		s.updates[id] = own
	}
	own.count++
	s.mu.Unlock()

	_, found, err := s.find(ctx, id)
	if err == nil && found {
		err = s.create(ctx, id, data, expiry)
	}

	s.mu.Lock()
	if own.count--; own.count == 0 {
		delete(s.updates, id)
	}
	removed := own.removed
	s.mu.Unlock()
	if removed {
		return s.remove(context.WithoutCancel(ctx), id)
	}
	return err
}

func (s *stored) remove(ctx context.Context, id string) error {
	s.mu.Lock()
	if under := s.updates[id]; under != nil {
		under.removed = true
	}
	s.mu.Unlock()
	if store, ok := s.store.(scs.CtxStore); ok {
		return store.DeleteCtx(ctx, id)
	}
	return s.store.Delete(id)
}
