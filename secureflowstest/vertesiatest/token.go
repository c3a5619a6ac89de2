package vertesiatest

import (
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtsign"
	"github.com/secureflows/secureflows-go/internal/providermock"
)

// Selection is what a token is asked for. The zero Selection is the user's
// default.
type Selection struct {
	Account string // ID; "" is the user's first account
	Project string // ID; "" is no project
	// Type is the token's; "" is "user". The others are what runs on behalf of
	// the user: "agent", "apikey", "service_account", "oauth_access", "group",
	// "schedule".
	Type string
	// RS256 signs by it, instead of what Options say.
	RS256 bool
	// Bare leaves roles, permissions and apps out, as central auth may.
	Bare bool
}

// Token gives a fresh token of the person with this e-mail address, who is
// signed up on first use, with at most one selection. It makes no request.
func (s *Server) Token(email string, selection ...Selection) secureflows.Token {
	s.t.Helper()
	chosen := providermock.Chosen(s.t, "vertesiatest: Token", selection)
	claims, err := s.claimsOf(email, chosen)
	if err != nil {
		s.mock.Check("Token", err)
		return secureflows.Token{}
	}
	text, err := s.keys.Key(s.algorithm(chosen.RS256)).Sign(claims, nil)
	return s.mock.Token("Token", text, err)
}

// Claims gives what [Server.Token] would say, to be changed and handed to
// [Server.Sign].
func (s *Server) Claims(email string, selection ...Selection) map[string]any {
	s.t.Helper()
	claims, err := s.claimsOf(email, providermock.Chosen(s.t, "vertesiatest: Claims", selection))
	s.mock.Check("Claims", err)
	return claims
}

// Sign gives a token with exactly these claims, and a header of alg, typ and
// kid, which at most one header replaces: a nil value takes a member away. An
// alg asked for there is also signed by, as an attacker would: "none" has no
// signature, "HS256" the public key, in PEM, as its secret, "ES256" and "RS256"
// the mock's key. Another kid is only written.
func (s *Server) Sign(claims map[string]any, header ...map[string]any) secureflows.Token {
	s.t.Helper()
	override := providermock.Chosen(s.t, "vertesiatest: Sign", header)
	text, err := s.keys.Forge(s.algorithm(false), claims, override)
	return s.mock.Token("Sign", text, err)
}

// Subject gives the sub of the tokens of the person with this e-mail address,
// who is signed up on first use.
func (s *Server) Subject(email string) string {
	s.t.Helper()
	s.mock.Check("Subject", providermock.CheckEmail(email))
	return s.world.known(email).subject
}

// FirebaseIssuer is the iss of the tokens of [Server.FirebaseToken].
const FirebaseIssuer = "https://securetoken.google.com/" + firebaseProject

const firebaseProject = "demo-firebase"

// FirebaseToken gives a Firebase ID token of the person with this e-mail
// address, good for an hour of the mock's time. It signs nobody up: what happens
// to a person without a user, [Options] say.
func (s *Server) FirebaseToken(email string) secureflows.IDToken {
	s.t.Helper()
	if err := providermock.CheckEmail(email); err != nil {
		s.mock.Check("FirebaseToken", err)
		return secureflows.IDToken{}
	}
	now := s.Now()
	text, err := s.google.Key(jwtsign.RS256).Sign(map[string]any{
		"iss": FirebaseIssuer, "aud": firebaseProject,
		"sub": "firebase-" + email, "email": email, "email_verified": true,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}, nil)
	s.mock.Check("FirebaseToken", err)
	token, err := secureflows.NewIDToken(text)
	s.mock.Check("FirebaseToken", err)
	return token
}

// APIKey gives a new API key, sk-..., of an account and, unless it is "", one of
// its projects.
func (s *Server) APIKey(account, project string) secureflows.Token {
	s.t.Helper()
	user := User{Name: "API key", Memberships: []Membership{{Account: account, ProjectRoles: []string{"developer"}}}}
	if project != "" {
		user.Memberships[0].Projects = []string{project}
	}
	user.Email = "key@example.com" // for the check alone
	if err := s.world.check(user); err != nil {
		s.mock.Check("APIKey", err)
		return secureflows.Token{}
	}
	user.Email = ""
	key := s.mock.Token("APIKey", "sk-"+rand.Text(), nil)
	s.world.addKey(key, user)
	return key
}

