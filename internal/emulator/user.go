package emulator

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// userTokenTTL is the emulator's choice: the published text has none.
const userTokenTTL = time.Hour

// uid stands for the Firebase UID, which the service has of everybody.
func (p *person) uid() string { return fmt.Sprintf("emulated-uid-%d", p.id) }

// POST /api/v1/users/login gives a person who has signed up a USER token for
// one workspace. Whoever has an ID token belongs to every workspace here.
func (e *Emulator) loginUser(r *request) answer {
	owner, refused := e.signedIn(r)
	if refused != nil {
		return refused.answer()
	}
	body, refused := r.object()
	if refused != nil {
		return refused.answer()
	}
	name, refused := body.text("workspaceName")
	switch {
	case refused != nil:
		return refused.answer()
	case name == "":
		return badRequest("workspaceName is required").answer()
	}
	t, _, refused := e.lookUp(name, "")
	switch {
	case refused != nil:
		return refused.answer()
	case t.noSelfService.Load():
		return errNoSelfService.answer()
	}
	token := e.signer.sign(claims{
		Subject: owner.id, Type: typeUser, Workspace: t.id,
		Serial: e.serials.Add(1), Issued: r.now, Expires: r.now.after(userTokenTTL),
	})
	return jsonAnswer(append(appendJSONString([]byte(`{"accessToken":`), token), '}'))
}

// asUser answers by run for the person of a USER token and its workspace.
func (e *Emulator) asUser(r *request, run func(*person, *tenant) answer) answer {
	token, refused := r.bearer()
	if refused != nil {
		return refused.answer()
	}
	c, ok := e.signer.verify(token, typeUser)
	if !ok || c.Expires.reached(r.now) {
		return errBadUserToken.answer()
	}
	// The signature holds, so the numbers are those of loginUser.
	t := e.store.Load().tenants[e.config.Workspaces[c.Workspace-1].Name]
	r.person = e.people.find(c.Subject)
	if t.noSelfService.Load() {
		return errNoSelfService.answer()
	}
	return run(r.person, t)
}

// POST /api/v1/sessions/revoke/{sessionId}. Somebody else's session is as
// unknown as none, and one that is revoked already stays so. Like the call with
// a session token it works under the grace lock.
func (e *Emulator) revokeOwnSession(r *request) answer {
	return e.asUser(r, func(owner *person, t *tenant) answer {
		id, err := strconv.ParseInt(r.segment, 10, 64)
		if err != nil {
			return badRequest("sessionId must be a number").answer()
		}
		s := e.ownSession(owner, r.segment)
		if s == nil || s.tenant != t {
			return errSessionNotFound.answer()
		}
		r.session = s
		s.revoke(r.now)
		return revokedAnswer(id)
	})
}

func revokedAnswer(id int64) answer {
	body := append([]byte(`{"revoked":true,"sessionId":`), strconv.FormatInt(id, 10)...)
	return jsonAnswer(append(body, '}'))
}

var (
	errBadUserToken  = refuse(http.StatusUnauthorized, "Invalid user token")
	errNoSelfService = refuse(http.StatusForbidden, "Self-service is disabled for this workspace")
)
