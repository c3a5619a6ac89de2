package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// signedIn is a browser that has signed in on the account page.
func (s *service) signedIn(t *testing.T, email string) *browser {
	t.Helper()
	b := s.browser(t)
	b.press(b.open("/app/self"), "Continue", "email", email)
	return b
}

// post sends a form to the account page, with more headers as a browser would.
func (b *browser) post(form url.Values, header ...string) reply {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), "POST", b.origin+"/app/self", strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	return b.read(b.client.Do(request))
}

// article is the part of the account page about this session.
func article(t *testing.T, page reply, id string) string {
	t.Helper()
	_, rest, found := strings.Cut(page.body, `<article aria-labelledby="session-`+id+`">`)
	require.True(t, found, page.body)
	text, _, _ := strings.Cut(rest, "</article>")
	return text
}

func TestTheAccountPageShowsOnesOwnSessions(t *testing.T) {
	config := demo()
	config.Workspaces = append(config.Workspaces, emulator.Workspace{Name: "second", Apps: []emulator.App{{ID: "shop", DisplayName: "The Shop"}}})
	s := serve(t, config)
	s.session(ada, `{"profile":{"theme":"dark","sizes":[1,2]},"n":12345678901234567890}`)
	s.session(bob, `{"secret":"of bob"}`)
	_, err := s.mock.CreateSession("second", "shop", ada)
	require.NoError(t, err)
	_, err = s.mock.CreateSession("second", "", ada)
	require.NoError(t, err)

	page := s.browser(t).open("/app/self")
	require.Contains(t, page.body, `<label for="email">`)
	require.NotContains(t, page.body, "<article")

	page = s.signedIn(t, ada).open("/app/self")
	require.Contains(t, page.body, "Signed in as <strong>"+ada)
	first := article(t, page, "1001")
	require.Contains(t, first, "<dd>demo-workspace</dd>")
	require.Contains(t, first, "<dd>Demo App</dd>")
	require.Contains(t, first, "<summary>Data: 2 keys,")
	require.Contains(t, first, "<dt><code>profile</code></dt>")
	require.Contains(t, first, "<pre>{\n  &#34;theme&#34;: &#34;dark&#34;,\n  &#34;sizes&#34;: [\n    1,\n    2\n  ]\n}</pre>")
	require.Contains(t, first, "<pre>12345678901234567890</pre>")
	require.Contains(t, article(t, page, "1003"), "<dd>The Shop</dd>")
	require.Contains(t, article(t, page, "1004"), "<dd>none</dd>")
	require.NotContains(t, page.body, "session-1002")
	require.NotContains(t, page.body, "of bob")
	require.NotContains(t, page.body, bob)
}

func TestTheAccountPageTellsTheStateOfASession(t *testing.T) {
	config := demo()
	config.Workspaces[0].Apps[0].PayloadTTL = 3 * time.Hour
	s := serve(t, config)
	out, gone, ended := s.session(ada, ""), s.session(ada, ""), s.session(ada, "")
	s.as(out, "POST", "/api/v1/auth/logout", "")
	s.as(gone, "POST", "/api/v1/sessions/revoke", "")
	require.NoError(t, s.mock.ExpireToken(ended))
	s.session(ada, "")
	b := s.signedIn(t, ada)
	states := func() []string {
		t.Helper()
		var found []string
		for _, match := range regexp.MustCompile(`<article.*?\n.*<span class="tag [a-z-]+">([^<]+)<`).FindAllStringSubmatch(b.open("/app/self").body, -1) {
			found = append(found, match[1])
		}
		return found // newest first
	}
	require.Equal(t, []string{"Active", "Sign-in expired", "Revoked", "Signed out"}, states())
	active := article(t, b.open("/app/self"), "1004")
	require.Regexp(t, `<dt>Expires</dt><dd><time datetime="[^"]+">[^<]+ UTC</time> <span class="distance">\(in 3 h\)`, active)
	require.Regexp(t, `<dt>Signed in until</dt><dd><time .*\(in 60 min\)`, active)

	s.mock.Advance(time.Hour)
	require.Equal(t, []string{"Sign-in expired", "Sign-in expired", "Revoked", "Signed out"}, states())
	again, err := s.mock.GetOrCreateSession(demoWorkspace, demoApp, ada)
	require.NoError(t, err)
	require.NoError(t, s.mock.ExpireToken(again))
	require.Equal(t, "Sign-in expired", states()[0])
	s.as(s.idToken(ada), "POST", renewPath(out), "")
	require.Equal(t, "Active", states()[3])

	s.mock.Advance(2 * time.Hour)
	require.Equal(t, []string{"Expired", "Expired", "Revoked", "Sign-in expired"}, states())
	require.Contains(t, article(t, b.open("/app/self"), "1004"), "(now)")
	s.mock.Advance(4 * 24 * time.Hour)
	require.Contains(t, article(t, b.open("/app/self"), "1004"), "(4 days ago)")
}

