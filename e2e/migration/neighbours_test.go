package migration_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
	"github.com/secureflows/secureflows-go/secureflowstest/authreturntest"
	"github.com/secureflows/secureflows-go/secureflowstest/vertesiatest"
)

// host is the one of the site, over https. Its neighbours are evil.
const (
	host = "app." + chromium.SiteDomain
	evil = "evil." + chromium.SiteDomain
)

// httpsSite is a site that signs people in by both providers.
type httpsSite struct {
	url        string
	server     *httptest.Server // answers for every host
	authReturn *authreturntest.Server
	vertesia   *vertesiatest.Server
}

func startHTTPS(t *testing.T) *httpsSite {
	t.Helper()
	mux := http.NewServeMux()
	s := &httpsSite{server: httptest.NewTLSServer(mux), authReturn: authreturntest.NewServer(t), vertesia: vertesiatest.NewServer(t)}
	t.Cleanup(s.server.Close)
	s.url = strings.Replace(s.server.URL, "127.0.0.1", host, 1)
	s.authReturn.UserID(ada) // signed up long ago
	s.vertesia.Token(ada)
	s.vertesia.Token(mallory)
	done := func(w http.ResponseWriter, _ *http.Request, identity secureflows.Identity, _ secureflows.Token) error {
		http.SetCookie(w, &http.Cookie{
			Name: "__Host-by", Value: identity.Provider, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
		return nil
	}
	one, err := authreturn.New(authreturn.Config{Origin: s.authReturn.Origin()})
	require.NoError(t, err)
	oneSignIn, err := authreturn.NewSignIn(one, authreturn.SignInConfig{CallbackURL: s.url + "/one/callback", Done: done})
	require.NoError(t, err)
	other, err := vertesia.New(vertesia.Config{
		Issuer: s.vertesia.Origin(), Types: []string{"user"}, Accounts: []string{vertesiatest.AccountID},
		CentralAuth: s.vertesia.CentralAuth(), Now: s.vertesia.Now,
	})
	require.NoError(t, err)
	otherSignIn, err := vertesia.NewSignIn(other, vertesia.SignInConfig{CallbackURL: s.url + "/other/callback", Done: done})
	require.NoError(t, err)
	mux.HandleFunc("GET /one/callback/{nonce}", oneSignIn.Callback)
	mux.HandleFunc("GET /one", func(w http.ResponseWriter, r *http.Request) { oneSignIn.Login(w, r, "/notes") })
	mux.HandleFunc("/other/callback", otherSignIn.Callback)
	mux.HandleFunc("GET /other", func(w http.ResponseWriter, r *http.Request) {
		otherSignIn.Login(w, r, "/notes", vertesia.Selection{})
	})
	mux.HandleFunc("GET /notes", func(w http.ResponseWriter, r *http.Request) {
		by := "nobody"
		if cookie, err := r.Cookie("__Host-by"); err == nil {
			by = cookie.Value
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><title>Notes</title><p>Signed in by %s", html.EscapeString(by))
	})
	return s
}

// unused gives the end of a sign-in of Mallory's that has not come back yet, and
// the cookie of the attempt.
func (s *httpsSite) unused(t *testing.T) (back string, cookie *http.Cookie) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+"/other", nil)
	require.NoError(t, err)
	answer, err := s.server.Client().Transport.RoundTrip(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Len(t, answer.Cookies(), 1)
	return s.vertesia.SignIn(answer.Header.Get("Location"), mallory), answer.Cookies()[0]
}

func TestSignInsOverHTTPS(t *testing.T) {
	site := startHTTPS(t)
	one := chromium.VisitSites(t)
	one.Open(site.url + "/one")
	assert.Condition(t, func() bool { return has(one, "__Host-authreturn-begun-") })
	one.Write("input[name=email]", ada)
	one.Write("input[name=password]", authreturntest.Password)
	one.Press("Log in")
	one.Reads("Signed in by authreturn")
	assert.Condition(t, func() bool { return !has(one, "__Host-authreturn-") })

	other := chromium.VisitSites(t)
	other.Open(site.url + "/other")
	assert.Condition(t, func() bool { return has(other, "__Host-vertesia_state-") })
	other.Write("input[name=email]", ada)
	other.Press("Continue")
	other.Reads("Signed in by vertesia")
	assert.Condition(t, func() bool { return !has(other, "__Host-vertesia_") })
}

func has(tab *chromium.Tab, prefix string) bool {
	for _, cookie := range tab.Cookies() {
		if strings.HasPrefix(cookie.Name, prefix) {
			return true
		}
	}
	return false
}

// A neighbour, and whoever can answer for the site over plain http, can plant
// cookies for it. With the attempt of Mallory's among them, her link would sign a
// visitor in as Mallory.
func TestNobodyPlantsAnAttempt(t *testing.T) {
	site := startHTTPS(t)
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>plain</title>"))
	}))
	t.Cleanup(plain.Close)
	for _, from := range []string{
		strings.Replace(plain.URL, "127.0.0.1", host, 1), strings.Replace(plain.URL, "127.0.0.1", evil, 1),
		strings.Replace(site.server.URL, "127.0.0.1", evil, 1) + "/notes",
	} {
		back, cookie := site.unused(t)
		victim := chromium.VisitSites(t)
		victim.Open(from)
		for _, attributes := range []string{"path=/", "path=/; secure", "path=/; domain=" + chromium.SiteDomain, "path=/; secure; domain=" + chromium.SiteDomain} {
			for _, name := range []string{cookie.Name, "=" + cookie.Name, strings.ToLower(cookie.Name), strings.TrimPrefix(cookie.Name, "__Host-")} {
				victim.Text(fmt.Sprintf("document.cookie = %q, document.cookie", name+"="+cookie.Value+"; "+attributes))
			}
		}
		assert.NotEmpty(t, victim.Text("document.cookie"), "some of it is taken")
		victim.Open(back)
		victim.Reads("Sign-in failed")
		victim.Open(site.url + "/notes")
		victim.Reads("Signed in by nobody")
	}
}
