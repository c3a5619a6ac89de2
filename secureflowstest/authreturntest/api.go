package authreturntest

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/secureflows/secureflows-go/internal/providermock"
)

type (
	request = providermock.Request
	answer  = providermock.Answer
)

func refuse(status int, message string) answer {
	return providermock.JSON(status, map[string]any{"error": message})
}

// refusal is the form of a fault without a body.
func refusal(status int) answer { return allowAnyOrigin(refuse(status, http.StatusText(status))) }

type endpoint struct {
	method, path string
	answer       func(*Server, *request) answer
}

// endpoints are in this order in an Allow header.
func endpoints() []endpoint {
	return []endpoint{
		{http.MethodPost, "/api/signup", (*Server).signUp},
		{http.MethodPost, "/api/login", (*Server).login},
		{http.MethodGet, "/api/verify", (*Server).verifyQuery},
		{http.MethodPost, "/api/verify", (*Server).verifyBody},
		{http.MethodGet, "/api/user", (*Server).user},
		{http.MethodPost, "/api/refresh", (*Server).refresh},
		{http.MethodGet, "/auth/login", (*Server).page},
		{http.MethodPost, "/auth/login", (*Server).form},
		{http.MethodGet, "/auth/signup", (*Server).page},
		{http.MethodPost, "/auth/signup", (*Server).form},
	}
}

func (s *Server) answer(r *request) answer {
	a := s.route(r)
	if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/auth/") {
		return allowAnyOrigin(a)
	}
	return a
}

func allowAnyOrigin(a answer) answer { return a.With("Access-Control-Allow-Origin", "*") }

func (s *Server) route(r *request) answer {
	var methods []string
	for _, e := range endpoints() {
		if e.path != r.URL.Path {
			continue
		}
		if e.method == r.Method {
			return e.answer(s, r)
		}
		methods = append(methods, e.method)
	}
	switch {
	case len(methods) == 0:
		return refuse(http.StatusNotFound, "Not found")
	case r.Method == http.MethodOptions:
		return answer{Status: http.StatusNoContent}.
			With("Access-Control-Allow-Methods", strings.Join(append(methods, http.MethodOptions), ", ")).
			With("Access-Control-Allow-Headers", "Authorization, Content-Type")
	}
	return refuse(http.StatusMethodNotAllowed, "Method not allowed").With("Allow", strings.Join(slices.Compact(methods), ", "))
}

// credentials reads {"email", "password"}. It answers itself where they are
// missing.
func credentials(r *request) (email, password string, refused *answer) {
	object, refused := objectOf(r)
	if refused != nil {
		return "", "", refused
	}
	email, isEmail := object.Text("email")
	password, isPassword := object.Text("password")
	if !isEmail || !isPassword || email == "" || password == "" {
		a := refuse(http.StatusBadRequest, credentialsRequired)
		return "", "", &a
	}
	return email, password, nil
}

func objectOf(r *request) (providermock.Object, *answer) {
	object, err := r.Object()
	if err != nil {
		a := refuse(http.StatusBadRequest, err.Error())
		return nil, &a
	}
	return object, nil
}

// minPassword is counted in characters.
const minPassword = 6

func (s *Server) signUp(r *request) answer {
	email, password, refused := credentials(r)
	if refused != nil {
		return *refused
	}
	fresh, status, problem := s.enroll(email, password)
	if problem != "" {
		return refuse(status, problem)
	}
	return s.welcome(http.StatusCreated, fresh, r.Now)
}

const credentialsRequired = "Email and password required"

// enroll gives the new person, or says why there is none.
func (s *Server) enroll(email, password string) (fresh *person, status int, problem string) {
	switch {
	case email == "" || password == "":
		return nil, http.StatusBadRequest, credentialsRequired
	case utf8.RuneCountInString(password) < minPassword:
		return nil, http.StatusBadRequest, "Password must be at least 6 characters"
	}
	fresh, old := s.people.signUp(email, password)
	if old != nil {
		return nil, http.StatusConflict, "Email already exists"
	}
	return fresh, http.StatusCreated, ""
}

