package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

const (
	ada   = "ada@example.com"
	grace = "grace@example.com"
)

// api is the program's routes in front of a mock; grace is the operator.
type api struct {
	t       *testing.T
	service *secureflowstest.Server
	handler http.Handler
}

func newAPI(t *testing.T) *api {
	service := secureflowstest.NewServer(t)
	return &api{t: t, service: service, handler: routes(service.Client(), service.UserID(grace), secureflowstest.RedirectURI)}
}

// caller signs somebody in and makes requests for them.
func (a *api) caller(email string) func(method, path, body string) *httptest.ResponseRecorder {
	token := a.service.Session(email).Token()
	return func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token.Reveal())
		response := httptest.NewRecorder()
		a.handler.ServeHTTP(response, r)
		assert.NotContains(a.t, response.Body.String(), token.Reveal(), "the token was repeated")
		return response
	}
}

func read[T any](t *testing.T, response *httptest.ResponseRecorder, status int) T {
	t.Helper()
	require.Equal(t, status, response.Code, response.Body)
	var value T
	require.NoError(t, json.NewDecoder(response.Body).Decode(&value))
	return value
}

func TestNotesAreWrittenAndRead(t *testing.T) {
	call := newAPI(t).caller(ada)

	assert.Empty(t, read[[]Note](t, call("GET", "/notes", ""), http.StatusOK))
	added := call("POST", "/notes", `{"text": "buy <milk> & bread"}`)
	note := read[Note](t, added, http.StatusCreated)
	assert.Equal(t, "buy <milk> & bread", note.Text)
	assert.Equal(t, "no-store", added.Header().Get("Cache-Control"))
	path := added.Header().Get("Location")
	assert.Equal(t, note, read[Note](t, call("GET", path, ""), http.StatusOK))
	assert.Equal(t, []Note{note}, read[[]Note](t, call("GET", "/notes", ""), http.StatusOK))

	assert.Equal(t, http.StatusNoContent, call("DELETE", path, "").Code)
	for _, method := range []string{"GET", "DELETE"} {
		assert.Equal(t, http.StatusNotFound, call(method, path, "").Code)
	}
}

func TestNotesBelongToTheToken(t *testing.T) {
	a := newAPI(t)
	asAda, asGrace := a.caller(ada), a.caller(grace)
	graceID := a.service.UserID(grace)

	body, err := json.Marshal(map[string]any{"text": "mine", "userId": graceID, "email": grace, "id": "chosen"})
	require.NoError(t, err)
	note := read[Note](t, asAda("POST", "/notes", string(body)), http.StatusCreated)

	assert.NotEqual(t, "chosen", note.ID)
	assert.Len(t, read[[]Note](t, asAda("GET", "/notes", ""), http.StatusOK), 1)
	assert.Empty(t, read[[]Note](t, asGrace("GET", "/notes", ""), http.StatusOK))
	assert.Equal(t, http.StatusNotFound, asGrace("GET", "/notes/"+note.ID, "").Code)
	assert.Equal(t, http.StatusNotFound, asGrace("DELETE", "/notes/"+note.ID, "").Code)
	caller := read[secureflows.Identity](t, asAda("GET", "/me?userId=2", ""), http.StatusOK)
	assert.Equal(t, secureflows.Identity{UserID: a.service.UserID(ada), Email: ada}, caller)
}

func TestStatisticsAreTheOperators(t *testing.T) {
	a := newAPI(t)
	assert.Equal(t, http.StatusForbidden, a.caller(ada)("GET", "/statistics", "").Code)
	assert.Contains(t, a.caller(grace)("GET", "/statistics", "").Body.String(), `"Misses":2`)

	a.handler = routes(a.service.Client(), 0, "")
	assert.Equal(t, http.StatusForbidden, a.caller(grace)("GET", "/statistics", "").Code, "0 is nobody")
}

func TestDeletedAccountIsGone(t *testing.T) {
	a := newAPI(t)
	call := a.caller(ada)
	call("POST", "/notes", `{"text": "a secret"}`)

	assert.Equal(t, http.StatusNoContent, call("DELETE", "/account", "").Code)

	assert.Equal(t, http.StatusUnauthorized, call("GET", "/notes", "").Code)
	assert.Empty(t, read[[]Note](t, a.caller(ada)("GET", "/notes", ""), http.StatusOK), "signed in afresh")
}

