package remote_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/remote"
)

// provider is an API in memory.
type provider struct {
	answer func(*http.Request) (*http.Response, error)
	asked  []*http.Request
	bodies []string
}

func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	p.asked, p.bodies = append(p.asked, r), append(p.bodies, string(body))
	return p.answer(r)
}

func (p *provider) client() *remote.Client { return remote.New(&http.Client{Transport: p}) }

func answering(status int, body string, header ...string) *provider {
	return &provider{answer: func(r *http.Request) (*http.Response, error) {
		response := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
		for i := 0; i < len(header); i += 2 {
			response.Header.Set(header[i], header[i+1])
		}
		return response, nil
	}}
}

func question() remote.Request {
	return remote.Request{Op: "test: ask", Method: http.MethodPost, URL: "https://api.example/ask"}
}

func token(t *testing.T, text string) secureflows.Token {
	t.Helper()
	token, err := secureflows.NewToken(text)
	require.NoError(t, err)
	return token
}

func TestAQuestionAndItsAnswer(t *testing.T) {
	p := answering(http.StatusTeapot, `{"a": 1}`, "X-Kind", "pot")
	r := question()
	r.Bearer, r.Body, r.Header = token(t, "abc"), map[string]int{"b": 2}, http.Header{"X-Tenant-Id": {"t1"}}
	answer, err := p.client().Do(t.Context(), r)
	require.NoError(t, err)
	assert.Equal(t, http.StatusTeapot, answer.Status)
	assert.Equal(t, "pot", answer.Header.Get("X-Kind"))
	var into struct{ A int }
	require.NoError(t, answer.Decode(&into))
	assert.Equal(t, 1, into.A)
	sent := p.asked[0]
	assert.Equal(t, "POST https://api.example/ask", sent.Method+" "+sent.URL.String())
	assert.Equal(t, http.Header{
		"Authorization": {"Bearer abc"}, "Content-Type": {"application/json"}, "Accept": {"application/json"}, "X-Tenant-Id": {"t1"},
	}, sent.Header)
	assert.Equal(t, `{"b":2}`, p.bodies[0])

	_, err = p.client().Do(t.Context(), question())
	require.NoError(t, err)
	assert.Equal(t, http.Header{"Accept": {"application/json"}}, p.asked[1].Header, "nothing of the question before")
	assert.Empty(t, p.bodies[1])
	_, given := r.Header["Authorization"]
	assert.False(t, given, "the caller's header was changed")
}

// TestOutages say nothing about anybody.
func TestOutages(t *testing.T) {
	for name, p := range map[string]*provider{
		"429":            answering(429, "", "Retry-After", "7"),
		"500":            answering(500, "{}"),
		"503":            answering(503, "{}"),
		"a redirect":     answering(302, "", "Location", "https://elsewhere.example/"),
		"more than 1 M":  answering(200, strings.Repeat(" ", 1<<20+1)),
		"no connection":  {answer: func(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }},
		"no time":        {answer: func(*http.Request) (*http.Response, error) { return nil, context.DeadlineExceeded }},
		"a broken body":  {answer: func(r *http.Request) (*http.Response, error) { return broken(r), nil }},
		"somebody's end": {answer: func(*http.Request) (*http.Response, error) { return nil, context.Canceled }},
	} {
		_, err := p.client().Do(t.Context(), question())
		require.ErrorIs(t, err, secureflows.ErrUnavailable, name)
		assert.NotErrorIs(t, err, secureflows.ErrSignedOut, name)
		assert.NotErrorIs(t, err, context.DeadlineExceeded, name)
		assert.NotErrorIs(t, err, context.Canceled, name)
		assert.ErrorContains(t, err, "test: ask", name)
		assert.Len(t, p.asked, 1, name)
		var facts *secureflows.Error
		require.ErrorAs(t, err, &facts, name)
		if name == "429" {
			assert.Equal(t, 7*time.Second, facts.RetryAfter)
			assert.Equal(t, 429, facts.StatusCode)
		}
	}
	for _, body := range []string{"", "null", "[]", `"a"`, "{", "<html>", `{"a": "1"}`, `{} {}`} {
		answer, err := answering(200, body).client().Do(t.Context(), question())
		require.NoError(t, err, body)
		assert.ErrorIs(t, answer.Decode(&struct{ A int }{}), secureflows.ErrUnavailable, body)
	}
}

