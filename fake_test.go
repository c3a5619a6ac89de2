package secureflows_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

const fakeOrigin = "https://service.example"

// answer is what a fake service does with one request.
type answer func(*http.Request) (*http.Response, error)

// script is a transport that gives each request the next of its answers, the
// last one over and over, and keeps what it was sent.
type script struct {
	answers []answer

	mu   sync.Mutex // guards sent
	sent []sent
}

type sent struct {
	method string
	target string // path and query as they travel
	header http.Header
	body   string
	at     time.Time
}

func answering(answers ...answer) *script { return &script{answers: answers} }

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
	}
	s.mu.Lock()
	s.sent = append(s.sent, sent{r.Method, r.URL.RequestURI(), r.Header.Clone(), string(body), time.Now()})
	next := s.answers[min(len(s.sent), len(s.answers))-1]
	s.mu.Unlock()
	return next(r)
}

func (s *script) requests() []sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]sent(nil), s.sent...)
}

// gaps are the waits between the requests.
func (s *script) gaps() []time.Duration {
	var gaps []time.Duration
	requests := s.requests()
	for i := 1; i < len(requests); i++ {
		gaps = append(gaps, requests[i].at.Sub(requests[i-1].at))
	}
	return gaps
}

// reply answers with a status, a body and headers, given as name and value in
// turn.
func reply(status int, body string, headers ...string) answer {
	return func(r *http.Request) (*http.Response, error) {
		return response(r, status, io.NopCloser(strings.NewReader(body)), int64(len(body)), headers), nil
	}
}

// replyBody answers with a body of unknown length.
func replyBody(status int, body func(*http.Request) io.Reader, headers ...string) answer {
	return func(r *http.Request) (*http.Response, error) {
		return response(r, status, io.NopCloser(body(r)), -1, headers), nil
	}
}

func response(r *http.Request, status int, body io.ReadCloser, length int64, headers []string) *http.Response {
	header := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: body, ContentLength: length, Request: r,
	}
}

