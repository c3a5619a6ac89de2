package authreturntest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/secureflows/secureflows-go/internal/providermock"
)

// view is what a hosted page shows.
type view struct {
	Title, Button string
	Form          string // where the form is sent to, "" for a page without one
	Email         string // as entered, when it is refused
	Problem       string
	// Other is the page for whoever is at the wrong one.
	Other, OtherTitle string
}

const signUpPath = "/auth/signup"

func newView(r *request) view {
	login, signUp := "/auth/login?"+r.URL.RawQuery, signUpPath+"?"+r.URL.RawQuery
	if r.URL.Path == signUpPath {
		return view{Title: "Sign up", Button: "Sign up", Form: signUp, Other: login, OtherTitle: "Log in instead"}
	}
	return view{Title: "Log in", Button: "Log in", Form: login, Other: signUp, OtherTitle: "Sign up instead"}
}

func (v view) answer(status int) answer {
	return providermock.Page(status, `{{template "head" .}}{{if .Problem}}<p role="alert">{{.Problem}}</p>
{{end}}{{if .Form}}<form method="post" action="{{.Form}}">
<label>Email <input name="email" type="email" autocomplete="username" required value="{{.Email}}"></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button>{{.Button}}</button>
</form>
<p><a href="{{.Other}}">{{.OtherTitle}}</a></p>
{{end}}{{template "foot"}}`, v)
}

// GET /auth/login and /auth/signup
func (s *Server) page(r *request) answer {
	if _, err := providermock.ReturnURL(r.URL.Query().Get("redirect_uri")); err != nil {
		return view{Title: "Bad request", Problem: err.Error()}.answer(http.StatusBadRequest)
	}
	return newView(r).answer(http.StatusOK)
}

// POST /auth/login and /auth/signup: the button of the page.
func (s *Server) form(r *request) answer {
	back, err := providermock.ReturnURL(r.URL.Query().Get("redirect_uri"))
	if err != nil {
		return view{Title: "Bad request", Problem: err.Error()}.answer(http.StatusBadRequest)
	}
	form, sent := r.Form()
	if !sent {
		return view{Title: "Bad request", Problem: "This is not the form of this page."}.answer(http.StatusBadRequest)
	}
	email, password := form.Get("email"), form.Get("password")
	v := newView(r)
	v.Email = email
	if r.URL.Path != signUpPath {
		p := s.people.login(email, password)
		if p == nil {
			v.Problem = "Invalid email or password"
			return v.answer(http.StatusUnauthorized)
		}
		return s.sendBack(r, back, p)
	}
	fresh, status, problem := s.enroll(email, password)
	if problem != "" {
		v.Problem = problem
		return v.answer(status)
	}
	return s.sendBack(r, back, fresh)
}

// sendBack leaves what redirect_uri has as it is.
func (s *Server) sendBack(r *request, back *url.URL, p *person) answer {
	with := *back
	if with.RawQuery != "" {
		with.RawQuery += "&"
	}
	with.RawQuery += "token=" + s.issue(s.claims(p, r.Now))
	return providermock.Redirect(with.String())
}

// SignIn is what a person does at a hosted page: it opens loginURL, of
// /auth/login or /auth/signup, fills in this e-mail address and [Password], and
// gives the URL to which the browser is then sent back, with the token in its
// query. A test hands that to its callback route:
//
//	r := httptest.NewRequest(http.MethodGet, server.SignIn(loginURL, "ada@example.com"), nil)
//
// Somebody who logs in and is not known is signed up first.
func (s *Server) SignIn(loginURL, email string) (returnURL string) {
	s.t.Helper()
	if !strings.HasPrefix(loginURL, s.origin+"/auth/login?") && !strings.HasPrefix(loginURL, s.origin+signUpPath+"?") {
		s.mock.Fatalf("SignIn: the URL is no hosted page of this mock: it begins with %s/auth/login?redirect_uri=", s.origin)
		return ""
	}
	if err := providermock.CheckEmail(email); err != nil {
		s.mock.Check("SignIn", err)
		return ""
	}
	if !strings.HasPrefix(loginURL, s.origin+signUpPath) {
		s.people.known(email)
	}
	return s.mock.Submit("SignIn", loginURL, url.Values{"email": {email}, "password": {Password}})
}