// A revocation elsewhere may go unnoticed for some seconds by the middleware,
// but not where an account is deleted, and nowhere by the service.
func TestRevokedElsewhere(t *testing.T) {
	for _, request := range []struct{ method, path, refusedBy string }{
		{"GET", "/notes", "the handler"},
		{"DELETE", "/account", "the middleware"},
	} {
		a := newAPI(t)
		session := a.service.Session(ada)
		call := a.caller(ada)
		require.Equal(t, http.StatusOK, call("GET", "/me", "").Code)
		a.service.RevokeSession(session.Token())

		response := call(request.method, request.path, "")

		assert.Equal(t, http.StatusUnauthorized, response.Code, request.path)
		assert.Contains(t, response.Header().Get("WWW-Authenticate"), "invalid_token", request.path)
		byMiddleware := strings.Contains(response.Body.String(), "revoked-token")
		assert.Equal(t, request.refusedBy == "the middleware", byMiddleware, response.Body)
	}
}

func TestWithoutTokenThereIsALogin(t *testing.T) {
	a := newAPI(t)
	for _, path := range []string{"/me", "/notes", "/notes/1", "/statistics"} {
		response := httptest.NewRecorder()
		a.handler.ServeHTTP(response, httptest.NewRequest("GET", path, nil))
		problem := read[struct{ LoginURL string }](t, response, http.StatusUnauthorized)
		assert.Contains(t, problem.LoginURL, a.service.Origin()+"/app/sessions/login?", path)
	}
}

// TestFailuresAreToldApart injects each at the service, into a call that the
// middleware has let through, or (the last) into the middleware's own.
func TestFailuresAreToldApart(t *testing.T) {
	const locked = `{"status": 403, "error": "Locked", "code": "BILLING_GRACE_LOCK"}`
	for name, test := range map[string]struct {
		fault      secureflowstest.Fault
		status     int
		retryAfter string
	}{
		"an outage":           {secureflowstest.Fault{Path: "/api/v1/sessions", Status: 502, Body: "<html>"}, 503, "5"},
		"a broken connection": {secureflowstest.Fault{Path: "/api/v1/sessions", Drop: true}, 503, "5"},
		"a rate limit":        {secureflowstest.Fault{Path: "/api/v1/sessions", Status: 429, RetryAfter: 7 * time.Second}, 429, "7"},
		"a billing lock":      {secureflowstest.Fault{Path: "/api/v1/sessions", Status: 403, Body: locked}, 403, ""},
		"a proxy's 404":       {secureflowstest.Fault{Path: "/api/v1/sessions", Status: 404, Body: "<html>"}, 503, "5"},
		"an ended token":      {secureflowstest.Fault{Path: "/api/v1/sessions", Status: 410}, 401, ""},
		"nobody to ask":       {secureflowstest.Fault{Path: "/api/v1/sessions/identity", Status: 500}, 503, "5"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			call := a.caller(ada)
			a.service.Fail(test.fault)
			response := call("GET", "/notes", "")
			assert.Equal(t, test.status, response.Code, response.Body)
			assert.Equal(t, test.retryAfter, response.Header().Get("Retry-After"))
			assert.Equal(t, "application/problem+json", response.Header().Get("Content-Type"))
		})
	}
}

func TestLimitsAndMistakes(t *testing.T) {
	a := newAPI(t)
	call := a.caller(ada)
	a.service.SetLimits(secureflowstest.Limits{MaxPayloadBytes: 300})

	assert.Equal(t, http.StatusCreated, call("POST", "/notes", `{"text": "short"}`).Code)
	for name, test := range map[string]struct {
		body   string
		status int
	}{
		"over the plan":   {`{"text": "` + strings.Repeat("x", 300) + `"}`, http.StatusRequestEntityTooLarge},
		"over the bound":  {`{"text": "` + strings.Repeat("x", maxNoteBytes) + `"}`, http.StatusRequestEntityTooLarge},
		"no JSON":         {`buy milk`, http.StatusBadRequest},
		"no body":         {``, http.StatusBadRequest},
		"not that object": {`{"text": 1}`, http.StatusBadRequest},
	} {
		assert.Equal(t, test.status, call("POST", "/notes", test.body).Code, name)
	}
	assert.Equal(t, http.StatusNotFound, call("GET", "/notes/%00", "").Code)
	assert.Len(t, read[[]Note](t, call("GET", "/notes", ""), http.StatusOK), 1)
}

func TestForgottenMiddlewareIsNoticed(t *testing.T) {
	assert.Panics(t, func() {
		handler(listNotes).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/notes", io.NopCloser(nil)))
	})
}
