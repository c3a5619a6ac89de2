package emulator

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"
)

// ServeHTTP answers the service's endpoints, the hosted pages and the control
// API. Where a fault breaks the connection it aborts the handler, as
// http.ErrAbortHandler says.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := e.newRequest(r)
	if strings.HasPrefix(x.path, controlPrefix) {
		// Neither recorded nor subject to faults: a fault on every path must
		// leave a way to take it back.
		if x.path == controlPrefix+eventsName && r.Method == http.MethodGet && e.guard(x) == nil {
			e.follow(w, x)
			return
		}
		e.finish(w, x, nil, Fault{}, e.controlAnswer(x))
		return
	}
	entry := e.recorder.arrive(x)
	if r.Method == http.MethodOptions {
		e.finish(w, x, entry, Fault{}, preflight(r))
		return
	}
	fault := e.faults.Take(x.Method, x.path)
	if fault.Status != 0 {
		e.finish(w, x, entry, fault, fault.answer())
		return
	}
	e.finish(w, x, entry, fault, e.route(x))
}

// finish sends the answer as far as the fault lets it. The request has run
// already: an answer that is late or lost is one whose effects are there.
func (e *Emulator) finish(w http.ResponseWriter, x *request, entry *record, fault Fault, a answer) {
	for name, values := range fault.Header {
		for i, value := range values {
			if i == 0 {
				a.setHeader(name, value)
			} else {
				a.header.Add(name, value)
			}
		}
	}
	if fault.Delay > 0 {
		e.watchers.tell(changed) // whoever watches sees it wait
	}
	alive := e.delay(x.Context(), fault.Delay)
	status := a.status
	if fault.Drop || !alive {
		status = 0
	}
	if entry != nil {
		entry.answered(x, status, fault)
		e.watchers.tell(requestEvent(entry))
	}
	e.log(x, status, fault)
	switch {
	case status == 0:
		drop(w)
	case fault.Truncate:
		a.cut(w, x.Request)
	default:
		a.write(w, x.Request)
	}
}

// drop breaks the connection. A client that has used it before and reads nothing
// at all sends a GET again without telling anybody (RFC 9112, section 9.3.1;
// net/http and browsers do), and a test would never see the fault: so something
// goes out that is no answer. The beginning of one would not do, which Chromium
// takes for all of it.
func drop(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2, or no connection at all
	}
	io.WriteString(connection, "connection dropped\r\n")
	connection.Close()
}

// delay waits and reports whether there is still somebody to answer.
func (e *Emulator) delay(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-e.closed:
	case <-ctx.Done():
		return false
	}
	return true
}
