package redis_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/redis"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

const origin = "http://localhost:8080"

// site is one replica of an application with sign-in.
type site struct {
	*redis.Replicas
	http.Handler
	wire *wire

	mu   sync.Mutex // guards held
	held secureflows.Token
}

// sites makes the replicas of one.
func (f *fleet) sites(server *secureflowstest.Server, count int, changes ...change) (sites []*site) {
	f.t.Helper()
	for range count {
		r := f.join(changes...)
		client, err := secureflows.New(server.Config())
		require.NoError(f.t, err)
		browser, err := middleware.NewBrowser(client, middleware.BrowserConfig{
			CallbackURL: origin + "/auth/callback", AfterLogout: origin + "/goodbye",
			Resolver: r.NewCache(client, middleware.CacheConfig{}), Store: r.Store(), EncryptionKeys: keysOf(1),
		})
		require.NoError(f.t, err)
		s := &site{Replicas: r.Replicas, wire: r.wire}
		mux := http.NewServeMux()
		mux.HandleFunc("/auth/callback", browser.Callback)
		mux.HandleFunc("/auth/logout", browser.Logout)
		mux.Handle("/", browser.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			session, _ := secureflows.SessionFromContext(r.Context())
			s.mu.Lock()
			s.held = session.Token()
			s.mu.Unlock()
			whoami(w, r)
		})))
		s.Handler = mux
		sites = append(sites, s)
	}
	return sites
}

// visitor is somebody with a browser.
type visitor struct {
	t      testing.TB
	server *secureflowstest.Server
	jar    http.CookieJar
	email  string
	seen   strings.Builder // cookies
}

func newVisitor(t testing.TB, server *secureflowstest.Server, email string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &visitor{t: t, server: server, jar: jar, email: email}
}

// ask opens a page on a replica as a browser with these cookies does.
func ask(s *site, method, target string, cookies []*http.Cookie) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	r.Host = "localhost:8080"
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", origin)
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func (v *visitor) cookies() []*http.Cookie {
	at, err := url.Parse(origin)
	require.NoError(v.t, err)
	return v.jar.Cookies(at)
}

func (v *visitor) open(s *site, target string) *http.Response {
	v.t.Helper()
	return v.keep(ask(s, http.MethodGet, target, v.cookies()))
}

func (v *visitor) keep(answer *http.Response) *http.Response {
	at, err := url.Parse(origin)
	require.NoError(v.t, err)
	v.jar.SetCookies(at, answer.Cookies())
	for _, cookie := range answer.Cookies() {
		v.seen.WriteString(cookie.Value + "\n")
	}
	return answer
}

// signIn signs in on one replica and returns to another.
func (v *visitor) signIn(away, back *site) {
	v.t.Helper()
	answer := v.open(back, v.hosted(v.open(away, "/page")))
	require.Equal(v.t, http.StatusSeeOther, answer.StatusCode, body(answer))
	require.Equal(v.t, "/page", answer.Header.Get("Location"))
	v.sees(away)
	v.sees(back)
}

// hosted gives the return that a redirect to the hosted pages comes to.
func (v *visitor) hosted(answer *http.Response) (target string) {
	v.t.Helper()
	location := answer.Header.Get("Location")
	require.True(v.t, strings.HasPrefix(location, v.server.Origin()), "%d %s", answer.StatusCode, location)
	return strings.TrimPrefix(v.server.SignIn(location, v.email), origin)
}

func (v *visitor) sees(s *site) {
	v.t.Helper()
	answer := v.open(s, "/page")
	require.Equal(v.t, http.StatusOK, answer.StatusCode)
	require.Equal(v.t, v.email, body(answer))
}

// isOut reports whether a page asks the visitor to sign in.
func (v *visitor) isOut(s *site) bool {
	return ask(s, http.MethodGet, "/page", v.cookies()).StatusCode == http.StatusSeeOther
}

func body(answer *http.Response) string {
	text, _ := io.ReadAll(answer.Body)
	return string(text)
}

func TestAVisitorIsSignedInAndOutOnAll(t *testing.T) {
	f, server := newFleet(t), secureflowstest.NewServer(t)
	sites := f.sites(server, 3)
	v, bystander := newVisitor(t, server, "ada@example.com"), newVisitor(t, server, "bob@example.com")
	v.signIn(sites[0], sites[1])
	bystander.signIn(sites[1], sites[0])
	v.sees(sites[2])
	answer := v.keep(ask(sites[2], http.MethodPost, "/auth/logout", v.cookies()))
	require.Equal(t, http.StatusSeeOther, answer.StatusCode, body(answer))
	for _, s := range sites {
		eventually(t, func() bool { return v.isOut(s) })
		bystander.sees(s)
	}
}

