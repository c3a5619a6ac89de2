package vertesia_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
)

const callbackURL = "https://app.example/auth/callback"

func signIn(t testing.TB, r *vertesia.Resolver, changes ...func(*vertesia.SignInConfig)) *vertesia.SignIn {
	t.Helper()
	cfg := vertesia.SignInConfig{
		CallbackURL: callbackURL,
		Done: func(w http.ResponseWriter, _ *http.Request, identity secureflows.Identity, _ secureflows.Token) error {
			http.SetCookie(w, &http.Cookie{Name: "site", Value: identity.Subject})
			return nil
		},
	}
	for _, change := range changes {
		change(&cfg)
	}
	s, err := vertesia.NewSignIn(r, cfg)
	require.NoError(t, err)
	return s
}

func TestNewSignInRefusesWhatCannotWork(t *testing.T) {
	r := resolver(t, &service{})
	done := func(http.ResponseWriter, *http.Request, secureflows.Identity, secureflows.Token) error { return nil }
	for name, row := range map[string]struct {
		resolver *vertesia.Resolver
		cfg      vertesia.SignInConfig
		says     string
	}{
		"no resolver":     {nil, vertesia.SignInConfig{CallbackURL: callbackURL, Done: done}, "resolver"},
		"no Done":         {r, vertesia.SignInConfig{CallbackURL: callbackURL}, "Done"},
		"no callback":     {r, vertesia.SignInConfig{Done: done}, "CallbackURL"},
		"plain http":      {r, vertesia.SignInConfig{CallbackURL: "http://app.example/cb", Done: done}, "https"},
		"a query":         {r, vertesia.SignInConfig{CallbackURL: callbackURL + "?a=b", Done: done}, "query"},
		"a fragment":      {r, vertesia.SignInConfig{CallbackURL: callbackURL + "#x", Done: done}, "fragment"},
		"a route":         {r, vertesia.SignInConfig{CallbackURL: "https://app.example/auth/{$}", Done: done}, "write https://app.example/auth"},
		"a relative path": {r, vertesia.SignInConfig{CallbackURL: "/auth/callback", Done: done}, "CallbackURL"},
	} {
		_, err := vertesia.NewSignIn(row.resolver, row.cfg)
		require.ErrorIs(t, err, secureflows.ErrInvalidRequest, name)
		assert.ErrorContains(t, err, row.says, name)
	}
}

// browser keeps cookies, as one does.
type browser struct {
	t       testing.TB
	signIn  *vertesia.SignIn
	cookies map[string]*http.Cookie
}

func browse(t testing.TB, s *vertesia.SignIn) *browser {
	return &browser{t, s, map[string]*http.Cookie{}}
}

func (b *browser) do(handler http.HandlerFunc, r *http.Request) *httptest.ResponseRecorder {
	b.t.Helper()
	for _, cookie := range b.cookies {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	handler(w, r)
	for _, cookie := range w.Result().Cookies() {
		if b.cookies[cookie.Name] = cookie; cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		}
	}
	return w
}

// login begins a sign-in, and gives the URL of the central page.
func (b *browser) login(page string, selected vertesia.Selection) *url.URL {
	b.t.Helper()
	w := b.do(func(w http.ResponseWriter, r *http.Request) { b.signIn.Login(w, r, page, selected) }, httptest.NewRequest("GET", "/login", nil))
	require.Equal(b.t, http.StatusSeeOther, w.Code, w.Body)
	return must(url.Parse(w.Header().Get("Location")))
}

func (b *browser) begin(page string) (state string) {
	b.t.Helper()
	return b.login(page, vertesia.Selection{}).Query().Get("state")
}

// returns posts what the bridge page does.
func (b *browser) returns(state, text string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.do(b.signIn.Callback, posted(url.Values{"state": {state}, "token": {text}}.Encode()))
}

