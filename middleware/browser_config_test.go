package middleware_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2/memstore"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func newKey(fill byte) middleware.EncryptionKey { return bytes.Repeat([]byte{fill}, 32) }

// errorOf is what NewBrowser says to a good configuration with one change.
func errorOf(t *testing.T, change change) error {
	t.Helper()
	client, err := secureflows.New(secureflows.Config{Workspace: "w", AppID: "a"})
	require.NoError(t, err)
	cfg := middleware.BrowserConfig{CallbackURL: "https://app.example.com/auth/return", AfterLogout: "https://app.example.com/goodbye"}
	change(&cfg)
	browser, err := middleware.NewBrowser(client, cfg)
	assert.Equal(t, err == nil, browser != nil)
	return err
}
func callback(url string) change {
	return func(cfg *middleware.BrowserConfig) { cfg.CallbackURL = url }
}

// misconfigurations are changes to a good configuration, and the field that is wrong then.
var misconfigurations = map[string]struct {
	change change
	field  string
}{
	"no callback":                     {callback(""), "CallbackURL"},
	"a relative callback":             {callback("/auth/return"), "CallbackURL"},
	"a callback without a scheme":     {callback("app.example.com/auth/return"), "CallbackURL"},
	"a callback without a host":       {callback("https:///auth/return"), "CallbackURL"},
	"a callback of another scheme":    {callback("ftp://app.example.com/auth/return"), "CallbackURL"},
	"a callback with a fragment":      {callback("https://app.example.com/auth/return#top"), "CallbackURL"},
	"a callback with no fragment's #": {callback("https://app.example.com/auth/return#"), "CallbackURL"},
	"a callback with a user":          {callback("https://ada@app.example.com/auth/return"), "CallbackURL"},
	"a callback by http":              {callback("http://app.example.com/auth/return"), "CallbackURL"},
	"a callback by http, like local":  {callback("http://localhost.example.com/auth/return"), "CallbackURL"},
	"a callback that is no URL":       {callback("https://app.example.com/%zz"), "CallbackURL"},
	"a TTL too short":                 {func(cfg *middleware.BrowserConfig) { cfg.TTL = 59 * time.Second }, "TTL"},
	"a TTL too long":                  {func(cfg *middleware.BrowserConfig) { cfg.TTL = 7*24*time.Hour + time.Second }, "TTL"},
	"a TTL of half seconds":           {func(cfg *middleware.BrowserConfig) { cfg.TTL = 90*time.Second + time.Millisecond }, "TTL"},
	"a negative TTL":                  {func(cfg *middleware.BrowserConfig) { cfg.TTL = -time.Hour }, "TTL"},
	"a payload that is a list":        {func(cfg *middleware.BrowserConfig) { cfg.Payload = []int{1} }, "Payload"},
	"a payload that is text":          {func(cfg *middleware.BrowserConfig) { cfg.Payload = "theme" }, "Payload"},
	"a payload that is a function":    {func(cfg *middleware.BrowserConfig) { cfg.Payload = func() {} }, "Payload"},
	"a negative idle timeout":         {func(cfg *middleware.BrowserConfig) { cfg.IdleTimeout = -1 }, "IdleTimeout"},
	"a negative lifetime":             {func(cfg *middleware.BrowserConfig) { cfg.Lifetime = -1 }, "Lifetime"},
	"negative sessions":               {func(cfg *middleware.BrowserConfig) { cfg.MaxSessions = -1 }, "MaxSessions"},
	"a store without keys":            {func(cfg *middleware.BrowserConfig) { cfg.Store = newRecording() }, "EncryptionKeys"},
	"a store that hides a memory":     {func(cfg *middleware.BrowserConfig) { cfg.Store = struct{ *memstore.MemStore }{newMemory()} }, "EncryptionKeys"},
	"a store and no key in the keys": {func(cfg *middleware.BrowserConfig) {
		cfg.Store, cfg.EncryptionKeys = newRecording(), []middleware.EncryptionKey{}
	}, "EncryptionKeys"},
	"an empty key": {func(cfg *middleware.BrowserConfig) { cfg.EncryptionKeys = []middleware.EncryptionKey{{}} }, "EncryptionKeys"},
	"a short key":  {func(cfg *middleware.BrowserConfig) { cfg.EncryptionKeys = []middleware.EncryptionKey{newKey(1)[:31]} }, "EncryptionKeys"},
	"a long key": {func(cfg *middleware.BrowserConfig) {
		cfg.EncryptionKeys = []middleware.EncryptionKey{append(newKey(1), 1)}
	}, "EncryptionKeys"},
	"one short key": {func(cfg *middleware.BrowserConfig) {
		cfg.EncryptionKeys = []middleware.EncryptionKey{newKey(1), newKey(2)[:16]}
	}, "EncryptionKeys"},
}

