package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

const (
	create       = "/api/v1/sessions"
	getOrCreate  = "/api/v1/sessions/get-or-create"
	readIdentity = "/api/v1/sessions/identity"
	missingAuth  = `{"status":401,"error":"Missing Authorization header"}`
	badSession   = `{"status":401,"error":"Invalid session token"}`
	badFirebase  = `{"status":401,"error":"Invalid Firebase token"}`
	expired410   = `{"status":410,"error":"Session expired"}`
	revoked410   = `{"status":410,"error":"Session revoked"}`
	keyNotFound  = `{"status":404,"error":"Key not found"}`
	graceLock    = `{"status":403,"code":"BILLING_GRACE_LOCK","error":"Workspace is locked after paid period ended without Free downgrade; end-user session access is blocked until you Downgrade to Free (reduce usage first if over Free limits)"}`
)

func TestEndpointsAnswerAsTheContractShows(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, `{"hello":"world"}`)

	ok(t, s.as(token, "GET", create, ""), `{"hello":"world"}`)
	ok(t, s.as(token, "GET", readIdentity, ""), `{"userId":1,"email":"ada@example.com"}`)
	ok(t, s.as(token, "POST", "/api/v1/sessions/set/newKey", `{"value":"new-value"}`), `{"hello":"world","newKey":"new-value"}`)
	ok(t, s.as(token, "GET", "/api/v1/sessions/get/hello", ""), `{"key":"hello","value":"world"}`)
	ok(t, s.as(token, "DELETE", "/api/v1/sessions/delete/hello", ""), `true`)
	ok(t, s.as(token, "DELETE", "/api/v1/sessions/delete/hello", ""), `false`)
	refused(t, s.as(token, "GET", "/api/v1/sessions/get/hello", ""), 404, keyNotFound)
	ok(t, s.as(token, "POST", "/api/v1/sessions/revoke", ""), `{"revoked":true,"sessionId":1001}`)
	refused(t, s.as(token, "GET", create, ""), 410, revoked410)
	refused(t, s.as(token, "POST", "/api/v1/sessions/revoke", ""), 410, revoked410)

	other := s.session(ada, "")
	ok(t, s.as(other, "GET", create, ""), `{}`)
	got := s.as(other, "POST", "/api/v1/auth/logout", "")
	ok(t, got, `{"loggedOut":true}`)
	require.Equal(t, `"cookies"`, got.header.Get("Clear-Site-Data"))
	refused(t, s.as(other, "GET", create, ""), 410, revoked410)
}

func TestEveryAnswerIsForOneTokenAndNotForCaches(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, "")
	for _, got := range []reply{
		s.as(token, "GET", create, ""), s.do("GET", create, ""), s.do("GET", "/api/nothing", ""),
		s.do("PUT", create, ""), s.do("OPTIONS", create, ""), s.do("GET", "/app/self", ""),
	} {
		require.Equal(t, "no-store", got.header.Get("Cache-Control"))
		require.Equal(t, "Authorization", got.header.Get("Vary"))
	}
}

func TestPayloadOfAnOpening(t *testing.T) {
	s := serve(t, demo())
	for payload, want := range map[string]string{
		"":                                   `{}`,
		"null":                               `{}`,
		"{}":                                 `{}`,
		`{"b":9007199254740993,"a":1.50}`:    `{"a":1.50,"b":9007199254740993}`,
		`{"a" : [ 1, 2 ]}`:                   `{"a":[ 1, 2 ]}`,
		`{"\u00e9":"\u00e9<&>","null":null}`: `{"null":null,"é":"\u00e9<&>"}`,
	} {
		ok(t, s.as(s.session(ada, payload), "GET", create, ""), want)
	}
}

