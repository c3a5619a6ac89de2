package answer

import "net/http"

// WithStatus answers by what an application's ErrorHandler writes, but keeps the
// status: one that writes a page and forgets the status would say 200, and one
// that has the same for everything would sign people out during an outage.
func WithStatus(w http.ResponseWriter, status int, handler func(http.ResponseWriter)) {
	rendering := &rendering{ResponseWriter: w, status: status}
	handler(rendering)
	rendering.begin()
}

// rendering is what the handler writes to.
type rendering struct {
	http.ResponseWriter
	status int
	begun  bool
}

func (w *rendering) begin() {
	if !w.begun {
		w.begun = true
		w.ResponseWriter.WriteHeader(w.status)
	}
}

func (w *rendering) WriteHeader(status int) {
	if status/100 == 1 && status != http.StatusSwitchingProtocols {
		w.ResponseWriter.WriteHeader(status) // on the way to the answer
		return
	}
	w.begin()
}

func (w *rendering) Write(body []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(body)
}

// Flush is for what has an end in sight, such as a page that is sent in parts.
func (w *rendering) Flush() {
	w.begin()
	_ = http.NewResponseController(w.ResponseWriter).Flush() // what cannot be flushed is sent at the end
}

// Unwrap is for http.ResponseController.
func (w *rendering) Unwrap() http.ResponseWriter { return w.ResponseWriter }