// end follows the redirect of a sign-in that did not succeed, and gives the page
// that it leads to.
func (b *browser) end(w *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	b.t.Helper()
	require.Equal(b.t, http.StatusSeeOther, w.Code)
	location := w.Header().Get("Location")
	require.Regexp(b.t, `^https://app\.example/auth/callback\?ended=([A-Z2-7]{26}|unknown)$`, location)
	return b.do(b.signIn.Callback, httptest.NewRequest("GET", location, nil))
}

func posted(form string) *http.Request {
	r := httptest.NewRequest("POST", callbackURL, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", "null") // of a page with no-referrer
	return r
}

// states are the cookies of sign-ins under way.
func (b *browser) states() (found []*http.Cookie) {
	for name, cookie := range b.cookies {
		if strings.Contains(name, "vertesia_state") {
			found = append(found, cookie)
		}
	}
	return found
}

func TestLogin(t *testing.T) {
	b := browse(t, signIn(t, resolver(t, &service{})))
	target := b.login("/notes?find=milk", vertesia.Selection{Account: "acme", Project: "p&1"})
	assert.Equal(t, "https://internal-auth.vertesia.app/", target.Scheme+"://"+target.Host+target.Path)
	query := target.Query()
	assert.Equal(t, issuer, query.Get("sts"))
	assert.Equal(t, callbackURL+"?a=acme&p=p%261", query.Get("redirect_uri"))
	assert.Len(t, query, 3)

	require.Len(t, b.states(), 1)
	cookie := b.states()[0]
	assert.Equal(t, "__Host-vertesia_state-"+query.Get("state")[:8], cookie.Name)
	assert.True(t, cookie.Secure)
	assert.True(t, cookie.HttpOnly)
	assert.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	assert.Equal(t, 300, cookie.MaxAge)
	assert.Equal(t, "/", cookie.Path)
	assert.Empty(t, cookie.Domain)

	again := b.login("/", vertesia.Selection{}).Query()
	assert.NotEqual(t, query.Get("state"), again.Get("state"))
	assert.Equal(t, callbackURL, again.Get("redirect_uri"))
}

func TestLoginOnLoopback(t *testing.T) {
	s := signIn(t, resolver(t, &service{}), func(c *vertesia.SignInConfig) { c.CallbackURL = "http://localhost:8080/auth/callback" })
	b := browse(t, s)
	b.begin("/")
	require.Len(t, b.states(), 1)
	assert.False(t, b.states()[0].Secure)
	assert.True(t, strings.HasPrefix(b.states()[0].Name, "vertesia_state-"))
}

func TestLoginForAnAccountThatIsNotLetIn(t *testing.T) {
	s := signIn(t, resolver(t, &service{}))
	w := httptest.NewRecorder()
	s.Login(w, httptest.NewRequest("GET", "/login", nil), "/", vertesia.Selection{Account: "other"})
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Empty(t, w.Header().Get("Set-Cookie"))
	assert.Empty(t, w.Header().Get("Location"))
}

func TestPrefetchBeginsNothing(t *testing.T) {
	r := httptest.NewRequest("GET", "/login", nil)
	r.Header.Set("Sec-Purpose", "prefetch;prerender")
	w := httptest.NewRecorder()
	signIn(t, resolver(t, &service{})).Login(w, r, "/", vertesia.Selection{})
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Empty(t, w.Header().Get("Set-Cookie"))
}

func TestSignInFromEndToEnd(t *testing.T) {
	var got secureflows.Token
	var form string
	s := signIn(t, resolver(t, &service{}), func(c *vertesia.SignInConfig) {
		c.Done = func(w http.ResponseWriter, r *http.Request, identity secureflows.Identity, token secureflows.Token) error {
			got = token
			form = r.FormValue("token") + fmt.Sprint(r.Form, r.PostForm)
			http.SetCookie(w, &http.Cookie{Name: "site", Value: identity.Subject})
			return nil
		}
	})
	b := browse(t, s)
	text := signed().Reveal()
	w := b.returns(b.begin("/notes?find=milk"), text)
	assert.Equal(t, http.StatusSeeOther, w.Code)
	assert.Equal(t, "/notes?find=milk", w.Header().Get("Location"))
	assert.Equal(t, token(text), got)
	assert.NotContains(t, form, "eyJ", "what Done may log has no token")
	assert.Equal(t, "user:1", b.cookies["site"].Value)
	assert.Empty(t, b.states(), "used up")
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	assert.Equal(t, "no-referrer", w.Header().Get("Referrer-Policy"))
	assert.NotContains(t, fmt.Sprint(w.Header(), w.Body), "eyJ", "the token is in the answer")
}

func TestReturnsThatAreNoGood(t *testing.T) {
	text := signed().Reveal()
	other := strings.Repeat("A", 26)
	for name, row := range map[string]struct {
		do     func(b *browser, state string) *httptest.ResponseRecorder
		status int
		spent  bool // whether the sign-in is used up
	}{
		"another state": {func(b *browser, _ string) *httptest.ResponseRecorder { return b.returns(other, text) }, 400, false},
		"a state that begins alike": {func(b *browser, state string) *httptest.ResponseRecorder {
			return b.returns(state[:8]+other[8:], text)
		}, 400, true},
		"no state":      {func(b *browser, _ string) *httptest.ResponseRecorder { return b.returns("", text) }, 400, false},
		"a short state": {func(b *browser, state string) *httptest.ResponseRecorder { return b.returns(state[:8], text) }, 400, false},
		"another browser": {func(b *browser, state string) *httptest.ResponseRecorder {
			return browse(b.t, b.signIn).returns(state, text)
		}, 400, false},
		"no token": {func(b *browser, state string) *httptest.ResponseRecorder {
			return b.do(b.signIn.Callback, posted("state="+state))
		}, 400, false},
		"two tokens": {func(b *browser, state string) *httptest.ResponseRecorder {
			return b.do(b.signIn.Callback, posted("state="+state+"&token="+text+"&token="+text))
		}, 400, false},
		"a token in the query": {func(b *browser, state string) *httptest.ResponseRecorder {
			r := posted("state=" + state)
			r.URL.RawQuery = "token=" + text
			return b.do(b.signIn.Callback, r)
		}, 400, false},
		"a big form": {func(b *browser, state string) *httptest.ResponseRecorder {
			return b.do(b.signIn.Callback, posted("state="+state+"&token="+text+"&x="+strings.Repeat("x", 20<<10)))
		}, 400, false},
		"what is no token": {func(b *browser, state string) *httptest.ResponseRecorder { return b.returns(state, "a b") }, 400, true},
		"a foreign token":  {func(b *browser, state string) *httptest.ResponseRecorder { return b.returns(state, "abc") }, 400, true},
		"a forged token": {func(b *browser, state string) *httptest.ResponseRecorder {
			return b.returns(state, sign(otherKey(), ec, claims()))
		}, 400, true},
		"an expired token": {func(b *browser, state string) *httptest.ResponseRecorder {
			return b.returns(state, signed("exp", 1).Reveal())
		}, 400, true},
		"an agent": {func(b *browser, state string) *httptest.ResponseRecorder {
			return b.returns(state, signed("type", "agent").Reveal())
		}, 403, true},
		"another's account": {func(b *browser, state string) *httptest.ResponseRecorder {
			return b.returns(state, signed("account", nil).Reveal())
		}, 403, true},
		"from another site": {func(b *browser, state string) *httptest.ResponseRecorder {
			r := posted("state=" + state + "&token=" + text)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			return b.do(b.signIn.Callback, r)
		}, 400, false},
		"from a neighbour": {func(b *browser, state string) *httptest.ResponseRecorder {
			r := posted("state=" + state + "&token=" + text)
			r.Header.Set("Sec-Fetch-Site", "same-site")
			return b.do(b.signIn.Callback, r)
		}, 400, false},
		"from another origin, of an old browser": {func(b *browser, state string) *httptest.ResponseRecorder {
			r := posted("state=" + state + "&token=" + text)
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://evil.example")
			return b.do(b.signIn.Callback, r)
		}, 400, false},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			b := browse(t, signIn(t, resolver(t, &service{}), func(c *vertesia.SignInConfig) {
				c.Logger = slog.New(slog.NewTextHandler(&log, nil))
				c.Done = func(http.ResponseWriter, *http.Request, secureflows.Identity, secureflows.Token) error {
					t.Error("somebody was signed in")
					return nil
				}
			}))
			state := b.begin("/notes")
			w := row.do(b, state)
			assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			page := b.end(w)
			assert.Equal(t, row.status, page.Code)
			assert.Equal(t, row.spent, len(b.states()) == 0, "used up")
			assert.NotContains(t, fmt.Sprint(w.Header(), w.Body, page.Header(), page.Body, log.String()), "eyJ")
			assert.Contains(t, log.String(), "a sign-in failed")
		})
	}
}