func TestABrowserRefusesWhatCannotWork(t *testing.T) {
	for name, row := range misconfigurations {
		t.Run(name, func(t *testing.T) {
			err := errorOf(t, row.change)
			require.ErrorIs(t, err, secureflows.ErrInvalidRequest)
			assert.Contains(t, strings.ToLower(err.Error()), strings.ToLower(row.field))
		})
	}
	_, err := middleware.NewBrowser(nil, middleware.BrowserConfig{CallbackURL: "https://app.example.com/auth/return", AfterLogout: "https://app.example.com/goodbye"})
	assert.ErrorIs(t, err, secureflows.ErrInvalidRequest)
	assert.ErrorContains(t, err, "client")
}

// A page after the sign-out that signs in again undoes it.
func TestABrowserRefusesAfterLogoutThatSignsInAgain(t *testing.T) {
	for name, after := range map[string]string{
		"nothing":                  "",
		"a path":                   "/goodbye",
		"without a host":           "https:///goodbye",
		"a fragment":               "https://app.example.com/goodbye#top",
		"http":                     "http://app.example.com/goodbye",
		"a user":                   "https://ada@app.example.com/goodbye",
		"the callback":             "https://app.example.com/auth/return",
		"the callback, a query":    "https://app.example.com/auth/return?bye=1",
		"the callback, a slash":    "https://app.example.com/auth/return/",
		"the callback, its port":   "https://app.example.com:443/auth/return",
		"the callback, upper case": "HTTPS://APP.example.com/auth/return",
		"the callback, encoded":    "https://app.example.com/auth/%72eturn",
		"the callback, with dots":  "https://app.example.com/x/../auth/./return",
		"the callback, two //":     "https://app.example.com//auth//return",
		"any callback":             "https://app.example.com/callback",
		"any callback below":       "https://app.example.com/a/b/callback",
		"any callback, a slash":    "https://app.example.com/a/b/callback/",
		"any callback.html":        "https://app.example.com/a/callback.html?x=y",
		"any callback, encoded":    "https://app.example.com/%63allback",
		"a token's parameter":      "https://app.example.com/goodbye?session_token=x",
		"a token's parameter, %":   "https://app.example.com/goodbye?session%5Ftoken=x",
		"a token's parameter, %%":  "https://app.example.com/goodbye?next=%2F%3Fsession%255Ftoken%3Dx",
		"a token in the path":      "https://app.example.com/session_token=x",
	} {
		t.Run(name, func(t *testing.T) {
			err := errorOf(t, func(cfg *middleware.BrowserConfig) { cfg.AfterLogout = after })
			assert.ErrorIs(t, err, secureflows.ErrInvalidRequest)
			assert.ErrorContains(t, err, "AfterLogout")
		})
	}
}

func TestABrowserAcceptsWhatWorks(t *testing.T) {
	for name, change := range map[string]change{
		"the least": func(*middleware.BrowserConfig) {},
		"http at localhost": func(cfg *middleware.BrowserConfig) {
			cfg.CallbackURL, cfg.AfterLogout = "http://localhost:8080/auth/callback", "http://localhost:8080/"
		},
		"http at 127.0.0.1": func(cfg *middleware.BrowserConfig) {
			cfg.CallbackURL, cfg.AfterLogout = "http://127.0.0.1:8080/auth/callback", "http://127.0.0.1:8080/"
		},
		"http at [::1]": func(cfg *middleware.BrowserConfig) {
			cfg.CallbackURL, cfg.AfterLogout = "http://[::1]:8080/auth/callback", "http://[::1]:8080/"
		},
		"after the sign-out, a query":        func(cfg *middleware.BrowserConfig) { cfg.AfterLogout = "https://app.example.com/?bye=1" },
		"after the sign-out, another origin": func(cfg *middleware.BrowserConfig) { cfg.AfterLogout = "https://www.example.com/" },
		"the shortest TTL":                   func(cfg *middleware.BrowserConfig) { cfg.TTL = time.Minute },
		"the longest TTL":                    func(cfg *middleware.BrowserConfig) { cfg.TTL = 7 * 24 * time.Hour },
		"a payload": func(cfg *middleware.BrowserConfig) {
			cfg.Payload = struct {
				Theme string `json:"theme"`
			}{"dark"}
		},
		"no answer reused":      func(cfg *middleware.BrowserConfig) { cfg.MaxAge = -1 },
		"a memory of scs":       func(cfg *middleware.BrowserConfig) { cfg.Store = newMemory() },
		"a memory of scs, keys": func(cfg *middleware.BrowserConfig) { cfg.Store, cfg.EncryptionKeys = newMemory(), keys(1) },
		"a store and keys":      func(cfg *middleware.BrowserConfig) { cfg.Store, cfg.EncryptionKeys = newRecording(), keys(1, 2) },
		"keys and no store":     func(cfg *middleware.BrowserConfig) { cfg.EncryptionKeys = keys(1) },
	} {
		t.Run(name, func(t *testing.T) { assert.NoError(t, errorOf(t, change)) })
	}
}

