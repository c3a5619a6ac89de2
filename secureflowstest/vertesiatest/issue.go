package vertesiatest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go/internal/emulator/strictjson"
	"github.com/secureflows/secureflows-go/internal/jwtsign"
	"github.com/secureflows/secureflows-go/internal/providermock"
)

type (
	request = providermock.Request
	answer  = providermock.Answer
)

func refuse(status int, message string) answer {
	return providermock.JSON(status, map[string]any{"error": http.StatusText(status), "status": status, "message": message})
}

// refusal is the form of a fault without a body.
func refusal(status int) answer {
	if status == http.StatusUnauthorized {
		return refuse(status, "injected fault")
	}
	body := map[string]any{"error": http.StatusText(status), "message": "injected fault"}
	if status == http.StatusForbidden {
		body["errorCode"] = codeForbidden
	}
	return providermock.JSON(status, body)
}

func (s *Server) forbid(code string) answer {
	const message = "The token cannot be issued"
	if s.options.PlainForbidden {
		return answer{Status: http.StatusForbidden, Body: []byte(message)}.With("Content-Type", "text/plain; charset=utf-8")
	}
	return providermock.JSON(http.StatusForbidden, map[string]any{"error": "Forbidden", "message": message, "errorCode": code})
}

// only refuses another method than the endpoint's.
func only(method string, r *request, endpoint func(*request) answer) answer {
	if r.Method != method {
		return refuse(http.StatusMethodNotAllowed, "use "+method).With("Allow", method)
	}
	return endpoint(r)
}

func (s *Server) stsAnswer(r *request) answer {
	switch r.URL.Path {
	case "/token/issue":
		return only(http.MethodPost, r, s.issue)
	case "/.well-known/jwks":
		return only(http.MethodGet, r, func(*request) answer {
			return providermock.JSON(http.StatusOK, json.RawMessage(s.keys.JWKS()))
		})
	}
	return refuse(http.StatusNotFound, "no such path")
}

// issueRequest has all members that a request for a user token may have.
type issueRequest struct {
	Type       string `json:"type"`
	Audience   string `json:"audience"`
	Algorithm  string `json:"algorithm"`
	UserID     string `json:"user_id"`
	AccountID  string `json:"account_id"`
	ProjectID  string `json:"project_id"`
	ExpiresAt  *int64 `json:"expires_at"`
	OnBehalfOf string `json:"on_behalf_of"`
}

// POST /token/issue
func (s *Server) issue(r *request) answer {
	p, refused := s.caller(r)
	if refused != nil {
		return *refused
	}
	var wanted issueRequest
	if p.kind != "apikey" || len(r.Body()) > 0 {
		if refused := s.read(r, &wanted); refused != nil {
			return *refused
		}
	}
	if wanted.UserID != "" && wanted.UserID != p.id || wanted.OnBehalfOf != "" {
		return s.forbid(codeForbidden) // for another than who asks
	}
	at, code := s.world.choose(p, wanted.AccountID, wanted.ProjectID)
	if code != "" {
		return s.forbid(code)
	}
	expires := r.Now.Add(s.options.TokenTTL)
	if wanted.ExpiresAt != nil {
		if expires = time.Unix(*wanted.ExpiresAt, 0); !expires.After(r.Now) {
			return refuse(http.StatusBadRequest, "expires_at is past")
		}
	}
	if wanted.Audience == "" {
		wanted.Audience = Audience
	}
	algorithm := s.algorithm(wanted.Algorithm == jwtsign.RS256)
	if wanted.Algorithm == jwtsign.ES256 {
		algorithm = jwtsign.ES256
	}
	text, err := s.keys.Key(algorithm).Sign(s.claims(p, at, wanted.Audience, expires, false), nil)
	if err != nil {
		return refuse(http.StatusInternalServerError, "the claims of this user are not JSON")
	}
	return providermock.JSON(http.StatusOK, map[string]any{
		"token": text, "token_type": "Bearer", "expires_in": expires.Unix() - r.Now.Unix(),
	})
}

// read is strict: what the STS does not know, it refuses.
func (s *Server) read(r *request, wanted *issueRequest) *answer {
	object, err := r.Object()
	if err != nil {
		return pointer(refuse(http.StatusBadRequest, err.Error()))
	}
	kind, _ := object.Text("type")
	if slices.Contains([]string{"apikey", "project", "environment", "agent", "service_account"}, kind) {
		return pointer(s.forbid(codeForbidden))
	}
	if err := strictjson.Decode(r.Body(), wanted); err != nil {
		return pointer(refuse(http.StatusBadRequest, err.Error()))
	}
	if kind != "user" || !slices.Contains([]string{"", jwtsign.ES256, jwtsign.RS256}, wanted.Algorithm) {
		return pointer(refuse(http.StatusBadRequest, "type or algorithm is unknown"))
	}
	return nil
}

func pointer(a answer) *answer { return &a }

// caller is whom the credential is of: a Firebase token, an API key, or a token
// that the STS itself has issued and that is still good.
func (s *Server) caller(r *request) (*principal, *answer) {
	credential := r.Bearer()
	unauthorized := pointer(refuse(http.StatusUnauthorized, "The credential is not accepted"))
	if strings.HasPrefix(credential, "sk-") {
		if p := s.world.byKey(credential); p != nil {
			return p, nil
		}
		return nil, unauthorized
	}
	if email, ok := s.firebaseUser(r); ok {
		if p := s.world.find(email); p != nil {
			return p, nil
		}
		return nil, pointer(s.noUser())
	}
	claims, err := s.keys.Verify(credential)
	if err != nil || !live(claims, r.Now) || claims["iss"] != s.sts {
		return nil, unauthorized
	}
	subject, _ := claims["sub"].(string)
	if p := s.world.bySubject(subject); p != nil {
		return p, nil
	}
	return nil, unauthorized
}

func (s *Server) noUser() answer {
	if s.options.Newcomers == NewcomersSignUp {
		return refuse(http.StatusPreconditionFailed, "Sign-up is required")
	}
	return refuse(http.StatusNotFound, "There is no such user")
}

// firebaseUser is the address in the request's Firebase token, if it has one
// that is good.
func (s *Server) firebaseUser(r *request) (email string, ok bool) {
	claims, err := s.google.Verify(r.Bearer())
	if err != nil || !live(claims, r.Now) {
		return "", false
	}
	email, ok = claims["email"].(string)
	return email, ok
}

// live wants an exp that has not come.
func live(claims map[string]any, now time.Time) bool {
	number, _ := claims["exp"].(json.Number)
	seconds, err := number.Float64()
	return err == nil && seconds > float64(now.UnixNano())/1e9
}

func (s *Server) studioAnswer(r *request) answer {
	if r.URL.Path == "/auth/ensure-user" {
		return only(http.MethodPost, r, s.ensureUser)
	}
	return refuse(http.StatusNotFound, "no such path")
}

// POST /auth/ensure-user
func (s *Server) ensureUser(r *request) answer {
	email, ok := s.firebaseUser(r)
	switch {
	case !ok:
		return refuse(http.StatusUnauthorized, "The credential is not accepted")
	case s.world.find(email) != nil || s.options.Newcomers == NewcomersWelcome:
		s.world.known(email)
		return providermock.JSON(http.StatusOK, map[string]any{})
	case s.options.Newcomers == NewcomersSignUp:
		return s.noUser()
	}
	return refuse(http.StatusForbidden, "An invite is needed")
}