func TestRevokingOnTheAccountPage(t *testing.T) {
	s := serve(t, demo())
	token, theirs := s.session(ada, `{"a":1}`), s.session(bob, `{"b":1}`)
	b := s.signedIn(t, ada)
	question := b.press(b.open("/app/self"), "Revoke")
	require.Contains(t, question.body, "Revoke session 1001?")
	require.Contains(t, question.body, "1 key, 7 bytes")
	require.Contains(t, question.body, `<a class="button" href="/app/self">Keep it</a>`)
	ok(t, s.as(token, "GET", create, ""), `{"a":1}`)

	page := b.press(question, "Revoke")
	require.Contains(t, page.body, `role="status">Session 1001 is revoked and its data deleted.`)
	require.Contains(t, article(t, page, "1001"), ">Revoked<")
	require.NotContains(t, page.body, `name="revoke"`)
	refused(t, s.as(token, "GET", create, ""), 410, revoked410)
	refused(t, s.as(s.idToken(ada), "POST", renewPath(token), ""), 410, revoked410)
	ok(t, s.as(theirs, "GET", create, ""), `{"b":1}`)
	require.Equal(t, 404, b.open("/app/self?revoke=1001").status)

	require.Contains(t, b.press(page, "Sign out").body, `name="email"`)
	require.NotContains(t, b.open("/app/self").body, ada)
}

func TestNobodyElseRevokes(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, `{"a":1}`)
	form := url.Values{"action": {"revoke"}, "session": {"1001"}}
	owner := s.signedIn(t, ada)
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", "cross-site", "Origin", s.server.URL},
		{"Origin", "https://evil.example"}, {"Origin", "http://localhost:8080"}, {"Origin", "null"},
	} {
		require.Equal(t, 403, owner.post(form, header...).status, header)
	}
	for _, path := range []string{"/app/self?" + form.Encode(), "/app/self?revoke=1001", "/app/self?revoked=1001"} {
		require.Equal(t, 200, owner.open(path).status)
	}
	require.NotContains(t, owner.open("/app/self?revoked=1001").body, "is revoked")
	ok(t, s.as(token, "GET", create, ""), `{"a":1}`)

	for _, b := range []*browser{s.signedIn(t, bob), s.browser(t)} {
		require.NotContains(t, b.post(form).body, "1001")
		require.NotContains(t, b.open("/app/self?revoke=1001").body, "1001")
	}
	for _, id := range []string{"", "-1", "x", "1002", "99999999999999999999"} {
		require.Equal(t, 200, owner.post(url.Values{"action": {"revoke"}, "session": {id}}).status)
	}
	ok(t, s.as(token, "GET", create, ""), `{"a":1}`)

	// What Chromium sends for the page's own form under its Referrer-Policy.
	require.Equal(t, 200, owner.post(form, "Sec-Fetch-Site", "same-origin", "Origin", "null").status)
	refused(t, s.as(token, "GET", create, ""), 410, revoked410)
}

func TestTheAccountPageIsBounded(t *testing.T) {
	s := serve(t, demo())
	for range 100 {
		_, err := s.mock.CreateSession(demoWorkspace, demoApp, ada)
		require.NoError(t, err)
	}
	payload := map[string]string{"a long one": strings.Repeat("é", 20<<10)}
	for i := range 200 {
		payload[fmt.Sprint("key ", i)] = ""
	}
	text, err := json.Marshal(payload)
	require.NoError(t, err)
	s.session(ada, string(text))
	page := s.signedIn(t, ada).open("/app/self")
	require.Equal(t, 100, strings.Count(page.body, "<article"))
	require.Contains(t, page.body, "Only the newest 100 of 101 are shown.")
	newest := article(t, page, "1101")
	require.Equal(t, 200, strings.Count(newest, "<pre>"))
	require.Contains(t, newest, "These are the first 200 of 201 keys.")
	require.Contains(t, newest, "These are the first of 40962 bytes.")
	require.True(t, utf8.ValidString(newest))
	require.Less(t, len(newest), 40<<10)
}
