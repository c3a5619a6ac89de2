package emulator_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

const notAllowlisted = `{"status":400,"error":"redirect URI is not allowlisted for this application"}`

// callback is the query of auth/callback for ada, with extra pairs that add to
// it or replace what is there; an empty value takes a parameter out.
func (s *service) callback(extra ...string) reply {
	s.t.Helper()
	values := url.Values{
		"firebaseToken":       {s.idToken(ada)},
		"client_redirect_uri": {demoCallback},
		"workspace_name":      {demoWorkspace},
		"app_id":              {demoApp},
	}
	for i := 0; i < len(extra); i += 2 {
		values.Set(extra[i], extra[i+1])
		if extra[i+1] == "" {
			values.Del(extra[i])
		}
	}
	return s.do("GET", "/api/v1/auth/callback?"+values.Encode(), "")
}

// returned is the query that a redirect takes back to the application.
func returned(t *testing.T, got reply) url.Values {
	t.Helper()
	require.Contains(t, []int{http.StatusFound, http.StatusSeeOther}, got.status, got.body)
	location, err := url.Parse(got.header.Get("Location"))
	require.NoError(t, err)
	values := location.Query()
	location.RawQuery = ""
	require.Equal(t, demoCallback, location.String())
	return values
}

func TestCallbackOpensAndReusesASession(t *testing.T) {
	s := serve(t, demo())
	state := "a b&c=d+é"
	got := returned(t, s.callback("state", state, "payload", `{"n":1}`, "ttl_seconds", "3600"))
	require.Equal(t, state, got.Get("state"))
	require.Len(t, got, 2)
	ok(t, s.as(got.Get("sessionToken"), "GET", create, ""), `{"n":1}`)

	require.NoError(t, s.mock.ExpireToken(got.Get("sessionToken")))
	again := returned(t, s.callback("payload", `{"n":2}`, "ttl_seconds", "3600"))
	require.Len(t, again, 1, "no state was sent")
	ok(t, s.as(again.Get("sessionToken"), "GET", create, ""), `{"n":1}`)
}

func TestCallbackKeepsTheQueryOfTheRedirectURI(t *testing.T) {
	config := demo()
	config.Workspaces[0].Apps[0].RedirectURIs = []string{"http://localhost:8080/callback?via=x"}
	s := serve(t, config)
	got := s.callback("client_redirect_uri", "http://localhost:8080/callback?via=x", "state", "s t")
	require.Regexp(t, `^http://localhost:8080/callback\?via=x&sessionToken=[^&]+&state=s%20t$`, got.header.Get("Location"))
}

func TestStateIsDroppedOnRequest(t *testing.T) {
	config := demo()
	config.DropState = true
	s := serve(t, config)
	require.False(t, returned(t, s.callback("state", "s")).Has("state"))
}

func TestLifeOfALogin(t *testing.T) {
	s := serve(t, demo())
	login := func(ttl string) string { return returned(t, s.callback("ttl_seconds", ttl)).Get("sessionToken") }
	short := login("60")
	s.mock.Advance(59 * time.Second)
	ok(t, s.as(short, "GET", create, ""), `{}`)
	s.mock.Advance(time.Second)
	refused(t, s.as(short, "GET", create, ""), 410, expired410)

	long := login("604800")
	s.mock.Advance(time.Hour)
	refused(t, s.as(long, "GET", create, ""), 410, expired410) // the token's own life
	s.as(long, "GET", create, "")
	endless := login("0") // reuses it
	renewed := returned(t, s.callback("session_token", endless, "ttl_seconds", "60")).Get("sessionToken")
	s.mock.Advance(time.Minute)
	refused(t, s.as(renewed, "GET", create, ""), 410, expired410)
}

func TestCallbackRenews(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, `{"a":1}`)
	require.NoError(t, s.mock.ExpireToken(token))
	fresh := returned(t, s.callback("session_token", token)).Get("sessionToken")
	ok(t, s.as(fresh, "GET", create, ""), `{"a":1}`)
	refused(t, s.as(token, "GET", create, ""), 410, revoked410)
}

func TestCallbackNeverHandsASessionToAnotherApplication(t *testing.T) {
	config := demo()
	apps := config.Workspaces[0].Apps
	config.Workspaces[0].Apps = append(apps, emulator.App{ID: "second"})
	config.Workspaces = append(config.Workspaces, emulator.Workspace{Name: "other", Apps: []emulator.App{{ID: demoApp}}})
	s := serve(t, config)
	for _, place := range [][2]string{{demoWorkspace, "second"}, {"other", demoApp}, {"other", ""}} {
		token, err := s.mock.CreateSession(place[0], place[1], ada)
		require.NoError(t, err)
		refused(t, s.callback("session_token", token), 404, `{"status":404,"error":"Session not found"}`)
	}
	direct, err := s.mock.CreateSession(demoWorkspace, "", ada)
	require.NoError(t, err)
	returned(t, s.callback("session_token", direct))
}

