package main

import (
	"context"
	"flag"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

func TestMistakesOnTheCommandLine(t *testing.T) {
	for want, args := range map[string][]string{
		"is not a loopback address":          {"-addr", "0.0.0.0:0"},
		"\":0\" is not a loopback":           {"-addr", ":0"},
		"192.0.2.1:0":                        {"-addr", "192.0.2.1:0"},
		"unless you add -insecure-listen":    {"-addr", "192.0.2.1:0"},
		"write it such as":                   {"-addr", "8787"},
		"is not a flag":                      {"serve"},
		"-payload-ttl is -1s":                {"-payload-ttl", "-1s"},
		"-expired-status is 400: it is 410":  {"-expired-status", "400"},
		"-payload-limit-status is 400":       {"-payload-limit-status", "400"},
		"-callback-errors is \"html\"":       {"-callback-errors", "html"},
		"-max-sessions is -1":                {"-max-sessions", "-1"},
		"-max-payload-bytes is -1":           {"-max-payload-bytes", "-1"},
		"-workspace is empty":                {"-workspace", ""},
		"-app is empty":                      {"-app", " "},
		`-redirect-uri has "/callback": it `: {"-redirect-uri", "/callback"},
		"-user has a mistake in entry 2":     {"-user", "ada@example.com", "-user", "ada"},
		"flag provided but not defin":        {"-nothing"},
		"-log is \"xml\": it is text":        {"-log", "xml"},
		"-config: open":                      {"-config", "/nowhere/emulator.json"},
		"-seed: open":                        {"-seed", "/nowhere/data.json"},
	} {
		err := run(t.Context(), args, io.Discard, io.Discard)
		require.ErrorContains(t, err, want)
		for _, field := range []string{"TTL", "Status", "MaxSessions", "RedirectURIs", "CallbackErrors", "emulator:"} {
			require.NotContains(t, err.Error(), field, "a name that a command line does not have")
		}
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

func TestHowLongATokenLasts(t *testing.T) {
	o, err := parseOptions(nil, io.Discard)
	require.NoError(t, err)
	require.Equal(t, time.Hour, o.config.Workspaces[0].Apps[0].TokenTTL)
	o, err = parseOptions([]string{"-token-ttl", "-1s"}, io.Discard)
	require.NoError(t, err)
	require.Negative(t, o.config.Workspaces[0].Apps[0].TokenTTL)
}

// A listener on every address is reachable from elsewhere only for as long as
// this test runs.
func TestInsecureListen(t *testing.T) {
	listener, err := listen(t.Context(), "0.0.0.0:0", true)
	require.NoError(t, err)
	defer listener.Close()
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, originOf("0.0.0.0:0", listener.Addr()))
	require.Equal(t, []string{"emulator.test"}, namesOf("Emulator.test:1"))
	require.Empty(t, namesOf("0.0.0.0:1"))
	require.Empty(t, namesOf(":1"))
	require.Equal(t, "http://[2001:db8::1]:1", originOf("", &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 1}))
}

func TestTheUsageTeaches(t *testing.T) {
	var text strings.Builder
	require.ErrorIs(t, run(t.Context(), []string{"-h"}, &text, io.Discard), flag.ErrHelp)
	for _, part := range []string{
		"Usage:", "Examples:", "-redirect-uri http://localhost:5173/callback", "(default 1h0m0s)", "-insecure-listen", "-seed",
		"POST /_emulator/id-token", "GET  /_emulator/export", "curl -d", `"redirectUris"`, "wins over it",
	} {
		require.Contains(t, text.String(), part)
	}
	for line := range strings.Lines(text.String()) {
		if !strings.HasPrefix(line, "    \t") { // the standard list does not wrap
			require.LessOrEqual(t, len(line), 90, line)
		}
	}
}

func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.json")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	return name
}

func TestTheExampleOfTheUsageIsOne(t *testing.T) {
	o, err := parseOptions([]string{"-config", file(t, exampleConfig)}, io.Discard)
	require.NoError(t, err)
	_, err = emulator.New(o.config)
	require.NoError(t, err)
	require.Equal(t, []emulator.Workspace{{Name: "shop", Apps: []emulator.App{{
		ID: "shop-web", DisplayName: "The Shop", RedirectURIs: []string{"http://localhost:5173/callback"}, TokenTTL: time.Hour}}}}, o.config.Workspaces)
	require.Equal(t, []string{"ada@example.com"}, o.config.Users)

	seed := usageSeed[strings.Index(usageSeed, "{"):]
	o, err = parseOptions([]string{"-config", file(t, exampleConfig), "-seed", file(t, seed)}, io.Discard)
	require.NoError(t, err)
	_, err = emulator.New(o.config)
	require.NoError(t, err)
}

