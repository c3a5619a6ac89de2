package vertesiatest

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/providermock"
)

// Account is a customer of Vertesia, with its projects.
type Account struct {
	ID, Name string
	Projects []Project
}

// Project belongs to one account.
type Project struct{ ID, Name string }

// User is a person, and what their tokens say.
type User struct {
	Email, Name string
	// Memberships are the user's accounts. The first is chosen where a request
	// names none; nil is no account at all.
	Memberships []Membership
	// Claims are added to every token with roles: permissions, apps,
	// content_security, endpoints and the like.
	Claims map[string]any
}

// Membership is a user's place in an account.
type Membership struct {
	Account      string // its ID
	Roles        []string
	Projects     []string // IDs; nil is all of the account's
	ProjectRoles []string
}

// principal is whom a token is about. It never changes.
type principal struct {
	kind    string // type in a token
	id      string // "" unless a user stands behind it
	subject string
	user    User
}

// world is who and what there is.
type world struct {
	mu       sync.Mutex // guards all below
	accounts []Account
	users    map[string]*principal // by e-mail address
	subjects map[string]*principal // all that a token was made for
	// By tokens rather than texts, which fmt would print.
	keys      map[secureflows.Token]*principal // by API key
	visitors  map[secureflows.Token]string     // e-mail addresses by cookie, at central auth
	lastID    int
	lastKeyID int
}

func newWorld() *world {
	return &world{
		accounts: []Account{demoAccount()},
		users:    make(map[string]*principal), subjects: make(map[string]*principal),
		keys: make(map[secureflows.Token]*principal), visitors: make(map[secureflows.Token]string),
	}
}

func demoAccount() Account {
	return Account{ID: AccountID, Name: "Demo Account", Projects: []Project{{ID: ProjectID, Name: "Demo Project"}}}
}

// newcomer is a user without anything special.
func newcomer(email string) User {
	return User{Email: email, Name: email, Memberships: []Membership{{
		Account: AccountID, Roles: []string{"member"}, ProjectRoles: []string{"reader"},
	}}}
}

// AddAccount makes an account known, in place of one with the same ID.
func (s *Server) AddAccount(account Account) {
	s.t.Helper()
	if account.ID == "" || slices.ContainsFunc(account.Projects, func(p Project) bool { return p.ID == "" }) {
		s.mock.Fatalf("AddAccount: the account or a project has no ID")
		return
	}
	account.Projects = slices.Clone(account.Projects)
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	s.world.accounts = slices.DeleteFunc(s.world.accounts, func(a Account) bool { return a.ID == account.ID })
	s.world.accounts = append(s.world.accounts, account)
}

// AddUser signs up a user, or changes the one with this e-mail address, who
// keeps their subject. Tokens that were issued before stay as they are.
func (s *Server) AddUser(user User) {
	s.t.Helper()
	if err := s.world.check(user); err != nil {
		s.mock.Check("AddUser", err)
		return
	}
	user.Memberships, user.Claims = slices.Clone(user.Memberships), maps.Clone(user.Claims)
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	s.world.add(user)
}

func (w *world) check(user User) error {
	if err := providermock.CheckEmail(user.Email); err != nil {
		return err
	}
	for _, m := range user.Memberships {
		account := w.account(m.Account)
		if account == nil {
			return fmt.Errorf("there is no account %q: call AddAccount first", m.Account)
		}
		for _, id := range m.Projects {
			if account.project(id) == nil {
				return fmt.Errorf("the account %q has no project %q", m.Account, id)
			}
		}
	}
	return nil
}

// add needs the lock.
func (w *world) add(user User) *principal {
	p := &principal{kind: "user", user: user}
	if old := w.users[user.Email]; old != nil {
		p.id, p.subject = old.id, old.subject
	} else {
		w.lastID++
		p.id = fmt.Sprintf("%024x", w.lastID)
		p.subject = "user:" + p.id
	}
	w.users[user.Email] = p
	w.subjects[p.subject] = p
	return p
}

// known gives the user, who is signed up on first use.
func (w *world) known(email string) *principal {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.users[email]; p != nil {
		return p
	}
	return w.add(newcomer(email))
}

func (w *world) find(email string) *principal {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.users[email]
}

func (w *world) bySubject(subject string) *principal {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.subjects[subject]
}

func (w *world) byKey(text string) *principal {
	key, err := secureflows.NewToken(text)
	if err != nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.keys[key]
}

// account gives a copy, or nil.
func (w *world) account(id string) *Account {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.accounts {
		if a.ID == id {
			return &a
		}
	}
	return nil
}

func (a *Account) project(id string) *Project {
	for _, p := range a.Projects {
		if p.ID == id {
			return &p
		}
	}
	return nil
}