func TestASignInIsUsedOnce(t *testing.T) {
	b := browse(t, signIn(t, resolver(t, &service{})))
	state := b.begin("/")
	require.Equal(t, "/", b.returns(state, signed().Reveal()).Header().Get("Location"))
	assert.Equal(t, http.StatusBadRequest, b.end(b.returns(state, signed().Reveal())).Code)
}

func TestASignInTakesFiveMinutes(t *testing.T) {
	for age, want := range map[time.Duration]bool{5*time.Minute - time.Second: true, 5 * time.Minute: false, -2 * time.Minute: false} {
		now := start
		b := browse(t, signIn(t, resolver(t, &service{}, func(c *vertesia.Config) { c.Now = func() time.Time { return now } })))
		state := b.begin("/notes")
		now = start.Add(age)
		w := b.returns(state, signed().Reveal())
		if want {
			assert.Equal(t, "/notes", w.Header().Get("Location"), age)
			continue
		}
		page := b.end(w)
		assert.Equal(t, http.StatusBadRequest, page.Code, age)
		assert.Contains(t, page.Body.String(), `href="/notes"`, "the way to try again")
	}
}

func TestTabsDoNotDisturbEachOther(t *testing.T) {
	b := browse(t, signIn(t, resolver(t, &service{})))
	first, second := b.begin("/first"), b.begin("/second")
	assert.Equal(t, "/first", b.returns(first, signed().Reveal()).Header().Get("Location"))
	assert.Equal(t, "/second", b.returns(second, signed().Reveal()).Header().Get("Location"))
}

