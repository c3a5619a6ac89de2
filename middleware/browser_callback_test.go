package middleware_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go/middleware"
)

// assertPage asserts a page of the site's own, with what keeps it safe.
func assertPage(t *testing.T, answer seen) {
	t.Helper()
	assert.Regexp(t, `^text/html; *charset=(?i)utf-8$`, answer.Header.Get("Content-Type"))
	assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	assert.Equal(t, "nosniff", answer.Header.Get("X-Content-Type-Options"))
	policy := answer.Header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "default-src 'none'")
	assert.NotContains(t, policy, "unsafe")
	assert.Regexp(t, `frame-ancestors 'none'`, policy)
	assert.Contains(t, answer.body, "<html lang=")
	assert.NotContains(t, answer.body, "<script")
	assert.NotContains(t, answer.body, "http-equiv", "a page that moves on by itself")
	assert.Empty(t, answer.Header.Get("Refresh"))
	assert.NotContains(t, answer.body, " style=", "is blocked by the policy")
}

func TestAnErrorOfTheServiceIsAPage(t *testing.T) {
	s := offline(t, &service{})
	v := s.newVisitor("user-1@example.com")
	for name, fields := range map[string][]string{
		"cancelled":            {"error", "access_denied", "error_description", "The sign-in was cancelled"},
		"failed":               {"error", "server_error"},
		"an empty error":       {"error", ""},
		"a token beside it":    {"error", "server_error", "sessionToken", "user-1"},
		"no state":             {"error", "server_error", "state", ""},
		"neither":              {"other", "x"},
		"a token that is none": {"sessionToken", "a b"},
		"an empty token":       {"sessionToken", ""},
	} {
		virtual(t, func(t *testing.T) {
			v := s.newVisitor("user-1@example.com")
			state := stateOf(t, v.begin("/page"))
			target := returning(append([]string{"state", state}, fields...)...)
			answer := v.open(target)
			assert.Equal(t, http.StatusBadRequest, answer.StatusCode, name)
			assertFailed(t, answer, name)
			assertPage(t, answer)
			assert.Equal(t, "no-referrer", answer.Header.Get("Referrer-Policy"), name)
			assert.Contains(t, answer.body, "href=", "%s: no way on", name)
			assert.NotContains(t, answer.body, "/auth/callback", "%s: a link to the failure", name)
			v.assertSignedOut(name)
		})
	}
	answer := v.open("/auth/callback?sessionToken=user-1&sessionToken=user-2")
	assertFailed(t, answer)
}

// Anybody can make a link with an error in it.
func TestTextOfAReturnIsEscaped(t *testing.T) {
	s := offline(t, &service{})
	for _, text := range []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'onmouseover='alert(1)`, `javascript:alert(1)`, `</title><script>x</script>`,
		"https://evil.example/", "\u202eabc", "a\x00b", strings.Repeat("long ", 5000),
	} {
		v := s.newVisitor("user-1@example.com")
		answer := v.open(returning("error", text, "error_description", text, "state", stateOf(t, v.begin("/page"))))
		assert.Equal(t, http.StatusBadRequest, answer.StatusCode)
		assertPage(t, answer)
		assert.NotContains(t, answer.body, "<script>")
		assert.NotContains(t, answer.body, "<img")
		assert.NotContains(t, answer.body, `'onmouseover='`)
		assert.NotContains(t, answer.body, `href="https://evil`)
		assert.NotContains(t, answer.body, `href="javascript`)
		assert.Less(t, len(answer.body), 20_000)
	}
}

func TestTheCallbackIsForNavigationsOnly(t *testing.T) {
	s := offline(t, &service{})
	v := s.newVisitor("user-1@example.com")
	target := v.next(v.begin("/page"))
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		answer := v.send(method, target, navigation(), "")
		assert.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode, method)
		assert.Contains(t, answer.Header.Get("Allow"), "GET", method)
		assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"), method)
		assert.Equal(t, "no-referrer", answer.Header.Get("Referrer-Policy"), method)
	}
	v.sees(v.through(v.open(target)), "/page")
}

func TestEveryAnswerOfTheCallbackKeepsTheTokenIn(t *testing.T) {
	s := offline(t, &service{})
	v := s.newVisitor("user-1@example.com")
	good := v.next(v.begin("/page"))
	for _, target := range []string{good, good, "/auth/callback", returning("error", "x"), returning("sessionToken", "user-1", "state", "x")} {
		answer := v.open(target)
		assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"), target)
		assert.Equal(t, "no-referrer", answer.Header.Get("Referrer-Policy"), target)
		assert.NotContains(t, answer.Header.Get("Location"), "user-1")
		assert.NotContains(t, answer.body, "user-1")
	}
}

// The page is replaceable; the verdict is not.
func TestAnErrorHandlerRendersFailedReturns(t *testing.T) {
	s := offline(t, &service{}, func(cfg *middleware.BrowserConfig) {
		cfg.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, refusal *middleware.Refusal) {
			http.Redirect(w, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/"}}, "/page", http.StatusFound)
		}
	})
	v := s.newVisitor("user-1@example.com")
	for _, target := range []string{returning("error", "server_error"), returning("sessionToken", "user-1")} {
		answer := v.open(target)
		assert.GreaterOrEqual(t, answer.StatusCode, 400)
		assert.Less(t, answer.StatusCode, 500)
		assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
		assert.Equal(t, "no-referrer", answer.Header.Get("Referrer-Policy"))
	}
	assert.Len(t, s.refusals, 2)
}
