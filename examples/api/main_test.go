package main

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/secureflowstest"
)

// TestDemoCommands runs what the program prints.
func TestDemoCommands(t *testing.T) {
	for _, command := range []string{"sh", "curl", "cut"} {
		if _, err := exec.LookPath(command); err != nil {
			t.Skipf("no %s here to run the commands with", command)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	printed := start(t, nil)
	_, commands, _ := strings.Cut(printed, "hosted login:\n")
	commands = strings.Replace(commands, "To sign in", "# To sign in", 1)

	shell := exec.CommandContext(ctx, "sh", "-s")
	shell.Stdin = strings.NewReader(commands)
	output, err := shell.CombinedOutput()

	require.NoError(t, err, string(output))
	var statuses []string
	for scanner := bufio.NewScanner(strings.NewReader(string(output))); scanner.Scan(); {
		if fields := strings.Fields(scanner.Text()); len(fields) > 1 && strings.HasPrefix(fields[0], "HTTP/") {
			statuses = append(statuses, fields[1])
		}
	}
	assert.Equal(t, []string{"401", "200", "201", "200", "403", "200", "204", "401"}, statuses, string(output))
	assert.Contains(t, string(output), `"text":"buy milk"`)
	assert.NotContains(t, printed+string(output), "eyJ", "a token was printed")
}

func TestAgainstADeployment(t *testing.T) {
	service := secureflowstest.NewServer(t)
	printed := start(t, []string{"-origin", service.Origin()})
	assert.NotContains(t, printed, "sign_in")
}

func TestMistakesAreNamed(t *testing.T) {
	assert.ErrorContains(t, run(t.Context(), []string{"-origin", "http://www.secure-flows.com"}, io.Discard), "Config.Origin")
	assert.ErrorContains(t, run(t.Context(), []string{"-addr", "nowhere"}, io.Discard), "nowhere")
}

// start runs the program until the test ends, and gives what it prints when it
// is ready.
func start(t *testing.T, args []string) string {
	ctx, stop := context.WithCancel(t.Context())
	printed := make(announcement, 1)
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), printed) }()
	select {
	case text := <-printed:
		t.Cleanup(func() {
			stop()
			assert.NoError(t, <-ended)
		})
		return text
	case err := <-ended:
		stop()
		require.NoError(t, err)
		return ""
	}
}

// announcement hands on what is written.
type announcement chan string

func (a announcement) Write(text []byte) (int, error) {
	a <- string(text)
	return len(text), nil
}