func TestABrowserHasFiveSignInsUnderWay(t *testing.T) {
	now := start
	b := browse(t, signIn(t, resolver(t, &service{}, func(c *vertesia.Config) { c.Now = func() time.Time { return now } })))
	var states []string
	for range 8 {
		states = append(states, b.begin("/"))
		now = now.Add(time.Second)
		assert.LessOrEqual(t, len(b.states()), 5)
	}
	assert.Equal(t, http.StatusBadRequest, b.end(b.returns(states[2], signed().Reveal())).Code, "the oldest are dropped")
	for _, state := range states[3:] {
		assert.Equal(t, "/", b.returns(state, signed().Reveal()).Header().Get("Location"))
	}
}

func TestNoReturnLeadsOffTheSite(t *testing.T) {
	for _, page := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "/\t/evil.example", "evil", "", "/a b", "javascript:x", "/" + strings.Repeat("a", 512)} {
		b := browse(t, signIn(t, resolver(t, &service{})))
		assert.Equal(t, "/", b.returns(b.begin(page), signed().Reveal()).Header().Get("Location"), page)
	}
	long := browse(t, signIn(t, resolver(t, &service{})))
	long.begin("/" + strings.Repeat("a", 5000))
	assert.Less(t, len(long.states()[0].Value), 100, "a cookie has no room for it")

	// Nor one whose cookie was written by somebody else.
	b := browse(t, signIn(t, resolver(t, &service{})))
	state := b.begin("/")
	cookie := b.states()[0]
	cookie.Value = strings.Join(append(strings.Split(cookie.Value, ".")[:3], base64.RawURLEncoding.EncodeToString([]byte("//evil.example"))), ".")
	assert.Equal(t, "/", b.returns(state, signed().Reveal()).Header().Get("Location"))
}

