package e2e_test

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
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// built is the path of the website's program, with the race detector where the
// tests have it.
var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "secureflows-website-*")
	if err != nil {
		return "", err
	}
	atTheEnd = append(atTheEnd, func() { _ = os.RemoveAll(dir) })
	program := filepath.Join(dir, "website")
	build := exec.Command("go", "build", fmt.Sprintf("-race=%t", raceDetector), "-o", program, "./examples/website")
	build.Dir = ".."
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, output)
	}
	return program, nil
})

// website is the running program, and the mock it runs on.
type website struct {
	t    *testing.T
	url  string
	mock string // its origin
}

var addresses = regexp.MustCompile(`http://[a-z0-9.]+:[0-9]+`)

// start runs the website until the test ends. It must end in peace then, and
// have said no token.
func start(t *testing.T) *website {
	t.Helper()
	needsBrowser(t) // before anything is built in vain
	program, err := built()
	require.NoError(t, err)
	command := exec.Command(program, "-addr", "127.0.0.1:0")
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	said := &transcript{}
	command.Stderr = said
	require.NoError(t, command.Start())
	hung := time.AfterFunc(patience, func() { _ = command.Process.Kill() })
	defer hung.Stop()

	s := &website{t: t}
	lines := bufio.NewScanner(io.TeeReader(stdout, said))
	for s.mock == "" && lines.Scan() {
		switch address := addresses.FindString(lines.Text()); {
		case s.url == "":
			s.url = address
		default:
			s.mock = address
		}
	}
	t.Cleanup(func() { s.stop(command, lines, said) })
	require.NotEmpty(t, s.mock, "the website did not start: %s", said)
	return s
}

func (s *website) stop(command *exec.Cmd, lines *bufio.Scanner, said *transcript) {
	killed := time.AfterFunc(patience, func() { _ = command.Process.Kill() })
	defer killed.Stop()
	assert.NoError(s.t, command.Process.Signal(os.Interrupt))
	for lines.Scan() { // Wait must not close what is still read
	}
	assert.NoError(s.t, command.Wait(), "how the website ended")
	assert.NotContains(s.t, said.String(), "eyJ", "a token in the website's log")
	if s.t.Failed() {
		s.t.Logf("the website said: %s", said)
	}
}

// transcript is what a process says, on two streams at once.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (tr *transcript) Write(text []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.Write(text)
}

func (tr *transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.String()
}

// control makes a call of the mock's control API.
func (s *website) control(call string, body any) {
	s.t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(s.t, err)
	response, err := http.Post(s.mock+"/_emulator/"+call, "application/json", bytes.NewReader(encoded))
	require.NoError(s.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, response.StatusCode, "%s: %s", call, answer)
}

// expire ends a token, as its lifetime would.
func (s *website) expire(token string) {
	s.t.Helper()
	s.control("expire", map[string]string{"sessionToken": token})
}
