package authreturn_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
)

const callbackURL = "https://app.example/auth/callback"

func nothing(http.ResponseWriter, *http.Request, secureflows.Identity, secureflows.Token) error {
	return nil
}

// site signs people in, and notes whom.
type site struct {
	*setup
	t      testing.TB
	signIn *authreturn.SignIn
	mux    *http.ServeMux
	log    bytes.Buffer
	done   []secureflows.Identity
	fails  error // what Done gives
}

func newSite(t testing.TB, s *setup, change ...func(*authreturn.SignInConfig)) *site {
	t.Helper()
	site := &site{setup: s, t: t, mux: http.NewServeMux()}
	cfg := authreturn.SignInConfig{CallbackURL: callbackURL, Done: site.start, Logger: slog.New(slog.NewTextHandler(&site.log, nil))}
	for _, each := range change {
		each(&cfg)
	}
	var err error
	site.signIn, err = authreturn.NewSignIn(s.Resolver, cfg)
	require.NoError(t, err)
	site.mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		site.signIn.Login(w, r, r.FormValue("page"))
	})
	site.mux.HandleFunc("GET /signup", func(w http.ResponseWriter, r *http.Request) {
		site.signIn.Signup(w, r, r.FormValue("page"))
	})
	site.mux.HandleFunc("/auth/callback/{nonce}", site.signIn.Callback)
	return site
}

// start is Done.
func (s *site) start(w http.ResponseWriter, r *http.Request, identity secureflows.Identity, token secureflows.Token) error {
	require.NotContains(s.t, r.URL.String()+r.RequestURI+r.Form.Encode(), token.Reveal())
	if s.fails != nil {
		return s.fails
	}
	s.done = append(s.done, identity)
	http.SetCookie(w, &http.Cookie{Name: "session", Value: "of-" + identity.Subject, Path: "/"})
	return nil
}

// browser is one of somebody's, with its cookies.
type browser struct {
	site    *site
	cookies map[string]string
	seen    strings.Builder // all that it was ever sent, but for URLs of the service
}

func (s *site) browser() *browser { return &browser{site: s, cookies: make(map[string]string)} }

// open makes one request and follows no redirect. Headers are given in pairs.
func (b *browser) open(target string, header ...string) *http.Response {
	return b.request(http.MethodGet, target, header...)
}

func (b *browser) request(method, target string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for name, value := range b.cookies {
		r.Header.Add("Cookie", name+"="+value)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.site.mux.ServeHTTP(w, r)
	answer := w.Result()
	for _, cookie := range answer.Cookies() {
		if cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		} else {
			b.cookies[cookie.Name] = cookie.Value
		}
	}
	b.seen.WriteString(w.Body.String())
	for _, values := range answer.Header {
		b.seen.WriteString(strings.Join(values, "\n"))
	}
	return answer
}

// begin goes to the service, and gives the URL that it is to return to.
func (b *browser) begin(path string) (returnTo string) {
	b.site.t.Helper()
	answer := b.open(path)
	require.Equal(b.site.t, http.StatusSeeOther, answer.StatusCode)
	hosted, err := url.Parse(answer.Header.Get("Location"))
	require.NoError(b.site.t, err)
	return hosted.Query().Get("redirect_uri")
}

// end follows the redirect of a sign-in that did not succeed, and gives the page
// that it leads to.
func (b *browser) end(answer *http.Response) *http.Response {
	b.site.t.Helper()
	require.Equal(b.site.t, http.StatusSeeOther, answer.StatusCode)
	location := answer.Header.Get("Location")
	require.True(b.site.t, strings.HasPrefix(location, callbackURL+"/"), location)
	require.NotContains(b.site.t, location, "?")
	return b.open(location)
}
