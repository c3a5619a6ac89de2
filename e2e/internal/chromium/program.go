package chromium

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Program is a program of this repository, built when a test first starts it.
type Program struct {
	name  string
	built func() (string, error)
}

// NewProgram gives the program of a directory, told from the repository's root.
// It is built with the race detector where the tests have it.
func NewProgram(directory string) *Program {
	name := filepath.Base(directory)
	return &Program{name, sync.OnceValues(func() (string, error) {
		target, err := os.MkdirTemp("", "secureflows-e2e-*")
		if err != nil {
			return "", err
		}
		atTheEnd = append(atTheEnd, func() { _ = os.RemoveAll(target) })
		path := filepath.Join(target, name)
		build := exec.Command("go", "build", fmt.Sprintf("-race=%t", raceDetector), "-o", path, "./"+directory)
		build.Dir = "../.." // tests run in the directory of their package
		if output, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w: %s", err, output)
		}
		return path, nil
	})}
}

// Process is a started program.
type Process struct {
	t       *testing.T
	name    string
	command *exec.Cmd
	stdout  *bufio.Reader
	said    *transcript
}

// Start runs the program until the test ends, at a free port by its flag -addr.
// It must end in peace then, and have said no token.
func (p *Program) Start(t *testing.T, arguments ...string) *Process {
	t.Helper()
	needsBrowser(t) // before anything is built in vain
	path, err := p.built()
	require.NoError(t, err)
	command := exec.Command(path, append([]string{"-addr", "127.0.0.1:0"}, arguments...)...)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	said := &transcript{}
	command.Stderr = said
	require.NoError(t, command.Start())
	s := &Process{t, p.name, command, bufio.NewReader(io.TeeReader(stdout, said)), said}
	t.Cleanup(s.stop)
	return s
}

// Line waits for the next line of the standard output.
func (s *Process) Line() string {
	s.t.Helper()
	hung := s.killLater()
	defer hung.Stop()
	line, err := s.stdout.ReadString('\n')
	require.NoError(s.t, err, "%s said no more than: %s", s.name, s.said)
	return line
}

func (s *Process) stop() {
	hung := s.killLater()
	defer hung.Stop()
	assert.NoError(s.t, s.command.Process.Signal(os.Interrupt))
	_, _ = io.Copy(io.Discard, s.stdout) // Wait must not close what is still read
	assert.NoError(s.t, s.command.Wait(), "how %s ended", s.name)
	assert.NotContains(s.t, s.said.String(), "eyJ", "a token in what %s said", s.name)
	if s.t.Failed() {
		s.t.Logf("%s said: %s", s.name, s.said)
	}
}

func (s *Process) killLater() *time.Timer {
	return time.AfterFunc(Patience, func() { _ = s.command.Process.Kill() })
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
