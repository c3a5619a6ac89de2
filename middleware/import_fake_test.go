package middleware_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

const (
	importClaims = "secureflows:import:claim:"
	importMarks  = "secureflows:import:done:"
)

// shelf is one session at a service, by what CONTRACT says about its payload,
// and remembers what was done to it. Replicas reach it, each in its own way.
type shelf struct {
	mu      sync.Mutex // guards all below
	payload map[string]json.RawMessage
	log     []execution
}

// execution is a set or a deletion that was executed, or the beginning of an
// import.
type execution struct {
	begun  string
	set    bool
	key    string
	before string // the value, "" for none
	value  string
	marked bool // the import was done already
}

func newShelf(values map[string]string) *shelf {
	s := &shelf{payload: make(map[string]json.RawMessage)}
	for key, value := range values {
		s.payload[key] = json.RawMessage(value)
	}
	return s
}

// begin notes that somebody has the claim and imports, under that tag.
func (s *shelf) begin(tag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, execution{begun: tag})
}

// put is what a handler does once the data is there.
func (s *shelf) put(key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.payload[key] = json.RawMessage(value)
}

// values are what the session holds.
func (s *shelf) values() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	values := make(map[string]string)
	for key, value := range s.payload {
		values[key] = string(value)
	}
	return values
}

// data are the values but for those of Import.
func (s *shelf) data() map[string]string {
	values := s.values()
	maps.DeleteFunc(values, func(key, _ string) bool { return strings.HasPrefix(key, "secureflows:import:") })
	return values
}

// keys are those that begin with prefix.
func (s *shelf) keys(prefix string) (found []string) {
	for key := range s.values() {
		if strings.HasPrefix(key, prefix) {
			found = append(found, key)
		}
	}
	return found
}

func (s *shelf) changes() []execution {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]execution(nil), s.log...)
}

// replica is a process with a client of its own.
type replica struct {
	shelf  *shelf
	client *secureflows.Client
	// skew is how far its clock is ahead of those of others: the ends of claims
	// are moved by that on the way.
	skew time.Duration
	// meet says what becomes of a request, which is the nth; nil executes all.
	meet func(n int, method, key string) fate

	mu       sync.Mutex // guards what is below
	requests int
	dead     bool
}

// fate is what becomes of a request.
type fate struct {
	before, after time.Duration // how long it, and its answer, is under way
	lost          bool          // it never arrives
	unanswered    bool          // it is executed, and the answer is lost
	late          time.Duration // no answer comes, and it is executed so much later
	dies          bool          // the replica sends nothing from now on
	status        int           // refused with that
}

var errCut = errors.New("the connection was cut")

// join adds a replica to those of the shelf.
func (s *shelf) join(t *testing.T, retries int) *replica {
	t.Helper()
	p := &replica{shelf: s}
	client, err := secureflows.New(secureflows.Config{
		Workspace: "w", AppID: "a", Origin: "https://service.example",
		HTTPClient: &http.Client{Transport: p}, MaxRetries: retries,
	})
	require.NoError(t, err)
	p.client = client
	return p
}

func (p *replica) session(t *testing.T) *secureflows.Session {
	return p.client.Session(token(t, "the-token"))
}

// sent is how many requests the replica has made.
func (p *replica) sent() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests
}

// crashed reports whether it sends nothing any more.
func (p *replica) crashed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dead
}

func (p *replica) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/v1/sessions/"), "/")
	fate := p.fate(r.Method, key)
	if fate.late > 0 {
		time.AfterFunc(fate.late, func() { p.execute(r, key, body) })
	}
	if err := p.travel(r.Context(), fate.before); err != nil {
		return nil, err
	}
	if fate.lost || fate.late > 0 {
		return nil, errCut
	}
	if fate.status != 0 {
		return answerOf(r, fate.status, []byte(`{"error":"made up"}`)), nil
	}
	status, answer := p.execute(r, key, body)
	if err := p.travel(r.Context(), fate.after); err != nil {
		return nil, err
	}
	if fate.unanswered {
		return nil, errCut
	}
	return answerOf(r, status, answer), nil
}

func (p *replica) fate(method, key string) fate {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	var next fate
	if p.meet != nil {
		next = p.meet(p.requests, method, key)
	}
	if p.dead {
		return fate{lost: true}
	}
	p.dead = next.dies
	return next
}

func (p *replica) travel(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func answerOf(r *http.Request, status int, body []byte) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Request: r,
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// execute does what the request asks for, at once and as a whole.
func (p *replica) execute(r *http.Request, key string, body []byte) (status int, answer []byte) {
	s := p.shelf
	s.mu.Lock()
	defer s.mu.Unlock()
	old, found := s.payload[key]
	switch {
	case strings.HasPrefix(r.URL.Path, "/api/v1/sessions/set/"):
		var form struct{ Value json.RawMessage }
		_ = json.Unmarshal(body, &form)
		value := p.moved(key, form.Value, p.skew)
		s.log = append(s.log, execution{set: true, key: key, before: string(old), value: string(value), marked: s.marked()})
		s.payload[key] = value
		return http.StatusOK, p.whole()
	case strings.HasPrefix(r.URL.Path, "/api/v1/sessions/delete/"):
		s.log = append(s.log, execution{key: key, before: string(old), marked: s.marked()})
		delete(s.payload, key)
		answer, _ = json.Marshal(found)
		return http.StatusOK, answer
	case strings.HasPrefix(r.URL.Path, "/api/v1/sessions/get/"):
		if !found {
			return http.StatusNotFound, []byte(`{"status":404,"error":"not found"}`)
		}
		answer, _ = json.Marshal(map[string]any{"key": key, "value": old})
		return http.StatusOK, answer
	default:
		return http.StatusOK, p.whole()
	}
}

// whole is the payload as the replica sees it, for a caller that holds the lock.
func (p *replica) whole() []byte {
	seen := make(map[string]json.RawMessage)
	for key, value := range p.shelf.payload {
		seen[key] = p.moved(key, value, -p.skew)
	}
	text, _ := json.Marshal(seen)
	return text
}

func (p *replica) moved(key string, value json.RawMessage, by time.Duration) json.RawMessage {
	var claim struct {
		Until time.Time `json:"until"`
	}
	if by == 0 || !strings.HasPrefix(key, importClaims) || json.Unmarshal(value, &claim) != nil {
		return value
	}
	claim.Until = claim.Until.Add(by)
	text, _ := json.Marshal(claim)
	return text
}

func (s *shelf) marked() bool {
	for key := range s.payload {
		if strings.HasPrefix(key, importMarks) {
			return true
		}
	}
	return false
}
