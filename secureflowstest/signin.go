package secureflowstest

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// SignIn is what a person does at the hosted page: it opens loginURL, signs in
// with this e-mail address, and gives the URL to which the browser is then sent
// back, with the token or the error in its query. A test hands that to its
// callback route:
//
//	r := httptest.NewRequest(http.MethodGet, server.SignIn(loginURL, "ada@example.com"), nil)
//
// It starts without cookies, as in a browser that nobody has signed in with.
func (s *Server) SignIn(loginURL, email string) (returnURL string) {
	s.t.Helper()
	if !strings.HasPrefix(loginURL, s.Origin()+"/app/sessions/login?") {
		s.t.Fatalf("secureflowstest: SignIn: the URL is no login of this mock: build it with LoginURL or RenewURL of a client of %s", s.Origin())
		return ""
	}
	browser := &http.Client{
		Transport: s.http.Client().Transport,
		CheckRedirect: func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), s.Origin()+"/") {
				return nil
			}
			returnURL = r.URL.String() // nobody listens there
			return http.ErrUseLastResponse
		},
	}
	response, err := browser.PostForm(loginURL, url.Values{"email": {email}, "action": {"sign-in"}})
	if err != nil {
		// Without the URL, which may hold a token.
		s.t.Fatalf("secureflowstest: SignIn: %v", errors.Unwrap(err))
		return ""
	}
	defer response.Body.Close()
	if returnURL == "" {
		s.t.Fatalf("secureflowstest: SignIn: the hosted page answers %s: is the redirect URI among Options.RedirectURIs, and the address one?", response.Status)
	}
	return returnURL
}