func broken(r *http.Request) *http.Response {
	body := io.MultiReader(strings.NewReader("{"), failing{})
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body), Request: r}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestTheCallersEndIsNoOutage(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p := &provider{answer: func(*http.Request) (*http.Response, error) { cancel(); return nil, context.Canceled }}
	_, err := p.client().Do(ctx, question())
	assert.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, secureflows.ErrUnavailable)
}

// TestErrorsQuoteNothing of what was sent, whatever the transport says.
func TestErrorsQuoteNothing(t *testing.T) {
	const bearer, password, code = "bearer-0123456789abcdef", "correct-horse-battery", "of-the-query"
	p := &provider{}
	p.answer = func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("proxy: cannot send %s to %s with %s", r.Header.Get("Authorization"), r.URL, p.bodies[0])
	}
	r := question()
	r.URL += "?code=" + code
	r.Bearer, r.Body = token(t, bearer), map[string]string{"password": password}
	_, err := p.client().Do(t.Context(), r)
	require.ErrorIs(t, err, secureflows.ErrUnavailable)
	assertQuotesNothing(t, err, bearer, password, code)
}

// assertQuotesNothing looks at an error, and at all that can be got out of it.
func assertQuotesNothing(t *testing.T, err error, secrets ...string) {
	t.Helper()
	texts := fmt.Sprintf("%v %+v %#v", err, err, err)
	var facts *secureflows.Error
	if errors.As(err, &facts) {
		texts += fmt.Sprintf("%v %+v %#v", facts, *facts, *facts)
	}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, inner := range several.Unwrap() {
			texts += fmt.Sprintf("%v %+v %#v", inner, inner, inner)
		}
	}
	for _, secret := range secrets {
		assert.NotContains(t, texts, secret)
	}
}

// TestReasons of a transport are told apart in words of our own: net/http quotes
// the beginning of what it cannot read.
func TestReasons(t *testing.T) {
	const canary = "eyJfresh.canary.token"
	for name, row := range map[string]struct {
		cause error
		says  string
	}{
		"no time":               {context.DeadlineExceeded, "no answer in time"},
		"a time-out":            {&net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, "no answer in time"},
		"no name":               {&net.OpError{Op: "dial", Err: &net.DNSError{Err: canary, Name: canary, IsNotFound: true}}, "the name of the host was not found"},
		"nobody listens":        {&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, "the connection was refused"},
		"no way":                {os.NewSyscallError(canary, syscall.EHOSTUNREACH), "the host cannot be reached"},
		"an unknown authority":  {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, "the certificate is not one that is trusted"},
		"another name":          {x509.HostnameError{Certificate: &x509.Certificate{}, Host: canary}, "the certificate is not one that is trusted"},
		"an alert":              {fmt.Errorf("remote error: %w", tls.AlertError(40)), "TLS failed"},
		"no TLS":                {tls.RecordHeaderError{Msg: canary}, "TLS failed"},
		"HTTP for HTTPS":        {http.ErrSchemeMismatch, "TLS failed"},
		"a header that is none": {textproto.ProtocolError("malformed MIME header line: " + canary), "no HTTP answer"},
		"the end":               {fmt.Errorf("transport connection broken: %w", io.ErrUnexpectedEOF), "the connection broke off"},
		"a reset":               {os.NewSyscallError("read", syscall.ECONNRESET), "the connection broke off"},
		"anything else":         {errors.New(canary), "the request failed before there was an answer"},
	} {
		p := &provider{answer: func(*http.Request) (*http.Response, error) { return nil, row.cause }}
		_, err := p.client().Do(t.Context(), question())
		require.ErrorIs(t, err, secureflows.ErrUnavailable, name)
		assert.ErrorContains(t, err, row.says, name)
		assertQuotesNothing(t, err, canary)
	}
}

// TestWhatIsNoHTTPIsNotQuoted: a login whose tokens come back without a status
// line in front.
func TestWhatIsNoHTTPIsNotQuoted(t *testing.T) {
	const canary = "canary-of-a-token"
	for _, sent := range []string{
		`{"access_token":"` + canary + `"}` + "\r\n\r\n", "HTTP/1.1 " + canary + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\n" + canary + "\r\n\r\n",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return // the question then has an answer, and the test fails
			}
			_, _ = io.WriteString(connection, sent)
			_ = connection.Close()
		}))
		r := question()
		r.URL = server.URL
		_, err := remote.New(&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(t.Context(), r)
		server.Close()
		require.ErrorIs(t, err, secureflows.ErrUnavailable, sent)
		assert.ErrorContains(t, err, "what came is no HTTP answer", sent)
		assertQuotesNothing(t, err, canary)
	}
}

