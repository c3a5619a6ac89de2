// Package remote puts a question to the API of another provider than
// secureFlows, and reads one bounded answer. What an answer means, the package
// knows that asks; here it is only told apart from an outage, which says nothing
// about anybody.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/transport"
)

const (
	timeout        = 10 * time.Second
	maxAnswerBytes = 1 << 20
	maxRetryAfter  = time.Hour
)

// Client asks the questions. It is safe for concurrent use.
type Client struct{ http http.Client }

// New makes a Client that sends with the transport and the timeout of given, nil
// being one with a timeout of 10 s. Redirects are not followed, since the token
// would go with them, and cookies are not kept.
func New(given *http.Client) *Client {
	c := &Client{http.Client{Timeout: timeout}}
	if given != nil {
		c.http.Transport = given.Transport
		if given.Timeout > 0 {
			c.http.Timeout = given.Timeout
		}
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// Request is one question.
type Request struct {
	Op     string // for errors: "authreturn: verify"
	Method string
	URL    string            // without secrets: it may end up in the logs of others
	Bearer secureflows.Token // the zero Token is none
	Body   any               // encoded as JSON; nil is none
	Header http.Header       // what else to send
}

// Answer is what came back.
type Answer struct {
	Status int
	Body   []byte
	Header http.Header

	request *Request
}

// Do asks. The error is [secureflows.ErrUnavailable] where there was no answer,
// or one of 429 or 5xx, or a redirect; the caller's own end is that of ctx.
func (c *Client) Do(ctx context.Context, r Request) (*Answer, error) {
	request, err := r.http(ctx)
	if err != nil {
		return nil, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, r.failed(ctx, err)
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if err != nil {
		return nil, r.failed(ctx, err)
	}
	answer := &Answer{Status: response.StatusCode, Body: body, Header: response.Header, request: &r}
	switch {
	case len(body) > maxAnswerBytes:
		return nil, answer.Outage(fmt.Sprintf("an answer of more than %d bytes", maxAnswerBytes))
	case response.StatusCode/100 == 3:
		return nil, answer.Outage("a redirect, which is not followed")
	case response.StatusCode/100 == 5, response.StatusCode == http.StatusTooManyRequests:
		return nil, answer.Outage(http.StatusText(response.StatusCode))
	}
	return answer, nil
}

func (r *Request) http(ctx context.Context) (*http.Request, error) {
	var body io.Reader = http.NoBody
	if r.Body != nil {
		text, err := json.Marshal(r.Body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w: the body cannot be encoded", r.Op, secureflows.ErrInvalidRequest)
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, r.URL, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: the URL cannot be read", r.Op, secureflows.ErrInvalidRequest)
	}
	maps.Copy(request.Header, r.Header)
	request.Header.Set("Accept", "application/json")
	if r.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if !r.Bearer.IsZero() {
		request.Header.Set("Authorization", "Bearer "+r.Bearer.Reveal())
	}
	return request, nil
}

// failed is for a question without an answer.
func (r *Request) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", r.Op, ctx.Err())
	}
	return &outage{facts: &secureflows.Error{Op: r.Op, Message: reason(err)}}
}

// Outage is the error for an answer that cannot be the provider's, or says that
// it cannot answer now. reason must quote nothing of the answer. Nobody is put
// off for longer than an hour, whatever the answer says.
func (a *Answer) Outage(reason string) error {
	return &outage{facts: &secureflows.Error{
		Op: a.request.Op, StatusCode: a.Status, Message: reason,
		RetryAfter: min(transport.RetryAfter(a.Header), maxRetryAfter),
	}}
}

// IsPage reports whether the answer is HTML, by its type or its text: a proxy or
// a portal wrote it, whatever its status is. No API of these has pages.
func (a *Answer) IsPage() bool {
	kind, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type"))
	return kind == "text/html" || kind == "application/xhtml+xml" || bytes.HasPrefix(text(a.Body), []byte("<"))
}

// text is a body without what may stand before anything else.
func text(body []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
}

// Decode reads the body, one JSON object, into v. Anything else is an outage:
// somebody else has answered.
func (a *Answer) Decode(v any) error {
	if trimmed := bytes.TrimLeft(a.Body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' || json.Unmarshal(trimmed, v) != nil {
		return a.Outage("an answer that is not of the form that is documented")
	}
	return nil
}

// outage is an error that says nothing about the user.
type outage struct{ facts *secureflows.Error }

func (o *outage) Error() string {
	return o.facts.Error() + ": service unavailable: this says nothing about the user; try again later"
}

func (o *outage) Unwrap() []error { return []error{secureflows.ErrUnavailable, o.facts} }

// Origin reads the base URL of an API: https, or http on this machine, with no
// more than scheme, host and port. field names it in the error.
func Origin(field, text string) (*url.URL, error) {
	u, err := Page(field, text)
	if err != nil {
		return nil, err
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery {
		return nil, fmt.Errorf("%w: %s has more than scheme, host and port: write %s://%s", secureflows.ErrInvalidRequest, field, u.Scheme, u.Host)
	}
	u.Path = ""
	return u, nil
}

// Page reads an absolute URL of a page or an endpoint: https, or http on this
// machine, without fragment and user.
func Page(field, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%w: %s is no absolute URL: write https, host and path", secureflows.ErrInvalidRequest, field)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, fmt.Errorf("%w: %s is plain http, which everyone on the way can read and change: write https (http is for a mock on loopback)", secureflows.ErrInvalidRequest, field)
	case u.User != nil, strings.Contains(text, "#"):
		return nil, fmt.Errorf("%w: %s has a user or a fragment: leave them out", secureflows.ErrInvalidRequest, field)
	}
	return u, nil
}

func isLoopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}
