package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/secureflowstest"
)

const (
	ada    = "ada@example.com"
	public = "http://localhost:8080" // on the mock's allowlist
)

// visitor is a browser without a screen: it keeps cookies, follows redirects
// and sends forms. The website is not on the network.
type visitor struct {
	t       *testing.T
	service *secureflowstest.Server
	site    http.Handler
	client  *http.Client
}

func newVisitor(t *testing.T) *visitor {
	service := secureflowstest.NewServer(t)
	site, err := newSite(t.Context(), service.Config(), public, nil)
	require.NoError(t, err)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	v := &visitor{t: t, service: service, site: site}
	v.client = &http.Client{Jar: jar, Transport: v}
	return v
}

// replica is one more process of the site.
func (v *visitor) replica(redis, keys string) http.Handler {
	v.t.Helper()
	shared, err := share(redis, keys)
	require.NoError(v.t, err)
	v.t.Cleanup(shared.close)
	site, err := newSite(v.t.Context(), v.service.Config(), public, shared)
	require.NoError(v.t, err)
	return site
}

// RoundTrip brings requests of the site to its handler.
func (v *visitor) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "localhost:8080" {
		return http.DefaultTransport.RoundTrip(r)
	}
	response := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	v.site.ServeHTTP(response, r)
	result := response.Result()
	result.Request = r
	return result, nil
}

// shown is a page as the visitor has it before them.
type shown struct {
	status int
	header http.Header
	url    *url.URL
	text   string
}

func (v *visitor) ask(method, address string, form url.Values) shown {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(v.t, err)
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", public)
	}
	response, err := v.client.Do(r)
	require.NoError(v.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(v.t, err)
	return shown{response.StatusCode, response.Header, response.Request.URL, string(text)}
}

func (v *visitor) get(path string) shown {
	v.t.Helper()
	return v.ask(http.MethodGet, public+path, nil)
}

func (v *visitor) post(path, text string) shown {
	v.t.Helper()
	return v.ask(http.MethodPost, public+path, url.Values{"text": {text}})
}

// signIn opens a page, signs in on the way, and gives the page.
func (v *visitor) signIn(path string) shown {
	v.t.Helper()
	login := v.get(path)
	require.Equal(v.t, "/app/sessions/login", login.url.Path)
	return v.ask(http.MethodGet, v.service.SignIn(login.url.String(), ada), nil)
}
