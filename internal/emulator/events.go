package emulator

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	eventsName = "events"
	// maxWatchers is more than the tabs that anybody has open.
	maxWatchers = 64
	// maxUnread events wait for a reader. One who is further behind is dropped,
	// and comes back: a page that is behind reads the present state anyway.
	maxUnread = 64
	// eventPause is how long nothing is sent at most, so that a reader who has
	// gone away without a word is noticed.
	eventPause = 15 * time.Second
	// eventPatience is how long a write may take on a connection that is full.
	eventPatience = 10 * time.Second
)

// watchers follow what happens, as server-sent events (HTML standard, section
// 9.2).
type watchers struct {
	count atomic.Int32 // len(open), to spare requests the work
	mu    sync.Mutex   // guards all below
	open  map[chan []byte]bool
}

// join returns the events from now on. The channel is closed for a reader who
// is dropped. It is nil when there are too many.
func (all *watchers) join() chan []byte {
	all.mu.Lock()
	defer all.mu.Unlock()
	if len(all.open) >= maxWatchers {
		return nil
	}
	if all.open == nil {
		all.open = make(map[chan []byte]bool)
	}
	events := make(chan []byte, maxUnread)
	all.open[events] = true
	all.count.Store(int32(len(all.open)))
	return events
}

func (all *watchers) leave(events chan []byte) {
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.open, events)
	all.count.Store(int32(len(all.open)))
}

// tell never waits for a reader.
func (all *watchers) tell(event func() []byte) {
	if all.count.Load() == 0 {
		return
	}
	text := event()
	all.mu.Lock()
	defer all.mu.Unlock()
	for events := range all.open {
		select {
		case events <- text:
		default:
			close(events)
			delete(all.open, events)
		}
	}
	all.count.Store(int32(len(all.open)))
}

// changed is the event that something is not as it was.
func changed() []byte { return []byte("event: change\ndata: {}\n\n") }

// requestEvent is the event that a request has been answered.
func requestEvent(entry *record) func() []byte {
	return func() []byte {
		text := append([]byte("event: request\ndata: "), marshal(entry.sight())...)
		return append(text, '\n', '\n')
	}
}

// GET /_emulator/events ends with the client, with the emulator, or when the
// client does not read.
func (e *Emulator) follow(w http.ResponseWriter, x *request) {
	events := e.watchers.join()
	if events == nil {
		e.finish(w, x, nil, Fault{}, answer{status: http.StatusServiceUnavailable,
			contentType: "text/plain; charset=utf-8", body: []byte("no more than " + strconv.Itoa(maxWatchers) + " follow the events at once\n")})
		return
	}
	defer e.watchers.leave(events)
	defer e.log(x, http.StatusOK, Fault{})
	stream := answer{status: http.StatusOK, contentType: "text/event-stream"}
	stream.writeHeader(w)
	pause := time.NewTicker(eventPause)
	defer pause.Stop()
	for text, open := []byte("retry: 1000\n\n"), true; open && send(w, text); {
		select {
		case text, open = <-events:
		case <-pause.C:
			text = []byte(":\n\n")
		case <-e.closed:
			return
		case <-x.Context().Done():
			return
		}
	}
}

func send(w http.ResponseWriter, text []byte) bool {
	controller := http.NewResponseController(w)
	controller.SetWriteDeadline(time.Now().Add(eventPatience)) // not every writer has one
	w.Write(text)                                              // Flush has the error
	return controller.Flush() == nil
}
