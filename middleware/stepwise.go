package middleware

import (
	"context"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
)

// stepwise makes the most of a store that is not an AtomicStore.
type stepwise struct {
	scs.Store

	mu           sync.Mutex // guards replacements
	replacements map[string]*replacement
}

// replacement is what happens to a record while it is being replaced.
type replacement struct {
	count   int // of those under way
	removed bool
}

func (s *stepwise) FindCtx(ctx context.Context, id string) (data []byte, found bool, err error) {
	if store, ok := s.Store.(scs.CtxStore); ok {
		return store.FindCtx(ctx, id)
	}
	return s.Find(id)
}

func (s *stepwise) CommitCtx(ctx context.Context, id string, data []byte, expiry time.Time) error {
	if store, ok := s.Store.(scs.CtxStore); ok {
		return store.CommitCtx(ctx, id, data, expiry)
	}
	return s.Commit(id, data, expiry)
}

// DeleteCtx takes the record away, and sees to it that no replacement of this
// process puts it back.
func (s *stepwise) DeleteCtx(ctx context.Context, id string) error {
	s.mu.Lock()
	if under := s.replacements[id]; under != nil {
		under.removed = true
	}
	s.mu.Unlock()
	if store, ok := s.Store.(scs.CtxStore); ok {
		return store.DeleteCtx(ctx, id)
	}
	return s.Delete(id)
}

func (s *stepwise) CreateCtx(ctx context.Context, id string, data []byte, expiry time.Time) (created bool, err error) {
	_, found, err := s.FindCtx(ctx, id)
	if err != nil || found {
		return false, err
	}
	return true, s.CommitCtx(ctx, id, data, expiry)
}

func (s *stepwise) ReplaceCtx(ctx context.Context, id string, data []byte, expiry time.Time) (replaced bool, err error) {
	own := s.begin(id)
	_, found, err := s.FindCtx(ctx, id)
	if err == nil && found {
		err = s.CommitCtx(ctx, id, data, expiry)
	}
	if s.end(id, own) {
		return false, s.DeleteCtx(context.WithoutCancel(ctx), id)
	}
	return found && err == nil, err
}

func (s *stepwise) begin(id string) *replacement {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.replacements[id]
	if own == nil {
		own = &replacement{}
		if s.replacements == nil {
			s.replacements = make(map[string]*replacement)
		}
		s.replacements[id] = own
	}
	own.count++
	return own
}

func (s *stepwise) end(id string, own *replacement) (removed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own.count--; own.count == 0 {
		delete(s.replacements, id)
	}
	return own.removed
}