func TestAFlagWinsOverTheFile(t *testing.T) {
	config := file(t, `{"workspaces":[{"name":"a","apps":[{"id":"x"},{"id":"y","tokenTtl":"0"}]},{"name":"b","enableSelfService":false}],
		"users":["ada@example.com"],"maxSessions":5,"expiredStatus":401,"stableTokens":true}`)
	o, err := parseOptions([]string{"-config", config, "-max-sessions", "9", "-user", "bob@example.com", "-stable-tokens=false", "-addr", "localhost:1"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, "localhost:1", o.addr)
	require.Equal(t, 9, o.config.Limits.MaxSessions)
	require.Equal(t, 401, o.config.ExpiredStatus)
	require.False(t, o.config.StableTokens)
	require.Equal(t, []string{"ada@example.com", "bob@example.com"}, o.config.Users)
	require.Equal(t, defaultTokenTTL, o.config.Workspaces[0].Apps[0].TokenTTL)
	require.Negative(t, o.config.Workspaces[0].Apps[1].TokenTTL)
	require.True(t, o.config.Workspaces[1].DisableSelfService)
	require.Len(t, o.config.Workspaces, 2)
}

func TestMistakesInTheFiles(t *testing.T) {
	for want, text := range map[string]string{
		"it is empty":                                                            "",
		"workspaces is missing":                                                  `{"users":[]}`,
		"workspace is unknown: there is":                                         `{"workspace":[]}`,
		"apps[0].redirectURIs is unknown: write redirectUris":                    `{"workspaces":[{"name":"a","apps":[{"id":"x","redirectURIs":[]}]}]}`,
		`the lifetime 60 is not one: write it in quotes such as "90s"`:           `{"workspaces":[{"name":"a","apps":[{"id":"x","tokenTtl":60}]}]}`,
		`workspace "a", app "x": redirectUris has "/c": it is not absolute`:      `{"workspaces":[{"name":"a","apps":[{"id":"x","redirectUris":["/c"]}]}]}`,
		`workspace "a", app "x": payloadTtl is -1s`:                              `{"workspaces":[{"name":"a","apps":[{"id":"x","payloadTtl":"-1s"}]}]}`,
		`workspace "a": apps has "x" twice`:                                      `{"workspaces":[{"name":"a","apps":[{"id":"x"},{"id":"x"}]}]}`,
		`workspaces has "a" twice`:                                               `{"workspaces":[{"name":"a"},{"name":"a"}]}`,
		"or -user: users has a mistake in entry 1":                               `{"workspaces":[{"name":"a"}],"users":["x"]}`,
		"or -expired-status: expiredStatus is 1":                                 `{"workspaces":[{"name":"a"}],"expiredStatus":1}`,
		"or -max-sessions: maxSessions is -1: it is positive, or 0 for no limit": `{"workspaces":[{"name":"a"}],"maxSessions":-1}`,
	} {
		err := run(t.Context(), []string{"-config", file(t, text)}, io.Discard, io.Discard)
		require.ErrorContains(t, err, want)
	}
	good := file(t, `{"workspaces":[{"name":"a"}]}`)
	for _, flags := range [][]string{{"-workspace", "w"}, {"-app", "a"}, {"-redirect-uri", "x"}, {"-token-ttl", "1s"}, {"-payload-ttl", "1s"}} {
		err := run(t.Context(), append(flags, "-config", good), io.Discard, io.Discard)
		require.ErrorContains(t, err, flags[0]+" and -config exclude each other")
	}
	for want, text := range map[string]string{
		"person is unknown: there is people":                           `{"person":[]}`,
		"people[0].sessions[0].workspace \"b\" is unknown: there is a": `{"people":[{"email":"ada@example.com","sessions":[{"workspace":"b"}]}]}`,
		"people[0].email: this is not an email":                        `{"people":[{"email":"ada"}]}`,
	} {
		err := run(t.Context(), []string{"-config", good, "-seed", file(t, text)}, io.Discard, io.Discard)
		require.ErrorContains(t, err, "-seed ")
		require.ErrorContains(t, err, want)
	}
}

func TestTheSeedIsThereAtTheStart(t *testing.T) {
	seed := file(t, `{"people":[{"email":"ada@example.com","sessions":[{"workspace":"demo-workspace","app":"demo-app","payload":{"theme":"dark"}}]}]}`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o, err := parseOptions([]string{"-seed", seed}, io.Discard)
	require.NoError(t, err)
	mock, err := emulator.New(o.config)
	require.NoError(t, err)
	require.Equal(t, `{"theme":"dark"}`, string(mock.Export().People[0].Sessions[0].Payload))
	require.NoError(t, run(ctx, []string{"-seed", seed, "-addr", "127.0.0.1:0"}, io.Discard, io.Discard))
}
