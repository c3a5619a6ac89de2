package emulator

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Request is one that arrived, with [REDACTED] in place of every token.
type Request struct {
	Time   time.Time   `json:"time"` // of the emulator's clock
	Method string      `json:"method"`
	Path   string      `json:"path"` // as sent, percent-encoded
	Query  string      `json:"query,omitempty"`
	Header http.Header `json:"headers"`
	Body   string      `json:"body,omitempty"` // the first 4 KiB
	// Status answered: 0 while the answer is held back, or when the connection
	// was broken without one.
	Status int `json:"status"`
}

// maxRecorded requests are kept; older ones are forgotten.
const maxRecorded = 1000

// recorder is a ring of what arrived.
type recorder struct {
	mu   sync.Mutex // guards all below
	ring []*record
	next int // where the next goes once the ring is full
}

// record is a Request whose status comes later.
type record struct {
	request Request // its Status stays 0
	status  atomic.Int32
}

// arrive records the request before it is answered, so that one whose answer is
// held back can be seen.
func (rec *recorder) arrive(r *request) *record {
	entry := &record{request: redactRequest(r)}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	if len(rec.ring) < maxRecorded {
		rec.ring = append(rec.ring, entry)
		return entry
	}
	rec.ring[rec.next] = entry
	rec.next = (rec.next + 1) % maxRecorded
	return entry
}

func (rec *recorder) requests() []Request {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	list := make([]Request, 0, len(rec.ring))
	for i := range rec.ring {
		entry := rec.ring[(rec.next+i)%len(rec.ring)]
		request := entry.request
		request.Header = request.Header.Clone()
		request.Status = int(entry.status.Load())
		list = append(list, request)
	}
	return list
}

func (rec *recorder) clear() {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.ring, rec.next = nil, 0
}
