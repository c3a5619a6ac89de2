package main

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/secureflowstest"
)

func TestRunsOnTheBundledMock(t *testing.T) {
	printed := begin(t)
	addresses := regexp.MustCompile(`http://\S+:\d+`).FindAllString(printed, -1)
	require.Len(t, addresses, 2, printed)
	assert.Regexp(t, "^http://localhost:", addresses[0])
	for _, address := range addresses {
		response, err := http.Get(address)
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, http.StatusOK, response.StatusCode, address)
	}
}

func TestRunsAgainstADeployment(t *testing.T) {
	service := secureflowstest.NewServer(t)
	deployment := []string{"-workspace", secureflowstest.Workspace, "-app", secureflowstest.AppID, "-origin", service.Origin()}
	printed := begin(t, append(deployment, "-url", "http://localhost:8080")...)
	assert.Equal(t, "The notes are at http://localhost:8080\n", printed)

	err := run(t.Context(), append(deployment, "-addr", "127.0.0.1:0", "-url", "https://notes.example.com"), io.Discard)
	assert.ErrorContains(t, err, "https://notes.example.com/auth/callback is not on the allowlist")

	service.Fail(secureflowstest.Fault{Status: http.StatusBadGateway, Times: 10})
	begin(t, append(deployment, "-url", "http://localhost:8080")...) // an outage does not keep the site down
}

func TestMistakesAreNamed(t *testing.T) {
	for said, args := range map[string][]string{
		"-url":           {"-url", "https://notes.example.com/notes"},
		"both":           {"-workspace", "my-workspace"},
		"no -origin":     {"-origin", "https://www.secure-flows.com"},
		"nowhere":        {"-addr", "nowhere"},
		"Config.Origin":  {"-workspace", "w", "-app", "a", "-origin", "http://www.secure-flows.com"},
		"not-a-flag":     {"-not-a-flag"},
		"https (http is": {"-url", "http://notes.example.com"},
		"give both":      {"-keys", "keys.txt"},
		"a URL":          {"-redis", "localhost"},
		"be reached":     {"-redis", "redis://127.0.0.1:1"},
		"no such file":   {"-redis", "redis://127.0.0.1:1", "-keys", "nowhere.txt"},
	} {
		err := run(t.Context(), append([]string{"-addr", "127.0.0.1:0"}, args...), io.Discard)
		assert.ErrorContains(t, err, said)
	}
}

// begin runs the program until the test ends, and gives what it prints when it
// is ready.
func begin(t *testing.T, args ...string) string {
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
