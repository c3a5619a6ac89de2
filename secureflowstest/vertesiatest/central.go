package vertesiatest

import (
	"crypto/rand"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/providermock"
)

func (s *Server) centralAnswer(r *request) answer {
	switch {
	case r.URL.Path == "/" && r.Method == http.MethodPost:
		return s.centralForm(r)
	case r.URL.Path == "/":
		return only(http.MethodGet, r, s.centralPage)
	case r.URL.Path == "/logout":
		return only(http.MethodGet, r, s.logout)
	}
	return refuse(http.StatusNotFound, "no such path")
}

// view is what the central page shows.
type view struct {
	Title   string
	Form    string // where the form is sent to, "" for a page without one
	Email   string
	Problem string
}

func (v view) answer(status int) answer {
	return providermock.Page(status, `{{template "head" .}}{{if .Problem}}<p role="alert">{{.Problem}}</p>
{{end}}{{if .Form}}<form method="post" action="{{.Form}}">
<label>Email <input name="email" type="email" autocomplete="username" required value="{{.Email}}"></label>
<button>Continue</button>
</form>
{{end}}{{template "foot"}}`, v)
}

func mistake(problem string) *answer {
	return pointer(view{Title: "Sign-in is not possible", Problem: problem}.answer(http.StatusBadRequest))
}

// wanted reads where a sign-in is to lead.
func (s *Server) wanted(r *request) (back *url.URL, refused *answer) {
	query := r.URL.Query()
	back, err := providermock.ReturnURL(query.Get("redirect_uri"))
	switch {
	case err != nil:
		return nil, mistake(err.Error())
	case back.Fragment != "":
		return nil, mistake("redirect_uri has a fragment, which is where the token goes")
	case strings.TrimSuffix(query.Get("sts"), "/") != s.sts:
		return nil, mistake("sts is not " + s.sts)
	case query.Get("state") == "":
		return nil, mistake("state is missing")
	}
	return back, nil
}

// cookieName carries the port: a cookie is the host's, and two mocks on one
// machine do not sign each other's people in.
func cookieName(r *request) string {
	_, port, _ := net.SplitHostPort(r.Host)
	return "mock_central_" + port
}

// GET /
func (s *Server) centralPage(r *request) answer {
	if _, refused := s.wanted(r); refused != nil {
		return *refused
	}
	return view{Title: "Sign in", Form: "/?" + r.URL.RawQuery, Email: s.world.visitor(signIn(r))}.answer(http.StatusOK)
}

// POST /: the button of the page.
func (s *Server) centralForm(r *request) answer {
	back, refused := s.wanted(r)
	if refused != nil {
		return *refused
	}
	form, sent := r.Form()
	if !sent {
		return *mistake("This is not the form of this page.")
	}
	email := form.Get("email")
	v := view{Title: "Sign in", Form: "/?" + r.URL.RawQuery, Email: email}
	p := s.world.find(email)
	if p == nil {
		v.Problem = "There is no such user"
		return v.answer(http.StatusNotFound)
	}
	at, code := s.world.choose(p, back.Query().Get("a"), back.Query().Get("p"))
	if code != "" {
		v.Problem = "The token cannot be issued: " + code
		return v.answer(http.StatusForbidden)
	}
	claims := s.claims(p, at, Audience, r.Now.Add(s.options.TokenTTL), s.options.BareCentral)
	text, err := s.keys.Key(s.algorithm(false)).Sign(claims, nil)
	if err != nil {
		v.Problem = "The claims of this user are not JSON"
		return v.answer(http.StatusInternalServerError)
	}
	visit := rand.Text()
	s.world.visit(s.mock.Token("SignIn", visit, nil), email)
	cookie := &http.Cookie{Name: cookieName(r), Value: visit, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	fragment := "#token=" + text + "&state=" + url.QueryEscape(r.URL.Query().Get("state"))
	return providermock.Redirect(back.String()+fragment).With("Set-Cookie", cookie.String())
}

// GET /logout ends the sign-in at the central page, and no token.
func (s *Server) logout(r *request) answer {
	a := view{Title: "Signed out"}.answer(http.StatusOK)
	if text := r.URL.Query().Get("redirect_uri"); text != "" {
		back, err := providermock.ReturnURL(text)
		if err != nil {
			return *mistake(err.Error())
		}
		a = providermock.Redirect(back.String())
	}
	s.world.leave(signIn(r))
	gone := &http.Cookie{Name: cookieName(r), Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	return a.With("Set-Cookie", gone.String())
}

// signIn is the one that the browser's cookie names, which may be none.
func signIn(r *request) secureflows.Token {
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return secureflows.Token{}
	}
	token, _ := secureflows.NewToken(cookie.Value) // the zero one is nobody's
	return token
}

func (w *world) visitor(signIn secureflows.Token) (email string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.visitors[signIn]
}

func (w *world) visit(signIn secureflows.Token, email string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.visitors[signIn] = email
}

func (w *world) leave(signIn secureflows.Token) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.visitors, signIn)
}

// SignIn is what a person does at the central page: it opens loginURL, signs in
// with this e-mail address, and gives the URL to which the browser is then sent
// back, with token and state in its fragment. No server sees a fragment: a test
// does what the bridge page of the application does with it. The person is
// signed up on first use.
func (s *Server) SignIn(loginURL, email string) (returnURL string) {
	s.t.Helper()
	if !strings.HasPrefix(loginURL, s.central+"/?") {
		s.mock.Fatalf("SignIn: the URL is not the central page of this mock: it begins with %s/?sts=", s.central)
		return ""
	}
	if err := providermock.CheckEmail(email); err != nil {
		s.mock.Check("SignIn", err)
		return ""
	}
	s.world.known(email)
	return s.mock.Submit("SignIn", loginURL, url.Values{"email": {email}})
}