func (s *Server) login(r *request) answer {
	email, password, refused := credentials(r)
	if refused != nil {
		return *refused
	}
	p := s.people.login(email, password)
	if p == nil {
		return refuse(http.StatusUnauthorized, "Invalid email or password")
	}
	return s.welcome(http.StatusOK, p, r.Now)
}

func (s *Server) welcome(status int, p *person, now time.Time) answer {
	return providermock.JSON(status, map[string]any{
		"success": true, "token": s.issue(s.claims(p, now)), "user": user{p.id, p.email},
	})
}

// issue signs claims that are the mock's own, which are JSON.
func (s *Server) issue(claims map[string]any) string {
	text, err := s.key.Sign(claims, nil)
	if err != nil {
		panic("authreturntest: " + err.Error())
	}
	return text
}

type user struct {
	ID    int64  `json:"id"`
	Email string `json:"email"`
}

const (
	invalidToken = "Invalid token"
	tokenExpired = "Token expired"
)

// reading is what a token that the mock has signed says.
type reading struct {
	user    user
	expires time.Time
}

// read gives the user of a token and why it is refused, or "". An expired one is
// read all the same.
func (s *Server) read(token string, now time.Time) (reading, string) {
	claims, err := s.key.Verify(token)
	if err != nil {
		return reading{}, invalidToken
	}
	id, isID := claims["user_id"].(json.Number)
	email, isEmail := claims["email"].(string)
	exp, isExp := claims["exp"].(json.Number)
	if !isID || !isEmail || !isExp {
		return reading{}, invalidToken
	}
	number, err := id.Int64()
	seconds, notSeconds := exp.Float64()
	if err != nil || notSeconds != nil || math.Abs(seconds) > 1<<40 {
		return reading{}, invalidToken
	}
	found := reading{user{number, email}, time.UnixMilli(int64(seconds * 1000))}
	if !now.Before(found.expires) {
		return found, tokenExpired
	}
	return found, ""
}

func (s *Server) verifyQuery(r *request) answer { return s.verify(r, r.URL.Query().Get("token")) }

func (s *Server) verifyBody(r *request) answer {
	object, refused := objectOf(r)
	if refused != nil {
		return *refused
	}
	token, isText := object.Text("token")
	if !isText {
		return refuse(http.StatusBadRequest, tokenRequired)
	}
	return s.verify(r, token)
}

const tokenRequired = "Token required"

func (s *Server) verify(r *request, token string) answer {
	if token == "" {
		return refuse(http.StatusBadRequest, tokenRequired)
	}
	found, problem := s.read(token, r.Now)
	if problem != "" {
		return providermock.JSON(http.StatusUnauthorized, map[string]any{"valid": false, "error": problem})
	}
	return providermock.JSON(http.StatusOK, map[string]any{"valid": true, "user": found.user})
}

func (s *Server) user(r *request) answer {
	token := r.Bearer()
	if len(r.Header["Authorization"]) == 0 {
		token = r.URL.Query().Get("token")
	}
	found, problem := s.read(token, r.Now)
	if problem != "" {
		return refuse(http.StatusUnauthorized, invalidToken)
	}
	return providermock.JSON(http.StatusOK, found.user)
}

func (s *Server) refresh(r *request) answer {
	object, refused := objectOf(r)
	if refused != nil {
		return *refused
	}
	token, isText := object.Text("token")
	if !isText || token == "" {
		return refuse(http.StatusBadRequest, tokenRequired)
	}
	found, problem := s.read(token, r.Now)
	early := found.expires.Sub(r.Now) > refreshWindow
	switch {
	case problem == invalidToken,
		problem == tokenExpired && !s.options.RefreshExpired,
		problem == "" && early && !s.options.RefreshEarly:
		return refuse(http.StatusUnauthorized, invalidToken)
	}
	return providermock.JSON(http.StatusOK, map[string]any{
		"success": true, "token": s.issue(s.claims(&person{id: found.user.ID, email: found.user.Email}, r.Now)),
	})
}