func TestABareTokenIsExchangedOnce(t *testing.T) {
	bare := []any{"permissions", nil, "account_roles", nil, "project_roles", []string{}, "apps", nil}
	t.Run("for one with rights", func(t *testing.T) {
		s := &service{issue: issues(signed().Reveal())}
		var got secureflows.Identity
		b := browse(t, signIn(t, resolver(t, s), func(c *vertesia.SignInConfig) {
			c.Done = func(_ http.ResponseWriter, _ *http.Request, identity secureflows.Identity, _ secureflows.Token) error {
				got = identity
				return nil
			}
		}))
		assert.Equal(t, "/", b.returns(b.begin("/"), signed(bare...).Reveal()).Header().Get("Location"))
		assert.True(t, got.Roles.Has("member"))
		asked := s.asked("/token/issue")
		require.Len(t, asked, 1)
		assert.Equal(t, `{"type":"user","account_id":"acme","project_id":"p1"}`, asked[0].body)
	})
	for name, row := range map[string]struct {
		issue  func(request) reply
		status int
	}{
		"in an outage":   {says(503, ""), http.StatusServiceUnavailable},
		"and refused":    {says(403, `{"errorCode":"no_accessible_account"}`), http.StatusForbidden},
		"of no user":     {says(412, ``), http.StatusForbidden},
		"for another's":  {issues(signed("sub", "user:2").Reveal()), http.StatusServiceUnavailable},
		"no longer good": {says(401, `{"error":"Unauthorized","status":401}`), http.StatusBadRequest},
		"and malformed":  {says(400, `{"error":"bad"}`), http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{issue: row.issue}
			b := browse(t, signIn(t, resolver(t, s)))
			page := b.end(b.returns(b.begin("/"), signed(bare...).Reveal()))
			assert.Equal(t, row.status, page.Code)
			assert.NotContains(t, page.Body.String(), "used already", "it was not")
			assert.Len(t, s.asked("/token/issue"), 1)
		})
	}
	s := &service{issue: issues(signed(bare...).Reveal())}
	b := browse(t, signIn(t, resolver(t, s)))
	assert.Equal(t, "/", b.returns(b.begin("/"), signed(bare...).Reveal()).Header().Get("Location"), "for one without")
	assert.Len(t, s.asked("/token/issue"), 1)

	s = &service{issue: issues(signed().Reveal())}
	b = browse(t, signIn(t, resolver(t, s)))
	b.returns(b.begin("/"), signed(append(bare, "type", "agent")...).Reveal())
	assert.Empty(t, s.asked("/token/issue"), "an agent's token is not sent")
}

func TestAnOutageAtTheReturn(t *testing.T) {
	s := &service{down: true}
	b := browse(t, signIn(t, resolver(t, s)))
	w := b.end(b.returns(b.begin("/notes"), signed().Reveal()))
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Equal(t, "7", w.Header().Get("Retry-After"))
	assert.Contains(t, w.Body.String(), `<a href="/notes">Try again</a>`)
}

func TestErrorHandlerKeepsTheStatus(t *testing.T) {
	var got vertesia.Failure
	b := browse(t, signIn(t, resolver(t, &service{}), func(c *vertesia.SignInConfig) {
		c.ErrorHandler = func(w http.ResponseWriter, r *http.Request, failure vertesia.Failure) {
			got = failure
			assert.Empty(t, r.FormValue("token"))
			w.WriteHeader(http.StatusOK)
			fmt.Fprint(w, "sorry")
		}
	}))
	w := b.end(b.returns(b.begin("/notes"), signed("type", "agent").Reveal()))
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Equal(t, "sorry", w.Body.String())
	assert.Equal(t, http.StatusForbidden, got.Status)
	assert.Equal(t, "/notes", got.Page)
	assert.NotEmpty(t, got.Title+got.Detail)
}
