package emulator_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

const dashboard = "/_emulator/"

// pressed sends a form of the dashboard as Chromium does, and follows it.
func (s *service) pressed(pairs ...string) reply {
	s.t.Helper()
	got := s.do("POST", dashboard, strings.TrimPrefix(query(pairs...), "?"),
		"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin", "Origin", s.server.URL)
	if got.status != 303 {
		return got
	}
	back, _, _ := strings.Cut(got.header.Get("Location"), "#")
	return s.do("GET", back, "", "Sec-Fetch-Site", "same-origin")
}

// shownSession is the article about a session.
func shownSession(t *testing.T, page reply, id string) string {
	t.Helper()
	_, rest, found := strings.Cut(page.body, `<article id="session-`+id+`"`)
	require.True(t, found, page.body)
	text, _, _ := strings.Cut(rest, "</article>")
	return html.UnescapeString(text)
}

func TestTheDashboardShowsWhatThereIs(t *testing.T) {
	config := twoWorkspaces()
	config.Limits = emulator.Limits{MaxSessions: 20, MaxPayloadBytes: 2048}
	s := serve(t, config)
	require.Contains(t, s.do("GET", dashboard, "").body, "None yet.")
	require.Contains(t, s.do("GET", "/", "").body, `href="/_emulator/"`)
	token := s.session(ada, `{"theme":"dark"}`)
	_, err := s.mock.CreateSession("shop", "web", bob)
	require.NoError(t, err)
	s.as(token, "GET", "/api/v1/sessions/get/theme?session_token="+token, "")
	s.fault(emulator.Fault{Path: "/api/*", Method: "GET", Status: 503, Delay: time.Second, Times: 2})
	s.fault(emulator.Fault{Drop: true})
	s.mock.Advance(59 * time.Minute)

	page := s.do("GET", dashboard, "")
	require.Equal(t, 200, page.status)
	require.Contains(t, page.body, "59 min ahead")
	require.Contains(t, page.body, "20 sessions, 2048 bytes of payload")
	require.Contains(t, page.body, "<code>GET /api/*</code> 503, after 1s, 2 times")
	require.Contains(t, page.body, "<code>*</code> connection dropped, once")
	require.Contains(t, page.body, "<code>shop</code>: 1 active session<")
	require.Contains(t, page.body, demoCallback)
	require.Contains(t, page.body, "GET /api/v1/sessions/get/theme?session_token=[REDACTED]")
	require.Regexp(t, `\d ms · session 1001 · ada@example\.com`, page.body)
	article := shownSession(t, page, "1001")
	for _, text := range []string{">ada@example.com<", ">Active<", "1001 of user 1", "Demo App in demo-workspace", "1 key, 16 bytes", `"dark"`} {
		require.Contains(t, article, text)
	}
	require.Regexp(t, `Token ends</dt><dd><time [^>]+>in (5\d|60) s<`, article)
	require.Regexp(t, `Session ends</dt><dd><time [^>]+>in (5\d|60) s<`, shownSession(t, page, "1002"))
	require.Less(t, strings.Index(page.body, "session-1002"), strings.Index(page.body, "session-1001"), "newest first")
}

func TestTheButtonsOfTheDashboard(t *testing.T) {
	s := serve(t, demo())
	token, other := s.session(ada, `{"a":1}`), s.session(bob, `{"b":1}`)
	again, err := s.mock.GetOrCreateSession(demoWorkspace, demoApp, ada)
	require.NoError(t, err)

	page := s.pressed("action", "expire", "session", "1001")
	require.Contains(t, page.body, "Its tokens have expired.")
	require.Contains(t, shownSession(t, page, "1001"), ">Sign-in expired<")
	for _, ended := range []string{token, again} {
		refused(t, s.as(ended, "GET", create, ""), 410, expired410)
	}
	fresh := tokenIn(t, s.as(s.idToken(ada), "POST", getOrCreate, opening(demoWorkspace, demoApp, "")))
	ok(t, s.as(fresh, "GET", create, ""), `{"a":1}`)
	refused(t, s.as(token, "GET", create, ""), 410, expired410)
	ok(t, s.as(other, "GET", create, ""), `{"b":1}`)
	renewed := tokenIn(t, s.as(s.idToken(ada), "POST", renewPath(token), ""))
	ok(t, s.as(renewed, "GET", create, ""), `{"a":1}`)

	require.Contains(t, s.pressed("action", "revoke", "session", "1001").body, "revoked and its data deleted")
	refused(t, s.as(renewed, "GET", create, ""), 410, revoked410)

	require.Contains(t, s.pressed("action", "lock").body, `value="unlock"`)
	refused(t, s.as(other, "GET", create, ""), 403, graceLock)
	require.Contains(t, s.pressed("action", "unlock").body, `value="lock"`)
	ok(t, s.as(other, "GET", create, ""), `{"b":1}`)

	require.Contains(t, s.pressed("action", "advance", "seconds", "3600").body, "60 min ahead")
	refused(t, s.as(other, "GET", create, ""), 410, expired410)

	require.Contains(t, s.pressed("action", "reset").body, "None yet. One opens")
	require.Empty(t, s.mock.Requests())
}

func TestInjectingAFaultByTheDashboard(t *testing.T) {
	s := serve(t, demo())
	page := s.pressed("action", "fault", "path", "/api/v1/*", "status", "503", "times", "2", "delay", "1")
	require.Contains(t, page.body, "503, after 1ms, 2 times")
	require.Equal(t, 503, s.do("GET", create, "").status)
	require.Contains(t, s.do("GET", dashboard, "").body, " · a fault</p>")
	require.Equal(t, 503, s.do("GET", create, "").status)
	require.Equal(t, 401, s.do("GET", create, "").status)
	s.pressed("action", "fault", "path", "*", "status", "", "drop", "1")
	_, err := s.try("GET", create, "")
	require.Error(t, err)
	require.Contains(t, s.do("GET", dashboard, "").body, ">dropped<")
}

