package emulator

import (
	"net/http"
	"strconv"
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
	outcome atomic.Pointer[outcome] // nil while the answer is held back
}

// outcome is what the page of the emulator shows beside a Request.
type outcome struct {
	took    time.Duration
	session int64 // 0 when none is known
	email   string
	fault   bool
}

func (entry *record) answered(r *request, status int, met Fault) {
	end := &outcome{took: time.Since(r.arrived), fault: met.changes()}
	if r.session != nil {
		end.session = r.session.id
	}
	if r.person != nil {
		end.email = r.person.email
	}
	entry.status.Store(int32(status))
	entry.outcome.Store(end)
}

// sight is a request in short, as people see it.
type sight struct {
	Time     string  `json:"time"`
	Method   string  `json:"method"`
	Path     string  `json:"path"`
	Query    string  `json:"query,omitempty"`
	Status   int     `json:"status"` // 0 when the connection was broken
	Duration float64 `json:"durationMs"`
	Session  int64   `json:"session,omitempty"`
	Email    string  `json:"email,omitempty"`
	Fault    bool    `json:"fault,omitempty"`
	Waiting  bool    `json:"waiting,omitempty"`
}

func (entry *record) sight() sight {
	seen := sight{
		Time: entry.request.Time.Format("15:04:05"), Method: entry.request.Method, Path: entry.request.Path, Query: entry.request.Query,
		Waiting: true,
	}
	if end := entry.outcome.Load(); end != nil {
		seen.Status, seen.Waiting = int(entry.status.Load()), false
		seen.Duration = float64(end.took.Round(10*time.Microsecond)) / float64(time.Millisecond)
		seen.Session, seen.Email, seen.Fault = end.session, shown(end.email), end.fault
	}
	return seen
}

// Class is how the status is coloured.
func (s sight) Class() string {
	switch {
	case s.Waiting:
		return "signed-out"
	case s.Status >= 200 && s.Status < 400:
		return "active"
	}
	return "expired"
}

// Result is the status as text.
func (s sight) Result() string {
	switch {
	case s.Waiting:
		return "waiting"
	case s.Status == 0:
		return "dropped"
	}
	return strconv.Itoa(s.Status)
}

// recent are the last requests, newest first.
func (rec *recorder) recent(count int) []sight {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	list := make([]sight, 0, min(count, len(rec.ring)))
	for i := len(rec.ring) - 1; i >= 0 && len(list) < count; i-- {
		list = append(list, rec.ring[(rec.next+i)%len(rec.ring)].sight())
	}
	return list
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
