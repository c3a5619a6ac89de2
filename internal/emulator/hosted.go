package emulator

import (
	"net"
	"net/http"
	"net/url"
)

// The hosted pages know who is signed in by a cookie of their own. A cookie is
// the host's, whatever the port, so its name carries the port: two emulators on
// one machine do not sign each other's users in or out.
func cookieName(r *request) string {
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		return "secureflows_signin_" + port
	}
	return "secureflows_signin"
}

// signInCookie is not Secure: the emulator is served over plain http on
// loopback. Lax lets it come along on the redirect from an application.
func (e *Emulator) signInCookie(r *request, p *person) *http.Cookie {
	return &http.Cookie{
		Name:     cookieName(r),
		Value:    e.signer.sign(claims{Subject: p.id, Type: typeSignIn, Serial: e.serials.Add(1), Issued: r.now}),
		Path:     "/",
		HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	}
}

func expiredCookie(r *request) *http.Cookie {
	return &http.Cookie{Name: cookieName(r), Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// visitor is the person signed in to the hosted pages, or nil.
func (e *Emulator) visitor(r *request) *person {
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return nil
	}
	c, ok := e.signer.verify(cookie.Value, typeSignIn)
	if !ok {
		return nil
	}
	r.person = e.people.find(c.Subject)
	return r.person
}

const (
	loginPath    = "/app/sessions/login"
	callbackPath = "/api/v1/auth/callback"
	// otherAccount is a parameter of the login page's own: ask for the email
	// although somebody is signed in.
	otherAccount = "other_account"
)

// loginView is what the login page shows.
type loginView struct {
	App       string
	Workspace string
	Return    string // where the application is
	Renews    bool
	Form      string // the URL the forms post to
	Visitor   string // the email of who is signed in, or ""
	Email     string // as entered, when it is refused
	Problem   string
}

// GET /app/sessions/login
func (e *Emulator) loginPage(r *request) answer {
	query := r.URL.Query()
	back, refused := e.returnTo(query, "redirect_uri")
	if refused != nil {
		return e.loginMistake(query, back)
	}
	view := newLoginView(back, query)
	if p := e.visitor(r); p != nil && !query.Has(otherAccount) {
		view.Visitor = p.email
	}
	return page(http.StatusOK, "login", view)
}

func newLoginView(back loginReturn, query url.Values) loginView {
	view := loginView{
		App:       back.app.DisplayName,
		Workspace: back.tenant.workspace.Name,
		Return:    placeOf(back.uri),
		Renews:    query.Get("session_token") != "",
		Form:      pageURL(query),
	}
	if shown(view.Form) != view.Form {
		// No page shows a token: without a URL of its own, a form posts to the
		// one the page was opened with.
		view.Form = ""
	}
	return view
}

// pageURL is the login page with what the application asked for.
func pageURL(query url.Values) string {
	kept := url.Values{}
	for name, values := range query {
		if name != otherAccount {
			kept[name] = values
		}
	}
	return loginPath + "?" + kept.Encode()
}

// placeOf is where a redirect URI leads, as a person would name it.
func placeOf(uri string) string {
	parsed := mustParse(uri)
	if originOf(parsed) == "" {
		return "the " + parsed.Scheme + " application" // a native one
	}
	return parsed.Host
}

// POST /app/sessions/login: the buttons of the page.
func (e *Emulator) loginForm(r *request) answer {
	query := r.URL.Query()
	back, refused := e.returnTo(query, "redirect_uri")
	if refused != nil {
		return e.loginMistake(query, back)
	}
	form, refused := r.form()
	if refused != nil {
		return page(refused.status, "refused", refused.message)
	}
	switch form.Get("action") {
	case "cancel":
		return redirectAnswer(http.StatusSeeOther, back.with(
			param{"error", "access_denied"}, param{"error_description", "The sign-in was cancelled"}))
	case "other":
		return redirectAnswer(http.StatusSeeOther, pageURL(query)+"&"+otherAccount+"=1")
	case "continue":
		if p := e.visitor(r); p != nil {
			return redirectAnswer(http.StatusSeeOther, e.callbackURL(p, query))
		}
		return redirectAnswer(http.StatusSeeOther, pageURL(query)) // signed out in between
	}
	p, err := e.people.signUp(form.Get("email"))
	if err != nil {
		view := newLoginView(back, query)
		view.Email, view.Problem = shown(form.Get("email")), notAnEmail
		return page(http.StatusBadRequest, "login", view)
	}
	a := redirectAnswer(http.StatusSeeOther, e.callbackURL(p, query))
	a.setHeader("Set-Cookie", e.signInCookie(r, p).String())
	return a
}

const notAnEmail = "Enter an email address, such as ada@example.com."

// callbackURL hands the login over to the API. It has no host: the browser
// stays with the name it knows the emulator by, localhost or 127.0.0.1.
func (e *Emulator) callbackURL(p *person, query url.Values) string {
	handed := url.Values{
		"firebaseToken":       {e.idToken(p)},
		"client_redirect_uri": {query.Get("redirect_uri")},
	}
	for _, name := range []string{"workspace_name", "app_id", "state", "ttl_seconds", "payload", "session_token"} {
		if query.Has(name) {
			handed.Set(name, query.Get(name))
		}
	}
	return callbackPath + "?" + handed.Encode()
}

// sameOrigin lets no other page press the hosted pages' buttons for a person.
var sameOrigin http.CrossOriginProtection

// form is the body of a form that one of the hosted pages posted.
func (r *request) form() (url.Values, *refusal) {
	if err := sameOrigin.Check(r.Request); err != nil {
		return nil, refuse(http.StatusForbidden, "This form was sent by another site.")
	}
	values, err := url.ParseQuery(string(r.body))
	if err != nil || r.oversize {
		return nil, badRequest("This form could not be read.")
	}
	return values, nil
}