func TestMalformedOpenings(t *testing.T) {
	s := serve(t, demo())
	id := s.idToken(ada)
	for body, want := range map[string]string{
		"":                                     "Request body is missing",
		"{":                                    "Request body is not valid JSON",
		"[]":                                   "Request body must be a JSON object",
		"null":                                 "Request body must be a JSON object",
		`{"workspaceName":"demo-workspace"} x`: "Request body is not valid JSON",
		"{\"workspaceName\":\"\xff\"}":         "Request body is not valid JSON",
		`{}`:                                   "workspaceName is required",
		`{"WorkspaceName":"demo-workspace"}`:   "workspaceName is required",
		`{"workspaceName":1}`:                  "workspaceName must be a string",
		`{"workspaceName":"demo-workspace","app_id":7}`:      "app_id must be a string",
		`{"workspaceName":"demo-workspace","payload":[]}`:    "payload must be a JSON object",
		`{"workspaceName":"demo-workspace","payload":"{}"}`:  "payload must be a JSON object",
		`{"workspaceName":"demo-workspace","payload":false}`: "payload must be a JSON object",
	} {
		for _, path := range []string{create, getOrCreate} {
			refused(t, s.as(id, "POST", path, body), 400, fmt.Sprintf(`{"status":400,"error":%q}`, want))
		}
	}
	refused(t, s.as(id, "POST", create, opening("nowhere", demoApp, "")), 404, `{"status":404,"error":"Workspace not found"}`)
	refused(t, s.as(id, "POST", create, opening(demoWorkspace, "no-app", "")), 404, `{"status":404,"error":"Application not found"}`)
}

func TestIdentityFieldsInABodyAreIgnored(t *testing.T) {
	s := serve(t, demo())
	s.idToken(bob)
	token := tokenIn(t, s.as(s.idToken(ada), "POST", create,
		`{"workspaceName":"demo-workspace","app_id":null,"userId":1,"email":"bob@example.com","tenantId":9}`))
	ok(t, s.as(token, "GET", readIdentity, ""), `{"userId":2,"email":"ada@example.com"}`)
}

func TestGetOrCreateReusesTheNewestActiveSession(t *testing.T) {
	s := serve(t, demo())
	id := s.idToken(ada)
	first := tokenIn(t, s.as(id, "POST", getOrCreate, opening(demoWorkspace, demoApp, `{"n":1}`)))
	again := tokenIn(t, s.as(id, "POST", getOrCreate, opening(demoWorkspace, demoApp, `{"n":2}`)))
	require.NotEqual(t, first, again, "a fresh token each time")
	ok(t, s.as(first, "GET", create, ""), `{"n":1}`)
	ok(t, s.as(again, "GET", create, ""), `{"n":1}`)

	newer := s.session(ada, `{"n":3}`)
	third := tokenIn(t, s.as(id, "POST", getOrCreate, opening(demoWorkspace, demoApp, "")))
	ok(t, s.as(third, "GET", create, ""), `{"n":3}`)

	require.NoError(t, s.mock.RevokeSession(newer))
	fourth := tokenIn(t, s.as(id, "POST", getOrCreate, opening(demoWorkspace, demoApp, "")))
	ok(t, s.as(fourth, "GET", create, ""), `{"n":1}`)

	apart := tokenIn(t, s.as(id, "POST", getOrCreate, `{"workspaceName":"demo-workspace"}`))
	ok(t, s.as(apart, "GET", create, ""), `{}`)
	other := tokenIn(t, s.as(s.idToken(bob), "POST", getOrCreate, opening(demoWorkspace, demoApp, "")))
	ok(t, s.as(other, "GET", create, ""), `{}`)
}

