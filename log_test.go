package secureflows_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

// logged makes one call and gives its log records.
func logged(t *testing.T, level slog.Level, op string, service *script, adjust ...func(*secureflows.Config)) []map[string]any {
	t.Helper()
	var b bytes.Buffer
	client := newClient(t, service, append(adjust, func(cfg *secureflows.Config) {
		cfg.Logger = slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: level}))
	})...)
	_ = named(op)[0].do(context.Background(), client, demoTokens(t))
	var records []map[string]any
	for decoder := json.NewDecoder(&b); decoder.More(); {
		var record map[string]any
		require.NoError(t, decoder.Decode(&record))
		records = append(records, record)
	}
	return records
}

func TestOneDebugRecordPerAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := answering(reply(503, "", "X-Request-Id", "r-1"), fail(errReset), hang, replyBody(200, brokenOff("{"), "X-Request-Id", "r-4"), reply(200, `{}`, "CF-Ray", "r-5"))
		records := logged(t, slog.LevelDebug, "payload", service, retries(5), timeout(2*time.Second))
		require.Len(t, records, 5, "and no warning when it ends well")
		own := service.requests()[0].header.Get("X-Request-Id")
		for i, want := range []struct {
			status any
			id     string
		}{{503.0, "r-1"}, {nil, own}, {nil, own}, {nil, own}, {200.0, "r-5"}} {
			record := records[i]
			assert.Equal(t, "DEBUG", record["level"])
			assert.Equal(t, "payload", record["operation"])
			assert.EqualValues(t, i+1, record["attempt"])
			assert.Equal(t, want.status, record["status"])
			assert.Equal(t, want.id, record["request_id"])
			assert.Equal(t, want.status == nil, record["error"] != nil, "what happened instead of a status")
		}
		assert.EqualValues(t, 2*time.Second, records[2]["duration"], "each attempt's own")
		assert.EqualValues(t, 0, records[3]["duration"])
	})
}

func TestOneWarningOnGivingUp(t *testing.T) {
	for name, row := range map[string]struct {
		answer answer
		warns  bool
	}{
		"an outage":       {reply(503, ""), true},
		"a reset":         {fail(errReset), true},
		"a rate limit":    {reply(429, ""), true},
		"a billing limit": {reply(429, coded(429, "BILLING_SESSION_LIMIT")), false},
		"a missing key":   {reply(404, form(404, "Key not found")), false},
		"a sign-out":      {reply(410, ""), false},
		"success":         {reply(200, `{"key":"theme","value":1}`), false},
	} {
		synctest.Test(t, func(t *testing.T) {
			records := logged(t, slog.LevelWarn, "get", answering(row.answer), retries(2))
			if !row.warns {
				assert.Empty(t, records, name)
				return
			}
			require.Len(t, records, 1, name)
			assert.Equal(t, "WARN", records[0]["level"], name)
			assert.Equal(t, "get", records[0]["operation"], name)
			assert.EqualValues(t, 3, records[0]["attempts"], name)
			assert.NotEmpty(t, records[0]["request_id"], name)
		})
	}
}

func TestACallersEndIsNoWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		client := newClient(t, answering(reply(429, "", "Retry-After", "20")), retries(2), func(cfg *secureflows.Config) {
			cfg.Logger = slog.New(slog.NewJSONHandler(&b, nil))
		})
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(time.Second, cancel)
		_, err := client.Session(token(t, sessionText)).Payload(ctx)
		assert.ErrorIs(t, err, context.Canceled)
		assert.Empty(t, b.String())
	})
}

// A record names what happened, and neither where nor with which data.
func TestRecordsHoldNoURLAndNoData(t *testing.T) {
	for _, op := range operations {
		for _, answer := range []answer{reply(200, op.ok), reply(503, `{"status":503,"error":"secret-data"}`), fail(errReset)} {
			synctest.Test(t, func(t *testing.T) {
				for _, record := range logged(t, slog.LevelDebug, op.name, answering(answer), retries(1)) {
					text, err := json.Marshal(record)
					require.NoError(t, err)
					for _, word := range []string{"service.example", "/api/", "theme", "dark", "secret-data", "ada", "Bearer"} {
						assert.NotContains(t, string(text), word, op.name)
					}
				}
			})
		}
	}
}

func TestABadReauthIsLogged(t *testing.T) {
	var b bytes.Buffer
	client := newClient(t, answering(hang), func(cfg *secureflows.Config) { cfg.Logger = slog.New(slog.NewTextHandler(&b, nil)) })
	_, ok := client.ReauthURL(secureflows.ErrTokenExpired, token(t, sessionText), secureflows.LoginOptions{})
	assert.False(t, ok)
	assert.Contains(t, b.String(), "RedirectURI")
	assertHidden(t, b.String())
}
