package productflotest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/providermock"
)

// User is a person, and what their tokens say.
type User struct {
	Email string
	// Tenants are those that the user can reach. The first is theirs where a
	// request names none; nil leaves tenant_id out.
	Tenants []string
	// Role is the claim's text; "" is Member. ProductFlo has not published how it
	// spells roles: this spelling is the mock's.
	Role string
	// Permissions is the claim, as any JSON; nil leaves it out.
	Permissions any
}

// person never changes; a new one takes the place of an old.
type person struct {
	id       string
	user     User
	password string
	first    string // name
	last     string
	since    time.Time
}

type people struct {
	mu      sync.Mutex // guards all below
	byEmail map[string]*person
	byID    map[string]*person
	ended   map[secureflows.Token]bool // by logout
}

func newPeople() *people {
	return &people{byEmail: make(map[string]*person), byID: make(map[string]*person), ended: make(map[secureflows.Token]bool)}
}

// AddUser signs up a user, or changes the one with this e-mail address, who
// keeps their id and password. Tokens that were issued before stay as they are.
func (s *Server) AddUser(user User) {
	s.t.Helper()
	if err := providermock.CheckEmail(user.Email); err != nil {
		s.mock.Check("AddUser", err)
		return
	}
	if slices.Contains(user.Tenants, "") {
		s.mock.Fatalf("AddUser: a tenant's id is empty: leave it out")
		return
	}
	if _, err := json.Marshal(user.Permissions); err != nil {
		s.mock.Fatalf("AddUser: Permissions are not JSON: %v", err)
		return
	}
	user.Tenants = slices.Clone(user.Tenants)
	s.people.change(user)
}

func (p *people) change(user User) {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := person{user: user, password: Password, since: time.Unix(0, 0)}
	if old := p.byEmail[user.Email]; old != nil {
		changed = *old
		changed.user = user
	}
	p.put(&changed)
}

// put needs the lock.
func (p *people) put(one *person) {
	if one.id == "" {
		one.id = fmt.Sprintf("00000000-0000-4000-8000-%012x", len(p.byID)+1)
	}
	p.byEmail[one.user.Email] = one
	p.byID[one.id] = one
}

// known gives the person, who is signed up on first use.
func (p *people) known(email string) *person {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.byEmail[email]; one != nil {
		return one
	}
	one := &person{user: User{Email: email}, password: Password, since: time.Unix(0, 0)}
	p.put(one)
	return one
}

// signUp reports whether the address is new.
func (p *people) signUp(one *person) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byEmail[one.user.Email] != nil {
		return false
	}
	p.put(one)
	return true
}

// login gives the person with this address and password, or nil.
func (p *people) login(email, password string) *person {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.byEmail[email]; one != nil && one.password == password {
		return one
	}
	return nil
}

// of gives the person with this id, or nil.
func (p *people) of(id string) *person {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byID[id]
}

func (p *people) end(token secureflows.Token) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended[token] = true
}

func (p *people) hasEnded(token secureflows.Token) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended[token]
}
