package providermock

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// Answer is a whole response, so that a fault can hold it back, cut it or throw
// it away.
type Answer struct {
	Status int
	Header http.Header // nil is none
	Body   []byte
}

// JSON is an answer with the value as its body.
func JSON(status int, value any) Answer {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic("providermock: answer: " + err.Error()) // the mock made the value
	}
	return Answer{status, http.Header{"Content-Type": {"application/json"}}, bytes.TrimSpace(text.Bytes())}
}

// Redirect leads a browser to the location, by GET.
func Redirect(location string) Answer {
	return Answer{Status: http.StatusSeeOther, Header: http.Header{"Location": {location}}}
}

// With is the answer with a header more.
func (a Answer) With(name, value string) Answer {
	a.Header = a.Header.Clone()
	if a.Header == nil {
		a.Header = http.Header{}
	}
	a.Header.Set(name, value)
	return a
}

// maxBody bounds what is read of a request.
const maxBody = 1 << 20

func (m *Mock) serve(w http.ResponseWriter, r *http.Request, answer func(*Request) Answer) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody+1)) // one that breaks off is what arrived
	request := &Request{Request: r, Now: m.Now(), body: body}
	entry := m.recorder.arrive(request)
	if r.Method == http.MethodOptions { // uses up no fault
		m.finish(w, r, entry, emulator.Fault{}, answer(request))
		return
	}
	fault := m.faults.Take(r.Method, r.URL.EscapedPath())
	if fault.Status != 0 {
		m.finish(w, r, entry, fault, m.faulty(fault))
		return
	}
	m.finish(w, r, entry, fault, answer(request))
}

// faulty is what a fault with a status sends.
func (m *Mock) faulty(fault emulator.Fault) Answer {
	a := Answer{Status: fault.Status, Body: []byte(fault.Body)}
	switch {
	case !bodyAllowed(fault.Status), fault.EmptyBody:
		return Answer{Status: fault.Status}
	case fault.Body == "":
		a = m.refuse(fault.Status)
	case json.Valid(a.Body):
		a = a.With("Content-Type", "application/json")
	default:
		a = a.With("Content-Type", "text/html; charset=utf-8")
	}
	if fault.ContentType != "" {
		a = a.With("Content-Type", fault.ContentType)
	}
	return a
}

// finish sends the answer as far as the fault lets it. The request has run
// already: an answer that is lost is one whose effects are there.
func (m *Mock) finish(w http.ResponseWriter, r *http.Request, entry *record, fault emulator.Fault, a Answer) {
	status := a.Status
	if !m.wait(r.Context(), fault.Delay) || fault.Drop {
		status = 0
	}
	entry.status.Store(int32(status))
	if status == 0 {
		drop(w)
		return
	}
	maps.Copy(w.Header(), a.Header)
	maps.Copy(w.Header(), fault.Header)
	if !bodyAllowed(status) {
		w.WriteHeader(status)
		return
	}
	if fault.Truncate && len(a.Body) == 0 {
		a.Body = []byte(" ") // so that something is missing
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	w.WriteHeader(status)
	if fault.Truncate {
		w.Write(a.Body[:len(a.Body)/2])
		_ = http.NewResponseController(w).Flush() // half an answer is to arrive, not none
		panic(http.ErrAbortHandler)
	}
	w.Write(a.Body)
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// wait holds an answer back and reports whether there is still somebody to
// take it.
func (m *Mock) wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-m.closed:
	case <-ctx.Done():
		return false
	}
	return true
}

// drop breaks the connection. Something goes out that is no answer: net/http
// sends a GET again, without telling anybody, when a connection that it has used
// before ends with nothing at all, and a test would never see the fault.
func drop(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_, _ = io.WriteString(connection, "connection dropped\r\n") // the client may have gone
	connection.Close()
}
