package middleware_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// BenchmarkBrowserRequire is a page of somebody who is signed in, the answer
// about them in memory.
func BenchmarkBrowserRequire(b *testing.B) {
	mock := secureflowstest.Start(secureflowstest.Options{RedirectURIs: []string{callbackURL}})
	b.Cleanup(mock.Close)
	browser, err := middleware.NewBrowser(mock.Client(), middleware.BrowserConfig{CallbackURL: callbackURL, AfterLogout: siteURL})
	require.NoError(b, err)
	mux := http.NewServeMux()
	page := browser.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	mux.Handle("GET /page", page)
	mux.HandleFunc("GET /auth/callback", browser.Callback)
	ada := person(mux, mock, "ada@example.com")
	require.Equal(b, http.StatusOK, open(ada, "GET", "/page").StatusCode)
	r := httptest.NewRequest("GET", siteURL+"/page", nil)
	for _, cookie := range ada.Jar.Cookies(r.URL) {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		clear(w.Header())
		page.ServeHTTP(w, r)
	}
	require.Equal(b, http.StatusOK, w.Code)
}
