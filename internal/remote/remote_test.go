package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
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

// TestErrorsQuoteNoToken, whatever the transport says.
func TestErrorsQuoteNoToken(t *testing.T) {
	const bearer, inBody = "bearer-0123456789abcdef", "body-0123456789abcdef"
	p := &provider{answer: func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("proxy: cannot send %s with %q", r.Header.Get("Authorization"), inBody)
	}}
	r := question()
	r.URL += "?code=of-the-query"
	r.Bearer, r.Body, r.Secrets = token(t, bearer), map[string]string{"token": inBody}, []secureflows.Token{token(t, inBody)}
	_, err := p.client().Do(t.Context(), r)
	require.Error(t, err)
	for _, secret := range []string{bearer, inBody, "of-the-query"} {
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v %s", err, err, err, errors.Unwrap(err)), secret)
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
