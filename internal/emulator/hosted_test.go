package emulator_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// browser follows redirects on the emulator's origin, keeps cookies, and stops
// where a redirect leaves for the application.
type browser struct {
	t      *testing.T
	client *http.Client
	origin string
}

func (s *service) browser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{Transport: s.client.Transport, Jar: jar}
	client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if strings.HasSuffix(r.URL.Host, ":8080") {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &browser{t, client, s.server.URL}
}

func (b *browser) read(response *http.Response, err error) reply {
	b.t.Helper()
	require.NoError(b.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(b.t, err)
	return reply{response.StatusCode, response.Header, string(text), response.Request.URL}
}

func (b *browser) open(path string) reply {
	b.t.Helper()
	return b.read(b.client.Get(b.origin + path))
}

var (
	formPattern  = regexp.MustCompile(`(?s)<form method="(get|post)" action="([^"]*)">(.*?)</form>`)
	inputPattern = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
)

// press submits the form whose button reads text, with these fields filled in.
func (b *browser) press(page reply, text string, filled ...string) reply {
	b.t.Helper()
	button := regexp.MustCompile(`<button[^>]* name="([^"]+)" value="([^"]+)"[^>]*>` + regexp.QuoteMeta(text))
	for _, form := range formPattern.FindAllStringSubmatch(page.body, -1) {
		pressed := button.FindStringSubmatch(form[3])
		if pressed == nil {
			continue
		}
		values := url.Values{pressed[1]: {pressed[2]}}
		for _, hidden := range inputPattern.FindAllStringSubmatch(form[3], -1) {
			values.Set(hidden[1], hidden[2])
		}
		for i := 0; i < len(filled); i += 2 {
			require.Contains(b.t, form[3], `name="`+filled[i]+`"`)
			values.Set(filled[i], filled[i+1])
		}
		target, err := page.at.Parse(html.UnescapeString(form[2]))
		require.NoError(b.t, err)
		if form[1] == "post" {
			return b.read(b.client.PostForm(target.String(), values))
		}
		target.RawQuery = values.Encode()
		return b.read(b.client.Get(target.String()))
	}
	require.Fail(b.t, "no such button", "%s in %s", text, page.body)
	return reply{}
}

func loginURL(extra ...string) string {
	return "/app/sessions/login" + query(append([]string{
		"app_id", demoApp, "workspace_name", demoWorkspace, "redirect_uri", demoCallback}, extra...)...)
}

func TestHostedLogin(t *testing.T) {
	s := serve(t, demo())
	b := s.browser(t)
	page := b.open(loginURL("state", "s1", "payload", `{"n":1}`, "ttl_seconds", "3600"))
	require.Equal(t, 200, page.status)
	require.Contains(t, page.body, `<label for="email">`)
	require.Contains(t, page.header.Get("Content-Type"), "text/html")
	require.NotContains(t, page.body, "<script")

	got := returned(t, b.press(page, "Continue", "email", ada))
	require.Equal(t, "s1", got.Get("state"))
	ok(t, s.as(got.Get("sessionToken"), "GET", create, ""), `{"n":1}`)

	page = b.open(loginURL("state", "s2"))
	require.Contains(t, page.body, "Continue as "+ada)
	again := returned(t, b.press(page, "Continue as "+ada))
	require.Equal(t, "s2", again.Get("state"))
	ok(t, s.as(again.Get("sessionToken"), "GET", create, ""), `{"n":1}`)

	page = b.press(page, "Use another account")
	require.NotContains(t, page.body, ada)
	other := returned(t, b.press(page, "Continue", "email", bob))
	require.Equal(t, "s2", other.Get("state"))
	ok(t, s.as(other.Get("sessionToken"), "GET", readIdentity, ""), `{"userId":2,"email":"bob@example.com"}`)
	require.Contains(t, b.open(loginURL()).body, "Continue as "+bob)
}

func TestHostedRenewal(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, `{"a":1}`)
	require.NoError(t, s.mock.ExpireToken(token))
	b := s.browser(t)
	got := returned(t, b.press(b.open(loginURL("session_token", token)), "Continue", "email", ada))
	ok(t, s.as(got.Get("sessionToken"), "GET", create, ""), `{"a":1}`)

	b = s.browser(t)
	refused(t, b.press(b.open(loginURL("session_token", token)), "Continue", "email", bob),
		403, `{"status":403,"error":"Firebase user does not own this session"}`)
}