func TestCallbackRefusals(t *testing.T) {
	type row struct {
		extra  []string
		status int
		body   string
		code   string // of the redirect; "" where there never is one
	}
	prepare := func(s *service) map[string]row {
		own, theirs, gone := s.session(ada, ""), s.session(bob, ""), s.session(ada, "")
		require.NoError(s.t, s.mock.RevokeSession(gone))
		return map[string]row{
			"no URI":             {[]string{"client_redirect_uri", ""}, 400, `{"status":400,"error":"client_redirect_uri is required"}`, ""},
			"no workspace":       {[]string{"workspace_name", ""}, 400, `{"status":400,"error":"workspace_name is required"}`, ""},
			"no app":             {[]string{"app_id", ""}, 400, `{"status":400,"error":"app_id is required"}`, ""},
			"unknown app":        {[]string{"app_id", "x"}, 400, `{"status":400,"error":"Application not found"}`, ""},
			"unknown workspace":  {[]string{"workspace_name", "x"}, 400, `{"status":400,"error":"Workspace not found"}`, ""},
			"unlisted URI":       {[]string{"client_redirect_uri", "https://evil.example/"}, 400, notAllowlisted, ""},
			"nearly listed":      {[]string{"client_redirect_uri", demoCallback + "/"}, 400, notAllowlisted, ""},
			"the other loopback": {[]string{"client_redirect_uri", "http://[::1]:8080/callback"}, 400, notAllowlisted, ""},
			"no ID token":        {[]string{"firebaseToken", ""}, 400, `{"status":400,"error":"firebaseToken is required"}`, "invalid_request"},
			"bad ID token":       {[]string{"firebaseToken", "x"}, 401, badFirebase, "invalid_token"},
			"ttl too short":      {[]string{"ttl_seconds", "59"}, 400, `{"status":400,"error":"ttl_seconds must be 0 or between 60 and 604800"}`, "invalid_request"},
			"ttl too long":       {[]string{"ttl_seconds", "604801"}, 400, `{"status":400,"error":"ttl_seconds must be 0 or between 60 and 604800"}`, "invalid_request"},
			"ttl no number":      {[]string{"ttl_seconds", "1h"}, 400, `{"status":400,"error":"ttl_seconds must be 0 or between 60 and 604800"}`, "invalid_request"},
			"payload an array":   {[]string{"payload", "[]"}, 400, `{"status":400,"error":"payload must be a JSON object"}`, "invalid_request"},
			"payload null":       {[]string{"payload", "null"}, 400, `{"status":400,"error":"payload must be a JSON object"}`, "invalid_request"},
			"both":               {[]string{"payload", "{}", "session_token", own}, 400, `{"status":400,"error":"payload must not be combined with session_token"}`, "invalid_request"},
			"bad token":          {[]string{"session_token", "x"}, 401, badSession, "invalid_token"},
			"another's":          {[]string{"session_token", theirs}, 403, `{"status":403,"error":"Firebase user does not own this session"}`, "not_owner"},
			"revoked":            {[]string{"session_token", gone}, 410, revoked410, "session_revoked"},
		}
	}
	s := serve(t, demo())
	for name, row := range prepare(s) {
		t.Run("json/"+name, func(t *testing.T) {
			got := s.callback(append(row.extra, "state", "s")...)
			refused(t, got, row.status, row.body)
			require.Empty(t, got.header.Get("Location"))
		})
	}
	config := demo()
	config.CallbackErrors = emulator.CallbackErrorsRedirect
	s = serve(t, config)
	for name, row := range prepare(s) {
		t.Run("redirect/"+name, func(t *testing.T) {
			got := s.callback(append(row.extra, "state", "s")...)
			if row.code == "" {
				refused(t, got, row.status, row.body)
				require.Empty(t, got.header.Get("Location"))
				return
			}
			values := returned(t, got)
			require.Equal(t, row.code, values.Get("error"))
			require.Contains(t, row.body, values.Get("error_description"))
			require.Equal(t, "s", values.Get("state"))
			require.False(t, values.Has("sessionToken"))
		})
	}
	s.mock.LockBilling(true)
	require.Equal(t, "BILLING_GRACE_LOCK", returned(t, s.callback()).Get("error"))
}