func (w *world) addKey(key secureflows.Token, user User) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastKeyID++
	p := &principal{kind: "apikey", subject: fmt.Sprintf("apikey:%d", w.lastKeyID), user: user}
	w.keys[key], w.subjects[p.subject] = p, p
}

func (s *Server) algorithm(rs256 bool) string {
	if rs256 || s.options.RS256 {
		return jwtsign.RS256
	}
	return jwtsign.ES256
}

func (s *Server) claimsOf(email string, chosen Selection) (map[string]any, error) {
	if err := providermock.CheckEmail(email); err != nil {
		return nil, err
	}
	p, err := s.world.acting(s.world.known(email), chosen)
	if err != nil {
		return nil, err
	}
	place, code := s.world.choose(p, chosen.Account, chosen.Project)
	if code != "" {
		return nil, fmt.Errorf("the selection is refused as %s: call AddAccount and AddUser first", code)
	}
	return s.claims(p, place, Audience, s.Now().Add(s.options.TokenTTL), chosen.Bare), nil
}

// acting gives the principal that acts for a user, by the type of its tokens.
func (w *world) acting(p *principal, chosen Selection) (*principal, error) {
	acts := &principal{kind: chosen.Type, user: p.user}
	acts.user.Email = "" // theirs alone
	switch chosen.Type {
	case "", "user":
		return p, nil
	case "service_account":
		acts.subject = "service_account:" + chosen.Account + ":" + chosen.Project + ":1"
	case "agent":
		acts.id, acts.subject = p.id, "agent:"+p.id
	case "apikey", "oauth_access", "group", "schedule":
		acts.subject = chosen.Type + ":" + p.id
	default:
		return nil, fmt.Errorf("there is no type %q: see Selection.Type", chosen.Type)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.subjects[acts.subject] = acts
	return acts, nil
}

// place is what a token gives access to.
type place struct {
	membership Membership
	account    *Account
	project    *Project // nil is none
}

// The codes of refusals of /token/issue that the mock decides upon.
const (
	codeScope     = "requested_scope_unavailable"
	codeNoAccount = "no_accessible_account"
	codeForbidden = "token_issuance_forbidden"
)

// choose gives the place, or the code of the refusal.
func (w *world) choose(p *principal, accountID, projectID string) (place, string) {
	if len(p.user.Memberships) == 0 {
		return place{}, codeNoAccount
	}
	for _, m := range p.user.Memberships {
		account := w.account(m.Account)
		if accountID != "" && accountID != m.Account || account == nil {
			continue
		}
		if projectID == "" {
			return place{m, account, nil}, ""
		}
		if project := account.project(projectID); project != nil && m.reaches(projectID) {
			return place{m, account, project}, ""
		}
	}
	return place{}, codeScope
}

func (m Membership) reaches(project string) bool {
	return m.Projects == nil || slices.Contains(m.Projects, project)
}

// reference is how tokens name accounts and projects.
func reference(id, name string) map[string]any { return map[string]any{"id": id, "name": name} }

func (s *Server) claims(p *principal, at place, audience string, expires time.Time, bare bool) map[string]any {
	accounts := []any{}
	for _, m := range p.user.Memberships {
		if account := s.world.account(m.Account); account != nil {
			accounts = append(accounts, reference(account.ID, account.Name))
		}
	}
	claims := map[string]any{
		"sub": p.subject, "name": p.user.Name, "type": p.kind,
		"account": reference(at.account.ID, at.account.Name), "accounts": accounts,
		"iss": s.sts, "aud": audience, "exp": expires.Unix(),
	}
	if p.user.Email != "" {
		claims["email"] = p.user.Email
	}
	if p.id != "" {
		claims["user_id"] = p.id
	}
	if at.project != nil {
		project := reference(at.project.ID, at.project.Name)
		project["account"] = at.account.ID
		claims["project"] = project
	}
	if bare {
		return claims
	}
	claims["account_roles"] = append([]string{}, at.membership.Roles...)
	if at.project != nil {
		claims["project_roles"] = append([]string{}, at.membership.ProjectRoles...)
	}
	maps.Copy(claims, p.user.Claims)
	return claims
}