func TestStableTokensAreKeptWhileTheyAreGood(t *testing.T) {
	config := demo()
	config.StableTokens = true
	s := serve(t, config)
	login := func() string {
		return tokenIn(t, s.as(s.idToken(ada), "POST", getOrCreate, opening(demoWorkspace, demoApp, "")))
	}
	first := login()
	require.Equal(t, first, login())
	require.NoError(t, s.mock.ExpireToken(first))
	second := login()
	require.NotEqual(t, first, second)
	s.mock.Advance(time.Hour)
	third := login()
	require.NotEqual(t, second, third)
	s.as(third, "POST", "/api/v1/auth/logout", "")
	require.NotEqual(t, third, login())
}

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func TestBearerCredentials(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, "")
	// The last character has two bits to spare: the signature decodes to the same
	// bytes, and is refused all the same.
	last := strings.IndexByte(base64Alphabet, token[len(token)-1])
	tampered := token[:len(token)-1] + string(base64Alphabet[last^1])
	parts := strings.Split(token, ".")
	unsigned := "eyJhbGciOiJub25lIn0." + parts[1] + "."
	foreign, err := serve(t, demo()).mock.CreateSession(demoWorkspace, demoApp, ada)
	require.NoError(t, err)
	for name, row := range map[string]struct {
		values []string
		want   string
	}{
		"none":              {nil, missingAuth},
		"empty":             {[]string{""}, missingAuth},
		"no token":          {[]string{"Bearer "}, missingAuth},
		"another scheme":    {[]string{"Basic " + token}, missingAuth},
		"bare token":        {[]string{token}, missingAuth},
		"two headers":       {[]string{"Bearer " + token, "Bearer " + token}, `{"status":401,"error":"Invalid Authorization header"}`},
		"claims changed":    {[]string{"Bearer " + parts[0] + "." + parts[1][:9] + "A" + parts[1][10:] + "." + parts[2]}, badSession},
		"tampered":          {[]string{"Bearer " + tampered}, badSession},
		"unsigned":          {[]string{"Bearer " + unsigned}, badSession},
		"cut":               {[]string{"Bearer " + token[:len(token)-5]}, badSession},
		"text after it":     {[]string{"Bearer " + token + " x"}, badSession},
		"of another server": {[]string{"Bearer " + foreign}, badSession},
		"an ID token":       {[]string{"Bearer " + s.idToken(ada)}, badSession},
		"nonsense":          {[]string{"Bearer x"}, badSession},
	} {
		t.Run(name, func(t *testing.T) {
			var header []string
			for _, value := range row.values {
				header = append(header, "Authorization", value)
			}
			got := s.do("GET", create, "", header...)
			refused(t, got, 401, row.want)
			require.Equal(t, "Bearer", got.header.Get("WWW-Authenticate"))
		})
	}
	for _, scheme := range []string{"bearer ", "BEARER ", "Bearer  "} {
		ok(t, s.do("GET", create, "", "Authorization", scheme+token), `{}`)
	}
	refused(t, s.as(token, "POST", create, opening(demoWorkspace, "", "")), 401, badFirebase)
	refused(t, s.do("POST", create, "{}"), 401, missingAuth)
}

func TestIDTokensEndAfterAnHour(t *testing.T) {
	s := serve(t, demo())
	id := s.idToken(ada)
	s.mock.Advance(time.Hour - time.Minute)
	tokenIn(t, s.as(id, "POST", create, opening(demoWorkspace, demoApp, "")))
	s.mock.Advance(time.Minute)
	refused(t, s.as(id, "POST", create, opening(demoWorkspace, demoApp, "")), 401, badFirebase)
	tokenIn(t, s.as(s.idToken(ada), "POST", create, opening(demoWorkspace, demoApp, "")))
}

func TestExpiry(t *testing.T) {
	for status, want := range map[int]string{
		0: expired410, 410: expired410, 401: `{"status":401,"error":"Session token expired"}`,
	} {
		config := demo()
		config.ExpiredStatus = status
		s := serve(t, config)
		if status == 0 {
			status = http.StatusGone
		}
		token := s.session(ada, `{"a":1}`)
		s.mock.Advance(time.Hour - time.Minute)
		ok(t, s.as(token, "GET", create, ""), `{"a":1}`)
		s.mock.Advance(time.Minute)
		refused(t, s.as(token, "GET", create, ""), status, want)
		refused(t, s.as(token, "POST", "/api/v1/sessions/revoke", ""), status, want)
		refused(t, s.as(token, "POST", "/api/v1/auth/logout", ""), status, want)

		ended := s.session(ada, "")
		sibling := tokenIn(t, s.as(s.idToken(ada), "POST", getOrCreate, opening(demoWorkspace, demoApp, "")))
		require.NoError(t, s.mock.ExpireToken(ended))
		refused(t, s.as(ended, "GET", create, ""), status, want)
		ok(t, s.as(sibling, "GET", create, ""), `{}`)
	}
}

