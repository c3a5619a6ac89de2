package productflotest

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtsign"
	"github.com/secureflows/secureflows-go/internal/providermock"
)

type (
	request = providermock.Request
	answer  = providermock.Answer
)

// refuse has no body: no error's form is published.
func refuse(status int) answer { return answer{Status: status} }

const jwksPath = "/mock/jwks.json"

func (s *Server) answer(r *request) answer {
	method := http.MethodPost
	var endpoint func(*request) answer
	switch r.URL.Path {
	case "/auth/login":
		endpoint = s.login
	case "/auth/signup":
		endpoint = s.signUp
	case "/auth/magic-link":
		endpoint = func(r *request) answer { return sent(r, "email", "Magic link sent to email") }
	case "/auth/phone-otp":
		endpoint = func(r *request) answer { return sent(r, "phone_number", "OTP sent to phone number") }
	case "/auth/logout":
		endpoint = s.logout
	case "/auth/session":
		method, endpoint = http.MethodGet, s.session
	case jwksPath:
		method, endpoint = http.MethodGet, s.keySet
	default:
		return refuse(http.StatusNotFound)
	}
	if r.Method != method {
		return refuse(http.StatusMethodNotAllowed).With("Allow", method)
	}
	return endpoint(r)
}

func (s *Server) keySet(*request) answer {
	if s.options.Algorithm == jwtsign.HS256 {
		return refuse(http.StatusNotFound)
	}
	return providermock.JSON(http.StatusOK, json.RawMessage(s.keys.JWKS()))
}

// texts reads members of the body, "" where one is missing. It reports whether
// the body is one that has no other kind of JSON there.
func texts(r *request, names ...string) (map[string]string, bool) {
	object, err := r.Object()
	if err != nil {
		return nil, false
	}
	found := make(map[string]string)
	for _, name := range names {
		text, ok := object.Text(name)
		if !ok {
			return nil, false
		}
		found[name] = text
	}
	return found, true
}

// sent answers as if something had been sent, to whom is not told.
func sent(r *request, member, message string) answer {
	given, ok := texts(r, member)
	if !ok || given[member] == "" {
		return refuse(http.StatusBadRequest)
	}
	return providermock.JSON(http.StatusOK, map[string]any{"message": message})
}

// POST /auth/login
func (s *Server) login(r *request) answer {
	given, ok := texts(r, "email", "password")
	if !ok || given["email"] == "" || given["password"] == "" {
		return refuse(http.StatusBadRequest)
	}
	p := s.people.login(given["email"], given["password"])
	if p == nil {
		return refuse(http.StatusUnauthorized)
	}
	tenant, reached := p.tenant(r)
	if !reached {
		return refuse(http.StatusForbidden)
	}
	return s.welcome(p, tenant, r.Now)
}

// tenant gives the one that the request names, which may be "", and reports
// whether the person reaches it.
func (p *person) tenant(r *request) (string, bool) {
	tenant := r.Header.Get(TenantHeader)
	return tenant, tenant == "" || slices.Contains(p.user.Tenants, tenant)
}

// POST /auth/signup
func (s *Server) signUp(r *request) answer {
	given, ok := texts(r, "first_name", "last_name", "full_name", "username", "email", "password", "confirm_password")
	switch {
	case !ok,
		given["full_name"] == "" && (given["first_name"] == "" || given["last_name"] == ""),
		given["username"] == "" || given["password"] == "" || given["password"] != given["confirm_password"],
		providermock.CheckEmail(given["email"]) != nil:
		return refuse(http.StatusBadRequest)
	}
	first := given["first_name"]
	if first == "" {
		first = given["full_name"]
	}
	p := &person{user: User{Email: given["email"]}, password: given["password"], first: first, last: given["last_name"], since: r.Now}
	if !s.people.signUp(p) {
		return refuse(http.StatusConflict)
	}
	if s.options.SignUpWithoutSession {
		return providermock.JSON(http.StatusOK, map[string]any{"user": p.view(nil)})
	}
	return s.welcome(p, "", r.Now)
}