func TestCancellingTheLogin(t *testing.T) {
	s := serve(t, demo())
	b := s.browser(t)
	for _, page := range []reply{b.open(loginURL("state", "s"))} {
		got := returned(t, b.press(page, "Cancel"))
		require.Equal(t, "access_denied", got.Get("error"))
		require.NotEmpty(t, got.Get("error_description"))
		require.Equal(t, "s", got.Get("state"))
	}
}

func TestALoginThatMustNotBeFollowedHasNoWayOn(t *testing.T) {
	s := serve(t, demo())
	b := s.browser(t)
	for _, extra := range [][2]string{
		{"redirect_uri", "https://evil.example/"}, {"workspace_name", "x"}, {"app_id", "x"}, {"redirect_uri", ""},
		{"redirect_uri", `"><script>alert(1)</script>`},
	} {
		values := url.Values{"app_id": {demoApp}, "workspace_name": {demoWorkspace}, "redirect_uri": {demoCallback}}
		values.Set(extra[0], extra[1])
		for _, page := range []reply{
			b.open("/app/sessions/login?" + values.Encode()),
			b.read(b.client.PostForm(b.origin+"/app/sessions/login?"+values.Encode(), url.Values{"email": {ada}})),
		} {
			require.Equal(t, 400, page.status)
			for _, way := range []string{"<form", "<a ", "<script", "http-equiv"} {
				require.NotContains(t, page.body, way)
			}
		}
	}
}

func TestAnEmailThatIsNone(t *testing.T) {
	s := serve(t, demo())
	b := s.browser(t)
	for _, email := range []string{"", "ada", "a b@example.com"} {
		page := b.press(b.open(loginURL()), "Continue", "email", email)
		require.Equal(t, 400, page.status)
		require.Contains(t, page.body, `aria-invalid="true"`)
		returned(t, b.press(page, "Continue", "email", ada))
		b = s.browser(t)
	}
}

func TestTheHostedPagesTakeFormsFromThemselvesOnly(t *testing.T) {
	s := serve(t, demo())
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "http://localhost:8080"}} {
		for _, path := range []string{loginURL(), "/app/self"} {
			got := s.do("POST", path, "email=ada@example.com", header...)
			require.Equal(t, 403, got.status)
			require.Empty(t, got.header.Get("Set-Cookie"))
		}
	}
}

func TestSigningOutEndsTheHostedSignIn(t *testing.T) {
	s := serve(t, demo())
	b := s.browser(t)
	token := returned(t, b.press(b.open(loginURL()), "Continue", "email", ada)).Get("sessionToken")

	request, err := http.NewRequest("POST", b.origin+"/api/v1/auth/logout", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	require.Equal(t, 200, b.read(b.client.Do(request)).status)
	page := b.open(loginURL())
	require.Contains(t, page.body, "Continue as "+ada, "a POST logout leaves the cookie")

	token = returned(t, b.press(page, "Continue as")).Get("sessionToken")
	got := b.open("/api/v1/auth/logout" + query("session_token", token, "redirect_uri", "http://localhost:8080/"))
	require.Equal(t, 302, got.status)
	require.Equal(t, `"cookies"`, got.header.Get("Clear-Site-Data"))
	require.NotContains(t, b.open(loginURL()).body, ada)
}

func TestTheHostedPagesWorkUnderEveryNameOfLoopback(t *testing.T) {
	s := serve(t, demo())
	b := s.browser(t)
	b.origin = strings.Replace(b.origin, "127.0.0.1", "localhost", 1)
	returned(t, b.press(b.open(loginURL()), "Continue", "email", ada))
	require.Contains(t, b.open(loginURL()).body, "Continue as "+ada)
	b.origin = s.server.URL
	returned(t, b.press(b.open(loginURL()), "Continue", "email", bob))
	require.Contains(t, b.open(loginURL()).body, "Continue as "+bob)
}

func TestOtherPages(t *testing.T) {
	s := serve(t, demo())
	b := s.browser(t)
	require.Contains(t, b.open("/").body, s.server.URL)
	require.Contains(t, b.open("/").body, demoApp)
	require.Equal(t, 404, b.open("/app/login").status)
	require.Contains(t, b.open("/docs/read/?path=docs%2Fintegration%2Ferrors.md").body, "410 is not data loss")
	require.Equal(t, 404, b.open("/docs/read/?path=..%2Fgo.mod").status)
}