// Whose cookies somebody has copied is signed out as well.
func TestACopyIsSignedOutOnAll(t *testing.T) {
	f, server := newFleet(t), secureflowstest.NewServer(t)
	sites := f.sites(server, 2)
	v := newVisitor(t, server, "ada@example.com")
	v.signIn(sites[0], sites[1])
	copied := v.cookies()
	v.keep(ask(sites[0], http.MethodPost, "/auth/logout", copied))
	for _, s := range sites {
		eventually(t, func() bool { return ask(s, http.MethodGet, "/page", copied).StatusCode == http.StatusSeeOther })
	}
}

// A return that a proxy sends to two replicas, or somebody has copied in time.
func TestAReturnIsUsedOnce(t *testing.T) {
	f, server := newFleet(t), secureflowstest.NewServer(t)
	sites := f.sites(server, 3)
	for range 5 {
		v := newVisitor(t, server, "ada@example.com")
		target := v.hosted(v.open(sites[0], "/page"))
		cookies := v.cookies()
		var in, refused atomic.Int32
		var all sync.WaitGroup
		for i := range 12 {
			all.Go(func() {
				switch answer := ask(sites[i%3], http.MethodGet, target, cookies); answer.StatusCode {
				case http.StatusSeeOther:
					in.Add(1)
				case http.StatusBadRequest:
					refused.Add(1)
				}
			})
		}
		all.Wait()
		assert.Equal(t, int32(1), in.Load())
		assert.Equal(t, int32(11), refused.Load())
	}
}

// Requests of one visitor that meet an expired token together, on all replicas.
func TestOneReplicaRenews(t *testing.T) {
	f, server := newFleet(t), secureflowstest.NewServer(t)
	sites := f.sites(server, 3)
	v := newVisitor(t, server, "ada@example.com")
	v.signIn(sites[0], sites[1])
	v.sees(sites[2])
	server.ExpireToken(sites[0].token())
	cookies := v.cookies()
	f.forgetAll(sites)
	answers := make(chan *http.Response, 12)
	var all sync.WaitGroup
	for i := range cap(answers) {
		all.Go(func() { answers <- ask(sites[i%3], http.MethodGet, "/page", cookies) })
	}
	first := <-answers
	renewal := first.Header.Get("Location")
	require.True(t, strings.HasPrefix(renewal, server.Origin()), "%d %s", first.StatusCode, renewal)
	v.keep(first)
	returned := v.open(sites[2], v.hosted(first))
	require.Equal(t, http.StatusSeeOther, returned.StatusCode, body(returned))
	all.Wait()
	close(answers)
	for answer := range answers {
		assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
		location := answer.Header.Get("Location")
		if location != "/page" {
			// It came after the renewal, with the cookie of before: nobody's by then.
			assert.True(t, strings.HasPrefix(location, server.Origin()), location)
			assert.NotContains(t, location, "session_token", "went to renew as well")
		}
	}
	for _, s := range sites {
		v.sees(s)
	}
}

// forgetAll has all replicas ask the service anew.
func (f *fleet) forgetAll(sites []*site) {
	f.t.Helper()
	before := make([]uint64, len(sites))
	for i, s := range sites {
		before[i] = s.Stats().Received
	}
	f.redis.Do("XADD", "secureflows:events", "*", "e", "a")
	for i, s := range sites {
		eventually(f.t, func() bool { return s.Stats().Received > before[i] })
	}
}

// The outage of the issue: nobody is signed out by it for good, and whoever was
// revoked is in for MaxAge at most.
func TestARedisThatIsAwayForAWhile(t *testing.T) {
	const maxAge = time.Second
	f, server := newFleet(t, "--appendonly", "yes", "--appendfsync", "always"), secureflowstest.NewServer(t)
	sites := f.sites(server, 2, aging(maxAge), hurried)
	ada, bob := newVisitor(t, server, "ada@example.com"), newVisitor(t, server, "bob@example.com")
	ada.signIn(sites[0], sites[1])
	bob.signIn(sites[0], sites[1])
	revoked := sites[1].token()
	f.redis.Stop()
	stopped := time.Now()
	server.RevokeSession(revoked)
	away := 10 * time.Second
	if testing.Short() {
		away = 2 * time.Second
	}
	for time.Since(stopped) < away {
		for _, s := range sites {
			began := time.Now()
			answer := ask(s, http.MethodGet, "/page", bob.cookies())
			if began.Sub(stopped) > maxAge {
				require.NotEqual(t, http.StatusOK, answer.StatusCode, "admitted %v after the revocation", began.Sub(stopped))
			}
			code := ask(s, http.MethodGet, "/page", ada.cookies()).StatusCode
			require.Contains(t, []int{http.StatusOK, http.StatusServiceUnavailable}, code, "an outage is no sign-out")
		}
		time.Sleep(10 * time.Millisecond)
	}
	f.redis.Restart()
	for _, s := range sites {
		eventually(t, func() bool { return s.Stats().Connected })
		eventually(t, func() bool {
			return ask(s, http.MethodGet, "/page", ada.cookies()).StatusCode == http.StatusOK
		}, "signed out for good")
		eventually(t, func() bool { return bob.isOut(s) })
	}
}
