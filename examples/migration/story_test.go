package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
	"github.com/secureflows/secureflows-go/middleware/productflo"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func TestStory(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, &out))
	for _, want := range []string{
		"Ada links authreturn", "send its password too", "That is not the password", "can be linked anew", "the two accounts were read once each", "buy oat milk",
		"secureFlows was sent tokens of secureFlows", "That is all of it.",
	} {
		assert.Contains(t, out.String(), want)
	}
	assert.NotContains(t, out.String(), "eyJ", "a token was printed")
}

// TestAStoryThatGoesWrongSaysSo, or the one above could not fail.
func TestAStoryThatGoesWrongSaysSo(t *testing.T) {
	s := newSystem(t)
	err := tell(t.Context(), io.Discard, s.mocks, s.database, http.NotFoundHandler())
	assert.ErrorContains(t, err, "the answer is 404, and not 200")
}

// TestAnAccountIsImportedOnce by many requests at many replicas.
func TestAnAccountIsImportedOnce(t *testing.T) {
	s := newSystem(t)
	s.link(ada, s.mocks.authReturn.Token(ada), s.mocks.vertesia.Token(ada), s.mocks.productFlo.Token(ada))
	session := s.mocks.secureFlows.Session(ada).Token()
	var group sync.WaitGroup
	for range 5 {
		replica := s.replica()
		for range 2 {
			group.Go(func() {
				answer := send(replica, newRequest(t, "/notes"), session)
				assert.JSONEq(t, `{"1": "buy milk", "2": "the boat needs paint", "v1": "ask about the model", "p1": "review the plan"}`, answer.Body.String())
			})
		}
	}
	group.Wait()
	assert.Equal(t, 3, s.database.imports())
	theme, err := secureflows.Get[string](t.Context(), s.mocks.secureFlows.Client().Session(session), "theme")
	require.NoError(t, err)
	assert.Equal(t, "dark", theme, "of the account that was linked first")

	before := len(s.mocks.secureFlows.Requests())
	s.get(session, "/notes")
	for _, request := range s.mocks.secureFlows.Requests()[before:] {
		assert.NotContains(t, request.Path, "/get/", "the table knows that the account is imported")
	}
	answer := s.get(s.mocks.secureFlows.Session(grace).Token(), "/notes")
	assert.JSONEq(t, `{}`, answer.Body.String(), "somebody else has none of it")
}

func newRequest(t *testing.T, path string) *http.Request {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	require.NoError(t, err)
	return r
}

// TestAnImportThatFailsIsNoSignOut, and is gone on with.
func TestAnImportThatFailsIsNoSignOut(t *testing.T) {
	s := newSystem(t)
	s.link(ada, s.mocks.authReturn.Token(ada))
	session := s.mocks.secureFlows.Session(ada).Token()
	s.mocks.secureFlows.Fail(secureflowstest.Fault{Path: "/api/v1/sessions/set/note*", Status: http.StatusBadGateway})
	answer := s.get(session, "/notes")
	assert.Equal(t, http.StatusServiceUnavailable, answer.Code)
	assert.NotEmpty(t, answer.Header().Get("Retry-After"))

	s.mocks.secureFlows.SetLimits(secureflowstest.Limits{MaxPayloadBytes: 10})
	assert.Equal(t, http.StatusRequestEntityTooLarge, s.get(session, "/notes").Code)
	s.mocks.secureFlows.SetLimits(secureflowstest.Limits{})
	s.mocks.secureFlows.LockBilling(true)
	assert.Equal(t, http.StatusForbidden, s.get(session, "/notes").Code)
	s.mocks.secureFlows.LockBilling(false)
	assert.JSONEq(t, `{"1": "buy milk", "2": "the boat needs paint"}`, s.get(session, "/notes").Body.String())
}

// TestAnOutageIsOneProvidersOwn: 503 for its tokens, also where they are to be
// linked, and nothing else for everybody else's.
func TestAnOutageIsOneProvidersOwn(t *testing.T) {
	for _, down := range services {
		t.Run(down, func(t *testing.T) {
			s := newSystem(t)
			session := s.mocks.secureFlows.Session(grace).Token()
			fault := secureflowstest.Fault{Status: http.StatusBadGateway, Times: 1000}
			map[string]func(secureflowstest.Fault){
				authreturn.Provider: s.mocks.authReturn.Fail, vertesia.Provider: s.mocks.vertesia.Fail,
				productflo.Provider: s.mocks.productFlo.Fail, secureFlows: s.mocks.secureFlows.Fail,
			}[down](fault)
			for provider, token := range s.mocks.tokens() {
				for _, path := range []string{"/me", "/notes"} {
					answer := s.get(token, path)
					if provider == down {
						assert.Equal(t, http.StatusServiceUnavailable, answer.Code, "%s %s", provider, path)
						assert.NotEmpty(t, answer.Header().Get("Retry-After"), provider)
						assert.Empty(t, answer.Header().Get("WWW-Authenticate"), provider)
					} else {
						assert.Equal(t, http.StatusOK, answer.Code, "%s %s", provider, path)
					}
				}
				want := http.StatusOK
				switch {
				case down == secureFlows || provider == down:
					want = http.StatusServiceUnavailable
				case provider == secureFlows:
					want = http.StatusBadRequest
				}
				assert.Equal(t, want, s.post(session, "/link", proven(token)).Code, "link %s", provider)
				assert.Subset(t, []string{provider}, s.receivers(token))
			}
		})
	}
}

// TestDemoCommands runs what the program prints.
func TestDemoCommands(t *testing.T) {
	for _, command := range []string{"sh", "curl", "cut", "sed"} {
		if _, err := exec.LookPath(command); err != nil {
			t.Skipf("no %s here to run the commands with", command)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	printed := start(t)
	_, commands, found := strings.Cut(printed, "another terminal:\n")
	require.True(t, found)

	shell := exec.CommandContext(ctx, "sh", "-s")
	shell.Stdin = strings.NewReader(commands)
	output, err := shell.CombinedOutput()

	require.NoError(t, err, string(output))
	var statuses []string
	for line := range strings.Lines(string(output)) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[0], "HTTP/") {
			statuses = append(statuses, fields[1])
		}
	}
	assert.Equal(t, []string{"200", "403", "200", "200", "200", "403"}, statuses, string(output))
	assert.Contains(t, string(output), `{"1":"buy milk","2":"the boat needs paint"}`)
	assert.NotContains(t, printed+string(output), "eyJ", "a token was printed")
}

// start serves until the test ends, and gives what is printed.
func start(t *testing.T) string {
	ctx, stop := context.WithCancel(t.Context())
	printed := make(announcement, 1)
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-addr", "127.0.0.1:0"}, printed) }()
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
