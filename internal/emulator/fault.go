package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Fault is what the next matching requests meet. Without a Status the request
// runs, and its answer is only delayed, dropped, truncated or given more
// headers; with one, it does not run.
type Fault struct {
	// Path is exact, or a prefix with a final *. Empty is any path. The query
	// is not part of it, and percent-encoding makes no difference.
	Path string
	// Method empty is any method. Preflights use up no fault.
	Method string

	Status int
	// Body is the answer's body; empty is the API's error form, unless
	// EmptyBody is set. A body needs a Status.
	Body      string
	EmptyBody bool
	// ContentType empty is application/json for a body that is JSON, and
	// text/html for another.
	ContentType string
	// Header is added to the answer, replacing what it has of the same name.
	Header http.Header

	// Delay holds the answer back for this long in real time, until the client
	// goes away or the emulator closes.
	Delay time.Duration
	// Drop breaks the connection without an answer.
	Drop bool
	// Truncate breaks the connection half-way through the body.
	Truncate bool

	// Times is how many requests meet the fault; 0 is one.
	Times int
}

func (f Fault) check() error {
	switch {
	case f.Path != "" && f.Path != "*" && !strings.HasPrefix(f.Path, "/"):
		return fmt.Errorf("the path %q does not start with /: write such as /api/v1/sessions/get/*", redactText(f.Path, nil))
	case strings.Contains(strings.TrimSuffix(f.Path, "*"), "*"):
		return errors.New("the path has a * within it: only a final one stands for more")
	case strings.ContainsAny(f.Path, "?#"):
		return errors.New("the path has a query: only the path is matched, remove everything from the ?")
	case strings.HasPrefix(f.Path, controlPrefix):
		return errors.New("the control API meets no faults: name a path of the service")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("the status %d is not between 200 and 599", f.Status)
	case f.Status == 0 && (f.Body != "" || f.EmptyBody || f.ContentType != ""):
		return errors.New("a body needs a status: without one the real answer is sent")
	case f.EmptyBody && (f.Body != "" || f.ContentType != ""):
		return errors.New("an empty body has neither text nor content type")
	case f.Drop && f.Truncate:
		return errors.New("an answer is dropped or truncated, not both")
	case f.Delay < 0:
		return fmt.Errorf("the delay %v is negative", f.Delay)
	case f.Times < 0:
		return fmt.Errorf("the number of times %d is negative: 0 is once", f.Times)
	case !f.changes():
		return errors.New("it changes nothing: set a status, delay, drop, truncate or headers")
	}
	return checkHeader(f.Header)
}

// changes is false for the zero Fault, which is none.
func (f Fault) changes() bool {
	return f.Status != 0 || f.Delay != 0 || f.Drop || f.Truncate || len(f.Header) > 0
}

func checkHeader(header http.Header) error {
	for name, values := range header {
		if canonical := http.CanonicalHeaderKey(name); canonical == "Content-Length" || canonical == "Transfer-Encoding" {
			return fmt.Errorf("the header %s frames the answer: use truncate to break it", canonical)
		}
		if name == "" || strings.ContainsFunc(name, func(c rune) bool { return !strings.ContainsRune(tokenChars+"!#$%&'*+^`|", c) }) {
			return fmt.Errorf("%q is not a header name", name)
		}
		for _, value := range values {
			if strings.ContainsAny(value, "\r\n\x00") {
				return fmt.Errorf("the header %s has a line break in its value", name)
			}
		}
	}
	return nil
}

// answer is what a fault with a status sends.
func (f *Fault) answer() answer {
	a := answer{status: f.Status, contentType: f.ContentType, body: []byte(f.Body)}
	switch {
	case !bodyAllowed(f.Status):
		return answer{status: f.Status}
	case f.EmptyBody:
	case f.Body == "":
		a = refuse(f.Status, faultText(f.Status)).answer()
		if f.ContentType != "" {
			a.contentType = f.ContentType
		}
	case f.ContentType == "" && json.Valid(a.body):
		a.contentType = contentTypeJSON
	case f.ContentType == "":
		a.contentType = contentTypeHTML
	}
	return a
}

func faultText(status int) string {
	if text := http.StatusText(status); text != "" {
		return text
	}
	return "Injected fault"
}

func (f *Fault) matches(method, path string) bool {
	if f.Method != "" && !strings.EqualFold(f.Method, method) {
		return false
	}
	if f.Path == "" {
		return true
	}
	return pathMatches(f.Path, path) || pathMatches(unescape(f.Path), unescape(path))
}

func pathMatches(pattern, path string) bool {
	if prefix, found := strings.CutSuffix(pattern, "*"); found {
		return strings.HasPrefix(path, prefix)
	}
	return pattern == path
}

func unescape(path string) string {
	if decoded, err := url.PathUnescape(path); err == nil {
		return decoded
	}
	return path
}

// Faults are those that have been asked for, first come first served. The mocks
// of other services have them too.
type Faults struct {
	waiting atomic.Int32 // len(queue), to spare requests the lock
	mu      sync.Mutex   // guards queue
	queue   []Fault
}

// Add lets requests meet the fault, after those added before. The error says
// what is wrong with one that nothing could meet.
func (q *Faults) Add(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	f.Times = max(1, f.Times)
	f.Header = f.Header.Clone()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.queue = append(q.queue, f)
	q.waiting.Store(int32(len(q.queue)))
	return nil
}

// Take uses up one time of the first fault that a request with this method and
// percent-encoded path matches, or returns the zero Fault.
func (q *Faults) Take(method, path string) Fault {
	if q.waiting.Load() == 0 {
		return Fault{}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.queue, func(f Fault) bool { return f.matches(method, path) })
	if i < 0 {
		return Fault{}
	}
	met := q.queue[i]
	if q.queue[i].Times--; q.queue[i].Times == 0 {
		q.queue = slices.Delete(q.queue, i, i+1)
		q.waiting.Store(int32(len(q.queue)))
	}
	return met
}

// Clear forgets all of them.
func (q *Faults) Clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.queue = nil
	q.waiting.Store(0)
}
