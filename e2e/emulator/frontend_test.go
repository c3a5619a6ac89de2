package emulator_test

import (
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// frontEnd is the single-page application of testdata/app.html at an origin of
// its own, and the emulator it uses.
type frontEnd struct {
	url     string
	service *service
}

func startFrontEnd(t *testing.T) *frontEnd {
	t.Helper()
	page, err := template.ParseFiles("testdata/app.html")
	require.NoError(t, err)
	app := &frontEnd{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" && r.URL.Path != "/callback" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Referrer-Policy", "no-referrer")
		_ = page.Execute(w, app.service.origin) // a browser that has gone is no concern
	}))
	t.Cleanup(server.Close)
	// Another site than the emulator's 127.0.0.1, and not only another port.
	app.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	app.service = start(t, "-redirect-uri", app.url+"/callback")
	return app
}

// arrive is a tab of somebody who signs in for the first time.
func (app *frontEnd) arrive(t *testing.T, email string) *tab {
	t.Helper()
	b := visit(t)
	b.Open(app.url + "/")
	b.Press("Sign in")
	b.signIn(email)
	b.Reads("Signed in as " + email)
	return b
}

// does clicks a button of the application that stays on its page.
func (b *tab) does(button, answer string) {
	b.T.Helper()
	b.Step("press "+button, chromedp.Click(chromedp.CSS(button)))
	b.Reads(answer)
}

// hostedCookies are what the browser keeps for the emulator.
func (b *tab) hostedCookies(s *service) []string {
	b.T.Helper()
	address, err := url.Parse(s.origin)
	require.NoError(b.T, err)
	var names []string
	for _, cookie := range b.Cookies() {
		if cookie.Domain == address.Hostname() {
			names = append(names, cookie.Name)
		}
	}
	return names
}

const adaShort = "ada@example.com"

func TestAFrontEndOfAnotherOriginSetsGetsAndDeletes(t *testing.T) {
	app := startFrontEnd(t)
	b := app.arrive(t, adaShort)
	b.Write("#value", "grüße & \"quotes\"")
	b.does("#set", `200 {"thing:1":"grüße & \"quotes\"","welcome":true}`)
	b.does("#get", `200 {"key":"thing:1","value":"grüße & \"quotes\""}`)
	b.does("#delete", `200 true`)
	b.does("#get", `404 {"status":404,"error":"Key not found"}`)
	b.does("#delete", `200 false`)

	kept := b.Text("location.href + document.cookie + JSON.stringify([localStorage, sessionStorage, history.state]) + document.documentElement.outerHTML")
	require.NotContains(t, kept, "eyJ", "the token is in a variable only")
}

func TestAFrontEndFindsItsDataAfterExpiry(t *testing.T) {
	app := startFrontEnd(t)
	b := app.arrive(t, adaShort)
	b.Write("#value", "kept")
	b.does("#set", `"thing:1":"kept"`)
	app.service.control("advance", map[string]int{"seconds": 8 * 24 * 60 * 60})

	b.Step("get with an expired token", chromedp.Click(chromedp.CSS("#get")))
	b.Reads("Continue as " + adaShort) // it went to sign in, without session_token
	require.NotContains(t, b.Text("location.search"), "session_token")
	b.Press("Continue as")
	b.Reads("Signed in as " + adaShort + ", user 1")
	b.does("#get", `200 {"key":"thing:1","value":"kept"}`)
	b.does("#delete", "200 true")
}

func TestSeveralTabsSignInAtOnce(t *testing.T) {
	app := startFrontEnd(t)
	first := visit(t)
	second := first.another()
	for _, b := range []*tab{first, second} {
		b.Open(app.url + "/")
		b.Press("Sign in")
		b.asked()
	}
	second.signIn(adaShort)
	second.Reads("Signed in as " + adaShort)
	first.signIn(adaShort)
	first.Reads("Signed in as " + adaShort)
	first.Write("#value", "of the first")
	first.does("#set", `"thing:1":"of the first"`)
	second.does("#get", `"value":"of the first"`)

	first.Press("Sign out")
	first.Reads("Signed out")
	second.Step("get with a superseded token", chromedp.Click(chromedp.CSS("#get")))
	second.asked()
	second.signIn(adaShort)
	second.Reads("Signed in as " + adaShort)
	second.does("#get", `"value":"of the first"`)
}

func TestSigningOutEndsTheHostedSignIn(t *testing.T) {
	app := startFrontEnd(t)
	b := app.arrive(t, adaShort)
	require.Len(t, b.hostedCookies(app.service), 1)
	other := b.another()
	other.Open(app.service.origin + "/app/self")
	other.Reads("Signed in as " + adaShort)

	b.Press("Sign out")
	b.Reads("Signed out")
	require.Equal(t, app.url+"/", b.Text("location.href"))
	require.Empty(t, b.hostedCookies(app.service))
	other.Open(app.service.origin + "/app/self")
	other.asked()
	b.Press("Sign in")
	b.asked()
	require.NotContains(t, b.Text("document.body.innerText"), "Continue as")
	b.Press("Cancel")
	b.Reads("access_denied")
}
