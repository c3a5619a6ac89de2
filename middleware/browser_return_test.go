package middleware_test

import (
	"bufio"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asFromTheWire is the request that a server reads for this target, nil for a
// target that it refuses.
func asFromTheWire(target string) *http.Request {
	if strings.ContainsAny(target, "\r\n") {
		return nil // ends the line, so that what comes behind is no target
	}
	text := "GET " + target + " HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		return nil
	}
	maps.Copy(r.Header, navigation())
	return r
}

// returnFrom asks for target without a session, signs in, and gives where the
// callback sends the visitor. ok is false when no sign-in was begun.
func returnFrom(t *testing.T, s *site, target string) (location string, ok bool) {
	t.Helper()
	r := asFromTheWire(target)
	if r == nil {
		return "", false
	}
	w := httptest.NewRecorder()
	s.other.ServeHTTP(w, r)
	if w.Code != http.StatusSeeOther {
		return "", false
	}
	v := s.newVisitor("user-1@example.com")
	at, err := url.Parse(s.origin)
	require.NoError(t, err)
	v.jar.SetCookies(at, w.Result().Cookies())
	answer := v.open(v.next(w.Header().Get("Location")))
	require.Equal(t, http.StatusSeeOther, answer.StatusCode, "%q: %s", target, answer.body)
	return answer.Header.Get("Location"), true
}

// assertOnSite asserts that location leads to a page of the site, and not to
// the callback, for whoever reads it as net/url does and for browsers.
func assertOnSite(t *testing.T, location, target string) {
	t.Helper()
	home, err := url.Parse("http://localhost:8080/auth/callback?sessionToken=x")
	require.NoError(t, err)
	resolved, err := home.Parse(location)
	require.NoError(t, err, "%q came back as %q", target, location)
	assert.Equal(t, "http://localhost:8080", resolved.Scheme+"://"+resolved.Host, "%q came back as %q", target, location)
	assert.Nil(t, resolved.User)
	assert.True(t, strings.HasPrefix(location, "/"), "%q came back as %q", target, location)
	for i := range len(location) {
		require.True(t, location[i] > ' ' && location[i] < 0x7f, "%q came back as %q", target, location)
	}
	assert.NotRegexp(t, `^/[/\\]`, asABrowserReads(location), "%q came back as %q", target, location)
	assert.NotEqual(t, "/auth/callback", resolved.Path, "%q came back as %q", target, location)
}

// asABrowserReads drops and turns what the WHATWG's URL parser does before it
// looks for a host.
func asABrowserReads(location string) string {
	location = strings.Trim(location, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\x0b\x0c\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f ")
	return strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(location)
}

// ordinary reports whether a target is one that any page has, which must come
// back byte for byte.
func ordinary(target string) bool {
	if len(target) > 2048 || !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") {
		return false
	}
	if strings.Trim(target, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/?&=-_~+") != "" {
		return false
	}
	route, _, _ := strings.Cut(target, "?")
	if strings.HasSuffix(target, "?") || strings.EqualFold(strings.TrimSuffix(route, "/"), "/auth/callback") {
		return false // says no more than without it, or is no page
	}
	return path.Clean(route) == strings.TrimSuffix(route, "/") || route == "/"
}

// pages are targets that come back as they are.
var pages = []string{
	"/", "/notes", "/notes/", "/notes/7?edit=1", "/?a", "/?a=b&a=c", "/?a=b;c=d", "/search?q=a+b%20c&lang=de",
	"/caf%C3%A9", "/a%20b", "/a%2Fb", "/a%252Fb", "/?next=https://evil.example/", "/?next=//evil.example", "/redirect?to=%2F%2Fevil.example",
	"/a:b", "/@ada", "/a/b,c;d=e", "/~ada", "/!$&'()*+,;=:@", "/?!$&'()*+,;=:@/?", "/auth/callbacks", "/auth/callback/more", "/auth",
	"/callback", "/auth/logout?x=y", "/a?x=%26%3D%23", "/a?state=mine&error=mine&sessionToken=mine", "/.well-known/x", "/a.b/..c", "/a%00b",
}

// hostile are targets that would lead elsewhere, were they taken as they are.
var hostile = []string{
	"//evil.example", "//evil.example/", "///evil.example", "////evil.example/%2e%2e", `/\evil.example`, `/\/evil.example`, `\\evil.example`,
	`/\\evil.example`, "//evil.example/../..", "/%09/evil.example", "/\t/evil.example", "/%0a/evil.example", "/%0d%0aLocation:%20http://evil.example",
	"/%5cevil.example", "/%5c%5cevil.example", "/%2f/evil.example", "/%2fevil.example", "/%2f%2fevil.example", "//%65vil.example", "//localhost:8080@evil.example",
	"/.//evil.example", "/..//evil.example", "/./\\evil.example", "/a/..//evil.example", "/a/../..//evil.example", "/%2e/%2fevil.example", "/%2e%2e//evil.example",
	"http://evil.example", "http://evil.example/", "https://evil.example//evil.example", "http:evil.example", "http:///evil.example", "javascript:alert(1)",
	"http://localhost:8080//evil.example", `http://localhost:8080/\evil.example`, "http://ada@evil.example/", "data:text/html,x", "//", "///", `/\`, "/%00//evil.example",
	"//[::1]", "//evil.example:80", "//evil.example?/", "//?/evil.example", "//#/evil.example", "/#//evil.example", "/;//evil.example", "//;@evil.example", "//\u3002evil",
	"/\u00a0/evil.example", "/\u2028/evil.example", "/\xff/evil.example", "/\x00/evil.example", "/\x0b/evil.example", "/ /evil.example", "/\x7f/evil.example", "/?\t", "/?\x01",
	"*", "", "?", "#", ".", "..", "evil.example", "/evil.example\\@x", "/?<script>", "/\"><script>", "/'", "/{}", "/|", "/^", "/`",
	"/auth/callback", "/auth/callback?sessionToken=x", "/auth/./callback", "/x/../auth/callback", "/auth/%63allback", "//auth/callback",
	"/%61uth/callback?error=x", "/auth/x/%2e%2e/callback", "/auth/callback#x", "/auth/callback%3Fx",
}

