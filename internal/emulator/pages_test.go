package emulator_test

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// everyPage opens each kind of page there is, with tokens in every place that a
// page might repeat.
func everyPage(t *testing.T, s *service, token string) map[string]reply {
	t.Helper()
	s.session(ada, `{"`+token+`":"`+token+`","nested":{"x":["`+token+`"]}}`)
	b, stranger := s.signedIn(t, ada), s.browser(t)
	renewal := loginURL("session_token", token)
	return map[string]reply{
		"welcome":          stranger.open("/"),
		"not found":        stranger.open("/app/" + token),
		"document":         stranger.open("/docs/read/?path=docs%2Fintegration%2Ferrors.md"),
		"login":            stranger.open(loginURL()),
		"renewal":          stranger.open(renewal),
		"two tokens":       stranger.open(loginURL("session_token", "", "session_token", token)),
		"token as state":   stranger.open(loginURL("state", token)),
		"renewal, refused": stranger.press(stranger.open(renewal), "Continue", "email", token),
		"continue as":      b.open(renewal),
		"another account":  b.press(b.open(renewal), "Use another account"),
		"bad redirect URI": stranger.open(loginURL() + "&redirect_uri=x&session_token=" + token),
		"tokens in the redirect URI": stranger.open("/app/sessions/login" + query("app_id", demoApp, "workspace_name", demoWorkspace,
			"redirect_uri", "http://localhost/?session_token="+token)),
		"bad workspace":     stranger.open("/app/sessions/login" + query("app_id", demoApp, "workspace_name", token, "redirect_uri", demoCallback)),
		"bad application":   stranger.open("/app/sessions/login" + query("app_id", token, "workspace_name", demoWorkspace, "redirect_uri", demoCallback)),
		"account, sign-in":  stranger.open("/app/self"),
		"account, refused":  stranger.press(stranger.open("/app/self"), "Continue", "email", token),
		"account":           b.open("/app/self"),
		"account, question": b.press(b.open("/app/self"), "Revoke"),
		"foreign form":      b.post(url.Values{"action": {token}}, "Sec-Fetch-Site", "cross-site"),
		"account, revoked":  b.press(b.press(b.open("/app/self"), "Revoke"), "Revoke"),
	}
}

func TestNoPageShowsAToken(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, "")
	for name, page := range everyPage(t, s, token) {
		require.NotContains(t, page.body, token, name)
		require.NotContains(t, page.body, token[:20], name)
		require.NotContains(t, page.body, token[len(token)-20:], name)
		require.NotContains(t, page.body, "eyJ", name)
	}
}

func TestThePagesAreWellFormed(t *testing.T) {
	s := serve(t, demo())
	titles := map[string]bool{}
	for name, page := range everyPage(t, s, s.session(ada, "")) {
		require.Contains(t, page.header.Get("Content-Type"), "text/html", name)
		for _, once := range []string{
			`<html lang="en">`, "<title>", "<h1>", "<main", "</main>", "<header>", "<footer>",
			`<meta name="viewport" content="width=device-width, initial-scale=1">`, `<meta name="color-scheme" content="light dark">`,
		} {
			require.Equal(t, 1, strings.Count(page.body, once), "%s: %s", name, once)
		}
		for _, none := range []string{"<script", " style=", " onclick", "javascript:", "ZgotmplZ", "https://"} {
			require.NotContains(t, page.body, none, name)
		}
		for _, field := range regexp.MustCompile(`<input id="([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
			require.Contains(t, page.body, `<label for="`+field[1]+`">`, name)
		}
		for _, reference := range regexp.MustCompile(`aria-(?:describedby|labelledby)="([^"]+)"`).FindAllStringSubmatch(page.body, -1) {
			require.Contains(t, page.body, ` id="`+reference[1]+`"`, name)
		}
		titles[regexp.MustCompile("<title>(.*)</title>").FindString(page.body)] = true
	}
	require.Greater(t, len(titles), 5)
}

func TestHeadersOfThePages(t *testing.T) {
	s := serve(t, demo())
	for name, page := range everyPage(t, s, s.session(ada, "")) {
		_, style, _ := strings.Cut(page.body, "<style>")
		style, _, _ = strings.Cut(style, "</style>")
		sum := sha256.Sum256([]byte(style))
		require.Equal(t, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
			"'; img-src data:; base-uri 'none'; frame-ancestors 'none'", page.header.Get("Content-Security-Policy"), name)
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		} {
			require.Equal(t, want, page.header.Get(header), "%s: %s", name, header)
		}
	}
}

