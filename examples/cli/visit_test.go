package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

// answer is what a browser gets that opens the address.
func answer(v *visit, address string, cookies ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, address, nil)
	for _, cookie := range cookies {
		r.AddCookie(&http.Cookie{Name: browserCookie, Value: cookie})
	}
	w := httptest.NewRecorder()
	v.ServeHTTP(w, r)
	return w
}

// Whoever sees the address of a renewal in the list of processes does not get at
// the token behind it, however quick.
func TestLinkIsForTheBrowserThatSignedIn(t *testing.T) {
	d := newDesk(t)
	d.browser = "the browser's"
	const held, free = "http://127.0.0.1:1/held", "http://127.0.0.1:1/free"
	v := newVisit(d.program)
	link := v.link(held, free)

	assert.Equal(t, free, answer(v, link).Header().Get("Location"), "without the cookie")
	assert.Equal(t, free, answer(v, link, "another's").Header().Get("Location"))
	first := answer(v, link, "the browser's")
	assert.Equal(t, held, first.Header().Get("Location"))
	assert.Equal(t, "no-referrer", first.Header().Get("Referrer-Policy"))
	assert.Equal(t, "no-store", first.Header().Get("Cache-Control"))
	assert.Equal(t, free, answer(v, link, "the browser's").Header().Get("Location"), "once")
	assert.Equal(t, http.StatusNotFound, answer(v, link+"x", "the browser's").Code)
	assert.NotContains(t, link, v.state)
}

func TestLinkThatLeadsNowhereElse(t *testing.T) {
	d := newDesk(t)
	v := newVisit(d.program)
	link := v.link("http://127.0.0.1:1/held", "")
	assert.Equal(t, http.StatusForbidden, answer(v, link).Code)
	require.ErrorIs(t, (<-v.returned).err, errOtherBrowser)
}

// A page elsewhere can point a name of its own at 127.0.0.1.
func TestOnlyItsOwnAddressIsAnswered(t *testing.T) {
	d := newDesk(t)
	v := newVisit(d.program)
	assert.Equal(t, http.StatusForbidden, answer(v, "http://evil.example:8976/done").Code)
	assert.Equal(t, http.StatusForbidden, answer(v, "http://localhost:8976/done").Code)
	assert.Equal(t, http.StatusNotFound, answer(v, "http://"+d.address+"/").Code)

	w := httptest.NewRecorder()
	v.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://"+d.address+callbackPath+"?state="+v.state, nil))
	assert.Equal(t, http.StatusForbidden, w.Code)
}

func TestSignedOutNeedsItsState(t *testing.T) {
	d := newDesk(t)
	v := newVisit(d.program)
	assert.Equal(t, http.StatusNotFound, answer(v, "http://"+d.address+signedOutPath+"guess").Code)
	assert.False(t, v.over())
	assert.Equal(t, http.StatusOK, answer(v, v.signedOut()).Code)
	assert.True(t, v.over())
}

func TestTokenLeavesTheAddressBar(t *testing.T) {
	d := newDesk(t)
	v := newVisit(d.program)
	login, err := d.client.LoginURL(v.options())
	require.NoError(t, err)
	w := answer(v, d.service.SignIn(login, ada))
	assert.Equal(t, donePath, w.Header().Get("Location"))
	cookie := w.Result().Cookies()[0]
	assert.True(t, cookie.HttpOnly)
	assert.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	assert.Equal(t, linkPath, cookie.Path)
	assert.Equal(t, d.browser, cookie.Value)
	assert.NotEqual(t, secureflows.Token{}, (<-v.returned).token)
}
