package transport

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Request is one call. Path is escaped already; Segment, if any, is raw and
// becomes one further path segment.
type Request struct {
	Op         string // for the log
	Method     string
	Path       string
	Segment    string
	Query      string
	Credential string // the bearer token, "" for none
	Body       []byte // JSON, nil for none
	Policy     Policy
	// SecretSegment says that Segment is a token, which like Credential must
	// not surface.
	SecretSegment bool
}

func (r *Request) secrets() []string {
	if r.SecretSegment {
		return []string{r.Credential, r.Segment}
	}
	return []string{r.Credential}
}

// Do sends the request, again where its policy allows, and gives the last
// answer, whatever its status, or a Failure when there was none.
func (c *Client) Do(ctx context.Context, r Request) (*Answer, *Failure) {
	call := &call{Context: ctx, client: c, request: r}
	if call.callerDone() {
		return nil, call.cancelled(false)
	}
	if err := call.prepare(); err != nil {
		return nil, call.fail(err)
	}
	// What it returns, call has seen: see checkRetry. Its own errors would
	// print the URL.
	_, err := c.retrier.Do(&call.retryable)
	switch {
	case call.waiting:
		call.failure = call.cancelled(call.uncertain)
	case call.failure == nil && call.answer.Status == 0:
		call.failure = call.fail(err) // refused by net/http before any attempt
	}
	call.answer.Uncertain = call.uncertain
	call.logEnd()
	if call.failure != nil {
		return nil, call.failure
	}
	return &call.answer, nil
}

// call is one Do. It is the context of its requests, so that the hooks of
// go-retryablehttp, which are told no more than the context when an attempt
// fails, find their way back to it; and it holds in one piece of memory what
// would otherwise be many.
type call struct {
	context.Context
	client    *Client
	request   Request
	retryable retryablehttp.Request
	http      http.Request
	url       url.URL
	header    [4]string

	connected  atomic.Bool // an Unsafe request got a connection to be written to
	attempt    int         // attempts made
	started    time.Time   // of the attempt, when there is a logger
	endAttempt context.CancelFunc
	waiting    bool // between two attempts
	uncertain  bool // an attempt may have been executed without our seeing its answer
	answer     Answer
	failure    *Failure
}

const (
	authorization = iota
	contentType
	requestID
)

func (c *call) prepare() error {
	r := &c.request
	if r.Policy == Unsafe {
		c.Context = httptrace.WithClientTrace(c.Context, &httptrace.ClientTrace{
			GotConn: func(httptrace.GotConnInfo) { c.connected.Store(true) },
		})
	}
	c.url = *c.client.template.URL
	c.url.Path, c.url.RawQuery = r.Path, r.Query
	if r.Segment != "" {
		c.url.Path = r.Path + r.Segment
		if escaped := url.PathEscape(r.Segment); escaped != r.Segment {
			c.url.RawPath = r.Path + escaped
		}
	}
	c.identify()
	c.http = *c.client.template.WithContext(c)
	c.http.Method, c.http.URL, c.http.Header = r.Method, &c.url, c.headers()
	c.retryable.Request = &c.http
	if r.Body == nil {
		return nil
	}
	return c.retryable.SetBody(r.Body)
}

// headers gives the header of every attempt; its values lie in the call.
func (c *call) headers() http.Header {
	value := func(i int) []string { return c.header[i : i+1 : i+1] }
	headers := make(http.Header, 6)
	headers["User-Agent"] = c.client.userAgent
	headers["X-Request-Id"] = value(requestID)
	if c.request.Credential != "" {
		headers["Authorization"] = value(authorization)
	}
	if c.request.Body != nil {
		c.header[contentType] = "application/json"
		headers["Content-Type"] = value(contentType)
	}
	return headers
}

// processID and requestCount make request ids that are unique without asking
// for randomness on each call.
var (
	processID = func() string {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails: crypto/rand
		return hex.EncodeToString(b[:]) + "-"
	}()
	requestCount atomic.Uint64
)

// identify makes the two header values that are new for each call, in one
// piece of memory.
func (c *call) identify() {
	var b [40]byte
	id := strconv.AppendUint(append(b[:0], processID...), requestCount.Add(1), 10)
	both := "Bearer " + c.request.Credential + string(id)
	c.header[authorization], c.header[requestID] = both[:len(both)-len(id)], both[len(both)-len(id):]
}
