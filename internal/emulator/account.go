package emulator

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const accountPath = "/app/self"

// accountView is what the account page shows.
type accountView struct {
	Form     string
	Visitor  string // "" asks for the email
	Email    string
	Problem  string
	Sessions []sessionView
}

type sessionView struct {
	ID        int64
	Workspace string
	App       string
	Created   string
	Expires   string
	Keys      int
	Expired   bool
}

// GET /app/self: a person's own sessions.
func (e *Emulator) accountPage(r *request) answer {
	view := accountView{Form: accountPath}
	if p := e.visitor(r); p != nil {
		view.Visitor = p.email
		for _, s := range e.sessionsOf(p) {
			view.Sessions = append(view.Sessions, s.view(r.now))
		}
	}
	return page(http.StatusOK, "account", view)
}

// POST /app/self: the buttons of the page.
func (e *Emulator) accountForm(r *request) answer {
	form, refused := r.form()
	if refused != nil {
		return page(refused.status, "refused", map[string]string{"Problem": refused.message})
	}
	back := redirectAnswer(http.StatusSeeOther, accountPath)
	switch form.Get("action") {
	case "sign-out":
		back.setHeader("Set-Cookie", expiredCookie(r).String())
		return back
	case "revoke":
		e.revokeOwn(e.visitor(r), form.Get("session"))
		return back
	}
	p, err := e.people.signUp(form.Get("email"))
	if err != nil {
		return page(http.StatusBadRequest, "account", accountView{
			Form: accountPath, Email: form.Get("email"), Problem: "Enter an email address, such as ada@example.com."})
	}
	back.setHeader("Set-Cookie", e.signInCookie(r, p).String())
	return back
}

// revokeOwn destroys the session with this id if it is the person's; anything
// else is not there for them.
func (e *Emulator) revokeOwn(p *person, id string) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil || p == nil || number < 0 {
		return
	}
	s := e.store.Load().sessions.find(number)
	if s == nil || s.owner != p {
		return
	}
	s.tenant.mu.Lock()
	defer s.tenant.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.revoked {
		s.destroy()
	}
}

// sessionsOf are the person's sessions that are not revoked, newest first.
func (e *Emulator) sessionsOf(p *person) []*session {
	var own []*session
	for _, t := range e.store.Load().tenants {
		own = append(own, t.sessionsOf(p)...)
	}
	slices.SortFunc(own, func(a, b *session) int { return cmp.Compare(b.id, a.id) })
	return own
}

func (t *tenant) sessionsOf(p *person) []*session {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := slices.Clone(t.owned[ownership{p, nil}])
	for _, app := range t.apps {
		own = append(own, t.owned[ownership{p, app}]...)
	}
	return own
}

func (s *session) view(now instant) sessionView {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := sessionView{
		ID:        s.id,
		Workspace: s.tenant.workspace.Name,
		App:       "none",
		Created:   s.created.time().Format(time.DateTime),
		Expires:   "never",
		Keys:      len(s.payload),
		Expired:   s.expires.reached(now),
	}
	if s.app != nil {
		v.App = s.app.DisplayName
	}
	if s.expires != never {
		v.Expires = s.expires.time().Format(time.DateTime)
	}
	return v
}
