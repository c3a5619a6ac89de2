package e2e_test

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// evilHost is another site than the website's localhost. Chromium resolves it
// to this machine.
const evilHost = "evil.example"

// evil serves a page of another site, with the given body, and gives its
// address.
func evil(t *testing.T, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!DOCTYPE html><title>evil</title><body>%s", body)
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	return "http://" + evilHost + ":" + address.Port() + "/"
}

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
	b.t.Helper()
	logins := b.traffic.logins()
	own := b.another()
	own.see("/notes")
	own.at("/notes")
	own.signedInAs(ada)
	own.lists(note)
	require.Equal(b.t, logins, b.traffic.logins(), "the visitor had to sign in again")
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
		b.open(evil(t, link))
		b.follow("win a prize")
		assert.Equal(t, 400, b.status(), name)
		require.NotContains(t, value[string](b, "document.body.innerText"), "mallory")
		stillAda(b, "buy milk")

		b.open(evil(t, fmt.Sprintf(`<img src="%s" onerror="document.title = 'tried'">`, template.HTMLEscapeString(address))))
		b.until("the image", "document.title === 'tried'")
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
	other.open(evil(t, fmt.Sprintf(`<a href="%s">win a prize</a>`, template.HTMLEscapeString(attackersReturn(t, site)))))
	other.follow("win a prize")
	assert.Equal(t, 400, other.status())
	other.see("/notes")
	other.asked()

	b.signIn(ada)
	b.signedInAs(ada)
}

func TestAnotherSiteCannotSignTheVisitorOut(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")

	b.open(evil(t, fmt.Sprintf(`<form method="post" action="%s/auth/logout"><button>win a prize</button></form>`, site.url)))
	b.press("win a prize")
	b.reads("sent by another site")
	assert.Equal(t, 403, b.status())
	stillAda(b, "buy milk")

	b.open(evil(t, fmt.Sprintf(`<form method="post" action="%s/auth/logout"></form><script>document.forms[0].submit()</script>`, site.url)))
	b.reads("sent by another site")
	stillAda(b, "buy milk")

	b.open(evil(t, fmt.Sprintf(`<img src="%s/auth/logout" onerror="document.title = 'tried'">`, site.url)))
	b.until("the image", "document.title === 'tried'")
	stillAda(b, "buy milk")

	b.open(evil(t, fmt.Sprintf(`<a href="%s/auth/logout">win a prize</a>`, site.url)))
	b.follow("win a prize")
	assert.Equal(t, 404, b.status())
	stillAda(b, "buy milk")
}

func TestAnotherSiteCannotWriteOrDelete(t *testing.T) {
	site := start(t)
	b := arrive(t, site, ada)
	b.note("buy milk")
	for _, path := range []string{"/notes", "/delete-all"} {
		b.open(evil(t, fmt.Sprintf(
			`<form method="post" action="%s"><input name="text" value="forged"><button>win a prize</button></form>`, site.url+path)))
		b.press("win a prize")
		assert.Equal(t, 403, b.status(), path)
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
		got := value[string](reader, fmt.Sprintf("(async () => { const page = %q; try { return await (%s) } catch { return '' } })()", site.url+"/notes", attempt))
		assert.NotContains(t, got, "buy milk", attempt)
		assert.NotContains(t, got, ada, attempt)
	}
	assert.EventuallyWithT(t, func(c *assert.CollectT) { // the browser reports on its own time
		assert.Equal(c, []int64{401, 401, 401, 401}, reader.traffic.answers(site.url+"/notes"))
	}, patience, 20*time.Millisecond, "each was asked of the site, without the cookie")
	assert.Zero(t, reader.traffic.logins(), "nothing but a navigation is redirected to sign in")
	stillAda(b, "buy milk")
}

// visitorsReader is the other site in a tab of the visitor's, with traffic of
// its own.
func visitorsReader(t *testing.T, b *tab, site *website) *tab {
	t.Helper()
	reader := (&tab{t: t, site: site, traffic: &traffic{}}).begin(b.ctx)
	reader.open(evil(t, ""))
	return reader
}
