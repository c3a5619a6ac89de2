package program

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience is how long a program may take to start, to speak or to end. It is
// long, as the machine does other things as well.
const patience = 30 * time.Second

// Process is a started program.
type Process struct {
	t       *testing.T
	name    string
	command *exec.Cmd
	stdout  *bufio.Reader
	said    *transcript
	ended   bool
}

// Start runs the program until the test ends, with the given arguments. It must
// end in peace then, unless it was killed, and have said no token.
func (p *Program) Start(t *testing.T, arguments ...string) *Process {
	t.Helper()
	path, err := p.path()
	require.NoError(t, err)
	command := exec.Command(path, arguments...)
	stdout, err := command.StdoutPipe()
	require.NoError(t, err)
	said := &transcript{}
	command.Stderr = said
	require.NoError(t, command.Start())
	s := &Process{t: t, name: p.name, command: command, stdout: bufio.NewReader(io.TeeReader(stdout, said)), said: said}
	t.Cleanup(s.cleanUp)
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

// PID is the id of the process.
func (s *Process) PID() int { return s.command.Process.Pid }

// Said is what the process has said so far, on both streams; of the standard
// output no more than Line has read.
func (s *Process) Said() string { return s.said.String() }

// Kill ends the process as a crash does, and returns when it is gone.
func (s *Process) Kill() {
	s.t.Helper()
	require.False(s.t, s.ended, "%s has ended before", s.name)
	s.ended = true
	require.NoError(s.t, s.command.Process.Kill())
	_, _ = io.Copy(io.Discard, s.stdout)
	_ = s.command.Wait() // "signal: killed", as asked
}

// Stop asks the process to end, and gives how long it took to, in peace.
func (s *Process) Stop() time.Duration {
	s.t.Helper()
	require.False(s.t, s.ended, "%s has ended before", s.name)
	s.ended = true
	began := time.Now()
	hung := s.killLater()
	defer hung.Stop()
	assert.NoError(s.t, s.command.Process.Signal(os.Interrupt))
	_, _ = io.Copy(io.Discard, s.stdout) // Wait must not close what is still read
	assert.NoError(s.t, s.command.Wait(), "how %s ended", s.name)
	return time.Since(began)
}

func (s *Process) cleanUp() {
	if !s.ended {
		s.Stop()
	}
	assert.NotContains(s.t, s.said.String(), "eyJ", "a token in what %s said", s.name)
	if s.t.Failed() {
		s.t.Logf("%s said: %s", s.name, s.said)
	}
}

func (s *Process) killLater() *time.Timer {
	return time.AfterFunc(patience, func() { _ = s.command.Process.Kill() })
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