func TestAnExpiredSessionIs410InBothVintages(t *testing.T) {
	config := demo()
	config.ExpiredStatus = http.StatusUnauthorized
	config.Workspaces[0].Apps[0].PayloadTTL = 30 * time.Minute
	s := serve(t, config)
	token := s.session(ada, `{"a":1}`)
	s.mock.Advance(30 * time.Minute)
	refused(t, s.as(token, "GET", create, ""), 410, expired410)

	again := tokenIn(t, s.as(s.idToken(ada), "POST", getOrCreate, opening(demoWorkspace, demoApp, "")))
	ok(t, s.as(again, "GET", create, ""), `{}`) // not reused

	renewed := tokenIn(t, s.as(s.idToken(ada), "POST", "/api/v1/sessions/renew/"+token, ""))
	ok(t, s.as(renewed, "GET", create, ""), `{"a":1}`) // revived
	s.mock.Advance(30*time.Minute - time.Second)
	ok(t, s.as(renewed, "GET", create, ""), `{"a":1}`)
	s.mock.Advance(time.Second)
	refused(t, s.as(renewed, "GET", create, ""), 410, expired410)
}

func TestASessionWithoutAnAppLastsAnHour(t *testing.T) {
	s := serve(t, emulator.Config{})
	direct := tokenIn(t, s.as(s.idToken(ada), "POST", create, `{"workspaceName":"demo-workspace"}`))
	ofApp := s.session(ada, "")
	s.mock.Advance(time.Hour)
	refused(t, s.as(direct, "GET", create, ""), 410, expired410)
	s.mock.Advance(7*24*time.Hour - time.Hour - time.Second)
	ok(t, s.as(ofApp, "GET", create, ""), `{}`)
	s.mock.Advance(time.Second)
	refused(t, s.as(ofApp, "GET", create, ""), 410, expired410)
}

func TestRenewal(t *testing.T) {
	s := serve(t, demo())
	renew := func(id, token string) reply { return s.as(id, "POST", "/api/v1/sessions/renew/"+token, "") }
	id := s.idToken(ada)
	first := s.session(ada, `{"a":1}`)
	sibling := tokenIn(t, s.as(id, "POST", getOrCreate, opening(demoWorkspace, demoApp, "")))

	got := renew(id, first)
	second := tokenIn(t, got)
	ok(t, got, `{"sessionToken":"`+second+`","payload":{"a":1}}`)
	for _, old := range []string{first, sibling} {
		refused(t, s.as(old, "GET", create, ""), 410, revoked410)
	}
	s.mock.Advance(time.Hour)
	refused(t, s.as(first, "GET", create, ""), 410, revoked410) // superseded, however old
	id = s.idToken(ada)
	third := tokenIn(t, renew(id, second)) // expired
	fourth := tokenIn(t, renew(id, first)) // superseded
	s.as(fourth, "POST", "/api/v1/auth/logout", "")
	fifth := tokenIn(t, renew(id, third)) // after a logout
	ok(t, s.as(fifth, "GET", create, ""), `{"a":1}`)

	refused(t, renew(s.idToken(bob), fifth), 403, `{"status":403,"error":"Firebase user does not own this session"}`)
	refused(t, renew(id, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.x"), 401, badSession)
	refused(t, renew(id, id), 401, badSession)
	refused(t, renew(fifth, fifth), 401, badFirebase)
	refused(t, s.do("POST", "/api/v1/sessions/renew/"+fifth, ""), 401, missingAuth)
	refused(t, renew(id, ""), 400, `{"status":400,"error":"Session token is missing from the path"}`)

	s.mock.LockBilling(true)
	refused(t, renew(id, fifth), 403, graceLock)
	refused(t, renew(id, "x"), 401, badSession)
	s.mock.LockBilling(false)

	require.NoError(t, s.mock.RevokeSession(first))
	refused(t, renew(id, fifth), 410, revoked410)
	s.mock.Reset()
	refused(t, renew(s.idToken(ada), fifth), 404, `{"status":404,"error":"Session not found"}`)
}
