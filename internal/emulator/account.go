package emulator

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
)

const accountPath = "/app/self"

// accountView is what the account page shows.
type accountView struct {
	Form     string
	Visitor  string
	Notice   string
	Sessions []sessionView
	Total    int // may be more than are listed
}

// accountSignInView is shown to who is not signed in.
type accountSignInView struct {
	Form    string
	Email   string // as entered, when it is refused
	Problem string
}

// revokeView asks whether a session is to be revoked.
type revokeView struct {
	Form    string
	Session sessionView
}

// maxListed bounds the page. A suite that never resets opens thousands.
const maxListed = 100

// GET /app/self: a person's own sessions, or the question whether to revoke one
// of them. Asking changes nothing, so it is a GET.
func (e *Emulator) accountPage(r *request) answer {
	p := e.visitor(r)
	if p == nil {
		return page(http.StatusOK, "accountSignIn", accountSignInView{Form: accountPath})
	}
	query := r.URL.Query()
	if query.Has("revoke") {
		return e.revokeQuestion(p, r)
	}
	view := accountView{Form: accountPath, Visitor: p.email}
	if s := e.ownSession(p, query.Get("revoked")); s != nil && s.view(r.now).State == stateRevoked {
		view.Notice = "Session " + strconv.FormatInt(s.id, 10) + " is revoked and its data deleted."
	}
	own := slices.DeleteFunc(e.store.Load().sessions.ownedBy(p), func(s *session) bool { return s.tenant.noSelfService.Load() })
	slices.SortFunc(own, func(a, b *session) int { return cmp.Compare(b.id, a.id) })
	for _, s := range own[:min(len(own), maxListed)] {
		view.Sessions = append(view.Sessions, s.view(r.now))
	}
	view.Total = len(own)
	return page(http.StatusOK, "account", view)
}

func (e *Emulator) revokeQuestion(p *person, r *request) answer {
	if s := e.ownSession(p, r.URL.Query().Get("revoke")); s != nil {
		if view := s.view(r.now); view.Revocable() {
			return page(http.StatusOK, "revoke", revokeView{accountPath, view})
		}
	}
	return page(http.StatusNotFound, "notFound", nil)
}

// POST /app/self: the buttons of the page.
func (e *Emulator) accountForm(r *request) answer {
	form, refused := r.form()
	if refused != nil {
		return page(refused.status, "refused", refused.message)
	}
	back := redirectAnswer(http.StatusSeeOther, accountPath)
	switch form.Get("action") {
	case "sign-out":
		back.setHeader("Set-Cookie", expiredCookie(r).String())
		return back
	case "revoke":
		if s := e.ownSession(e.visitor(r), form.Get("session")); s != nil {
			s.revoke(r.now)
			back.setHeader("Location", accountPath+"?revoked="+strconv.FormatInt(s.id, 10))
		}
		return back
	}
	p, err := e.people.signUp(form.Get("email"))
	if err != nil {
		return page(http.StatusBadRequest, "accountSignIn", accountSignInView{
			Form: accountPath, Email: shown(form.Get("email")), Problem: notAnEmail})
	}
	back.setHeader("Set-Cookie", e.signInCookie(r, p).String())
	return back
}

// ownSession finds the session with this id if it is the person's; anything
// else is not there for them.
func (e *Emulator) ownSession(p *person, id string) *session {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil || p == nil || number < 0 {
		return nil
	}
	s := e.store.Load().sessions.find(number)
	if s == nil || s.owner != p || s.tenant.noSelfService.Load() {
		return nil
	}
	return s
}