// newMemory is scs's store without its goroutine, which would outlive the test.
func newMemory() *memstore.MemStore { return memstore.NewWithCleanupInterval(0) }

func keys(fills ...byte) []middleware.EncryptionKey {
	var keys []middleware.EncryptionKey
	for _, fill := range fills {
		keys = append(keys, newKey(fill))
	}
	return keys
}

func TestAKeyIsNotPrinted(t *testing.T) {
	key := middleware.EncryptionKey("0123456789abcdefghijklmnopqrstuv")
	cfg := middleware.BrowserConfig{EncryptionKeys: []middleware.EncryptionKey{key}}
	var text bytes.Buffer
	for _, value := range []any{key, &key, cfg, &cfg, cfg.EncryptionKeys, struct{ K middleware.EncryptionKey }{key}} {
		for _, verb := range "vsqxXdT" {
			fmt.Fprintf(&text, "%"+string(verb)+" %+"+string(verb)+" %#"+string(verb)+"\n", value, value, value)
		}
		slog.New(slog.NewTextHandler(&text, nil)).Info("key", "key", value)
		slog.New(slog.NewJSONHandler(&text, nil)).Info("key", "key", value)
	}
	for _, value := range []any{key, cfg.EncryptionKeys, struct{ K middleware.EncryptionKey }{key}} {
		encoded, err := json.Marshal(value)
		assert.NoError(t, err)
		text.Write(encoded)
	}
	assert.Equal(t, "[REDACTED]", fmt.Sprint(key))
	assert.Contains(t, fmt.Sprintf("%+v", cfg), "[REDACTED]")
	for _, form := range []string{
		"456789ab", fmt.Sprintf("%x", "456789ab"), fmt.Sprintf("%X", "456789ab"), // as text, as hexadecimal
		"53 54 55 56", "0x34, 0x35, 0x36", "NDU2Nzg5", "MjM0NTY3OD", "MzQ1Njc4", // as numbers, as base64
	} {
		assert.NotContains(t, text.String(), form)
	}
}

// The caller may clear or reuse what it gave.
func TestKeysAreCopied(t *testing.T) {
	given, store := keys(1), newRecording()
	s := offline(t, &service{}, func(cfg *middleware.BrowserConfig) { cfg.Store, cfg.EncryptionKeys = store, given })
	v := s.signedIn("user-1@example.com")
	clear(given[0])
	given[0] = nil
	v.assertSignedIn()
}

func TestLoginsAreBegunAsConfigured(t *testing.T) {
	server := mock(t)
	s := newSite(t, server, func(cfg *middleware.BrowserConfig) {
		cfg.TTL, cfg.Payload = time.Hour, map[string]string{"theme": "dark"}
	})
	v := s.newVisitor("ada@example.com")
	query := queryOf(t, v.begin("/notes"))
	assert.NotEmpty(t, query.Get("state"))
	query.Del("state")
	assert.Equal(t, url.Values{
		"app_id": {secureflowstest.AppID}, "workspace_name": {secureflowstest.Workspace},
		"redirect_uri": {secureflowstest.RedirectURI}, "ttl_seconds": {"3600"}, "payload": {`{"theme":"dark"}`},
	}, query)
	v.sees(v.follow("/notes"), "/notes")
	server.Advance(2 * time.Hour)
	renewal := queryOf(t, v.begin("/notes"))
	assert.NotEmpty(t, renewal.Get("session_token"))
	assert.False(t, renewal.Has("payload"), "a renewal takes no payload")
	v.sees(v.follow("/notes"), "/notes")
}

func TestTheAllowlistIsCheckedAtStartUp(t *testing.T) {
	server := mock(t)
	assert.NoError(t, newSite(t, server).browser.ValidateRedirects(t.Context()))
	other := newSite(t, server, func(cfg *middleware.BrowserConfig) { cfg.CallbackURL = "http://localhost:8080/other" })
	err := other.browser.ValidateRedirects(t.Context())
	assert.ErrorIs(t, err, secureflows.ErrInvalidRequest)
	assert.ErrorContains(t, err, "http://localhost:8080/other")
	server.Fail(secureflowstest.Fault{Status: 503, Times: 2})
	assert.ErrorIs(t, newSite(t, server).browser.ValidateRedirects(t.Context()), secureflows.ErrUnavailable, "nothing is known then")
}

func TestABrowserIsPrintedAsOne(t *testing.T) {
	s := offline(t, &service{})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		assert.Equal(t, "middleware.Browser", fmt.Sprintf(verb, s.browser))
	}
	assert.Panics(t, func() { s.browser.Allow(nil) })
	assert.Panics(t, func() { s.browser.Require(nil) })
}
