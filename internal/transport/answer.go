package transport

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

const (
	maxPayloadBytes = 16 << 20 // of a 200
	maxErrorBytes   = 64 << 10 // of anything else
)

// Answer is the service's last word on a request, read whole and closed.
type Answer struct {
	Status int
	// Body is the body of a 200.
	Body []byte
	// FromAPI says that an error has the API's form,
	// {"status","error","code"?} (CONTRACT "Errors"). Other errors come from
	// somebody in between.
	FromAPI bool
	// Empty says that an error came without a body, and that it was sent so.
	Empty bool
	// Uncertain says that an earlier attempt may have been executed: its
	// answer was lost.
	Uncertain bool
	// Message and Code are the API's, or Message describes what came instead.
	// Neither holds a token of the request.
	Message string
	Code    string
	// Said is the two before they were made fit to print; nil on a 200. It is
	// to decide by and for nothing else: with a token such as "token", the
	// scrubbed "Session token expired" says little.
	Said *Words
	// RetryAfter is what the service asked for, as it asked.
	RetryAfter time.Duration

	call  *call
	id    string        // as the service or the edge sent it
	cut   bool          // the body broke off
	pause time.Duration // what to wait before another attempt, 0: nobody said
}

// Words are what an error says.
type Words struct{ Message, Code string }

// RequestID is the service's id of the call, the edge's, or else the one the
// request carried.
func (a *Answer) RequestID() string {
	if a.id == "" {
		return a.call.header[requestID]
	}
	return Clean(a.id, 128, a.call.request.secrets()...)
}

// read takes the response in. It fails when a 200 cannot be had whole; an error
// is an answer by its status alone.
func (a *Answer) read(response *http.Response, c *call) error {
	body := response.Body
	response.Body = (*spent)(a)
	limit := maxErrorBytes
	if response.StatusCode == http.StatusOK {
		limit = maxPayloadBytes
	}
	text, err := readAll(body, response.ContentLength, limit)
	_ = body.Close()
	if err != nil && (response.StatusCode == http.StatusOK || c.callerDone()) {
		return err
	}
	a.call, a.Status = c, response.StatusCode
	a.id = cmp.Or(response.Header.Get("X-Request-Id"), response.Header.Get("CF-Ray"))
	if a.Status == http.StatusOK {
		a.Body = text
		return nil
	}
	a.cut = err != nil
	a.Empty = len(text) == 0 && !a.cut
	a.describe(text, response.Header.Get("Content-Type"), c.request.secrets())
	a.RetryAfter = RetryAfter(response.Header)
	a.pause = c.pause(a)
	return nil
}

// pause gives the wait that an answer itself calls for.
func (c *call) pause(a *Answer) time.Duration {
	asked := a.RetryAfter
	if asked > 0 {
		asked += rand.N(asked/10 + 1)
	}
	if c.request.Policy == WhenReady && a.Status == http.StatusServiceUnavailable {
		asked = max(asked, notReadyWait)
	}
	return min(asked, longestRetryAfter)
}

// tooLong is a 200 that never ends, or one no plan allows.
type tooLong struct{ limit int }

func (e tooLong) Error() string { return fmt.Sprintf("an answer of more than %d bytes", e.limit) }

// readAll reads up to limit bytes, and fails beyond. Memory grows with what
// arrives, not with what a header announces.
func readAll(body io.Reader, announced int64, limit int) ([]byte, error) {
	// Not by its announced length: a transport that makes up its responses may
	// have left that at zero.
	if body == http.NoBody {
		return nil, nil
	}
	size := 512
	if announced > 0 {
		size = int(min(announced, maxErrorBytes)) + 1
	}
	text := make([]byte, 0, size)
	for {
		n, err := body.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		switch {
		case err == io.EOF:
			return text, nil
		case err != nil:
			return text, err
		case len(text) > limit:
			return text[:limit], tooLong{limit}
		case len(text) == cap(text):
			text = append(text, 0)[:len(text)]
		}
	}
}

// describe reads an error body for what it says, whoever it is from.
func (a *Answer) describe(text []byte, contentType string, secrets []string) {
	var form struct {
		Status json.RawMessage `json:"status"`
		Error  *string         `json:"error"`
		Code   json.RawMessage `json:"code"`
		// Both stand in what Spring and its gateways answer for a route they
		// do not have, and in nothing the API says.
		Path      json.RawMessage `json:"path"`
		Timestamp json.RawMessage `json:"timestamp"`
	}
	framework := func() bool { return form.Path != nil && form.Timestamp != nil }
	if err := json.Unmarshal(text, &form); err == nil && form.Error != nil && sameStatus(form.Status, a.Status) && !framework() {
		a.FromAPI = true
		a.Said = &Words{Message: *form.Error}
		_ = json.Unmarshal(form.Code, &a.Said.Code) // a code that is no text is none
		a.Message = Clean(a.Said.Message, 1024, secrets...)
		a.Code = Clean(a.Said.Code, 64, secrets...)
		return
	}
	a.describeForeign(text, contentType, secrets)
	a.Said = &Words{Message: a.Message}
}

// describeForeign says what came instead of an error of the API.
func (a *Answer) describeForeign(text []byte, contentType string, secrets []string) {
	switch {
	case a.Empty:
		a.Message = "an empty body"
	case a.cut && len(text) == 0:
		a.Message = "an answer that broke off"
	case a.cut:
		a.Message = "an answer that broke off or has no end"
	case strings.Contains(contentType, "html") || strings.HasPrefix(strings.TrimSpace(string(text)), "<"):
		a.Message = "an HTML page" + title(string(text), secrets) + ", not the API's answer"
	default:
		a.Message = "a body that is not the API's"
	}
}

// sameStatus accepts a form without status (the docs API has none) and refuses
// one that speaks of another: that is some other program's JSON.
func sameStatus(raw json.RawMessage, status int) bool {
	return raw == nil || string(raw) == fmt.Sprint(status)
}

// title quotes the title of a page, which is how a proxy or a CDN says what is
// wrong.
func title(page string, secrets []string) string {
	_, rest, found := strings.Cut(page, "<title>")
	text, _, closed := strings.Cut(rest, "</title>")
	if !found || !closed {
		return ""
	}
	return fmt.Sprintf(" titled %q", Clean(strings.TrimSpace(text), 128, secrets...))
}

// billing reports whether a 429 is, or may be, the plan's and not the edge's:
// such a request is never sent again.
func (a *Answer) billing() bool { return a.cut || strings.HasPrefix(a.Said.Code, "BILLING_") }

// spent is the body of a response whose real one was read into its answer.
// Through it, backoff finds the answer.
type spent Answer

func (*spent) Read([]byte) (int, error) { return 0, io.EOF }
func (*spent) Close() error             { return nil }
