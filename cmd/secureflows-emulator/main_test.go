package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv("SECUREFLOWS_EMULATOR_MAIN") != "" {
		main() // as a process that can be sent signals
		return
	}
	goleak.VerifyTestMain(m)
}

// start runs the command and returns its origin, and a function that stops it
// and says how it ended.
func start(t *testing.T, args ...string) (origin string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	output, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, args, writer, io.Discard)
		writer.Close()
		ended <- err
	}()
	reader := bufio.NewReader(output)
	line, err := reader.ReadString('\n')
	require.NoError(t, err)
	go io.Copy(io.Discard, reader)
	return strings.TrimSpace(strings.TrimPrefix(line, "origin: ")), func() error {
		cancel()
		err := <-ended
		http.DefaultClient.CloseIdleConnections()
		return err
	}
}

func TestTheCommandServesUntilItIsStopped(t *testing.T) {
	origin, stop := start(t, "-addr", "127.0.0.1:0", "-user", "ada@example.com", "-user", "bob@example.com")
	response, err := http.Get(origin + "/_emulator/requests")
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	require.NoError(t, err)
	require.Equal(t, `{"requests":[]}`, string(body))
	require.NoError(t, stop())
}

func TestStoppingEndsDelays(t *testing.T) {
	origin, stop := start(t, "-addr", "127.0.0.1:0")
	response, err := http.Post(origin+"/_emulator/faults", "application/json", strings.NewReader(`{"path":"*","delayMs":3600000}`))
	require.NoError(t, err)
	response.Body.Close()
	answered := make(chan int, 1)
	go func() {
		response, err := http.Get(origin + "/api/v1/sessions")
		if err != nil {
			answered <- 0
			return
		}
		response.Body.Close()
		answered <- response.StatusCode
	}()
	require.Eventually(t, func() bool {
		response, err := http.Get(origin + "/_emulator/requests")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		return strings.Contains(string(body), "/api/v1/sessions")
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, stop())
	require.Equal(t, http.StatusUnauthorized, <-answered)
}

func TestSignalsStopItInPeace(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		command := exec.Command(os.Args[0], "-addr", "127.0.0.1:0", "-log", "off")
		command.Env = append(os.Environ(), "SECUREFLOWS_EMULATOR_MAIN=1")
		output, err := command.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, command.Start())
		lines := bufio.NewScanner(output)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "Control-C") { // the last line
				require.NoError(t, command.Process.Signal(signal))
			}
		}
		require.NoError(t, command.Wait(), "%v", signal)
	}
}

func TestAnnouncement(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	printed := &stopAfter{text: "Control-C", stop: cancel}
	require.NoError(t, run(ctx, []string{"-addr", "localhost:0", "-workspace", "w", "-app", "a",
		"-redirect-uri", "http://localhost:5173/cb", "-redirect-uri", "https://x.example/cb", "-user", "ada@example.com"}, printed, io.Discard))
	require.Regexp(t, `^origin: (http://(?:127\.0\.0\.1|\[::1\]):[1-9]\d*)
workspace: w
app: a
redirect-uri: http://localhost:5173/cb
redirect-uri: https://x\.example/cb
user: ada@example\.com

For your Go code:

	client, err := secureflows\.New\(secureflows\.Config{
		Workspace: "w",
		AppID:     "a",
		Origin:    "http://[^"]+",
	}\)

Sign-in, sessions and requests to look at: http://[^ ]+/_emulator/
Control-C stops it, and everything is forgotten\.
$`, printed.String())
}

func TestRequestsAreLogged(t *testing.T) {
	for form, want := range map[string]string{
		"text": "msg=request method=GET path=/api/v1/sessions query=\"session_token=[REDACTED]\" status=401 duration=",
		"json": `"msg":"request","method":"GET","path":"/api/v1/sessions","query":"session_token=[REDACTED]","status":401,"duration":`,
		"off":  "",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		var log strings.Builder
		ready := make(chan struct{})
		printed := &stopAfter{text: "Control-C", stop: func() { close(ready) }}
		ended := make(chan error, 1)
		go func() { ended <- run(ctx, []string{"-addr", "127.0.0.1:0", "-log", form}, printed, &log) }()
		<-ready
		origin, _, _ := strings.Cut(strings.TrimPrefix(printed.String(), "origin: "), "\n")
		response, err := http.Get(origin + "/api/v1/sessions?session_token=secret-of-ada")
		require.NoError(t, err)
		response.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		cancel()
		require.NoError(t, <-ended)
		if want == "" {
			require.Empty(t, log.String())
			continue
		}
		require.Contains(t, log.String(), want)
		require.NotContains(t, log.String(), "secret-of-ada")
		require.Equal(t, 1, strings.Count(log.String(), "\n"))
	}
}

// stopAfter keeps what is written, and calls stop once text is part of it.
type stopAfter struct {
	strings.Builder
	text string
	stop func()
}

func (s *stopAfter) Write(b []byte) (int, error) {
	if strings.Contains(string(b), s.text) {
		defer s.stop()
	}
	return s.Builder.Write(b)
}
