package authreturn_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
)

func TestSignIn(t *testing.T) {
	for _, way := range []string{"login", "signup"} {
		both(t, func(t *testing.T, s *setup) {
			site := newSite(t, s)
			b := site.browser()
			answer := b.open("/" + way + "?page=" + url.QueryEscape("/notes?find=a%20b"))
			require.Equal(t, 303, answer.StatusCode)
			hosted := answer.Header.Get("Location")
			require.True(t, strings.HasPrefix(hosted, "https://authreturn.com/auth/"+way+"?redirect_uri="), hosted)
			back := answer.Header.Get("Location")[strings.Index(hosted, "=")+1:]
			back, err := url.QueryUnescape(back)
			require.NoError(t, err)
			require.Regexp(t, `^https://app\.example/auth/callback/[A-Z2-7]{26}$`, back)

			answer = b.open(back + "?token=" + good(t, nil).Reveal())
			require.Equal(t, 303, answer.StatusCode)
			assert.Equal(t, "/notes?find=a%20b", answer.Header.Get("Location"))
			assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
			assert.Equal(t, "no-referrer", answer.Header.Get("Referrer-Policy"))
			assert.Equal(t, []secureflows.Identity{ada}, site.done)
			assert.Equal(t, map[string]string{"session": "of-7"}, b.cookies, "the attempt is used up")
			assertSecret(t, b.seen.String(), good(t, nil).Reveal(), "what the browser was sent")
			assert.Empty(t, site.log.String())
		})
	}
}

func TestTheCookieOfAnAttempt(t *testing.T) {
	for _, row := range []struct {
		callback, prefix string
		secure           bool
	}{
		{"https://app.example/auth/callback", "__Host-authreturn-", true},
		{"https://localhost/auth/callback", "__Host-authreturn-", true},
		{"http://localhost:8080/auth/callback", "authreturn-", false},
	} {
		site := newSite(t, remotely(t), func(cfg *authreturn.SignInConfig) { cfg.CallbackURL = row.callback })
		cookies := site.browser().open("/login").Cookies()
		require.Len(t, cookies, 1)
		cookie := cookies[0]
		assert.True(t, strings.HasPrefix(cookie.Name, row.prefix), cookie.Name)
		assert.Equal(t, row.secure, cookie.Secure)
		assert.True(t, cookie.HttpOnly)
		assert.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
		assert.Equal(t, 300, cookie.MaxAge)
		assert.Equal(t, "/", cookie.Path)
		assert.Empty(t, cookie.Domain)
	}
}

// The end of somebody's own sign-in signs nobody else in: the visitor would write
// into the account of whoever made the link.
func TestAReturnInAnotherBrowser(t *testing.T) {
	site := newSite(t, remotely(t))
	attacker, victim := site.browser(), site.browser()
	link := attacker.begin("/login?page=/notes") + "?token=" + good(t, nil).Reveal()
	victim.begin("/login") // has one under way of their own

	page := victim.end(victim.open(link))
	assert.Equal(t, 400, page.StatusCode)
	assert.Empty(t, site.done)
	assert.Empty(t, site.service.requests(), "the token is not even asked about")
	assert.Len(t, victim.cookies, 1, "the victim's own attempt is still good")
	assert.Contains(t, site.log.String(), "another browser")
}

func TestAReturnIsUsedOnce(t *testing.T) {
	site := newSite(t, remotely(t))
	b := site.browser()
	link := b.begin("/login") + "?token=" + good(t, nil).Reveal()
	require.Equal(t, "/", b.open(link).Header.Get("Location"))
	page := b.end(b.open(link))
	assert.Equal(t, 400, page.StatusCode)
	assert.Len(t, site.done, 1)
}

