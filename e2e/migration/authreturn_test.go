package migration_test

import (
	"crypto/rand"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/e2e/internal/chromium"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/authreturntest"
)

const mallory = "mallory@example.com"

// authReturnSite is a small site with sessions of its own, and AuthReturn behind
// its sign-in.
type authReturnSite struct {
	t    *testing.T
	mock *authreturntest.Server
	url  string

	mu       sync.Mutex
	sessions map[string]string // e-mail addresses, by the cookie
}

// startAuthReturn runs the site on localhost, and the mock, which listens on
// 127.0.0.1, is another site.
func startAuthReturn(t *testing.T) *authReturnSite {
	t.Helper()
	s := &authReturnSite{t: t, mock: authreturntest.NewServer(t), sessions: make(map[string]string)}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	resolver, err := authreturn.New(authreturn.Config{Origin: s.mock.Origin()})
	require.NoError(t, err)
	signIn, err := authreturn.NewSignIn(resolver, authreturn.SignInConfig{CallbackURL: s.url + "/auth/callback", Done: s.begin})
	require.NoError(t, err)
	mux.HandleFunc("GET /auth/callback/{nonce}", signIn.Callback)
	mux.HandleFunc("GET /signup", func(w http.ResponseWriter, r *http.Request) { signIn.Signup(w, r, "/notes") })
	mux.HandleFunc("GET /notes", func(w http.ResponseWriter, r *http.Request) {
		who := s.visitor(r)
		if who == "" {
			signIn.Login(w, r, r.URL.RequestURI())
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!DOCTYPE html><title>Notes</title><h1>Notes</h1><p>Signed in as <b>%s</b></p>", html.EscapeString(who))
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!DOCTYPE html><title>Home</title><p>Visitor: [%s]</p><a href="/notes">Notes</a> <a href="/signup">Sign up</a>`,
			html.EscapeString(s.visitor(r)))
	})
	return s
}

// begin is Done.
func (s *authReturnSite) begin(w http.ResponseWriter, _ *http.Request, identity secureflows.Identity, _ secureflows.Token) error {
	id := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[id] = identity.Email
	http.SetCookie(w, &http.Cookie{Name: "session", Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return nil
}

func (s *authReturnSite) visitor(r *http.Request) string {
	cookie, err := r.Cookie("session")
	if err != nil {
		return ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[cookie.Value]
}

// visitor is one tab of somebody, and the addresses with a token that went
// through it.
type visitor struct {
	*chromium.Tab
	site    *authReturnSite
	returns *returns
}

type returns struct {
	mu        sync.Mutex
	addresses []string
}

func (r *returns) observe(event any) {
	if event, ok := event.(*network.EventRequestWillBeSent); ok && strings.Contains(event.Request.URL, "token=") {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.addresses = append(r.addresses, event.Request.URL)
	}
}

// last is the newest address with a token, and that token.
func (v *visitor) last() (address, token string) {
	v.T.Helper()
	v.returns.mu.Lock()
	defer v.returns.mu.Unlock()
	require.NotEmpty(v.T, v.returns.addresses)
	address = v.returns.addresses[len(v.returns.addresses)-1]
	u, err := url.Parse(address)
	require.NoError(v.T, err)
	return address, u.Query().Get("token")
}

func (s *authReturnSite) visit() *visitor {
	s.t.Helper()
	seen := &returns{}
	return &visitor{chromium.Visit(s.t, chromedp.WithListener(seen.observe)), s, seen}
}

func (v *visitor) at(path string) {
	v.T.Helper()
	v.Until("be at "+path, fmt.Sprintf("location.href === %q", v.site.url+path))
}

// logIn fills in the hosted page.
func (v *visitor) logIn(email, button string) {
	v.T.Helper()
	v.Until("be asked by AuthReturn", fmt.Sprintf("location.origin === %q && document.querySelector('input[name=email]')", v.site.mock.Origin()))
	v.Write("input[name=email]", email)
	v.Write("input[name=password]", authreturntest.Password)
	v.Press(button)
}

// keepsNot makes sure that neither page nor profile has a token.
func (v *visitor) keepsNot(token string) {
	v.T.Helper()
	require.Greater(v.T, len(token), 40)
	places := append(v.History(), v.Text(`JSON.stringify([
		document.documentElement.outerHTML, document.cookie, Object.entries(localStorage), Object.entries(sessionStorage),
		location.href, document.referrer, window.name, history.state, performance.getEntries().map(entry => entry.name)])`))
	for _, cookie := range v.Cookies() {
		places = append(places, cookie.Name+"="+cookie.Value)
	}
	for _, place := range places {
		for _, part := range strings.Split(token, ".")[1:] {
			assert.NotContains(v.T, place, part)
		}
		assert.NotContains(v.T, place, "token=")
	}
}

func TestAuthReturnLogin(t *testing.T) {
	site := startAuthReturn(t)
	site.mock.UserID(ada) // signed up long ago
	v := site.visit()
	v.Open(site.url + "/")
	v.Open(site.url + "/notes?find=a%20%26%20b")
	v.logIn(ada, "Log in")
	v.at("/notes?find=a%20%26%20b")
	v.Reads("Signed in as " + ada)
	_, token := v.last()
	v.keepsNot(token)
	for _, cookie := range v.Cookies() {
		assert.False(t, strings.HasPrefix(cookie.Name, "authreturn-"), "an attempt is left: %s", cookie.Name)
	}

	v.Reload()
	v.Reads("Signed in as " + ada)
	v.Back() // over the login page, not over the return
	assert.NotContains(t, v.Text("location.href"), "token=")
}

func TestAuthReturnSignup(t *testing.T) {
	site := startAuthReturn(t)
	v := site.visit()
	v.Open(site.url + "/")
	v.Follow("Sign up")
	v.logIn("new@example.com", "Sign up")
	v.at("/notes")
	v.Reads("Signed in as new@example.com")
	_, token := v.last()
	v.keepsNot(token)
}

func TestAuthReturnInSeveralTabs(t *testing.T) {
	site := startAuthReturn(t)
	site.mock.UserID(ada)
	first := site.visit()
	first.Open(site.url + "/notes?tab=1")
	second := &visitor{first.Beside(chromedp.WithListener(first.returns.observe)), site, first.returns}
	second.Open(site.url + "/notes?tab=2")
	first.logIn(ada, "Log in")
	first.at("/notes?tab=1")
	second.logIn(ada, "Log in")
	second.at("/notes?tab=2")
	second.Reads("Signed in as " + ada)
}

// A link to the end of somebody else's sign-in signs a visitor in as nobody,
// whether it was used before or not.
func TestAuthReturnLoginCrossSite(t *testing.T) {
	site := startAuthReturn(t)
	site.mock.UserID(ada)
	attacker := site.visit()
	attacker.Open(site.url + "/notes")
	attacker.logIn(ada, "Log in")
	attacker.at("/notes")
	used, token := attacker.last()

	for _, address := range []string{used, unused(t, site)} {
		victim := site.visit()
		victim.Open(chromium.EvilPage(t, fmt.Sprintf(`<a href="%s">Follow me</a>`, html.EscapeString(address))))
		victim.Follow("Follow me")
		victim.Reads("Sign-in failed")
		assert.Equal(t, 400, victim.Status())
		victim.keepsNot(token)
		victim.Open(site.url + "/")
		victim.Reads("Visitor: []")
	}

	attacker.Open(used)
	attacker.Reads("Sign-in failed")
	attacker.keepsNot(token)
	attacker.Follow("Try again")
}

// unused gives the end of a sign-in of Mallory's that has not come back yet.
func unused(t *testing.T, site *authReturnSite) string {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	r, err := http.NewRequest(http.MethodGet, site.url+"/notes", nil)
	require.NoError(t, err)
	answer, err := transport.RoundTrip(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	return site.mock.SignIn(answer.Header.Get("Location"), mallory)
}

func TestAuthReturnOutage(t *testing.T) {
	site := startAuthReturn(t)
	site.mock.UserID(ada)
	v := site.visit()
	v.Open(site.url + "/notes")
	site.mock.Fail(secureflowstest.Fault{Path: "/api/verify", Status: http.StatusServiceUnavailable})
	v.logIn(ada, "Log in")
	v.Reads("Temporarily unavailable")
	assert.Equal(t, 503, v.Status())
	_, token := v.last()
	v.keepsNot(token)

	v.Follow("Try again")
	v.logIn(ada, "Log in")
	v.at("/notes")
	v.Reads("Signed in as " + ada)
}
