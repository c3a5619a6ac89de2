package middleware_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// is is errors.Is, for a table.
func is(err, target error) bool { return errors.Is(err, target) }

// problem is the body of a refusal (RFC 9457 section 3.1).
type problem struct {
	Type, Title, Detail, Code, LoginURL string
	Status                              int
}

func problemOf(t *testing.T, w *httptest.ResponseRecorder) problem {
	t.Helper()
	assert.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	var p problem
	decoder := json.NewDecoder(w.Body)
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&p))
	assert.Equal(t, w.Code, p.Status)
	assert.NotEmpty(t, p.Title)
	assert.NotEmpty(t, p.Detail)
	return p
}

const types = "https://github.com/secureflows/secureflows-go/blob/main/docs/problems.md#"

// answers are what each error of a resolver comes to.
var answers = []struct {
	name      string
	err       error
	status    int
	kind      string
	challenge string
	sentinel  error // of Check
}{
	{"token invalid", secureflows.ErrUnauthenticated, 401, "invalid-token",
		`Bearer error="invalid_token", error_description="The token is not valid."`, secureflows.ErrUnauthenticated},
	{"signed out, not said how", secureflows.ErrSignedOut, 401, "invalid-token",
		`Bearer error="invalid_token", error_description="The token is not valid."`, secureflows.ErrSignedOut},
	{"token expired", secureflows.ErrTokenExpired, 401, "expired-token",
		`Bearer error="invalid_token", error_description="The token has expired. The data is intact."`, secureflows.ErrTokenExpired},
	{"session revoked", secureflows.ErrSessionRevoked, 401, "revoked-token",
		`Bearer error="invalid_token", error_description="The token was signed out."`, secureflows.ErrSessionRevoked},
	{"session not found", secureflows.ErrSessionNotFound, 401, "revoked-token",
		`Bearer error="invalid_token", error_description="The token was signed out."`, secureflows.ErrSessionNotFound},
	{"billing lock", secureflows.ErrGraceLock, 403, "billing-lock", "", secureflows.ErrGraceLock},
	{"key not found", secureflows.ErrKeyNotFound, 503, "unavailable", "", secureflows.ErrUnavailable},
	{"forbidden", secureflows.ErrForbidden, 503, "unavailable", "", secureflows.ErrUnavailable},
	{"session limit", secureflows.ErrSessionLimit, 503, "unavailable", "", secureflows.ErrUnavailable},
	{"payload too large", secureflows.ErrPayloadTooLarge, 503, "unavailable", "", secureflows.ErrUnavailable},
	{"rate limited", secureflows.ErrRateLimited, 503, "unavailable", "", secureflows.ErrRateLimited},
	{"invalid request", secureflows.ErrInvalidRequest, 503, "unavailable", "", secureflows.ErrUnavailable},
	{"unavailable", secureflows.ErrUnavailable, 503, "unavailable", "", secureflows.ErrUnavailable},
	{"an error of the resolver's own", errDown, 503, "unavailable", "", secureflows.ErrUnavailable},
	{"the resolver's time-out", context.DeadlineExceeded, 503, "unavailable", "", secureflows.ErrUnavailable},
	{"an outage by a time-out", errors.Join(secureflows.ErrUnavailable, context.DeadlineExceeded), 503, "unavailable", "", secureflows.ErrUnavailable},
	{"the resolver's cancellation", context.Canceled, 503, "unavailable", "", secureflows.ErrUnavailable},
}

var sentinels = []error{
	secureflows.ErrSignedOut, secureflows.ErrUnauthenticated, secureflows.ErrTokenExpired, secureflows.ErrSessionRevoked,
	secureflows.ErrSessionNotFound, secureflows.ErrKeyNotFound, secureflows.ErrGraceLock, secureflows.ErrForbidden,
	secureflows.ErrSessionLimit, secureflows.ErrPayloadTooLarge, secureflows.ErrRateLimited, secureflows.ErrInvalidRequest,
	secureflows.ErrUnavailable, context.Canceled, context.DeadlineExceeded,
}