// welcome is the answer to whoever has signed in.
func (s *Server) welcome(p *person, tenant string, now time.Time) answer {
	text, err := s.sign(s.claims(p, tenant, now))
	if err != nil {
		return refuse(http.StatusInternalServerError)
	}
	a := providermock.JSON(http.StatusOK, map[string]any{
		"user": p.view(&now),
		"session": map[string]any{
			"access_token": text, "token_type": "bearer", "expires_in": int(tokenLife / time.Second), "refresh_token": rand.Text(),
		},
	})
	if s.options.Cookie == "" {
		return a
	}
	return a.With("Set-Cookie", s.cookie(text, int(tokenLife/time.Second)))
}

// cookie lives for so many seconds; a negative number takes it away.
func (s *Server) cookie(value string, maxAge int) string {
	cookie := &http.Cookie{Name: s.options.Cookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode}
	return cookie.String()
}

// view is how answers show a person, signed in at this time or, if nil, never.
func (p *person) view(signedIn *time.Time) map[string]any {
	since := p.since.UTC().Format(time.RFC3339)
	v := map[string]any{
		"id": p.id, "aud": "authenticated", "role": "authenticated", "email": p.user.Email, "phone": "",
		"email_confirmed_at": nil, "confirmed_at": nil, "last_sign_in_at": nil,
		"app_metadata":  map[string]any{"provider": "email", "providers": []string{"email"}},
		"user_metadata": map[string]any{"first_name": p.first, "last_name": p.last, "avatar_url": ""},
		"identities":    []any{}, "created_at": since, "updated_at": since,
	}
	if signedIn != nil {
		v["email_confirmed_at"], v["confirmed_at"] = since, since
		v["last_sign_in_at"] = signedIn.UTC().Format(time.RFC3339)
	}
	return v
}

// caller gives the token that came, and its claims, if it is good.
func (s *Server) caller(r *request) (secureflows.Token, map[string]any, bool) {
	text := r.Bearer()
	if cookie, err := r.Cookie(s.options.Cookie); text == "" && s.options.Cookie != "" && err == nil {
		text = cookie.Value
	}
	token, err := secureflows.NewToken(text)
	if err != nil || s.people.hasEnded(token) {
		return token, nil, false
	}
	claims, err := s.verify(text)
	if err != nil {
		return token, nil, false
	}
	number, _ := claims["exp"].(json.Number)
	expires, err := number.Float64()
	return token, claims, err == nil && expires > float64(r.Now.UnixNano())/1e9
}

func (s *Server) verify(text string) (map[string]any, error) {
	if s.options.Algorithm == jwtsign.HS256 {
		return s.secret.Verify(text)
	}
	return s.keys.Verify(text)
}

// GET /auth/session
func (s *Server) session(r *request) answer {
	_, claims, good := s.caller(r)
	id, _ := claims["sub"].(string)
	p := s.people.of(id)
	if !good || p == nil {
		return refuse(http.StatusUnauthorized)
	}
	if _, reached := p.tenant(r); !reached {
		return refuse(http.StatusForbidden)
	}
	if s.options.Session == nil {
		return providermock.JSON(http.StatusOK, map[string]any{"id": claims["sub"]})
	}
	body, err := json.Marshal(s.options.Session(claims))
	if err != nil {
		return refuse(http.StatusInternalServerError)
	}
	return providermock.JSON(http.StatusOK, json.RawMessage(body))
}

// POST /auth/logout
func (s *Server) logout(r *request) answer {
	token, _, good := s.caller(r)
	if !good {
		return refuse(http.StatusUnauthorized)
	}
	s.people.end(token)
	a := providermock.JSON(http.StatusOK, map[string]any{})
	if s.options.Cookie == "" {
		return a
	}
	return a.With("Set-Cookie", s.cookie("", -1))
}
