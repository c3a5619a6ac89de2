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
	// The records, who was seen last in front. Those of sign-ins of which nothing
	// was heard since are apart, and go first: whoever makes up returns during an
	// outage, when no token can be asked about, drives out nobody else.
	fresh, proven list.List
}

type kept struct {
	id     string
	data   []byte
	expiry time.Time
	in     *list.List
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
	record := element.Value.(*kept)
	record.in.MoveToFront(element)
	return record.data, true, nil
}

func (m *memory) create(_ context.Context, id string, data []byte, expiry time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, records := range []*list.List{&m.fresh, &m.proven} {
		for last := records.Back(); last != nil && (len(m.byID) >= m.capacity || last.Value.(*kept).ended()); last = records.Back() {
			m.drop(last)
		}
	}
	m.byID[id] = m.fresh.PushFront(&kept{id, data, expiry, &m.fresh})
	return nil
}

func (m *memory) update(_ context.Context, id string, data []byte, expiry time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if element, found := m.byID[id]; found {
		m.drop(element)
		m.byID[id] = m.proven.PushFront(&kept{id, data, expiry, &m.proven})
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
	record := element.Value.(*kept)
	delete(m.byID, record.id)
	record.in.Remove(element)
}
