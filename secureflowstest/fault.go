package secureflowstest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// Fault is what the next matching requests meet. With a Status the request does
// not run; without one it runs, and its answer is delayed, dropped, truncated
// or given a header. A Fault that changes nothing fails the test.
type Fault struct {
	// Path is exact, as in "/api/v1/sessions", or a prefix with a final *, as
	// in "/api/v1/sessions/get/*". "" is any path.
	Path string
	// Method is the method, "" any.
	Method string

	// Status is the answer's status, with the API's error form unless there is
	// a Body.
	Status int
	// Body is the answer's body; EmptyBody makes it empty.
	Body      string
	EmptyBody bool
	// ContentType of the Body; "" is application/json for a body that is JSON,
	// and text/html for another, as of a proxy's page.
	ContentType string
	// RetryAfter is sent as a header in whole seconds, unless 0.
	RetryAfter time.Duration
	// Header is sent with the answer.
	Header http.Header

	// Delay holds the answer back, in real time, until the client goes away or
	// the mock stops.
	Delay time.Duration
	// Drop breaks the connection without an answer.
	Drop bool
	// Truncate breaks the connection in the middle of the answer.
	Truncate bool

	// Times is how many requests meet the fault; 0 is one.
	Times int
}

// Fail makes the next matching requests meet the fault, after those of earlier
// faults.
func (s *Server) Fail(fault Fault) {
	s.t.Helper()
	header := fault.Header.Clone()
	if fault.RetryAfter > 0 {
		if header == nil {
			header = http.Header{}
		}
		header.Set("Retry-After", strconv.Itoa(int(fault.RetryAfter.Round(time.Second)/time.Second)))
	}
	s.check("Fail", s.emulator.AddFault(emulator.Fault{
		Path: fault.Path, Method: fault.Method,
		Status: fault.Status, Body: fault.Body, EmptyBody: fault.EmptyBody, ContentType: fault.ContentType, Header: header,
		Delay: fault.Delay, Drop: fault.Drop, Truncate: fault.Truncate,
		Times: fault.Times,
	}))
}

// Request is one that arrived at the mock, with [REDACTED] in place of every
// token.
type Request struct {
	Time   time.Time // by the mock's clock
	Method string
	Path   string // percent-encoded, as sent
	Query  string
	Header http.Header
	Body   string // the first 4 KiB
	Status int    // answered; 0 when the connection broke without an answer
}

// Requests gives what arrived, the oldest first; the last thousand are kept.
func (s *Server) Requests() []Request {
	recorded := s.emulator.Requests()
	requests := make([]Request, len(recorded))
	for i, request := range recorded {
		requests[i] = Request(request)
	}
	return requests
}
