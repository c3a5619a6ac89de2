package middleware

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// memory keeps records in this process, up to a bound.
type memory struct {
	capacity int

	mu   sync.Mutex // guards what is below
	byID map[string]*list.Element
	seen list.List // of *kept, who was seen last in front
}

type kept struct {
	id     string
	data   []byte
	expiry time.Time
}

func (k *kept) ended() bool { return !time.Now().Before(k.expiry) }

func newMemory(capacity int) *memory {
	return &memory{capacity: capacity, byID: make(map[string]*list.Element)}
}

func (m *memory) find(_ context.Context, id string) (data []byte, found bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	element, found := m.byID[id]
	if !found || element.Value.(*kept).ended() {
		return nil, false, nil
	}
	m.seen.MoveToFront(element)
	return element.Value.(*kept).data, true, nil
}

// create lets those go who have ended, and where there is no room those who
// were not seen for longest.
func (m *memory) create(_ context.Context, id string, data []byte, expiry time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for last := m.seen.Back(); last != nil && (len(m.byID) >= m.capacity || last.Value.(*kept).ended()); last = m.seen.Back() {
		m.drop(last)
	}
	m.byID[id] = m.seen.PushFront(&kept{id, data, expiry})
	return nil
}

func (m *memory) update(_ context.Context, id string, data []byte, expiry time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if element, found := m.byID[id]; found {
		*element.Value.(*kept) = kept{id, data, expiry}
	}
	return nil
}

func (m *memory) remove(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if element, found := m.byID[id]; found {
		m.drop(element)
	}
	return nil
}

func (m *memory) drop(element *list.Element) {
	delete(m.byID, element.Value.(*kept).id)
	m.seen.Remove(element)
}