func TestThePageAskedForComesBack(t *testing.T) {
	s := offline(t, &service{})
	for _, target := range pages {
		location, ok := returnFrom(t, s, target)
		assert.True(t, ok, target)
		assert.Equal(t, target, location)
	}
}

func TestReturnPathsStayOnTheSite(t *testing.T) {
	s := offline(t, &service{})
	for _, target := range hostile {
		if location, ok := returnFrom(t, s, target); ok {
			assertOnSite(t, location, target)
		}
	}
}

// A path in a request that was not read from the wire, but rewritten by a
// middleware or made by a test.
func TestReturnPathsOfRewrittenRequestsStayOnTheSite(t *testing.T) {
	s := offline(t, &service{})
	for _, target := range append(hostile, pages...) {
		for name, rewrite := range map[string]func(*http.Request){
			"the path":     func(r *http.Request) { r.URL.Path = target },
			"all of it":    func(r *http.Request) { r.URL.Path, r.RequestURI = target, target },
			"no target":    func(r *http.Request) { r.URL.Path, r.RequestURI = target, "" },
			"opaque":       func(r *http.Request) { r.URL.Opaque, r.RequestURI = target, "" },
			"opaque alone": func(r *http.Request) { r.URL.Opaque, r.URL.Path, r.RequestURI = target, "", "" },
			"a raw path":   func(r *http.Request) { r.URL.RawPath, r.RequestURI = target, "" },
			"the query":    func(r *http.Request) { r.URL.RawQuery, r.RequestURI = target, "" },
			"a host":       func(r *http.Request) { r.URL.Host, r.URL.Scheme, r.RequestURI = "evil.example", "https", target },
		} {
			v := s.newVisitor("user-1@example.com")
			w := httptest.NewRecorder()
			r := asFromTheWire("/page")
			rewrite(r)
			s.other.ServeHTTP(w, r)
			if w.Code != http.StatusSeeOther {
				continue
			}
			at, err := url.Parse(s.origin)
			require.NoError(t, err)
			v.jar.SetCookies(at, w.Result().Cookies())
			answer := v.open(v.next(w.Header().Get("Location")))
			require.Equal(t, http.StatusSeeOther, answer.StatusCode)
			assertOnSite(t, answer.Header.Get("Location"), name+": "+target)
		}
	}
}

func TestLongReturnPathsAreCut(t *testing.T) {
	s := offline(t, &service{})
	long := strings.Repeat("x", 3000)
	for name, row := range map[string]struct{ target, want string }{
		"nearly 2 KiB":     {"/page?" + long[:2000], "/page?" + long[:2000]},
		"a long query":     {"/page?" + long, "/page"},
		"a long path":      {"/" + long, "/"},
		"both":             {"/" + long + "?" + long, "/"},
		"together too far": {"/" + long[:1500] + "?" + long[:1500], "/" + long[:1500]},
	} {
		location, ok := returnFrom(t, s, row.target)
		assert.True(t, ok, name)
		assert.Equal(t, row.want, location, name)
	}
}

// A guard below a prefix is asked for /page, the browser for /app/page.
func TestAPageBelowAStrippedPrefixComesBack(t *testing.T) {
	s := offline(t, &service{})
	s.routes["/app/page"] = http.StripPrefix("/app", s.other)
	v := s.newVisitor("user-1@example.com")
	answer := v.open(v.next(v.begin("/app/page?x=1")))
	assert.Equal(t, "/app/page?x=1", answer.Header.Get("Location"))
}

// FuzzReturnPath asks for any target at all, and signs in.
func FuzzReturnPath(f *testing.F) {
	for _, target := range append(append([]string{}, pages...), hostile...) {
		f.Add(target)
	}
	f.Add("/page?" + strings.Repeat("x", 3000))
	s := offline(f, &service{}, silent)
	f.Fuzz(func(t *testing.T, target string) {
		s.t = t
		location, ok := returnFrom(t, s, target)
		if !ok {
			assert.False(t, ordinary(target), "%q began no sign-in", target)
			return
		}
		assertOnSite(t, location, target)
		if ordinary(target) {
			assert.Equal(t, target, location)
		}
	})
}
