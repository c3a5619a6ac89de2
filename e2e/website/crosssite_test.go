package website_test

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
)

// attackersReturn is how the attacker's own sign-in would end: a callback URL
// with a good token of theirs and the state that belongs to it, never opened.
func attackersReturn(t *testing.T, site *website) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	attacker := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == "/auth/callback" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, site.url+"/notes", nil)
	require.NoError(t, err)
	r.Header.Set("Accept", "text/html")
	login, err := attacker.Do(r)
	require.NoError(t, err)
	login.Body.Close()
	require.Equal(t, "/app/sessions/login", login.Request.URL.Path)
	form := url.Values{"email": {"mallory@example.com"}, "action": {"sign-in"}}
	back, err := attacker.PostForm(login.Request.URL.String(), form)
	require.NoError(t, err)
	back.Body.Close()
	address := back.Header.Get("Location")
	require.True(t, strings.HasPrefix(address, site.url+"/auth/callback?"), "status %d, %s", back.StatusCode, address)
	require.Contains(t, address, "sessionToken=")
	require.Contains(t, address, "state=")
	return address
}

func without(t *testing.T, address, parameter string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	query := parsed.Query()
	query.Del(parameter)
	parsed.RawQuery = query.Encode()
	return parsed.String()
}

// stillAda makes sure that the visitor is who they were, in a tab of its own.
func stillAda(b *tab, note string) {
	b.T.Helper()
	logins := b.traffic.logins()
	own := b.another()
	own.see("/notes")
	own.at("/notes")
	own.signedInAs(ada)
	own.lists(note)
	require.Equal(b.T, logins, b.traffic.logins(), "the visitor had to sign in again")
}

func TestAnotherSiteCannotSignTheVisitorInAsTheAttacker(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	for name, address := range map[string]string{
		"with the attacker's state": attackersReturn(t, site),
		"without a state":           without(t, attackersReturn(t, site), "state"),
	} {
		t.Logf("a link %s", name)
		link := fmt.Sprintf(`<a href="%s">win a prize</a>`, template.HTMLEscapeString(address))
		b.Open(chromium.EvilPage(t, link))
		b.Follow("win a prize")
		assert.Equal(t, 400, b.Status(), name)
		require.NotContains(t, b.Text("document.body.innerText"), "mallory")
		stillAda(b, "buy milk")

		b.Open(chromium.EvilPage(t, fmt.Sprintf(`<img src="%s" onerror="document.title = 'tried'">`, template.HTMLEscapeString(address))))
		b.Until("the image", "document.title === 'tried'")
		stillAda(b, "buy milk")
	}
}

// A visitor who is about to sign in has a login cookie, but not the attacker's.
func TestAnotherSiteCannotFinishTheVisitorsSignIn(t *testing.T) {
	site := start(t)
	b := visit(t, site)
	b.see("/notes")
	b.asked()
	other := b.another()
	other.Open(chromium.EvilPage(t, fmt.Sprintf(`<a href="%s">win a prize</a>`, template.HTMLEscapeString(attackersReturn(t, site)))))
	other.Follow("win a prize")
	assert.Equal(t, 400, other.Status())
	other.see("/notes")
	other.asked()

	b.signIn(ada)
	b.signedInAs(ada)
}

func TestAnotherSiteCannotSignTheVisitorOut(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")

	b.Open(chromium.EvilPage(t, fmt.Sprintf(`<form method="post" action="%s/auth/logout"><button>win a prize</button></form>`, site.url)))
	b.Press("win a prize")
	b.Reads("sent by another site")
	assert.Equal(t, 403, b.Status())
	stillAda(b, "buy milk")

	b.Open(chromium.EvilPage(t, fmt.Sprintf(`<form method="post" action="%s/auth/logout"></form><script>document.forms[0].submit()</script>`, site.url)))
	b.Reads("sent by another site")
	stillAda(b, "buy milk")

	b.Open(chromium.EvilPage(t, fmt.Sprintf(`<img src="%s/auth/logout" onerror="document.title = 'tried'">`, site.url)))
	b.Until("the image", "document.title === 'tried'")
	stillAda(b, "buy milk")

	b.Open(chromium.EvilPage(t, fmt.Sprintf(`<a href="%s/auth/logout">win a prize</a>`, site.url)))
	b.Follow("win a prize")
	assert.Equal(t, 404, b.Status())
	stillAda(b, "buy milk")
}

func TestAnotherSiteCannotWriteOrDelete(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	for _, path := range []string{"/notes", "/delete-all"} {
		b.Open(chromium.EvilPage(t, fmt.Sprintf(
			`<form method="post" action="%s"><input name="text" value="forged"><button>win a prize</button></form>`, site.url+path)))
		b.Press("win a prize")
		assert.Equal(t, 403, b.Status(), path)
		stillAda(b, "buy milk")
	}
	b.see("/notes")
	b.absent("forged")
}

func TestAnotherSiteCannotReadAPage(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	reader := visitorsReader(t, b, site)

	for _, attempt := range []string{
		`fetch(page, {credentials: 'include'}).then(answer => answer.text())`,
		`fetch(page, {credentials: 'include', mode: 'no-cors'}).then(answer => answer.text())`,
		`new Promise(done => { const frame = document.createElement('iframe'); frame.src = page
			frame.onload = () => { try { done(frame.contentDocument.body.innerText) } catch { done('') } }
			document.body.append(frame) })`,
		`new Promise(done => { const script = document.createElement('script'); script.src = page
			script.onload = script.onerror = () => done(document.documentElement.innerText); document.body.append(script) })`,
	} {
		got := reader.Text(fmt.Sprintf("(async () => { const page = %q; try { return await (%s) } catch { return '' } })()", site.url+"/notes", attempt))
		assert.NotContains(t, got, "buy milk", attempt)
		assert.NotContains(t, got, ada, attempt)
	}
	assert.EventuallyWithT(t, func(c *assert.CollectT) { // the browser reports on its own time
		assert.Equal(c, []int64{401, 401, 401, 401}, reader.traffic.answers(site.url+"/notes"))
	}, chromium.Patience, 20*time.Millisecond, "each was asked of the site, without the cookie")
	assert.Zero(t, reader.traffic.logins(), "nothing but a navigation is redirected to sign in")
	stillAda(b, "buy milk")
}

// visitorsReader is the other site in a tab of the visitor's, with traffic of
// its own.
func visitorsReader(t *testing.T, b *tab, site *website) *tab {
	t.Helper()
	seen := &traffic{}
	reader := &tab{b.Beside(chromedp.WithListener(seen.observe)), site, seen}
	reader.Open(chromium.EvilPage(t, ""))
	return reader
}
