package emulator_test

import (
	"context"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/storage"
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
	b.open(app.url + "/")
	b.press("Sign in")
	b.signIn(email)
	b.reads("Signed in as " + email)
	return b
}

func (b *tab) clear(field string) {
	b.t.Helper()
	b.step("clear "+field, chromedp.Evaluate[chromedp.Void]("document.querySelector('"+field+"').value = ''"))
}

// does clicks a button of the application that stays on its page.
func (b *tab) does(button, answer string) {
	b.t.Helper()
	b.step("press "+button, chromedp.Click(chromedp.CSS(button)))
	b.reads(answer)
}

// hostedCookies are what the browser keeps for the emulator.
func (b *tab) hostedCookies(s *service) []string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	result, err := chromedp.CallBrowser(ctx, storage.GetCookies,
		storage.GetCookiesParams{BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID})
	require.NoError(b.t, err)
	address, err := url.Parse(s.origin)
	require.NoError(b.t, err)
	var names []string
	for _, cookie := range result.Cookies {
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
	b.write("#value", "grüße & \"quotes\"")
	b.does("#set", `200 {"thing:1":"grüße & \"quotes\"","welcome":true}`)
	b.does("#get", `200 {"key":"thing:1","value":"grüße & \"quotes\""}`)
	b.does("#delete", `200 true`)
	b.does("#get", `404 {"status":404,"error":"Key not found"}`)
	b.does("#delete", `200 false`)

	kept := value[string](b, "location.href + document.cookie + JSON.stringify([localStorage, sessionStorage, history.state]) + document.documentElement.outerHTML")
	require.NotContains(t, kept, "eyJ", "the token is in a variable only")
}

func TestAFrontEndFindsItsDataAfterExpiry(t *testing.T) {
	app := startFrontEnd(t)
	b := app.arrive(t, adaShort)
	b.write("#value", "kept")
	b.does("#set", `"thing:1":"kept"`)
	app.service.control("advance", map[string]int{"seconds": 8 * 24 * 60 * 60})

	b.step("get with an expired token", chromedp.Click(chromedp.CSS("#get")))
	b.reads("Continue as " + adaShort) // it went to sign in, without session_token
	require.NotContains(t, value[string](b, "location.search"), "session_token")
	b.press("Continue as")
	b.reads("Signed in as " + adaShort + ", user 1")
	b.does("#get", `200 {"key":"thing:1","value":"kept"}`)
	b.does("#delete", "200 true")
	b.clear("#value")
}

func TestSeveralTabsSignInAtOnce(t *testing.T) {
	app := startFrontEnd(t)
	first := visit(t)
	second := first.another()
	for _, b := range []*tab{first, second} {
		b.open(app.url + "/")
		b.press("Sign in")
		b.until("be asked", "document.querySelector('input[name=email]')")
	}
	second.signIn(adaShort)
	second.reads("Signed in as " + adaShort)
	first.signIn(adaShort)
	first.reads("Signed in as " + adaShort)
	first.write("#value", "of the first")
	first.does("#set", `"thing:1":"of the first"`)
	second.does("#get", `"value":"of the first"`)

	first.press("Sign out")
	first.reads("Signed out")
	second.step("get with a superseded token", chromedp.Click(chromedp.CSS("#get")))
	second.until("be asked for the account", "document.querySelector('input[name=email]')")
	second.signIn(adaShort)
	second.reads("Signed in as " + adaShort)
	second.does("#get", `"value":"of the first"`)
}

func TestSigningOutEndsTheHostedSignIn(t *testing.T) {
	app := startFrontEnd(t)
	b := app.arrive(t, adaShort)
	require.Len(t, b.hostedCookies(app.service), 1)
	other := b.another()
	other.open(app.service.origin + "/app/self")
	other.reads("Signed in as " + adaShort)

	b.press("Sign out")
	b.reads("Signed out")
	require.Equal(t, app.url+"/", value[string](b, "location.href"))
	require.Empty(t, b.hostedCookies(app.service))
	other.open(app.service.origin + "/app/self")
	other.until("be asked for the account", "document.querySelector('input[name=email]')")
	b.press("Sign in")
	b.until("be asked for the account", "document.querySelector('input[name=email]')")
	require.NotContains(t, value[string](b, "document.body.innerText"), "Continue as")
	b.press("Cancel")
	b.reads("access_denied")
}
