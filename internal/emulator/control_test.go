package emulator_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

func (s *service) control(name, body string) reply {
	s.t.Helper()
	return s.do("POST", "/_emulator/"+name, body)
}

func TestControlAPI(t *testing.T) {
	s := serve(t, demo())
	var id struct{ IDToken string }
	require.NoError(t, json.Unmarshal([]byte(s.control("id-token", `{"email":"ada@example.com"}`).body), &id))
	open := func() string {
		t.Helper()
		return tokenIn(t, s.as(id.IDToken, "POST", create, opening(demoWorkspace, demoApp, "")))
	}
	token := open()
	ok(t, s.control("expire", `{"sessionToken":"`+token+`"}`), `{"expired":true}`)
	refused(t, s.as(token, "GET", create, ""), 410, expired410)

	token = open()
	before := s.mock.Now()
	require.Equal(t, 200, s.control("advance", `{"seconds":3599.5}`).status)
	require.WithinDuration(t, before.Add(time.Hour), s.mock.Now(), 10*time.Second)
	require.Equal(t, 200, s.control("advance", `{"seconds":1}`).status)
	refused(t, s.as(token, "GET", create, ""), 410, expired410)

	ok(t, s.control("limits", `{"maxSessions":7}`), `{"maxPayloadBytes":0,"maxSessions":7}`)
	ok(t, s.control("limits", `{"maxPayloadBytes":9}`), `{"maxPayloadBytes":9,"maxSessions":7}`)
	require.Equal(t, emulator.Limits{MaxSessions: 7, MaxPayloadBytes: 9}, s.mock.Limits())
	ok(t, s.control("billing", `{"locked":true}`), `{"locked":true}`)
	id.IDToken = s.idToken(ada)
	refused(t, s.as(id.IDToken, "POST", create, opening(demoWorkspace, demoApp, "")), 403, graceLock)
	ok(t, s.control("billing", `{"locked":false}`), `{"locked":false}`)
	open()
	require.Contains(t, s.do("GET", "/_emulator/requests", "").body, `"path":"/api/v1/sessions"`)
}

func TestFaultsOfTheControlAPI(t *testing.T) {
	s := serve(t, demo())
	ok(t, s.control("faults", `{"path":"`+create+`","method":"GET","status":503,"body":"<p>","contentType":"text/plain",
		"headers":{"Retry-After":86400000,"CF-Ray":"ray"},"delayMs":1,"drop":false,"truncate":false,"times":2}`), `{"queued":true}`)
	for range 2 {
		got := s.do("GET", create, "")
		require.Equal(t, 503, got.status)
		require.Equal(t, "<p>", got.body)
		require.Equal(t, "text/plain", got.header.Get("Content-Type"))
		require.Equal(t, "86400000", got.header.Get("Retry-After"))
		require.Equal(t, "ray", got.header.Get("CF-Ray"))
	}
	s.control("faults", `{"path":"*","status":403,"body":""}`)
	require.Empty(t, s.do("GET", create, "").body)
	s.control("faults", `{"path":"*","status":200,"body":{"userId":9007199254740993}}`)
	ok(t, s.do("GET", create, ""), `{"userId":9007199254740993}`)
	s.control("faults", `{"path":"*","drop":true}`)
	_, err := s.try("GET", create, "")
	require.Error(t, err)
	require.Equal(t, 401, s.do("GET", create, "").status)
}

func TestControlRefusals(t *testing.T) {
	s := serve(t, demo())
	for name, bodies := range map[string][]string{
		"id-token": {"", "{", "[]", "{}", `{"email":1}`, `{"email":"ada"}`, `{"mail":"ada@example.com"}`, `{"email":"ada@example.com"} x`},
		"expire":   {"{}", `{"sessionToken":"x"}`},
		"advance":  {"{}", `{"seconds":-1}`, `{"seconds":"1"}`, `{"seconds":1e300}`},
		"limits":   {`{"maxSessions":-1}`, `{"maxSessions":1.5}`},
		"billing":  {"{}", `{"locked":1}`},
		"faults":   {"{}", `{"status":5}`, `{"staus":500}`, `{"status":500,"delayMs":1e300}`, `{"headers":{"a":[]}}`},
	} {
		for _, body := range bodies {
			got := s.control(name, body)
			require.Equal(t, 400, got.status, "%s %s", name, body)
			var form struct {
				Status int
				Error  string
			}
			require.NoError(t, json.Unmarshal([]byte(got.body), &form))
			require.Equal(t, 400, form.Status)
			require.NotEmpty(t, form.Error)
		}
	}
	require.Equal(t, 405, s.do("GET", "/_emulator/reset", "").status)
	require.Equal(t, 405, s.control("requests", "").status)
	require.Equal(t, 404, s.control("nothing", "").status)
	require.Equal(t, 204, s.do("OPTIONS", "/_emulator/reset", "").status)
	require.Equal(t, 200, s.do("HEAD", "/_emulator/requests", "").status)
}

func TestReset(t *testing.T) {
	config := demo()
	config.Limits.MaxSessions = 5
	s := serve(t, config)
	token, id := s.session(ada, `{"a":1}`), s.idToken(ada)
	s.session(bob, "")
	s.mock.Advance(30 * time.Minute)
	s.mock.LockBilling(true)
	require.NoError(t, s.mock.SetLimits(emulator.Limits{MaxSessions: 1}))
	s.fault(emulator.Fault{Status: 503})
	s.do("POST", "/_emulator/reset", "")

	require.Empty(t, s.mock.Requests())
	require.WithinDuration(t, time.Now(), s.mock.Now(), time.Minute)
	require.Equal(t, 5, s.mock.Limits().MaxSessions)
	fresh := tokenIn(t, s.as(id, "POST", getOrCreate, opening(demoWorkspace, demoApp, "")))
	ok(t, s.as(fresh, "GET", create, ""), `{}`)
	ok(t, s.as(s.session(bob, ""), "GET", readIdentity, ""), `{"userId":2,"email":"bob@example.com"}`)
	refused(t, s.as(token, "GET", create, ""), 404, `{"status":404,"error":"Session not found"}`)
	refused(t, s.as(token, "POST", "/api/v1/sessions/revoke", ""), 404, `{"status":404,"error":"Session not found"}`)
	got := s.do("GET", "/api/v1/auth/logout"+query("session_token", token, "redirect_uri", demoCallback), "")
	require.Equal(t, http.StatusFound, got.status)
}
