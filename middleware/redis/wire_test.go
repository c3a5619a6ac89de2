package redis_test

import (
	"bytes"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// wire is the network between a replica and Redis. It can be cut, and can hold
// what is on it.
type wire struct {
	target   string
	listener net.Listener
	all      sync.WaitGroup

	mu      sync.Mutex // guards what is below
	cutted  bool
	ends    map[net.Conn]struct{}
	said    bytes.Buffer  // by the replica
	word    []byte        // that is waited for, nil for nothing
	seen    chan struct{} // is closed when word has been said
	gate    chan struct{} // what word holds goes on when this is closed
	request bool          // it holds the request, and not the reply
}

func newWire(t testing.TB, target string) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{target: target, listener: listener, ends: map[net.Conn]struct{}{}}
	w.all.Go(w.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		w.goOn()
		w.cut()
		w.all.Wait()
	})
	return w
}

func (w *wire) url() string { return "redis://" + w.listener.Addr().String() }

func (w *wire) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.target)
		if err != nil || !w.add(near, far) {
			_ = near.Close()
			if far != nil {
				_ = far.Close()
			}
			continue
		}
		replies := &held{}
		w.all.Go(func() { w.carry(near, far, func(text []byte) { w.say(far, text, replies) }) })
		w.all.Go(func() {
			w.carry(far, near, func(text []byte) {
				replies.wait()
				_, _ = near.Write(text)
			})
		})
	}
}

func (w *wire) add(ends ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, end := range ends {
		w.ends[end] = struct{}{}
	}
	return !w.cutted
}

func (w *wire) carry(from, to net.Conn, pass func([]byte)) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			pass(buffer[:n])
		}
		if err != nil {
			_, _ = from.Close(), to.Close()
			w.mu.Lock()
			delete(w.ends, from)
			w.mu.Unlock()
			return
		}
	}
}

// held is what keeps the replies of one connection back.
type held struct {
	mu   sync.Mutex // guards gate
	gate chan struct{}
}

func (h *held) wait() {
	h.mu.Lock()
	gate := h.gate
	h.mu.Unlock()
	if gate != nil {
		<-gate
	}
}

// say passes on what the replica says.
func (w *wire) say(far net.Conn, text []byte, replies *held) {
	w.mu.Lock()
	w.said.Write(text)
	var gate chan struct{}
	at := -1
	if w.word != nil {
		at = bytes.Index(text, w.word)
	}
	if at >= 0 {
		gate, w.word = w.gate, nil
		if !w.request {
			replies.mu.Lock()
			replies.gate = gate
			replies.mu.Unlock()
		}
		close(w.seen)
	}
	request := w.request
	w.mu.Unlock()
	if gate != nil && request {
		_, _ = far.Write(text[:at])
		<-gate
		text = text[at:]
	}
	_, _ = far.Write(text)
}

// holdReply holds the replies of the connection that says word next, from there
// on, until goOn. seen is closed when it has.
func (w *wire) holdReply(word string) (seen <-chan struct{}) { return w.hold(word, false) }

// holdRequest holds what a connection says, from word on, until goOn.
func (w *wire) holdRequest(word string) (seen <-chan struct{}) { return w.hold(word, true) }

func (w *wire) hold(word string, request bool) (seen <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.word, w.seen, w.gate, w.request = []byte(word), make(chan struct{}), make(chan struct{}), request
	return w.seen
}

func (w *wire) goOn() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gate != nil {
		close(w.gate)
		w.gate, w.word = nil, nil
	}
}

// cut breaks all connections, and lets none be made until mend.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cutted = true
	for end := range w.ends {
		_ = end.Close()
	}
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cutted = false
}

// times counts how often the replica has said word.
func (w *wire) times(word string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Count(w.said.Bytes(), []byte(word))
}