func TestNobodyIsPutOffForLongerThanAnHour(t *testing.T) {
	for asked, want := range map[string]time.Duration{"3599": 3599 * time.Second, "3600": time.Hour, "3601": time.Hour, "315360000": time.Hour} {
		_, err := answering(503, "", "Retry-After", asked).client().Do(t.Context(), question())
		var facts *secureflows.Error
		require.ErrorAs(t, err, &facts)
		assert.Equal(t, want, facts.RetryAfter, asked)
	}
}

func TestPages(t *testing.T) {
	for name, row := range map[string]struct {
		kind, body string
		want       bool
	}{
		"a page":             {"text/html; charset=utf-8", "<!doctype html>", true},
		"an empty page":      {"text/html", "", true},
		"XHTML":              {"application/xhtml+xml", "", true},
		"a page in capitals": {"TEXT/HTML", "Sign in", true},
		"without a type":     {"", " \r\n<HTML>", true},
		"behind a mark":      {"text/plain", "\xef\xbb\xbf<html>", true},
		"JSON":               {"application/json", `{"a":"<html>"}`, false},
		"JSON as text":       {"text/plain", `{}`, false},
		"text":               {"text/plain", "no access < here", false},
		"nothing":            {"", "", false},
	} {
		answer, err := answering(401, row.body, "Content-Type", row.kind).client().Do(t.Context(), question())
		require.NoError(t, err, name)
		assert.Equal(t, row.want, answer.IsPage(), name)
	}
}

// TestTheCallersClientIsNotChanged: only its transport and timeout are used.
func TestTheCallersClientIsNotChanged(t *testing.T) {
	followed := false
	p := answering(302, "", "Location", "https://elsewhere.example/")
	given := &http.Client{Transport: p, CheckRedirect: func(*http.Request, []*http.Request) error { followed = true; return nil }}
	_, err := remote.New(given).Do(t.Context(), question())
	assert.ErrorIs(t, err, secureflows.ErrUnavailable)
	assert.Len(t, p.asked, 1)
	assert.False(t, followed)
	assert.NotNil(t, given.CheckRedirect)
}

func TestRequestsThatCannotBeMade(t *testing.T) {
	p := answering(200, "{}")
	for _, mistake := range []remote.Request{
		{Op: "test: ask", Method: http.MethodPost, URL: "https://api.example/\x7f"},
		{Op: "test: ask", Method: http.MethodPost, URL: "https://api.example/", Body: func() {}},
	} {
		_, err := p.client().Do(t.Context(), mistake)
		assert.ErrorIs(t, err, secureflows.ErrInvalidRequest)
	}
	assert.Empty(t, p.asked)
}

func TestURLs(t *testing.T) {
	for text, says := range map[string]string{
		"":                               "no absolute URL",
		"api.example":                    "no absolute URL",
		"//api.example":                  "no absolute URL",
		"ftp://api.example":              "no absolute URL",
		"https://":                       "no absolute URL",
		"http://api.example":             "plain http",
		"http://127.0.0.1.evil.example":  "plain http",
		"http://localhost.evil.example":  "plain http",
		"https://ada:secret@api.example": "a user or a fragment",
		"https://api.example/#":          "a user or a fragment",
	} {
		_, err := remote.Page("Config.URL", text)
		assert.ErrorIs(t, err, secureflows.ErrInvalidRequest, text)
		assert.ErrorContains(t, err, "Config.URL", text)
		assert.ErrorContains(t, err, says, text)
		assert.NotContains(t, err.Error(), "secret", text)
	}
	for _, text := range []string{"https://api.example/path", "https://api.example/?", "https://api.example/?a=b"} {
		_, err := remote.Page("Config.URL", text)
		assert.NoError(t, err, text)
		_, err = remote.Origin("Config.Origin", text)
		assert.ErrorContains(t, err, "write https://api.example", text)
	}
	for _, text := range []string{"https://api.example", "https://api.example/", "http://localhost:8080", "http://[::1]:8080", "http://127.0.0.2"} {
		origin, err := remote.Origin("Config.Origin", text)
		require.NoError(t, err, text)
		assert.Equal(t, strings.TrimSuffix(text, "/"), origin.String())
	}
}
