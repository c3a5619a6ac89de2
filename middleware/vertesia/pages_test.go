package vertesia_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheBridgePage(t *testing.T) {
	s := signIn(t, resolver(t, &service{}))
	w := httptest.NewRecorder()
	s.Callback(w, httptest.NewRequest("GET", callbackURL+`?a=<script>&p="`, nil))
	assert.Equal(t, http.StatusOK, w.Code)
	header := w.Header()
	assert.Equal(t, "no-store", header.Get("Cache-Control"))
	assert.Equal(t, "no-referrer", header.Get("Referrer-Policy"))
	assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
	assert.Equal(t, "text/html; charset=utf-8", header.Get("Content-Type"))
	assert.Regexp(t, `^default-src 'none'; script-src 'sha256-[A-Za-z0-9+/]{43}='; style-src 'sha256-[A-Za-z0-9+/]{43}='; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$`,
		header.Get("Content-Security-Policy"))
	assert.NotRegexp(t, `(?i)<[^>]+ (on[a-z]+|style|src|href="javascript:)=`, w.Body.String(), "what the policy would stop")
	other := httptest.NewRecorder()
	s.Callback(other, httptest.NewRequest("GET", callbackURL, nil))
	assert.Equal(t, other.Body, w.Body, "nothing of a request is in the page")

	head := httptest.NewRecorder()
	s.Callback(head, httptest.NewRequest("HEAD", callbackURL, nil))
	assert.Equal(t, http.StatusOK, head.Code)
	assert.Empty(t, head.Body.String())
	assert.Equal(t, header, head.Header())

	put := httptest.NewRecorder()
	s.Callback(put, httptest.NewRequest("PUT", callbackURL, nil))
	assert.Equal(t, http.StatusMethodNotAllowed, put.Code)
	assert.Equal(t, "GET, HEAD, POST", put.Header().Get("Allow"))
}