func TestWhatComesFromOutsideIsEscaped(t *testing.T) {
	const hostile = `"'><script>alert(1)</script><b a='`
	s := serve(t, emulator.Config{Workspaces: []emulator.Workspace{{Name: "w" + hostile, Apps: []emulator.App{{
		ID: "a" + hostile, DisplayName: "A" + hostile, RedirectURIs: []string{"http://localhost:8080/?" + "%22'><script>alert(1)</script>"}}}}}})
	email := `"'><script>alert(1)</script>@example.com`
	token, err := s.mock.CreateSession("w"+hostile, "a"+hostile, email)
	require.NoError(t, err)
	s.as(token, "POST", "/api/v1/sessions/set/"+url.PathEscape(hostile), `{"`+`</pre><script>alert(1)</script>`+`":"\"'<script>"}`)
	b := s.signedIn(t, email)
	login := html.UnescapeString(regexp.MustCompile(`href="(/app/sessions/login[^"]*)"`).FindStringSubmatch(b.open("/").body)[1])
	for name, page := range map[string]reply{
		"welcome":           b.open("/"),
		"continue as":       b.open(login),
		"no email":          b.press(b.press(b.open(login), "Use another account"), "Continue", "email", hostile),
		"account":           b.open("/app/self"),
		"question":          b.press(b.open("/app/self"), "Revoke"),
		"mistake":           b.open(strings.Replace(login, "redirect_uri=", "redirect_uri="+url.QueryEscape(hostile), 1)),
		"other app":         b.open(strings.Replace(login, "app_id=", "app_id="+url.QueryEscape(hostile), 1)),
		"no email, account": s.browser(t).post(url.Values{"email": {hostile}}),
	} {
		require.Contains(t, page.body, "&lt;script&gt;", name)
		for _, raw := range []string{"<script", "<b a", `"'>`, "ZgotmplZ"} {
			require.NotContains(t, page.body, raw, name)
		}
	}
}

func TestTheWelcomePageLeadsToALogin(t *testing.T) {
	s := serve(t, demo())
	b := s.browser(t)
	page := b.open("/")
	require.Contains(t, page.body, `<a href="/app/self">`)
	link := html.UnescapeString(regexp.MustCompile(`href="(/app/sessions/login[^"]*)"`).FindStringSubmatch(page.body)[1])
	got := b.press(b.open(link), "Continue", "email", ada)
	require.Equal(t, 302, got.status)
	require.True(t, strings.HasPrefix(got.header.Get("Location"), emulator.DefaultRedirectURIs()[0]+"?sessionToken="))

	s = serve(t, emulator.Config{Workspaces: []emulator.Workspace{{Name: "empty"}, {Name: "w", Apps: []emulator.App{{ID: "none"}}}}})
	require.NotContains(t, s.browser(t).open("/").body, "/app/sessions/login")
}

func TestTheLoginPageSaysWhatItIsFor(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, `{"a":1}`)
	require.NoError(t, s.mock.ExpireToken(token))
	b := s.browser(t)
	page := b.open(loginURL())
	for _, text := range []string{"<h1>Sign in to Demo App</h1>", "Workspace demo-workspace", "return to localhost:8080", "emulator", "no password"} {
		require.Contains(t, page.body, text)
	}
	require.NotContains(t, page.body, "has expired")

	page = b.open(loginURL("session_token", token, "state", "s"))
	require.Contains(t, page.body, "Your sign-in has expired. Continue to go on where you were")
	got := returned(t, b.press(page, "Cancel"))
	require.Equal(t, "access_denied", got.Get("error"))
	require.Equal(t, "s", got.Get("state"))

	b = s.signedIn(t, bob)
	page = b.press(b.open(loginURL("session_token", token)), "Use another account")
	require.Contains(t, page.body, "has expired")
	got = returned(t, b.press(page, "Continue", "email", ada))
	ok(t, s.as(got.Get("sessionToken"), "GET", create, ""), `{"a":1}`)
}

func TestAMistakeInALoginLinkIsExplained(t *testing.T) {
	s := serve(t, demo())
	for wrong, want := range map[[2]string][]string{
		{"workspace_name", ""}:               {"has no workspace_name"},
		{"app_id", ""}:                       {"has no app_id"},
		{"redirect_uri", ""}:                 {"has no redirect_uri"},
		{"workspace_name", "Demo-Workspace"}: {"no workspace", "<code>Demo-Workspace</code>", "<code>demo-workspace</code>", "-workspace NAME"},
		{"app_id", "other"}:                  {"demo-workspace has no application", "<code>other</code>", "<code>demo-app</code>", "-app ID"},
		{"redirect_uri", "http://localhost:5173/callback"}: {"not on the allowlist of the application demo-app",
			"<code>" + demoCallback + "</code>", "-redirect-uri &#39;http://localhost:5173/callback&#39;"},
		{"redirect_uri", "http://localhost:5173/#home"}: {"cannot be allowlisted: it has a fragment"},
		{"redirect_uri", "/callback"}:                   {"it is not absolute"},
		{"redirect_uri", "javascript:alert(1)"}:         {"runs code"},
	} {
		values := url.Values{"app_id": {demoApp}, "workspace_name": {demoWorkspace}, "redirect_uri": {demoCallback}}
		values.Set(wrong[0], wrong[1])
		page := s.do("GET", "/app/sessions/login?"+values.Encode(), "")
		require.Equal(t, http.StatusBadRequest, page.status)
		for _, text := range want {
			require.Contains(t, page.body, text)
		}
	}
	// Nothing to paste that would leave the quotes of a shell.
	page := s.do("GET", strings.Replace(loginURL(), url.QueryEscape(demoCallback), url.QueryEscape("http://localhost/';reboot;'"), 1), "")
	require.Equal(t, http.StatusBadRequest, page.status)
	require.NotContains(t, page.body, "-redirect-uri")
}