func TestEachErrorOfAResolverHasItsAnswer(t *testing.T) {
	for _, row := range answers {
		for how, err := range map[string]error{"bare": row.err, "wrapped": fmt.Errorf("asking: %w", row.err)} {
			t.Run(row.name+", "+how, func(t *testing.T) {
				bearer := middleware.NewBearer(answering(secureflows.Identity{UserID: 1}, err), middleware.BearerConfig{})
				w := answerTo(bearer.Require(unreachable(t)), bearing("abc"))
				assert.Equal(t, row.status, w.Code)
				assert.Equal(t, row.challenge, w.Header().Get("WWW-Authenticate"))
				assert.Equal(t, row.status == 503, w.Header().Get("Retry-After") == "5")
				p := problemOf(t, w)
				assert.Equal(t, types+row.kind, p.Type)
				assert.Equal(t, row.status == 403, p.Code == "BILLING_GRACE_LOCK")
				assert.Empty(t, p.LoginURL)

				identity, got := bearer.Check(bearing("abc"))
				assert.Zero(t, identity)
				for _, sentinel := range sentinels {
					want := errors.Is(row.sentinel, sentinel)
					assert.Equal(t, want, is(got, sentinel), "%v: %v", sentinel, got)
				}
				if row.err == errDown {
					assert.ErrorIs(t, got, errDown)
				}
			})
		}
	}
}

// unreachable is behind a Bearer that lets nobody through.
func unreachable(t *testing.T) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the handler was reached") })
}

func TestRequestsWithoutATokenAreChallenged(t *testing.T) {
	for name, row := range map[string]struct {
		realm, header string
		status        int
		kind          string
		challenge     string
	}{
		"no credentials":           {"", "", 401, "no-credentials", "Bearer"},
		"no credentials, a realm":  {"notes", "", 401, "no-credentials", `Bearer realm="notes"`},
		"another scheme":           {"", "Basic YTpi", 401, "no-credentials", "Bearer"},
		"a realm with quotes":      {`a "b" \c`, "", 401, "no-credentials", `Bearer realm="a \"b\" \\c"`},
		"malformed credentials":    {"", "Bearer", 400, "malformed-credentials", `Bearer error="invalid_request", error_description="The request must carry exactly one Authorization header with one bearer token."`},
		"a bad token, and a realm": {"notes", "Bearer abc", 401, "invalid-token", `Bearer realm="notes", error="invalid_token", error_description="The token is not valid."`},
		"malformed ones, and a realm": {"notes", "Bearer a b", 400, "malformed-credentials",
			`Bearer realm="notes", error="invalid_request", error_description="The request must carry exactly one Authorization header with one bearer token."`},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			if row.header != "" {
				r.Header.Set("Authorization", row.header)
			}
			w := answerTo(middleware.NewBearer(refusing(), middleware.BearerConfig{Realm: row.realm}).Require(unreachable(t)), r)
			assert.Equal(t, row.status, w.Code)
			assert.Equal(t, []string{row.challenge}, w.Header().Values("WWW-Authenticate"))
			assert.Empty(t, w.Header().Get("Retry-After"))
			assert.Equal(t, types+row.kind, problemOf(t, w).Type)
		})
	}
}