// fail answers with an error of the transport.
func fail(err error) answer {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hang answers never; the attempt ends with its context.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

var (
	errReset   = &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
)

// stalled is a body that gives its text and then nothing until the attempt
// ends.
func stalled(text string) func(*http.Request) io.Reader {
	return func(r *http.Request) io.Reader {
		return io.MultiReader(strings.NewReader(text), waitReader{r.Context()})
	}
}

type waitReader struct{ ctx context.Context }

func (w waitReader) Read([]byte) (int, error) {
	<-w.ctx.Done()
	return 0, w.ctx.Err()
}

// brokenOff is a body that ends too early.
func brokenOff(text string) func(*http.Request) io.Reader {
	return func(*http.Request) io.Reader {
		return io.MultiReader(strings.NewReader(text), errorReader{io.ErrUnexpectedEOF})
	}
}

type errorReader struct{ err error }

func (e errorReader) Read([]byte) (int, error) { return 0, e.err }

// endless is a body without an end.
func endless(text string) func(*http.Request) io.Reader {
	return func(*http.Request) io.Reader { return io.MultiReader(strings.NewReader(text), &filler{}) }
}

// filler gives the letter x, for longer than anybody may read, and counts how
// many were taken.
type filler struct{ taken int }

func (f *filler) Read(b []byte) (int, error) {
	if f.taken > 64<<20 {
		return 0, io.EOF
	}
	for i := range b {
		b[i] = 'x'
	}
	f.taken += len(b)
	return len(b), nil
}

// newClient makes a client of a fake service; with adjusts the config.
func newClient(t testing.TB, transport http.RoundTripper, with ...func(*secureflows.Config)) *secureflows.Client {
	t.Helper()
	cfg := secureflows.Config{
		Workspace: "demo-workspace", AppID: "demo-app", Origin: fakeOrigin,
		HTTPClient: &http.Client{Transport: transport}, MaxRetries: -1,
	}
	for _, adjust := range with {
		adjust(&cfg)
	}
	client, err := secureflows.New(cfg)
	require.NoError(t, err)
	return client
}

func retries(n int) func(*secureflows.Config) {
	return func(cfg *secureflows.Config) { cfg.MaxRetries = n }
}

func timeout(d time.Duration) func(*secureflows.Config) {
	return func(cfg *secureflows.Config) { cfg.HTTPClient.Timeout = d }
}

const (
	sessionText = "session.token-of_ada~1/2+3=="
	idText      = "id.token-of_ada~4/5+6=="
)

func idToken(t testing.TB, text string) secureflows.IDToken {
	t.Helper()
	token, err := secureflows.NewIDToken(text)
	require.NoError(t, err)
	return token
}

// tokens are what an operation is called with.
type tokens struct {
	session secureflows.Token
	id      secureflows.IDToken
}

func demoTokens(t testing.TB) tokens { return tokens{token(t, sessionText), idToken(t, idText)} }

// operation is one call of the client, as the contract's table has it.
type operation struct {
	name string // Error.Op
	ok   string // the body of its 200
	kind int
	do   func(context.Context, *secureflows.Client, tokens) error
}

const (
	onSession = iota // carries a session token
	onIDToken        // carries an ID token
	onNothing        // public
)

// operations are all the client has.
var operations = []operation{
	{"create session", `{"sessionToken":"new.token"}`, onIDToken, func(ctx context.Context, c *secureflows.Client, t tokens) error {
		_, err := c.CreateSession(ctx, t.id, nil)
		return err
	}},
	{"get or create session", `{"sessionToken":"new.token"}`, onIDToken, func(ctx context.Context, c *secureflows.Client, t tokens) error {
		_, err := c.GetOrCreateSession(ctx, t.id, nil)
		return err
	}},
	{"renew session", `{"sessionToken":"new.token","payload":{}}`, onIDToken, func(ctx context.Context, c *secureflows.Client, t tokens) error {
		_, _, err := c.RenewSession(ctx, t.id, t.session)
		return err
	}},
	{"payload", `{}`, onSession, func(ctx context.Context, c *secureflows.Client, t tokens) error {
		_, err := c.Session(t.session).Payload(ctx)
		return err
	}},
	{"identity", `{"userId":42,"email":"ada@example.com"}`, onSession, func(ctx context.Context, c *secureflows.Client, t tokens) error {
		_, err := c.Session(t.session).Identity(ctx)
		return err
	}},
	{"get", `{"key":"theme","value":"dark"}`, onSession, func(ctx context.Context, c *secureflows.Client, t tokens) error {
		_, err := c.Session(t.session).Get(ctx, "theme")
		return err
	}},
	{"set", `{"theme":"dark"}`, onSession, func(ctx context.Context, c *secureflows.Client, t tokens) error {
		_, err := c.Session(t.session).Set(ctx, "theme", "dark")
		return err
	}},
	{"delete", `true`, onSession, func(ctx context.Context, c *secureflows.Client, t tokens) error {
		_, err := c.Session(t.session).Delete(ctx, "theme")
		return err
	}},
	{"revoke", `{"revoked":true,"sessionId":123}`, onSession, func(ctx context.Context, c *secureflows.Client, t tokens) error {
		_, err := c.Session(t.session).Revoke(ctx)
		return err
	}},
	{"logout", `{"loggedOut":true}`, onSession, func(ctx context.Context, c *secureflows.Client, t tokens) error {
		return c.Session(t.session).Logout(ctx)
	}},
	{"search docs", `{"query":"q","embedModel":"m","limit":8,"hits":[]}`, onNothing, func(ctx context.Context, c *secureflows.Client, _ tokens) error {
		_, err := c.SearchDocs(ctx, "q", 0)
		return err
	}},
	{"validate redirect", `{"valid":true,"appId":"demo-app","redirectUri":"u","reason":"ok","displayName":"d"}`, onNothing, func(ctx context.Context, c *secureflows.Client, _ tokens) error {
		_, err := c.ValidateRedirect(ctx, "u")
		return err
	}},
}

// named gives the operations of these names, or all.
func named(names ...string) []operation {
	if len(names) == 0 {
		return operations
	}
	var found []operation
	for _, op := range operations {
		for _, name := range names {
			if op.name == name {
				found = append(found, op)
			}
		}
	}
	return found
}

func factsOf(t testing.TB, err error) *secureflows.Error {
	t.Helper()
	var facts *secureflows.Error
	require.ErrorAs(t, err, &facts)
	return facts
}
