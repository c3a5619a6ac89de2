package emulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
)

func TestMain(m *testing.M) { chromium.Run(m) }

var program = chromium.NewProgram("cmd/secureflows-emulator")

// service is the running command.
type service struct {
	t      *testing.T
	origin string
}

// start runs the command until the test ends.
func start(t *testing.T, arguments ...string) *service {
	t.Helper()
	first := program.Start(t, arguments...).Line()
	return &service{t, strings.TrimSpace(strings.TrimPrefix(first, "origin: "))}
}

// control makes a call of the control API, as a program does.
func (s *service) control(call string, body any) map[string]any {
	s.t.Helper()
	return chromium.Control(s.t, s.origin, call, body)
}

// call makes a call of the service's API with a bearer token.
func (s *service) call(token, method, path, body string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.origin+path, strings.NewReader(body))
	require.NoError(s.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return response.StatusCode, string(text)
}

// session opens a session of the demo application and gives its token.
func (s *service) session(email, payload string) string {
	s.t.Helper()
	id, _ := s.control("id-token", map[string]string{"email": email})["idToken"].(string)
	status, text := s.call(id, "POST", "/api/v1/sessions", `{"workspaceName":"demo-workspace","app_id":"demo-app","payload":`+payload+`}`)
	require.Equal(s.t, 200, status, text)
	var opened struct{ SessionToken string }
	require.NoError(s.t, json.Unmarshal([]byte(text), &opened))
	return opened.SessionToken
}