func TestALoginURLIsGivenWithA401Only(t *testing.T) {
	server := secureflowstest.NewServer(t)
	bearer := middleware.NewBearer(server.Client(), middleware.BearerConfig{RedirectURI: secureflowstest.RedirectURI})
	want, err := server.Client().LoginURL(secureflows.LoginOptions{RedirectURI: secureflowstest.RedirectURI})
	require.NoError(t, err)

	anonymous := answerTo(bearer.Require(whoami), httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Contains(t, anonymous.Body.String(), want, "legible, without escapes")
	assert.Equal(t, want, problemOf(t, anonymous).LoginURL)

	session := server.Session("ada@example.com")
	text := session.Token().Reveal()
	server.ExpireToken(session.Token())
	expired := answerTo(bearer.Require(whoami), bearing(text))
	assert.NotContains(t, expired.Body.String(), text)
	assert.Equal(t, want, problemOf(t, expired).LoginURL)

	assert.Empty(t, problemOf(t, answerTo(bearer.Require(whoami), bearing("a b"))).LoginURL, "400")
	other := server.Session("grace@example.com").Token().Reveal()
	server.Fail(secureflowstest.Fault{Status: http.StatusBadGateway})
	assert.Empty(t, problemOf(t, answerTo(bearer.Require(whoami), bearing(other))).LoginURL, "503")
	server.LockBilling(true)
	assert.Empty(t, problemOf(t, answerTo(bearer.Require(whoami), bearing(other))).LoginURL, "403")
}

// What the service and its edge answer, through the client.
func TestAnswersOfTheServiceThroughTheClient(t *testing.T) {
	for name, row := range map[string]struct {
		fault      secureflowstest.Fault
		status     int
		retryAfter string
	}{
		"an outage":                        {secureflowstest.Fault{Status: 503}, 503, "5"},
		"an outage that says how long":     {secureflowstest.Fault{Status: 503, RetryAfter: 17 * time.Second}, 503, "17"},
		"a proxy's page":                   {secureflowstest.Fault{Status: 502, Body: "<html><title>Bad Gateway</title>"}, 503, "5"},
		"a broken connection":              {secureflowstest.Fault{Drop: true}, 503, "5"},
		"an answer cut short":              {secureflowstest.Fault{Truncate: true}, 503, "5"},
		"a 200 that is not the API's":      {secureflowstest.Fault{Status: 200, Body: "<html>"}, 503, "5"},
		"a 404 of a proxy":                 {secureflowstest.Fault{Status: 404, Body: "not here"}, 503, "5"},
		"a firewall":                       {secureflowstest.Fault{Status: 403, Body: "<html>blocked"}, 503, "5"},
		"the edge's rate limit":            {secureflowstest.Fault{Status: 429, Body: "slow down", RetryAfter: 42 * time.Second}, 503, "42"},
		"a rate limit that says nothing":   {secureflowstest.Fault{Status: 429, EmptyBody: true}, 503, "5"},
		"a 400":                            {secureflowstest.Fault{Status: 400}, 503, "5"},
		"a 401":                            {secureflowstest.Fault{Status: 401}, 401, ""},
		"a 403 without a body":             {secureflowstest.Fault{Status: 403, EmptyBody: true}, 401, ""},
		"a 410":                            {secureflowstest.Fault{Status: 410}, 401, ""},
		"a 410 without a body":             {secureflowstest.Fault{Status: 410, EmptyBody: true}, 401, ""},
		"the API's 404 of a session":       {secureflowstest.Fault{Status: 404}, 401, ""},
		"a billing lock":                   {secureflowstest.Fault{Status: 403, Body: `{"status":403,"error":"locked","code":"BILLING_GRACE_LOCK"}`}, 403, ""},
		"nothing: the fault is slow alone": {secureflowstest.Fault{Header: http.Header{"X-Slow": {"1"}}}, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			server := secureflowstest.NewServer(t)
			text := server.Session("ada@example.com").Token().Reveal()
			server.Fail(row.fault)
			handler := requiring(server.Client(), middleware.BearerConfig{})
			w := answerTo(handler, bearing(text))
			assert.Equal(t, row.status, w.Code, w.Body)
			assert.Equal(t, row.retryAfter, w.Header().Get("Retry-After"))
			if row.status == http.StatusServiceUnavailable {
				assert.Empty(t, w.Header().Get("WWW-Authenticate"))
				assert.Equal(t, http.StatusOK, status(handler, bearing(text)), "an outage is not remembered")
			}
		})
	}
}
