package redistest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"
)

// patience is how long the server may take to answer. It is long, because the
// machines that run tests do other things as well.
const patience = 20 * time.Second

// Server is a running redis-server, which ends with the test. What it keeps is
// in a folder of its own.
type Server struct {
	t      testing.TB
	binary string
	addr   string
	args   []string
	said   *transcript

	process *exec.Cmd     // nil while it is stopped
	ended   chan struct{} // closed once process has
}

// Start runs a server on a free port of 127.0.0.1 and returns when it answers.
// It keeps nothing on disk; args are flags that come last and win, such as
//
//	redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
//
// Without a redis-server the test is skipped, but where CI is set it fails:
// there the tests are relied upon.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		const remedy = "no redis-server here: apt-get install redis-server"
		if os.Getenv("CI") != "" { //nolint:forbidigo // no setting of the library: where the tests run
			t.Fatal(remedy)
		}
		t.Skip(remedy)
	}
	defaults := []string{"--dir", t.TempDir(), "--save", "", "--appendonly", "no", "--loglevel", "warning"}
	s := &Server{t: t, binary: binary, args: append(defaults, args...), said: &transcript{}}
	t.Cleanup(s.cleanUp)
	// Somebody may take the port between here and the server.
	for range 5 {
		s.addr = freePort(t)
		if err = s.start(); err == nil {
			return s
		}
	}
	t.Fatal(err)
	return nil
}

func freePort(t testing.TB) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// Addr is where the server listens, also while it is stopped.
func (s *Server) Addr() string { return s.addr }

// URL is Addr as clients take it.
func (s *Server) URL() string { return "redis://" + s.addr }

// Stop kills the server, as the kernel does where memory runs out, and returns
// when it is gone. Stopping it twice does nothing.
func (s *Server) Stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill() // of a paused one too; it may have ended by itself
	<-s.ended
	s.process = nil
}

// Restart runs the server again, on the same port and in the same folder, and
// returns when it answers. Unless it was started with --appendonly yes, it has
// forgotten everything.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	if err := s.start(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *Server) cleanUp() {
	if s.process != nil {
		_ = s.process.Process.Signal(proceed) // a paused one says nothing
	}
	s.Stop()
	if s.t.Failed() && s.said.String() != "" {
		s.t.Logf("redis-server said: %s", s.said)
	}
}

// start returns when the server answers, or an error if it ends before.
func (s *Server) start() error {
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return err
	}
	//nolint:gosec // the binary and flags are the test's
	s.process = exec.Command(s.binary, slices.Concat([]string{"--bind", host, "--port", port}, s.args)...)
	s.process.Stdout, s.process.Stderr = s.said, s.said
	if err := s.process.Start(); err != nil {
		s.process = nil
		return err
	}
	s.ended = make(chan struct{})
	go func(process *exec.Cmd, ended chan struct{}) {
		_ = process.Wait() // "signal: killed", as asked
		close(ended)
	}(s.process, s.ended)
	return s.answers()
}

// answers waits until the server answers PING, which it does not while it reads
// what it had written down.
func (s *Server) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		if ping(ctx, s.addr) == nil {
			return nil
		}
		select {
		case <-look.C:
		case <-s.ended:
			s.process = nil
			return errors.New("redistest: redis-server ended: " + s.said.String())
		case <-ctx.Done():
			s.Stop()
			return errors.New("redistest: redis-server does not answer: " + s.said.String())
		}
	}
}

// transcript is what the server says, of all its runs.
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