func TestMistakesAtTheDashboardFault(t *testing.T) {
	s := serve(t, demo())
	s.session(ada, "")
	for _, wrong := range []struct{ form, want string }{
		{"", "There is no such button."},
		{"action=nothing", "There is no such button."},
		{"action=expire&session=1", "That session is not here any more"},
		{"action=revoke&session=-1", "That session is not here any more"},
		{"action=revoke", "That session is not here any more"},
		{"action=advance&seconds=-5", "The clock moves by"},
		{"action=advance&seconds=99999999999", "The clock moves by"},
		{"action=fault&path=/x", "it changes nothing"},
		{"action=fault&path=x&status=503", "does not start with /"},
		{"action=fault&status=1000", "The status of the fault is a whole number up to 599."},
		{"action=fault&status=503&delay=x", "The delay of the fault"},
		{"action=fault&status=503&times=-1", "The times of the fault"},
	} {
		values, err := url.ParseQuery(wrong.form)
		require.NoError(t, err)
		var pairs []string
		for name := range values {
			pairs = append(pairs, name, values.Get(name))
		}
		got := s.pressed(pairs...)
		require.Equal(t, 400, got.status, wrong.form)
		require.Contains(t, html.UnescapeString(got.body), wrong.want)
	}
	require.Equal(t, 405, s.do("DELETE", "/_emulator/events", "").status)
	require.Equal(t, "GET, HEAD, POST", s.do("PUT", dashboard, "").header.Get("Allow"))
	require.Equal(t, 200, s.do("HEAD", dashboard, "").status)
}

func TestTheDashboardShowsNoToken(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, "")
	s.session(token[:60]+"@example.com", `{"`+token+`":"`+token+`"}`)
	s.do("GET", "/app/"+token+"?x="+token, "")
	s.fault(emulator.Fault{Path: "/" + token, Status: 500})
	for _, page := range []reply{
		s.do("GET", dashboard, ""), s.do("GET", dashboard+"?done="+token+"&session_token="+token, ""), s.do("GET", dashboard+"?done=expire", ""),
		s.pressed("action", token), s.pressed("action", "fault", "path", token, "status", "500"), s.pressed("action", "expire", "session", token),
	} {
		require.NotContains(t, page.body, "eyJ")
		require.NotContains(t, page.body, token[len(token)-20:])
		require.Contains(t, page.body, "[REDACTED]")
	}
}

func TestTheDashboardIsTheEmulatorsOwn(t *testing.T) {
	const hostile = `"'><script>alert(1)</script><b a='`
	s := serve(t, emulator.Config{Workspaces: []emulator.Workspace{{Name: "w" + hostile, Apps: []emulator.App{{ID: "a" + hostile}}}}})
	token, err := s.mock.CreateSession("w"+hostile, "a"+hostile, `"'><script>alert(1)</script>@example.com`)
	require.NoError(t, err)
	s.as(token, "POST", "/api/v1/sessions/set/"+url.PathEscape(hostile), `"</pre><script>"`)
	s.do("GET", `/'"><script>?<script>`, "")
	s.fault(emulator.Fault{Path: "/" + hostile, Status: 500})
	page := s.do("GET", dashboard+"?done="+url.QueryEscape(hostile), "")
	require.Equal(t, 1, strings.Count(page.body, "<script"), "its own")
	for _, none := range []string{"<b a", " style=", " onclick", "javascript:", "ZgotmplZ", "https://", "alert(1)</script"} {
		require.NotContains(t, page.body, none)
	}
	_, style, _ := strings.Cut(page.body, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	require.Equal(t, "default-src 'none'; style-src 'self' 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
		"'; img-src data:; base-uri 'none'; frame-ancestors 'none'; script-src 'self'; connect-src 'self'; form-action 'self'",
		page.header.Get("Content-Security-Policy"))
	require.Equal(t, "DENY", page.header.Get("X-Frame-Options"))
	for _, reference := range regexp.MustCompile(`(?:src|rel="stylesheet" href)="([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
		file := s.do("GET", reference[1], "", "Sec-Fetch-Site", "same-origin")
		require.Equal(t, 200, file.status)
		require.Regexp(t, `^text/(javascript|css); charset=utf-8$`, file.header.Get("Content-Type"))
		require.NotEmpty(t, file.body)
	}
	for _, label := range regexp.MustCompile(`<(?:input|select) id="([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
		require.Contains(t, page.body, `<label for="`+label[1]+`">`)
	}
	require.Len(t, regexp.MustCompile(` id="[^"]+"`).FindAllString(page.body, -1), len(uniqueIDs(page.body)), "an id twice")
}

func uniqueIDs(body string) map[string]bool {
	ids := make(map[string]bool)
	for _, id := range regexp.MustCompile(` id="[^"]+"`).FindAllString(body, -1) {
		ids[id] = true
	}
	return ids
}

func TestTheDashboardIsBounded(t *testing.T) {
	s := serve(t, demo())
	large := strings.Repeat("x", 64<<10)
	for i := range 60 {
		token := s.session(ada, fmt.Sprintf(`{"large":%q,"n":%d}`, large, i))
		s.as(token, "GET", create, "")
	}
	page := s.do("GET", dashboard, "")
	require.Equal(t, 50, strings.Count(page.body, "<article"))
	require.Contains(t, page.body, "Only the newest 50 of 60 are shown.")
	require.Equal(t, 50, strings.Count(page.body, "<li><p>"))
	require.Less(t, len(page.body), 300<<10)
}
