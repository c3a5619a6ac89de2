package authreturntest

import "sync"

// person never changes once signed up.
type person struct {
	id       int64
	email    string
	password string
}

type people struct {
	mu      sync.Mutex // guards byEmail
	byEmail map[string]*person
}

func newPeople() *people { return &people{byEmail: make(map[string]*person)} }

// known gives the person, whom it signs up on first use.
func (p *people) known(email string) *person {
	fresh, old := p.signUp(email, Password)
	if old != nil {
		return old
	}
	return fresh
}

// signUp gives the new person, or the one who has the address already.
func (p *people) signUp(email, password string) (fresh, old *person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.byEmail[email]; old != nil {
		return nil, old
	}
	fresh = &person{id: int64(len(p.byEmail) + 1), email: email, password: password}
	p.byEmail[email] = fresh
	return fresh, nil
}

// login gives the person with this address and password, or nil.
func (p *people) login(email, password string) *person {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found := p.byEmail[email]; found != nil && found.password == password {
		return found
	}
	return nil
}
