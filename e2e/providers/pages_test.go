package providers_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
	"github.com/secureflows/secureflows-go/secureflowstest/authreturntest"
	"github.com/secureflows/secureflows-go/secureflowstest/vertesiatest"
)

func TestMain(m *testing.M) { chromium.Run(m) }

const (
	email    = `input[name="email"]`
	password = `input[name="password"]`
)

// application answers everything, on an origin of its own.
func application(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<h1>The application</h1>"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAuthReturn(t *testing.T) {
	server, back := authreturntest.NewServer(t), application(t)+"/callback/6f1d"
	b := chromium.Visit(t)
	b.Open(server.Origin() + "/auth/login?redirect_uri=" + url.QueryEscape(back))
	b.Write(email, "ada@example.com")
	b.Write(password, "battery staple")
	b.Press("Log in")
	b.Reads("Invalid email or password")
	b.Follow("Sign up instead")
	b.Write(email, "ada@example.com")
	b.Write(password, "battery staple")
	b.Press("Sign up")
	b.Reads("The application")
	require.Equal(t, back, b.Text("location.origin + location.pathname"))
	require.True(t, b.Holds("new URLSearchParams(location.search).get('token').split('.').length === 3"))

	// Pages of every origin may call the service.
	status := b.Text(`fetch(` + quoted(server.Origin()+"/api/verify") + `, {method: 'POST', headers: {'Content-Type': 'application/json'},
		body: JSON.stringify({token: new URLSearchParams(location.search).get('token')})}).then(answer => answer.text())`)
	require.JSONEq(t, `{"valid":true,"user":{"id":1,"email":"ada@example.com"}}`, status)
}

func TestVertesia(t *testing.T) {
	server, app := vertesiatest.NewServer(t), application(t)
	server.Subject("ada@example.com") // signs Ada up
	login := server.CentralAuth() + "/?" + url.Values{
		"sts": {server.Origin()}, "redirect_uri": {app + "/callback?a=" + vertesiatest.AccountID}, "state": {"6f1d"},
	}.Encode()
	b := chromium.Visit(t)
	b.Open(login)
	b.Write(email, "ada@example.com")
	b.Press("Continue")
	b.Reads("The application")
	require.Equal(t, app+"/callback", b.Text("location.origin + location.pathname"))
	require.Equal(t, "6f1d", b.Text("new URLSearchParams(location.hash.slice(1)).get('state')"))
	require.True(t, b.Holds("new URLSearchParams(location.hash.slice(1)).get('token').split('.').length === 3"))

	b.Open(login)
	b.Until("be known again", "document.querySelector('input').value === 'ada@example.com'")
	b.Open(server.CentralAuth() + "/logout?redirect_uri=" + url.QueryEscape(app+"/bye"))
	b.Reads("The application")
	b.Open(login)
	b.Until("be forgotten", "document.querySelector('input').value === ''")
}

// quoted is a text as a script has it.
func quoted(text string) string { return "'" + text + "'" }
