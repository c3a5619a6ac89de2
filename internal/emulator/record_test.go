package emulator_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
)

// The nested module contract/ runs these tests with SECUREFLOWS_EXCHANGES set, and holds what they exchanged with the
// emulator against the description of the service.
func init() {
	name := os.Getenv("SECUREFLOWS_EXCHANGES")
	if name == "" {
		return
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		log.Fatalf("SECUREFLOWS_EXCHANGES: %v", err)
	}
	wrapHandler = (&exchangeRecorder{file: file}).wrap
}

// exchangeRecorder appends one JSON object per exchange; contract/checker_test.go reads them.
type exchangeRecorder struct {
	mu   sync.Mutex // guards file, so that lines stay whole
	file *os.File
}

type exchange struct {
	// Test started the server. contract/ leaves out those with Fault in their name, whose answers are not the service's.
	Test           string      `json:"test"`
	Method         string      `json:"method"`
	Target         string      `json:"target"`
	RequestHeader  http.Header `json:"requestHeader"`
	RequestBody    []byte      `json:"requestBody"`
	Status         int         `json:"status"`
	ResponseHeader http.Header `json:"responseHeader"`
	ResponseBody   []byte      `json:"responseBody"`
}

// wrap records complete answers: a connection that the emulator broke, by hijacking it or by a panic, has none.
func (r *exchangeRecorder) wrap(next http.Handler) http.Handler {
	test := callingTest()
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		e := exchange{Test: test, Method: request.Method, Target: request.RequestURI, RequestHeader: request.Header.Clone()}
		var sent bytes.Buffer
		if request.Body != nil {
			request.Body = teeBody{io.TeeReader(request.Body, &sent), request.Body}
		}
		copied := &copyingWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(copied, request)
		if copied.hijacked {
			return
		}
		e.RequestBody, e.Status, e.ResponseBody = sent.Bytes(), copied.status, copied.body.Bytes()
		e.ResponseHeader = copied.Header().Clone()
		r.write(e)
	})
}

func (r *exchangeRecorder) write(e exchange) {
	line, err := json.Marshal(e)
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		_, err = r.file.Write(append(line, '\n'))
	}
	if err != nil {
		log.Fatalf("SECUREFLOWS_EXCHANGES: %v", err)
	}
}

// callingTest finds the test function on the stack, which the handler of a request is not on.
func callingTest() string {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for {
		frame, more := frames.Next()
		_, function, _ := strings.Cut(frame.Function, "emulator_test.")
		if name, _, _ := strings.Cut(function, "."); strings.HasPrefix(name, "Test") {
			return name
		}
		if !more {
			return ""
		}
	}
}

type teeBody struct {
	io.Reader
	io.Closer
}

// copyingWriter keeps what goes through it. Unwrap gives http.ResponseController the rest.
type copyingWriter struct {
	http.ResponseWriter
	status   int
	body     bytes.Buffer
	hijacked bool
}

func (w *copyingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *copyingWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	connection, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	w.hijacked = err == nil
	return connection, buffered, err
}

func (w *copyingWriter) WriteHeader(status int) {
	if status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *copyingWriter) Write(p []byte) (int, error) {
	w.body.Write(p)
	return w.ResponseWriter.Write(p)
}
