// Package peers has the ways to learn whose request it is, each as a middleware
// in front of the same handler.
package peers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// LiveTokens is how many tokens are good at once in a measurement.
const LiveTokens = 10_000

// Peer is one way to learn whose request it is.
type Peer struct {
	// Name is unique and has no spaces, as names of benchmarks have none.
	Name string
	// Label and Does are for the table.
	Label, Does string
	// Module has the code that is measured; "" is the standard library.
	Module string
	// Guard lets a request through to next with its user in the context.
	Guard func(next http.Handler) http.Handler
	// User reads what Guard has put there.
	User func(context.Context) string

	// Header is where a request carries its credentials, whose users are Users.
	Header      string
	Credentials []string
	Users       []string
}

// TokenBytes is how long a token is.
func (p *Peer) TokenBytes() int {
	_, token, _ := strings.Cut(strings.Replace(p.Credentials[0], "=", " ", 1), " ")
	return len(token)
}

// next is the handler behind every peer; a variable, so that the compiler
// cannot look into it and keep the request it is given off the heap.
var next http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// Serial measures one request after the other.
func (p *Peer) Serial(b *testing.B) {
	handler, requests := p.Guard(next), p.requests(0)
	b.ReportAllocs()
	for b.Loop() {
		requests.serve(handler)
	}
	requests.check(b)
}

// Parallel measures requests on all processors.
func (p *Peer) Parallel(b *testing.B) {
	handler := p.Guard(next)
	b.ReportAllocs()
	b.RunParallel(func(loop *testing.PB) {
		requests := p.requests(len(p.Credentials) / 2)
		for loop.Next() {
			requests.serve(handler)
		}
		requests.check(b)
	})
}

// requests is what one goroutine sends: one request whose credentials change.
//
// In a server the request has just been parsed and lies in the processor's
// cache, which 10,000 prepared ones would not; fetching them from memory would
// cost more than what is measured. So one is used again and again, for all
// peers alike, and so is the response, whose headers are emptied. The
// credentials are taken in the order in which they lie in memory, which a
// processor reads ahead.
type requests struct {
	request     *http.Request
	response    response
	credentials []string
	value       []string // of the header, in place
	at          int
}

func (p *Peer) requests(start int) *requests {
	r := &requests{
		request: httptest.NewRequest(http.MethodGet, "/notes", nil), response: response{header: http.Header{}},
		credentials: p.Credentials, value: make([]string, 1), at: start,
	}
	r.request.Header[p.Header] = r.value
	return r
}

func (r *requests) serve(handler http.Handler) {
	r.value[0] = r.credentials[r.at]
	if r.at++; r.at == len(r.credentials) {
		r.at = 0
	}
	clear(r.response.header)
	handler.ServeHTTP(&r.response, r.request)
}

// check fails the measurement of refusals, which would be too good.
func (r *requests) check(b *testing.B) {
	if r.response.refused {
		b.Error("a request was refused")
	}
}

// response keeps nothing of an answer but whether it is a refusal.
type response struct {
	header  http.Header
	refused bool
}

func (w *response) Header() http.Header            { return w.header }
func (w *response) Write(text []byte) (int, error) { return len(text), nil }
func (w *response) WriteHeader(status int)         { w.refused = w.refused || status >= 400 }
