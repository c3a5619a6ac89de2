package emulator_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// built is the path of the command.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "secureflows-emulator-*")
	if err != nil {
		return "", err
	}
	atTheEnd = append(atTheEnd, func() { _ = os.RemoveAll(dir) })
	program := filepath.Join(dir, "secureflows-emulator")
	build := exec.Command("go", "build", "-o", program, "./cmd/secureflows-emulator")
	build.Dir = "../.."
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return program, nil
})

// service is the running command.
type service struct {
	t      *testing.T
	origin string
}

// start runs the command until the test ends. It must end in peace then, and
// have logged no token.
func start(t *testing.T, args ...string) *service {
	t.Helper()
	program, err := built()
	require.NoError(t, err)
	command := exec.Command(program, append([]string{"-addr", "127.0.0.1:0"}, args...)...)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	var log bytes.Buffer // read after the command has ended
	command.Stderr = &log
	require.NoError(t, command.Start())
	reader := bufio.NewReader(stdout)
	first, err := reader.ReadString('\n')
	require.NoError(t, err)
	s := &service{t, strings.TrimSpace(strings.TrimPrefix(first, "origin: "))}
	t.Cleanup(func() {
		killed := time.AfterFunc(patience, func() { _ = command.Process.Kill() })
		defer killed.Stop()
		assert.NoError(t, command.Process.Signal(os.Interrupt))
		_, _ = io.Copy(io.Discard, reader) // Wait must not close what is still read
		assert.NoError(t, command.Wait(), "how the command ended")
		assert.NotContains(t, log.String(), "eyJ", "a token in the log")
		if t.Failed() {
			t.Logf("the command logged: %s", &log)
		}
	})
	return s
}

// control makes a call of the control API, as a program does.
func (s *service) control(call string, body any) map[string]any {
	s.t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(s.t, err)
	response, err := http.Post(s.origin+"/_emulator/"+call, "application/json", bytes.NewReader(encoded))
	require.NoError(s.t, err)
	defer response.Body.Close()
	require.Equal(s.t, 200, response.StatusCode)
	var answer map[string]any
	require.NoError(s.t, json.NewDecoder(response.Body).Decode(&answer))
	return answer
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
