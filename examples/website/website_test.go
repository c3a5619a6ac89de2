package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go/secureflowstest"
)

func TestNotesAreWrittenFoundAndDeleted(t *testing.T) {
	v := newVisitor(t)
	assert.Contains(t, v.get("/").text, "Sign in")

	page := v.signIn("/notes?find=milk")
	assert.Equal(t, "/notes?find=milk", page.url.RequestURI())
	assert.Contains(t, page.text, ada)

	page = v.post("/notes", "buy <milk>\r\nand bread")
	assert.Equal(t, "/notes", page.url.RequestURI())
	assert.Contains(t, page.text, "buy &lt;milk&gt;\nand bread")
	assert.Equal(t, "no-store", page.header.Get("Cache-Control"))
	assert.NotContains(t, v.get("/notes?find=EGGS").text, "bread")
	assert.Contains(t, v.get("/notes?find=MILK").text, "bread")

	path := regexp.MustCompile(`/notes/[^"]+/delete`).FindString(page.text)
	for range 2 { // the second time from a stale page
		page = v.post(path, "")
		assert.Equal(t, "/notes", page.url.RequestURI())
		assert.NotContains(t, page.text, "bread")
	}
}

func TestSignOutKeepsTheNotes(t *testing.T) {
	v := newVisitor(t)
	v.signIn("/notes")
	v.post("/notes", "buy milk")

	page := v.post("/auth/logout", "")
	assert.Equal(t, public+"/", page.url.String())
	assert.NotContains(t, page.text, ada)

	assert.Contains(t, v.signIn("/notes").text, "buy milk")
}

func TestDeleteAllDestroysTheNotes(t *testing.T) {
	v := newVisitor(t)
	v.signIn("/notes")
	v.post("/notes", "buy milk")
	assert.Contains(t, v.get("/delete-all").text, "cannot be undone")

	page := v.post("/delete-all", "")
	assert.Contains(t, page.text, "Everything you stored here is deleted.")

	assert.NotContains(t, v.signIn("/notes").text, "buy milk")
}

func TestExpiryLosesNoText(t *testing.T) {
	const text = "a long <thought>"
	v := newVisitor(t)
	v.signIn("/notes")
	v.service.Advance(8 * 24 * time.Hour) // a token lasts 7 days

	page := v.post("/notes", text)
	assert.Equal(t, http.StatusUnauthorized, page.status)
	assert.Contains(t, page.text, "a long &lt;thought&gt;</textarea>")
	assert.Contains(t, page.text, `href="/signed-in" target="_blank"`)

	assert.Contains(t, v.signIn("/signed-in").text, "Close this tab")
	assert.Contains(t, v.post("/notes", text).text, `<p class="text">a long &lt;thought&gt;</p>`)
}

func TestRefusedNotesKeepTheirText(t *testing.T) {
	for name, test := range map[string]struct {
		fault   secureflowstest.Fault
		text    string
		status  int
		problem string
	}{
		"too long":      {text: strings.Repeat("x", maxNoteCharacters+1), status: 422, problem: "has 2001 characters, and may have 2000"},
		"empty":         {text: " \n", status: 422, problem: "nothing in this note"},
		"over the plan": {fault: secureflowstest.Fault{Status: 429, Body: `{"status": 429, "error": "Limit", "code": "BILLING_PAYLOAD_LIMIT"}`}, text: "buy milk", status: 413, problem: "no room"},
		"many sessions": {fault: secureflowstest.Fault{Status: 429, Body: `{"status": 429, "error": "Limit", "code": "BILLING_SESSION_LIMIT"}`}, text: "buy milk", status: 429, problem: "Too many people"},
		"not accepted":  {fault: secureflowstest.Fault{Status: 400}, text: "buy milk", status: 422, problem: "cannot be saved as it is"},
		"a lock":        {fault: secureflowstest.Fault{Status: 403, Body: `{"status": 403, "error": "Locked", "code": "BILLING_GRACE_LOCK"}`}, text: "buy milk", status: 403, problem: "locked over billing"},
		"an outage":     {fault: secureflowstest.Fault{Status: 502, Body: "<html>"}, text: "buy milk", status: 503, problem: "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVisitor(t)
			v.signIn("/notes")
			if test.fault.Status != 0 {
				test.fault.Path = "/api/v1/sessions/set/*"
				v.service.Fail(test.fault)
			}
			page := v.post("/notes", test.text)
			assert.Equal(t, test.status, page.status, page.text)
			assert.Contains(t, page.text, test.problem)
			assert.Contains(t, page.text, test.text+"</textarea>")
		})
	}
	far := newVisitor(t)
	far.signIn("/notes")
	page := far.post("/notes", strings.Repeat("x", maxFormBytes))
	assert.Equal(t, http.StatusRequestEntityTooLarge, page.status)
	assert.Contains(t, page.text, "far too long")
}

func TestTroubleSignsNobodyOut(t *testing.T) {
	v := newVisitor(t)
	v.signIn("/notes")

	v.service.LockBilling(true)
	page := v.get("/notes?find=milk")
	assert.Equal(t, http.StatusForbidden, page.status)
	assert.Contains(t, page.text, "locked over billing")
	v.service.LockBilling(false)

	v.service.Fail(secureflowstest.Fault{Path: "/api/v1/sessions", Drop: true})
	page = v.get("/notes?find=milk")
	assert.Equal(t, http.StatusServiceUnavailable, page.status)
	assert.NotEmpty(t, page.header.Get("Retry-After"))
	assert.Contains(t, page.text, `href="/notes?find=milk"`)

	assert.Equal(t, http.StatusOK, v.get("/notes").status)
}

func TestCancelledSignIn(t *testing.T) {
	v := newVisitor(t)
	state := v.get("/notes").url.Query().Get("state")
	page := v.get(callbackPath + "?error=access_denied&state=" + url.QueryEscape(state))
	assert.Equal(t, http.StatusBadRequest, page.status)
	assert.Contains(t, page.text, "Sign-in cancelled")
}

func TestOtherSitesAndScriptsAreRefused(t *testing.T) {
	v := newVisitor(t)
	v.signIn("/notes")

	forged := httptest.NewRequest(http.MethodPost, public+"/auth/logout", nil)
	forged.Header.Set("Sec-Fetch-Site", "cross-site")
	response := httptest.NewRecorder()
	v.site.ServeHTTP(response, forged)
	assert.Equal(t, http.StatusForbidden, response.Code)
	assert.Contains(t, response.Body.String(), "another site")

	fetch := httptest.NewRequest(http.MethodGet, public+"/notes", nil)
	fetch.Header.Set("Sec-Fetch-Mode", "cors")
	response = httptest.NewRecorder()
	v.site.ServeHTTP(response, fetch)
	assert.Equal(t, http.StatusUnauthorized, response.Code)
	assert.Equal(t, "application/problem+json", response.Header().Get("Content-Type"))
}

func TestEveryPageHasItsHeaders(t *testing.T) {
	v := newVisitor(t)
	v.signIn("/notes")
	for _, path := range []string{"/", "/notes", "/delete-all", "/signed-in", "/nowhere", "/notes/x/nowhere", callbackPath, "/style.css", "/icon.svg"} {
		header := v.get(path).header
		assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"), path)
		assert.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'", path)
		assert.Contains(t, header.Get("Content-Security-Policy"), "form-action 'self' "+v.service.Origin()+";", path)
		assert.NotContains(t, header.Get("Content-Security-Policy"), "unsafe", path)
	}
	assert.Equal(t, http.StatusNotFound, v.get("/nowhere").status)
}
