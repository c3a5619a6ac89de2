package emulator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

func TestBillingLock(t *testing.T) {
	s := serve(t, demo())
	token, id := s.session(ada, ""), s.idToken(ada)
	expired := s.session(ada, "")
	require.NoError(t, s.mock.ExpireToken(expired))
	s.mock.LockBilling(true)
	for _, call := range [][3]string{
		{"GET", create, ""}, {"GET", readIdentity, ""}, {"GET", "/api/v1/sessions/get/a", ""},
		{"POST", "/api/v1/sessions/set/a", "1"}, {"DELETE", "/api/v1/sessions/delete/a", ""},
	} {
		refused(t, s.as(token, call[0], call[1], call[2]), 403, graceLock)
		refused(t, s.as("x", call[0], call[1], call[2]), 401, badSession)
		refused(t, s.as(expired, call[0], call[1], call[2]), 410, expired410)
	}
	refused(t, s.as(id, "POST", create, opening(demoWorkspace, demoApp, "")), 403, graceLock)
	refused(t, s.as(id, "POST", getOrCreate, opening(demoWorkspace, demoApp, "")), 403, graceLock)
	refused(t, s.as("x", "POST", create, opening(demoWorkspace, demoApp, "")), 401, badFirebase)
	ok(t, s.as(token, "POST", "/api/v1/auth/logout", ""), `{"loggedOut":true}`)
	s.mock.LockBilling(false)
	token = s.session(ada, "")
	s.mock.LockBilling(true)
	require.Equal(t, 200, s.as(token, "POST", "/api/v1/sessions/revoke", "").status)
}

func TestSessionLimitCountsActiveSessionsOfTheWorkspace(t *testing.T) {
	config := demo()
	config.Workspaces[0].Apps[0].PayloadTTL = 30 * time.Minute
	config.Workspaces = append(config.Workspaces, emulator.Workspace{Name: "other"})
	config.Limits.MaxSessions = 2
	s := serve(t, config)
	full := `{"status":429,"code":"BILLING_SESSION_LIMIT","error":"workspace concurrent session limit reached (max 2)"}`
	open := func(path, email string) reply {
		return s.as(s.idToken(email), "POST", path, opening(demoWorkspace, demoApp, ""))
	}
	first := tokenIn(t, open(create, ada))
	second := tokenIn(t, open(create, bob))
	refused(t, open(create, ada), 429, full)
	refused(t, open(getOrCreate, "eve@example.com"), 429, full)
	tokenIn(t, open(getOrCreate, ada)) // reuse needs no room
	tokenIn(t, s.as(s.idToken(ada), "POST", create, `{"workspaceName":"other"}`))

	s.as(first, "POST", "/api/v1/auth/logout", "")
	refused(t, open(create, ada), 429, full) // a logout ends no session
	s.as(second, "POST", "/api/v1/sessions/revoke", "")
	third := tokenIn(t, open(create, bob))
	refused(t, open(create, ada), 429, full)
	s.mock.Advance(29 * time.Minute)
	tokenIn(t, s.as(s.idToken(bob), "POST", "/api/v1/sessions/renew/"+third, ""))
	s.mock.Advance(time.Minute) // first has expired; third has been renewed
	tokenIn(t, open(create, "eve@example.com"))
	refused(t, open(create, ada), 429, full)
	tokenIn(t, s.as(s.idToken(ada), "POST", "/api/v1/sessions/renew/"+first, "")) // revived, and counted again
	require.NoError(t, s.mock.SetLimits(emulator.Limits{MaxSessions: 3}))
	refused(t, open(create, ada), 429, strings.ReplaceAll(full, "max 2", "max 3"))
	require.NoError(t, s.mock.SetLimits(emulator.Limits{}))
	tokenIn(t, open(create, ada))
}

func TestPayloadLimit(t *testing.T) {
	for status, want := range map[int]string{
		429: `{"status":429,"code":"BILLING_PAYLOAD_LIMIT","error":"session payload exceeds plan limit (max 20 bytes)"}`,
		413: `{"status":413,"error":"session payload exceeds plan limit (max 20 bytes)"}`,
	} {
		config := demo()
		config.PayloadLimitStatus = status
		config.Limits.MaxPayloadBytes = 20
		s := serve(t, config)
		token := s.session(ada, ` { "a" : "012345" , "b":1 } `) // 20 bytes when compact
		set := func(key, value string) reply { return s.as(token, "POST", "/api/v1/sessions/set/"+key, value) }
		refused(t, set("c", "1"), status, want)
		refused(t, set("a", `"0123456"`), status, want)
		ok(t, s.as(token, "GET", create, ""), `{"a":"012345","b":1}`) // as it was
		ok(t, set("a", `{ "value" : "" }`), `{"a":"","b":1}`)
		refused(t, s.as(s.idToken(ada), "POST", create, opening(demoWorkspace, demoApp, `{"a":"0123456789abc"}`)), status, want)
		refused(t, set("a", strings.Repeat("[", 9<<20)), status, want)
	}
}

func TestPayloadSizeIsThatOfCompactJSONInUTF8(t *testing.T) {
	s := serve(t, demo())
	for value, size := range map[string]int{
		`"x"`:                  3,
		` { "k" : [ 1 , 2 ] }`: 11,
		`"é"`:                  4,
		`"\u00e9"`:             4,
		`"\ud83d\ude00"`:       6,
		`"😀"`:                  6,
		`"\u0041\/"`:           4,
		`"\n\u000a\u0022"`:     8,
		`"\u0001"`:             8,
		`"a b \" c"`:           10,
		`1e3`:                  3,
		`null`:                 4,
	} {
		body := len(`{"k":}`) + size
		token := s.session(ada, "")
		require.NoError(t, s.mock.SetLimits(emulator.Limits{MaxPayloadBytes: body}))
		require.Equal(t, 200, s.as(token, "POST", "/api/v1/sessions/set/k", value).status, value)
		require.NoError(t, s.mock.SetLimits(emulator.Limits{MaxPayloadBytes: body - 1}))
		require.Equal(t, 429, s.as(token, "POST", "/api/v1/sessions/set/k", value).status, value)
		require.Equal(t, 429, s.as(s.idToken(ada), "POST", create, opening(demoWorkspace, demoApp, `{"k":`+value+`}`)).status, value)
		require.NoError(t, s.mock.SetLimits(emulator.Limits{}))
	}
}
