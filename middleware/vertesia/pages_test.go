package vertesia_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
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

// An application that quotes the token in its error must not have it logged.
func TestTheLogHasNoToken(t *testing.T) {
	next := signed("jti", "exchanged").Reveal()
	for name, text := range map[string]string{
		"whole": signed().Reveal(),
		"bare":  signed("permissions", nil, "account_roles", nil, "project_roles", nil, "apps", nil).Reveal(), // Done is given next
	} {
		var log bytes.Buffer
		b := browse(t, signIn(t, resolver(t, &service{issue: issues(next)}), func(c *vertesia.SignInConfig) {
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			c.Done = func(_ http.ResponseWriter, _ *http.Request, _ secureflows.Identity, token secureflows.Token) error {
				return errors.New("cannot store " + token.Reveal())
			}
		}))
		assert.Equal(t, http.StatusServiceUnavailable, b.end(b.returns(b.begin("/"), text)).Code, name)
		assert.Contains(t, log.String(), "cannot store", name)
		for part := range strings.SplitSeq(text+"."+next, ".") {
			assert.NotContains(t, log.String(), part[:12], name)
		}
	}
}
