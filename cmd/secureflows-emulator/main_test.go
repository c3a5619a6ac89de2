package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

func TestAnnouncement(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	printed := &stopAfter{text: "user: ", stop: cancel}
	require.NoError(t, run(ctx, []string{"-addr", "localhost:0", "-workspace", "w", "-app", "a",
		"-redirect-uri", "http://localhost:5173/cb", "-redirect-uri", "https://x.example/cb", "-user", "ada@example.com"}, printed, io.Discard))
	require.Regexp(t, `^origin: http://(127\.0\.0\.1|\[::1\]):[1-9]\d*
workspace: w
app: a
redirect-uri: http://localhost:5173/cb
redirect-uri: https://x\.example/cb
user: ada@example\.com
$`, printed.String())
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

func TestMistakesOnTheCommandLine(t *testing.T) {
	for want, args := range map[string][]string{
		"is not a loopback address":   {"-addr", "0.0.0.0:0"},
		"\":0\" is not a loopback":    {"-addr", ":0"},
		"192.0.2.1:0":                 {"-addr", "192.0.2.1:0"},
		"write it such as":            {"-addr", "8787"},
		"is not a flag":               {"serve"},
		"-token-ttl -1s is negative":  {"-token-ttl", "-1s"},
		"PayloadTTL is -1s":           {"-payload-ttl", "-1s"},
		"ExpiredStatus is 400":        {"-expired-status", "400"},
		"PayloadLimitStatus is 400":   {"-payload-limit-status", "400"},
		"CallbackErrors is":           {"-callback-errors", "html"},
		"MaxSessions is -1":           {"-max-sessions", "-1"},
		"it is not absolute":          {"-redirect-uri", "/callback"},
		"this is not an email":        {"-user", "ada"},
		"flag provided but not defin": {"-nothing"},
	} {
		require.ErrorContains(t, run(t.Context(), args, io.Discard, io.Discard), want)
	}
}

func TestFlagsReachTheEmulator(t *testing.T) {
	o, err := parseOptions([]string{"-token-ttl", "0", "-payload-ttl", "2h", "-max-sessions", "3", "-max-payload-bytes", "4",
		"-expired-status", "401", "-payload-limit-status", "413", "-stable-tokens", "-drop-state", "-callback-errors", "redirect"}, io.Discard)
	require.NoError(t, err)
	app := o.config.Workspaces[0].Apps[0]
	require.Negative(t, app.TokenTTL)
	require.Equal(t, 2*time.Hour, app.PayloadTTL)
	require.Equal(t, 3, o.config.Limits.MaxSessions)
	require.Equal(t, 4, o.config.Limits.MaxPayloadBytes)
	require.Equal(t, 401, o.config.ExpiredStatus)
	require.Equal(t, 413, o.config.PayloadLimitStatus)
	require.True(t, o.config.StableTokens)
	require.True(t, o.config.DropState)
	require.Equal(t, "redirect", o.config.CallbackErrors)
}
