package replicas_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

const (
	ada = "ada@example.com"

	signOut     = "/auth/logout"
	deleteAll   = "/delete-all" // which revokes
	anyPage     = "/signed-in"  // needs to know who it is, and asks the service nothing else
	loginPath   = "/app/sessions/login"
	cookieName  = "secureflows"
	textOnAPage = "Close this tab" // of anyPage
)

// visitor is a browser without a screen: it keeps cookies. Its methods that give
// an error may be called by several goroutines.
type visitor struct {
	t     *testing.T
	site  *site
	email string
	jar   http.CookieJar

	mu      sync.Mutex // guards what is below
	secrets []string   // whatever nobody else may know of
	token   string     // the newest
}

func (s *site) visitor(email string) *visitor {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(s.t, err)
	return &visitor{t: s.t, site: s, email: email, jar: jar}
}

// copy is somebody with the cookies that this visitor has now, and keeps them
// whatever the visitor is told afterwards.
func (v *visitor) copy() *visitor {
	v.t.Helper()
	other := v.site.visitor(v.email)
	here := v.here()
	other.jar.SetCookies(here, v.jar.Cookies(here))
	return other
}

func (v *visitor) here() *url.URL {
	here, err := url.Parse(v.site.public)
	require.NoError(v.t, err)
	return here
}

// cookie is what the visitor is known by, "" for nobody.
func (v *visitor) cookie() string {
	for _, cookie := range v.jar.Cookies(v.here()) {
		if cookie.Name == cookieName {
			return cookie.Value
		}
	}
	return ""
}

// answer is what comes back, with no redirect followed.
type answer struct {
	status   int
	location string
	kind     string // of what is in it
	text     string
	asked    time.Time
	took     time.Duration
}

// String says what a test may print: a location can hold a token.
func (a answer) String() string {
	location, _, _ := strings.Cut(a.location, "?")
	return fmt.Sprintf("%d %s (%v)", a.status, location, a.took.Round(time.Millisecond))
}

// toLogin reports whether it sends the visitor to the hosted login.
func (v *visitor) toLogin(a answer) bool {
	return strings.HasPrefix(a.location, v.site.service.Origin()+loginPath+"?")
}

// somewhere is the balancer, where a replica is asked for that is to be chosen by it.
var somewhere *replica

func (v *visitor) send(through *replica, method, path, body string, header http.Header) (answer, error) {
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.site.public+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header = header
	door := v.site.balancer.door
	if through != somewhere {
		door = through.door
	}
	client := &http.Client{
		Jar: v.jar, Transport: door, Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	asked := time.Now()
	response, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	v.keep(response)
	return answer{
		status: response.StatusCode, location: response.Header.Get("Location"), kind: response.Header.Get("Content-Type"),
		text: string(text), asked: asked, took: time.Since(asked),
	}, err
}

// keep notes the cookies that the visitor is given, which are secrets.
func (v *visitor) keep(response *http.Response) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, cookie := range response.Cookies() {
		if cookie.Value != "" {
			v.secrets = append(v.secrets, cookie.Value)
		}
	}
}

// tryNavigation opens a page, as by a link.
func (v *visitor) tryNavigation(through *replica, path string) (answer, error) {
	return v.send(through, http.MethodGet, path, "", http.Header{
		"Accept": {"text/html,*/*;q=0.8"}, "Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"},
	})
}

// tryFetch asks as a script of a page does, which is never redirected.
func (v *visitor) tryFetch(through *replica, path string) (answer, error) {
	return v.send(through, http.MethodGet, path, "", http.Header{
		"Accept": {"application/json"}, "Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Dest": {"empty"}, "Sec-Fetch-Site": {"same-origin"},
	})
}

func (v *visitor) navigate(through *replica, path string) answer {
	v.t.Helper()
	a, err := v.tryNavigation(through, path)
	require.NoError(v.t, err)
	return a
}

func (v *visitor) fetch(through *replica, path string) answer {
	v.t.Helper()
	a, err := v.tryFetch(through, path)
	require.NoError(v.t, err)
	return a
}

// submit sends a form of a page.
func (v *visitor) submit(through *replica, path string, form url.Values) answer {
	v.t.Helper()
	a, err := v.send(through, http.MethodPost, path, form.Encode(), http.Header{
		"Accept": {"text/html,*/*;q=0.8"}, "Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {v.site.public},
		"Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"document"}, "Sec-Fetch-Site": {"same-origin"},
	})
	require.NoError(v.t, err)
	return a
}

// begin opens a page that needs a sign-in, and gives the hosted page that it
// leads to.
func (v *visitor) begin(through *replica, path string) (login string) {
	v.t.Helper()
	a := v.navigate(through, path)
	require.True(v.t, v.toLogin(a), "%s does not lead to the hosted login: %v", path, a)
	return a.location
}

// consent signs in at the hosted page, and gives the path that this leads back
// to, with the token in its query.
func (v *visitor) consent(login string) (callback string) {
	v.t.Helper()
	back, err := url.Parse(v.site.service.SignIn(login, v.email))
	require.NoError(v.t, err)
	require.Equal(v.t, v.site.public, back.Scheme+"://"+back.Host)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.token = back.Query().Get("sessionToken")
	v.secrets = append(v.secrets, v.token, back.Query().Get("state"))
	return back.RequestURI()
}

// finish follows the hosted page back to the page that was asked for.
func (v *visitor) finish(through *replica, login, path string) {
	v.t.Helper()
	a := v.navigate(through, v.consent(login))
	require.Equal(v.t, http.StatusSeeOther, a.status, "the return of a sign-in: %v", a)
	require.Equal(v.t, path, a.location)
}

// signIn does all of it.
func (v *visitor) signIn(through *replica) {
	v.t.Helper()
	v.finish(through, v.begin(through, anyPage), anyPage)
	v.sees(through)
}

// sees makes sure that the visitor is served, as who they are.
func (v *visitor) sees(through *replica) {
	v.t.Helper()
	a := v.navigate(through, anyPage)
	require.Equal(v.t, http.StatusOK, a.status, "%s is not served: %v", v.email, a)
	require.Contains(v.t, a.text, v.email)
	require.Contains(v.t, a.text, textOnAPage)
}

// open goes wherever a page leads to, as a browser does whose user signs in where
// asked. It gives the last answer and how often that was. A loop fails the test.
func (v *visitor) open(through *replica, path string) (last answer, signIns int) {
	v.t.Helper()
	for range 12 {
		last = v.navigate(through, path)
		switch {
		case v.toLogin(last):
			signIns++
			path = v.consent(last.location)
		case strings.HasPrefix(last.location, "/"):
			path = last.location
		default:
			return last, signIns
		}
	}
	v.t.Fatalf("a loop: %d sign-ins, and the last answer is %v", signIns, last)
	return last, signIns
}

// sessionToken is the newest, for what is done to it at the service.
func (v *visitor) sessionToken() secureflows.Token {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	token, err := secureflows.NewToken(v.token)
	require.NoError(v.t, err)
	return token
}
