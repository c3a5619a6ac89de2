package emulator

import "net/url"

// POST /api/v1/sessions: always a new session.
func (e *Emulator) createSession(r *request) answer {
	return e.openBy(r, e.create)
}

// POST /api/v1/sessions/get-or-create
func (e *Emulator) getOrCreateSession(r *request) answer {
	return e.openBy(r, e.getOrOpen)
}

func (e *Emulator) openBy(r *request, open func(opening, Limits, instant) (string, *refusal)) answer {
	owner, refused := e.signedIn(r)
	if refused != nil {
		return refused.answer()
	}
	o, refused := e.requestedOpening(r)
	if refused != nil {
		return refused.answer()
	}
	if e.locked.Load() {
		return errGraceLock.answer()
	}
	o.owner = owner
	token, refused := open(o, e.Limits(), r.now)
	if refused != nil {
		return refused.answer()
	}
	e.concerns(r, token)
	return tokenAnswer(token)
}

// requestedOpening reads the body that create and get-or-create share. Fields
// of identity in it are ignored, like any others that are not the contract's.
func (e *Emulator) requestedOpening(r *request) (opening, *refusal) {
	var o opening
	body, refused := r.object()
	if refused != nil {
		return o, refused
	}
	workspace, refused := body.text("workspaceName")
	if refused != nil {
		return o, refused
	}
	app, refused := body.text("app_id")
	if refused != nil {
		return o, refused
	}
	data, ok := parsePayload(body["payload"])
	switch {
	case workspace == "":
		return o, badRequest("workspaceName is required")
	case !ok:
		return o, badRequest("payload must be a JSON object")
	}
	o.payload = data
	o.tenant, o.app, refused = e.lookUp(workspace, app)
	return o, refused
}

// lookUp finds a workspace and its app; no app_id is no application.
func (e *Emulator) lookUp(workspace, app string) (*tenant, *App, *refusal) {
	t := e.store.Load().tenants[workspace]
	if t == nil {
		return nil, nil, errNoWorkspace
	}
	if app != "" && t.apps[app] == nil {
		return nil, nil, errNoApp
	}
	return t, t.apps[app], nil
}

func tokenAnswer(token string) answer {
	return jsonAnswer(append(appendJSONString([]byte(`{"sessionToken":`), token), '}'))
}

// POST /api/v1/sessions/renew/{sessionToken}
func (e *Emulator) renewSession(r *request) answer {
	owner, refused := e.signedIn(r)
	if refused != nil {
		return refused.answer()
	}
	old, err := url.PathUnescape(r.segment)
	if err != nil || old == "" {
		return badRequest("Session token is missing from the path").answer()
	}
	c, ok := e.signer.verify(old, typeSession)
	if !ok {
		return errBadSessionToken.answer()
	}
	token, data, refused := e.renew(c, renewal{owner: owner}, r.now)
	if refused != nil {
		return refused.answer()
	}
	e.concerns(r, token)
	body := appendJSONString([]byte(`{"sessionToken":`), token)
	body = append(body, `,"payload":`...)
	return jsonAnswer(append(data.appendJSON(body), '}'))
}