// An attempt is used up whatever comes of it.
func TestAFailedReturnIsUsedUp(t *testing.T) {
	for name, break_ := range map[string]func(*site){
		"an outage": func(s *site) { s.service.says(503, "") },
		"Done":      func(s *site) { s.fails = errors.New("the database is away") },
		"a bad token": func(s *site) {
			s.service.says(401, `{"valid":false,"error":"Invalid token"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			site := newSite(t, remotely(t))
			b := site.browser()
			link := b.begin("/login") + "?token=" + good(t, nil).Reveal()
			break_(site)
			b.end(b.open(link))
			site.service.answer, site.fails = nil, nil
			assert.Equal(t, 400, b.end(b.open(link)).StatusCode)
			assert.Empty(t, site.done)
		})
	}
}

func TestAReturnThatTookTooLong(t *testing.T) {
	for _, row := range []struct {
		after time.Duration
		in    bool
	}{
		{5*time.Minute - 8*time.Second, true}, {5 * time.Minute, false}, {time.Hour, false}, {-30 * time.Second, true}, {-time.Hour, false},
	} {
		site := newSite(t, remotely(t))
		b := site.browser()
		link := b.begin("/login?page=/notes") + "?token=" + good(t, nil).Reveal()
		site.clock.advance(row.after)
		answer := b.open(link)
		if row.in {
			assert.Equal(t, "/notes", answer.Header.Get("Location"), row.after)
			continue
		}
		page := b.end(answer)
		assert.Equal(t, 400, page.StatusCode, row.after)
		assert.Contains(t, text(t, page), `href="/notes"`, "the way to try again")
		assert.Empty(t, site.done)
		assert.Empty(t, site.service.requests())
	}
}

func text(t *testing.T, answer *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(body)
}

// What a person sees where a sign-in fails, at a URL without the token.
func TestFailures(t *testing.T) {
	for name, row := range map[string]struct {
		break_ func(*site)
		query  string // nil is a good token
		status int
		title  string
	}{
		"an outage":                {func(s *site) { s.service.says(503, "") }, "", 503, "Temporarily unavailable"},
		"no answer":                {func(s *site) { s.service.breaks(errors.New("broken")) }, "", 503, "Temporarily unavailable"},
		"a 400":                    {func(s *site) { s.service.says(400, "") }, "", 503, "Temporarily unavailable"},
		"a token that is refused":  {func(s *site) { s.service.says(401, `{"valid":false}`) }, "", 400, "Sign-in failed"},
		"a token that has expired": {func(s *site) { s.service.says(401, `{"error":"Token expired"}`) }, "", 400, "Sign-in failed"},
		"Done refuses": {func(s *site) {
			s.fails = fmt.Errorf("on leave: %w", middleware.ErrNotAllowed)
		}, "", 403, "Not allowed"},
		"Done fails":            {func(s *site) { s.fails = errors.New("the database is away") }, "", 503, "Temporarily unavailable"},
		"Done quotes the token": {func(s *site) { s.fails = errors.New("cannot store " + good(t, nil).Reveal()) }, "", 503, "Temporarily unavailable"},
		"Done fails by what it met": {func(s *site) {
			s.fails = fmt.Errorf("another call: %w", secureflows.ErrTokenExpired)
		}, "", 503, "Temporarily unavailable"},
		"another provider's token": {nil, "?token=" + sign("x", header, `{"sub":"7","exp":9999999999}`), 400, "Sign-in failed"},
		"two tokens":               {nil, "?token=" + good(t, nil).Reveal() + "&token=" + good(t, nil).Reveal(), 400, "Sign-in failed"},
		"an empty token":           {nil, "?token=", 400, "Sign-in failed"},
		"what is no token":         {nil, "?token=a%20b", 400, "Sign-in failed"},
		"a query of nonsense":      {nil, "?%zz;token=" + good(t, nil).Reveal(), 400, "Sign-in failed"},
	} {
		t.Run(name, func(t *testing.T) {
			site := newSite(t, remotely(t))
			b := site.browser()
			if row.query == "" {
				row.query = "?token=" + good(t, nil).Reveal()
			}
			link := b.begin("/login?page=/notes") + row.query
			if row.break_ != nil {
				row.break_(site)
			}
			answer := b.open(link)
			assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
			page := b.end(answer)
			shown := text(t, page)
			assert.Equal(t, row.status, page.StatusCode)
			assert.Contains(t, shown, "<h1>"+row.title+"</h1>")
			assert.Contains(t, shown, `href="/notes"`)
			assert.Equal(t, "no-store", page.Header.Get("Cache-Control"))
			assert.Equal(t, "no-referrer", page.Header.Get("Referrer-Policy"))
			assert.Contains(t, page.Header.Get("Content-Security-Policy"), "default-src 'none'")
			assert.Equal(t, row.status == 503, page.Header.Get("Retry-After") != "")
			assert.Empty(t, site.done)
			assert.Empty(t, b.cookies, "nothing is left behind")
			assert.NotEmpty(t, site.log.String(), "the operator is told")
			assertSecret(t, b.seen.String()+site.log.String(), good(t, nil).Reveal(), "what was sent or logged")
			assert.Equal(t, 400, b.open(answer.Header.Get("Location")).StatusCode, "and shown once")
		})
	}
}

// A login that was cancelled may come back so.
func TestAReturnWithoutAToken(t *testing.T) {
	for _, query := range []string{"", "?", "?error=cancelled", "?Token=x"} {
		site := newSite(t, remotely(t))
		b := site.browser()
		link := b.begin("/login?page=/notes")
		page := b.open(link + query)
		assert.Equal(t, 400, page.StatusCode, query)
		assert.Contains(t, text(t, page), `href="/notes"`)
		assert.Equal(t, 400, b.end(b.open(link+"?token="+good(t, nil).Reveal())).StatusCode, "it is used up")
		assert.Empty(t, site.done)
	}
}

// Whoever looks ahead is nobody who signs in.
func TestLooksUseNothingUp(t *testing.T) {
	site := newSite(t, remotely(t))
	b := site.browser()
	link := b.begin("/login") + "?token=" + good(t, nil).Reveal()
	for _, look := range []func() *http.Response{
		func() *http.Response { return b.request(http.MethodHead, link) },
		func() *http.Response { return b.request(http.MethodPost, link) },
		func() *http.Response { return b.request(http.MethodOptions, link) },
		func() *http.Response { return b.open(link, "Sec-Purpose", "prefetch") },
		func() *http.Response { return b.open(link, "Sec-Purpose", "prefetch;prerender") },
		func() *http.Response { return b.open(link, "Purpose", "prefetch") },
	} {
		answer := look()
		assert.GreaterOrEqual(t, answer.StatusCode, 400)
		assert.Empty(t, answer.Cookies())
		assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
		assert.Empty(t, site.service.requests())
	}
	assert.Equal(t, 503, b.open("/login", "Sec-Purpose", "prefetch").StatusCode)
	assert.Len(t, b.cookies, 1, "nor is anything begun")
	assert.Equal(t, "/", b.open(link).Header.Get("Location"))
	assert.Len(t, site.done, 1)
}

func TestSeveralTabs(t *testing.T) {
	site := newSite(t, remotely(t))
	b := site.browser()
	var links []string
	for i := range 7 {
		links = append(links, b.begin(fmt.Sprintf("/login?page=/notes/%d", i))+"?token="+good(t, nil).Reveal())
		site.clock.advance(time.Second)
	}
	require.Len(t, b.cookies, 5, "so many fit into a header")
	for i, link := range links {
		if i < 2 {
			assert.Equal(t, 400, b.end(b.open(link)).StatusCode, "the oldest are dropped")
			continue
		}
		assert.Equal(t, fmt.Sprintf("/notes/%d", i), b.open(link).Header.Get("Location"))
	}
	assert.Len(t, site.done, 5)
}

// Cookies that are no attempts of these minutes take nobody's room.
func TestWhatIsLeftInTheBrowserGoes(t *testing.T) {
	site := newSite(t, remotely(t))
	b := site.browser()
	b.begin("/login")
	site.clock.advance(time.Hour)
	b.cookies["__Host-authreturn-begun-AAAAAAAA"] = "nonsense"
	b.cookies["other"] = "kept"
	link := b.begin("/login")
	assert.Len(t, b.cookies, 2)
	assert.Equal(t, "kept", b.cookies["other"])
	assert.Equal(t, "/", b.open(link+"?token="+good(t, nil).Reveal()).Header.Get("Location"))
}

// Nobody is sent off the site, neither by Login nor by a cookie that was planted.
func TestPagesStayOnTheSite(t *testing.T) {
	for _, page := range []string{
		"https://evil.example/", "//evil.example/", "/\\evil.example/", "\\/evil.example", "/\t/evil.example", "/\n/evil.example",
		"javascript:alert(1)", "evil", "", " /", "/ö", "/a b", "/" + strings.Repeat("x", 512), "///evil.example", "/\x00/evil.example", "/%", "/%zz",
	} {
		site := newSite(t, remotely(t))
		b := site.browser()
		link := b.begin("/login?page=" + url.QueryEscape(page))
		for _, value := range b.cookies {
			assert.Equal(t, encode("/"), value[strings.LastIndexByte(value, '.')+1:], "browsers drop a cookie that is too long")
		}
		assert.Equal(t, "/", b.open(link+"?token="+good(t, nil).Reveal()).Header.Get("Location"), "%q", page)

		link = b.begin("/login")
		for name, value := range b.cookies {
			if strings.HasPrefix(name, "__Host-authreturn-") {
				b.cookies[name] = value[:strings.LastIndexByte(value, '.')+1] + encode(page)
			}
		}
		assert.Equal(t, "/", b.open(link+"?token="+good(t, nil).Reveal()).Header.Get("Location"), "%q", page)
	}
	site := newSite(t, remotely(t))
	for _, page := range []string{"/", "/notes", "/notes?find=//evil.example", "/a//b", "/" + strings.Repeat("x", 511)} {
		b := site.browser()
		link := b.begin("/login?page=" + url.QueryEscape(page))
		assert.Equal(t, page, b.open(link+"?token="+good(t, nil).Reveal()).Header.Get("Location"))
	}
}

// Whoever does not know the nonce has no use for its name.
func TestTheWholeNonceCounts(t *testing.T) {
	site := newSite(t, remotely(t))
	b := site.browser()
	link := b.begin("/login")
	other := link[:len(link)-1] + "A"
	if other == link {
		other = link[:len(link)-1] + "B"
	}
	assert.Equal(t, 400, b.end(b.open(other+"?token="+good(t, nil).Reveal())).StatusCode)
	assert.Empty(t, site.done)
}

// Paths that no sign-in of this site has.
func TestStrangePaths(t *testing.T) {
	site := newSite(t, remotely(t))
	for _, path := range []string{"/", "", "/auth/callback/", "/auth/callback/x", "//evil.example/x", "/auth/callback/" + strings.Repeat("A", 26), "/auth/callback/" + strings.Repeat("a", 26)} {
		r := httptest.NewRequest(http.MethodGet, "https://app.example/?token="+good(t, nil).Reveal(), nil)
		r.URL.Path = path
		w := httptest.NewRecorder()
		site.signIn.Callback(w, r)
		assert.Equal(t, 303, w.Code)
		assert.True(t, strings.HasPrefix(w.Header().Get("Location"), callbackURL+"/"), path)
		assert.Empty(t, w.Result().Cookies())
	}
	assert.Empty(t, site.done)
}

// A router may have taken a prefix away.
func TestBehindStripPrefix(t *testing.T) {
	site := newSite(t, remotely(t))
	site.mux = http.NewServeMux()
	site.mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) { site.signIn.Login(w, r, "/notes") })
	site.mux.Handle("/auth/", http.StripPrefix("/auth/callback", http.HandlerFunc(site.signIn.Callback)))
	b := site.browser()
	link := b.begin("/login")
	assert.Equal(t, "/notes", b.open(link+"?token="+good(t, nil).Reveal()).Header.Get("Location"))
	assert.Len(t, site.done, 1)
}

func TestAnErrorHandlerOfOnesOwn(t *testing.T) {
	var got authreturn.Failure
	site := newSite(t, remotely(t), func(cfg *authreturn.SignInConfig) {
		cfg.ErrorHandler = func(w http.ResponseWriter, r *http.Request, failure authreturn.Failure) {
			got = failure
			assert.Empty(t, r.URL.RawQuery)
			_, _ = io.WriteString(w, "sorry") // forgets the status
		}
	})
	b := site.browser()
	link := b.begin("/login?page=/notes") + "?token=" + good(t, nil).Reveal()
	site.service.says(503, "")
	page := b.end(b.open(link))
	assert.Equal(t, 503, page.StatusCode)
	assert.Equal(t, "sorry", text(t, page))
	assert.Equal(t, 503, got.Status)
	assert.Equal(t, "/notes", got.Page)
	assert.NotEmpty(t, got.Title)
	assert.NotEmpty(t, got.Detail)

	silent := newSite(t, remotely(t), func(cfg *authreturn.SignInConfig) {
		cfg.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ authreturn.Failure) { w.WriteHeader(200) }
		cfg.Logger = nil
	})
	assert.Equal(t, 400, silent.browser().open(callbackURL+"/x").StatusCode)
}

func TestSignInConfigurationsThatAreRefused(t *testing.T) {
	s := remotely(t)
	for name, row := range map[string]struct {
		resolver *authreturn.Resolver
		cfg      authreturn.SignInConfig
		says     string
	}{
		"no resolver": {nil, authreturn.SignInConfig{CallbackURL: callbackURL, Done: nothing}, "resolver"},
		"no Done":     {s.Resolver, authreturn.SignInConfig{CallbackURL: callbackURL}, "Done"},
		"no callback": {s.Resolver, authreturn.SignInConfig{Done: nothing}, "CallbackURL"},
		"plain http":  {s.Resolver, authreturn.SignInConfig{CallbackURL: "http://app.example/callback", Done: nothing}, "write https"},
		"a query":     {s.Resolver, authreturn.SignInConfig{CallbackURL: callbackURL + "?x=1", Done: nothing}, "CallbackURL has a query"},
		"a fragment":  {s.Resolver, authreturn.SignInConfig{CallbackURL: callbackURL + "#x", Done: nothing}, "CallbackURL"},
		"a route":     {s.Resolver, authreturn.SignInConfig{CallbackURL: callbackURL + "/{nonce}", Done: nothing}, "write https://app.example/auth/callback for the route /auth/callback/{nonce}"},
		"no path":     {s.Resolver, authreturn.SignInConfig{CallbackURL: "https://app.example/", Done: nothing}, "path"},
	} {
		t.Run(name, func(t *testing.T) {
			signIn, err := authreturn.NewSignIn(row.resolver, row.cfg)
			require.ErrorIs(t, err, secureflows.ErrInvalidRequest)
			assert.Contains(t, err.Error(), row.says)
			assert.Nil(t, signIn)
		})
	}
}
