package emulator

import (
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// answer is a whole response. Handlers make one instead of writing to the
// client, so that a fault can hold it back, cut it or throw it away.
type answer struct {
	status      int
	contentType string // "" only without a body
	header      http.Header
	body        []byte
}

const contentTypeJSON = "application/json"

func jsonAnswer(body []byte) answer {
	return answer{status: http.StatusOK, contentType: contentTypeJSON, body: body}
}

// answer is the JSON error form.
func (r *refusal) answer() answer {
	body := append([]byte(`{"status":`), strconv.Itoa(r.status)...)
	if r.code != "" {
		body = append(body, `,"code":`...)
		body = appendJSONString(body, r.code)
	}
	body = append(body, `,"error":`...)
	body = appendJSONString(body, r.message)
	a := answer{status: r.status, contentType: contentTypeJSON, body: append(body, '}')}
	if r.status == http.StatusUnauthorized {
		a.header = http.Header{"Www-Authenticate": {"Bearer"}} // RFC 9110, section 15.5.2
	}
	return a
}

// redirectAnswer leads a browser to location, whose text is kept as it is.
func redirectAnswer(status int, location string) answer {
	return answer{status: status, header: http.Header{"Location": {location}}}
}

// setHeader is for answers that share no header with another.
func (a *answer) setHeader(name, value string) {
	if a.header == nil {
		a.header = make(http.Header)
	}
	a.header.Set(name, value)
}

// Shared by all answers, which never write into them: allocating these for
// each request is a measurable part of answering it.
var (
	valueNoStore       = []string{"no-store"}
	valueAuthorization = []string{"Authorization"}
	valueJSON          = []string{contentTypeJSON}
)

// writeHeader sends the answer's headers. A browser keeps a bare 410 for good and
// would show it to the next token, hence no-store and Vary on every answer.
func (a *answer) writeHeader(w http.ResponseWriter) {
	header := w.Header()
	allowAnyOrigin(header)
	header["Cache-Control"] = valueNoStore
	header["Vary"] = valueAuthorization
	switch a.contentType {
	case "":
	case contentTypeJSON:
		header["Content-Type"] = valueJSON
	default:
		header["Content-Type"] = []string{a.contentType}
	}
	if len(a.header) > 0 {
		header["Access-Control-Expose-Headers"] = valueExposeHeaders
	}
	maps.Copy(header, a.header)
	w.WriteHeader(a.status)
}

// shortBody is one whose length net/http sees by itself, in less time.
const shortBody = 1 << 10

func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	if bodyAllowed(a.status) && (len(a.body) > shortBody || r.Method == http.MethodHead) {
		a.declareLength(w)
	}
	a.writeHeader(w)
	if r.Method != http.MethodHead && bodyAllowed(a.status) {
		w.Write(a.body) // a client that has gone away is no concern of the server
	}
}

// cut sends the headers of the whole answer and half of its body, and then
// breaks the connection.
func (a *answer) cut(w http.ResponseWriter, r *http.Request) {
	if !bodyAllowed(a.status) || r.Method == http.MethodHead {
		drop(w) // there is no body to cut
		return
	}
	if len(a.body) == 0 {
		a.body = []byte(" ") // so that something is missing
	}
	a.declareLength(w)
	a.writeHeader(w)
	w.Write(a.body[:len(a.body)/2])
	http.NewResponseController(w).Flush() // half an answer is to arrive, not none
	panic(http.ErrAbortHandler)
}

func (a *answer) declareLength(w http.ResponseWriter) {
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(a.body))}
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// queryText is url.Values.Encode for one value, with %20 for a space: not every
// client reads + as one.
func queryText(value string) string {
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}