func TestCallbackUnderLockAndLimits(t *testing.T) {
	s := serve(t, demo())
	s.mock.LockBilling(true)
	refused(t, s.callback(), 403, graceLock)
	s.mock.LockBilling(false)
	require.NoError(t, s.mock.SetLimits(emulator.Limits{MaxPayloadBytes: 10, MaxSessions: 1}))
	require.Equal(t, 429, s.callback("payload", `{"a":"0123456789"}`).status)
	returned(t, s.callback())
	returned(t, s.callback("payload", `{"a":"0123456789"}`)) // ignored on reuse
	require.Equal(t, 429, s.callback("firebaseToken", s.idToken(bob)).status)
}

func TestBrowserLogout(t *testing.T) {
	s := serve(t, demo())
	out := func(token, target string) reply {
		pairs := []string{"redirect_uri", target}
		if token != "" {
			pairs = append(pairs, "session_token", token)
		}
		return s.do("GET", "/api/v1/auth/logout"+query(pairs...), "")
	}
	done := func(got reply, location string) {
		t.Helper()
		require.Equal(t, 302, got.status, got.body)
		require.Equal(t, location, got.header.Get("Location"))
		require.Equal(t, `"cookies"`, got.header.Get("Clear-Site-Data"))
	}
	home := "http://localhost:8080/"
	token := s.session(ada, `{"a":1}`)
	sibling := tokenIn(t, s.as(s.idToken(ada), "POST", getOrCreate, opening(demoWorkspace, demoApp, "")))
	done(out(token, home), home)
	refused(t, s.as(token, "GET", create, ""), 410, revoked410)
	refused(t, s.as(sibling, "GET", create, ""), 410, revoked410)

	fresh := tokenIn(t, s.as(s.idToken(ada), "POST", getOrCreate, opening(demoWorkspace, demoApp, "")))
	done(out(token, home), home) // superseded: completes, and ends nothing
	ok(t, s.as(fresh, "GET", create, ""), `{"a":1}`)
	require.NoError(t, s.mock.ExpireToken(fresh))
	done(out(fresh, demoCallback), demoCallback)
	revoked := s.session(ada, "")
	require.NoError(t, s.mock.RevokeSession(revoked))
	s.mock.LockBilling(true)
	done(out(revoked, "http://127.0.0.1:8080/bye?x=1"), "http://127.0.0.1:8080/bye?x=1")

	refused(t, out("", home), 401, `{"status":401,"error":"Missing session_token"}`)
	refused(t, out("x", home), 401, badSession)
	refused(t, out(s.idToken(ada), home), 401, badSession)
	refused(t, s.do("GET", "/api/v1/auth/logout"+query("session_token", token), ""), 400, `{"status":400,"error":"redirect_uri is required"}`)
	for _, target := range []string{
		"https://localhost:8080/", "http://localhost/", "http://localhost:8081/", "//localhost:8080/", "/", "javascript:alert(1)",
		"http://localhost:8080@evil.example/", "http://user@localhost:8080/", "http://localhost:8080.evil.example/", "http://localhost:8080\\@evil.example/",
	} {
		refused(t, out(token, target), 400, notAllowlisted)
	}
}

func TestValidateRedirect(t *testing.T) {
	s := serve(t, demo())
	ask := func(body string) reply { return s.do("POST", "/api/v1/applications/validate-redirect", body) }
	ok(t, ask(`{"appId":"demo-app","redirectUri":"http://localhost:8080/callback"}`),
		`{"valid":true,"appId":"demo-app","redirectUri":"http://localhost:8080/callback","reason":"ok","displayName":"Demo App"}`)
	ok(t, ask(`{"appId":"demo-app","redirectUri":"http://localhost:8080/"}`),
		`{"valid":false,"appId":"demo-app","redirectUri":"http://localhost:8080/","reason":"redirectUri is not on the allowlist of the application","displayName":null}`)
	ok(t, ask(`{"appId":"x","redirectUri":"http://localhost:8080/"}`),
		`{"valid":false,"appId":"x","redirectUri":"http://localhost:8080/","reason":"unknown appId","displayName":null}`)
	ok(t, ask(`{}`), `{"valid":false,"appId":null,"redirectUri":null,"reason":"appId is required","displayName":null}`)
	refused(t, ask(`[]`), 400, `{"status":400,"error":"Request body must be a JSON object"}`)
}
