// Package providermock is what the mocks of other providers have in common: a
// clock, faults, a record of what arrived, and answers that are made whole
// before they are sent. What a provider answers is the business of its mock.
package providermock

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/emulator"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// Mock is a running mock with one origin or several. It is safe for concurrent
// use, and its methods fail the test rather than return errors.
type Mock struct {
	name   string // of the package, for messages
	test   secureflowstest.TB
	refuse func(status int) Answer

	offset   atomic.Int64 // of the clock, in nanoseconds
	faults   emulator.Faults
	recorder recorder

	mu      sync.Mutex // guards servers
	servers []*httptest.Server
	closing sync.Once
	closed  chan struct{}
}

// New starts a mock that stops with the test. refuse makes the provider's error
// form, for faults with a status and no body.
func New(name string, t secureflowstest.TB, refuse func(status int) Answer) *Mock {
	m := &Mock{name: name, test: t, refuse: refuse, closed: make(chan struct{})}
	t.Cleanup(m.Close)
	return m
}

// Listen serves answer on an origin of its own, which it gives.
func (m *Mock) Listen(answer func(*Request) Answer) string {
	handler := func(w http.ResponseWriter, r *http.Request) { m.serve(w, r, answer) }
	server := httptest.NewServer(http.HandlerFunc(handler))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.servers = append(m.servers, server)
	return server.URL
}

// Close stops the mock and ends the delays of its faults. Closing twice does
// nothing.
func (m *Mock) Close() {
	m.closing.Do(func() {
		close(m.closed)
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, server := range m.servers {
			server.Close()
		}
	})
}

// Now is the mock's time: the machine's, moved forward by Advance.
func (m *Mock) Now() time.Time { return time.Now().Add(time.Duration(m.offset.Load())) }

// Advance moves the clock forward.
func (m *Mock) Advance(d time.Duration) {
	m.test.Helper()
	if d < 0 {
		m.Fatalf("Advance: %v is negative; the clock only goes forward", d)
		return
	}
	m.offset.Add(int64(d))
}

// Fail makes the next matching requests meet the fault.
func (m *Mock) Fail(fault secureflowstest.Fault) {
	m.test.Helper()
	header := fault.Header.Clone()
	if fault.RetryAfter > 0 {
		if header == nil {
			header = http.Header{}
		}
		header.Set("Retry-After", strconv.Itoa(int(fault.RetryAfter.Round(time.Second)/time.Second)))
	}
	err := m.faults.Add(emulator.Fault{
		Path: fault.Path, Method: fault.Method,
		Status: fault.Status, Body: fault.Body, EmptyBody: fault.EmptyBody, ContentType: fault.ContentType, Header: header,
		Delay: fault.Delay, Drop: fault.Drop, Truncate: fault.Truncate,
		Times: fault.Times,
	})
	m.Check("Fail", err)
}

// Fatalf fails the test with a message of the mock.
func (m *Mock) Fatalf(format string, args ...any) {
	m.test.Helper()
	m.test.Fatalf(m.name+": "+format, args...)
}

// Check fails the test if a method has failed.
func (m *Mock) Check(method string, err error) {
	m.test.Helper()
	if err != nil {
		m.Fatalf("%s: %v", method, err)
	}
}

// Token gives the text as a token.
func (m *Mock) Token(method, text string, err error) secureflows.Token {
	m.test.Helper()
	if err != nil {
		m.Fatalf("%s: %v", method, err)
		return secureflows.Token{}
	}
	token, err := secureflows.NewToken(text)
	m.Check(method, err)
	return token
}

// Chosen is the one of at most one options.
func Chosen[T any](t secureflowstest.TB, name string, options []T) T {
	t.Helper()
	var chosen T
	switch len(options) {
	case 0:
	case 1:
		chosen = options[0]
	default:
		t.Fatalf("%s: %d options given; put everything into one", name, len(options))
	}
	return chosen
}

// Program is the TB of a program that is no test.
type Program struct{}

// Helper does nothing.
func (Program) Helper() {}

// Cleanup does nothing: a program closes the mock itself.
func (Program) Cleanup(func()) {}

// Fatalf panics.
func (Program) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
