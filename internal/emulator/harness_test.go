package emulator_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// wrapHandler is put around the handler of every server of these tests, so that
// one can look at all their exchanges.
var wrapHandler = func(h http.Handler) http.Handler { return h }

const (
	demoWorkspace = "demo-workspace"
	demoApp       = "demo-app"
	demoCallback  = "http://localhost:8080/callback"
	ada           = "ada@example.com"
	bob           = "bob@example.com"
)

// service is an emulator behind a server, and a client that follows nothing.
type service struct {
	t      testing.TB
	mock   *emulator.Emulator
	server *httptest.Server
	client *http.Client
}

// serve starts every server of these tests.
func serve(t testing.TB, config emulator.Config) *service {
	t.Helper()
	mock, err := emulator.New(config)
	require.NoError(t, err)
	server := httptest.NewServer(wrapHandler(mock))
	client := server.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(func() {
		mock.Close()
		server.Close()
	})
	return &service{t: t, mock: mock, server: server, client: client}
}

// demo is the demo application with tokens of an hour, as most tests want it.
func demo() emulator.Config {
	workspaces := emulator.DefaultWorkspaces()
	workspaces[0].Apps[0].TokenTTL = time.Hour
	return emulator.Config{Workspaces: workspaces}
}

// reply is a response that has been read.
type reply struct {
	status int
	header http.Header
	body   string
	at     *url.URL // after redirects
}

// do sends a request; header is name, value, name, value.
func (s *service) do(method, path, body string, header ...string) reply {
	s.t.Helper()
	got, err := s.try(method, path, body, header...)
	require.NoError(s.t, err)
	return got
}

func (s *service) try(method, path, body string, header ...string) (reply, error) {
	s.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+path, reader)
	require.NoError(s.t, err)
	for i := 0; i < len(header); i += 2 {
		request.Header[header[i]] = append(request.Header[header[i]], header[i+1])
	}
	response, err := s.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(text), response.Request.URL}, err
}

// as is do with a bearer token.
func (s *service) as(token, method, path, body string) reply {
	s.t.Helper()
	return s.do(method, path, body, "Authorization", "Bearer "+token)
}

func (s *service) idToken(email string) string {
	s.t.Helper()
	token, err := s.mock.IDToken(email)
	require.NoError(s.t, err)
	return token
}

// session opens a session over HTTP; payload may be "".
func (s *service) session(email, payload string) string {
	s.t.Helper()
	return tokenIn(s.t, s.as(s.idToken(email), "POST", "/api/v1/sessions", opening(demoWorkspace, demoApp, payload)))
}

func opening(workspace, app, payload string) string {
	body := `{"workspaceName":"` + workspace + `","app_id":"` + app + `"`
	if payload != "" {
		body += `,"payload":` + payload
	}
	return body + "}"
}

func tokenIn(t testing.TB, got reply) string {
	t.Helper()
	require.Equal(t, http.StatusOK, got.status, got.body)
	var body struct{ SessionToken string }
	require.NoError(t, json.Unmarshal([]byte(got.body), &body))
	require.NotEmpty(t, body.SessionToken)
	return body.SessionToken
}

// refused checks status and the JSON error form, byte for byte.
func refused(t testing.TB, got reply, status int, body string) {
	t.Helper()
	require.Equal(t, status, got.status, got.body)
	require.Equal(t, body, got.body)
	require.Equal(t, "application/json", got.header.Get("Content-Type"))
}

func ok(t testing.TB, got reply, body string) {
	t.Helper()
	refused(t, got, http.StatusOK, body)
}

// query encodes name, value, name, value.
func query(pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return "?" + values.Encode()
}

// arrivingAt is the status of a control call for a host, on a connection to an
// address that this machine need not have.
func arrivingAt(t testing.TB, mock http.Handler, address, host string) int {
	t.Helper()
	request := httptest.NewRequest("GET", "/_emulator/requests", nil)
	request.Host = host
	arrived := context.WithValue(request.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP(address), Port: 8787})
	response := httptest.NewRecorder()
	mock.ServeHTTP(response, request.WithContext(arrived))
	return response.Code
}

// newLocalRequest is for a handler without a server, addressed as control calls
// have to be.
func newLocalRequest(method, path string) *http.Request {
	request := httptest.NewRequest(method, path, nil)
	request.Host = "localhost"
	return request
}
