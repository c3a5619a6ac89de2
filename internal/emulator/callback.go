package emulator

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// GET /api/v1/auth/callback: where the hosted pages, and applications with a
// legacy return, send the browser to finish a login.
func (e *Emulator) loginCallback(r *request) answer {
	query := r.URL.Query()
	back, refused := e.returnTo(query, "client_redirect_uri")
	if refused != nil {
		return refused.answer() // never a redirect: it would be an open one
	}
	token, refused := e.completeLogin(back, query, r.now)
	switch {
	case refused == nil:
		e.concerns(r, token)
		return redirectAnswer(http.StatusFound, back.with(param{"sessionToken", token}))
	case e.config.CallbackErrors == CallbackErrorsRedirect:
		return back.failed(http.StatusFound, refused)
	}
	return refused.answer()
}

// loginReturn is where a login leads: an allowlisted URI of an application.
type loginReturn struct {
	tenant *tenant
	app    *App
	uri    string
	state  []param // one, or none
}

type param struct{ name, value string }

// returnTo reads what the login page and auth/callback have in common. The one
// calls the URI redirect_uri, the other client_redirect_uri.
func (e *Emulator) returnTo(query url.Values, uriName string) (loginReturn, *refusal) {
	back := loginReturn{uri: query.Get(uriName)}
	for _, name := range []string{uriName, "workspace_name", "app_id"} {
		if query.Get(name) == "" {
			return back, badRequest(name + " is required")
		}
	}
	var refused *refusal
	back.tenant, back.app, refused = e.lookUp(query.Get("workspace_name"), query.Get("app_id"))
	if refused != nil {
		return back, badRequest(refused.message)
	}
	if !back.app.allows(back.uri) {
		return back, errBadRedirect
	}
	if query.Has("state") && !e.config.DropState {
		back.state = []param{{"state", query.Get("state")}}
	}
	return back, nil
}

// with is the URI with these parameters and the state in its query.
func (back loginReturn) with(params ...param) string {
	location := []byte(back.uri)
	separator := byte('?')
	if strings.Contains(back.uri, "?") {
		separator = '&'
	}
	for _, p := range append(params, back.state...) {
		location = append(location, separator)
		location = append(location, p.name+"="+queryText(p.value)...)
		separator = '&'
	}
	return string(location)
}

// failed tells the application why there is no token.
func (back loginReturn) failed(status int, refused *refusal) answer {
	return redirectAnswer(status, back.with(
		param{"error", errorCode(refused)}, param{"error_description", refused.message}))
}

// errorCode is the refusal's code, or a name in the manner of RFC 6749, section
// 4.1.2.1. It is never access_denied: that is a person who cancelled.
func errorCode(refused *refusal) string {
	if refused.code != "" {
		return refused.code
	}
	switch refused.status {
	case http.StatusUnauthorized:
		return "invalid_token"
	case http.StatusForbidden:
		return "not_owner"
	case http.StatusNotFound:
		return "session_not_found"
	case http.StatusGone:
		return "session_revoked"
	case http.StatusRequestEntityTooLarge:
		return "payload_too_large"
	}
	return "invalid_request"
}

// completeLogin renews the session of session_token, or reuses or opens one.
func (e *Emulator) completeLogin(back loginReturn, query url.Values, now instant) (string, *refusal) {
	if query.Get("firebaseToken") == "" {
		return "", badRequest("firebaseToken is required")
	}
	owner, refused := e.bearerOf(query.Get("firebaseToken"), now)
	if refused != nil {
		return "", refused
	}
	life, refused := sessionLife(query)
	if refused != nil {
		return "", refused
	}
	data, ok := parsePayload([]byte(query.Get("payload")))
	old := query.Get("session_token")
	switch {
	case query.Get("payload") != "" && old != "":
		return "", badRequest("payload must not be combined with session_token")
	case !ok, strings.TrimSpace(query.Get("payload")) == "null":
		return "", badRequest("payload must be a JSON object")
	case old != "":
		return e.renewLogin(old, renewal{owner: owner, life: life, within: &back}, now)
	case e.locked.Load():
		return "", errGraceLock
	}
	o := opening{tenant: back.tenant, app: back.app, owner: owner, payload: data, life: life}
	return e.getOrOpen(o, e.Limits(), now)
}

func (e *Emulator) renewLogin(old string, n renewal, now instant) (string, *refusal) {
	c, ok := e.signer.verify(old, typeSession)
	if !ok {
		return "", errBadSessionToken
	}
	token, _, refused := e.renew(c, n, now)
	return token, refused
}

// sessionLife reads ttl_seconds: nil when the login does not say, and 0 for a
// session without end.
func sessionLife(query url.Values) (*time.Duration, *refusal) {
	text := query.Get("ttl_seconds")
	if text == "" {
		return nil, nil
	}
	const shortest, longest = 60, 7 * 24 * 60 * 60
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds != 0 && (seconds < shortest || seconds > longest) {
		return nil, badRequest("ttl_seconds must be 0 or between 60 and 604800")
	}
	life := time.Duration(seconds) * time.Second
	return &life, nil
}
