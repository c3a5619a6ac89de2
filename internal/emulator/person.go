package emulator

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// person is an end user. The id is the userId of the identity endpoint: the
// same across sessions, logins, workspaces and resets.
type person struct {
	id    int64
	email string
}

// people is everyone who ever signed up here.
type people struct {
	mu      sync.RWMutex // guards all below
	byEmail map[string]*person
	byID    []*person // person 1 first
}

// signUp returns the person with this email, who is new on first use. As at
// Firebase, the letter case of an address does not make another person; the
// spelling first seen is the one shown.
func (p *people) signUp(email string) (*person, error) {
	email = strings.TrimSpace(email)
	if err := checkEmail(email); err != nil {
		return nil, err
	}
	folded := strings.ToLower(email)
	p.mu.RLock()
	known := p.byEmail[folded]
	p.mu.RUnlock()
	if known != nil {
		return known, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.byEmail[folded]; known != nil {
		return known, nil
	}
	if p.byEmail == nil {
		p.byEmail = make(map[string]*person)
	}
	fresh := &person{id: int64(len(p.byID) + 1), email: email}
	p.byEmail[folded] = fresh
	p.byID = append(p.byID, fresh)
	return fresh, nil
}

// find returns nil for an id that nobody has.
func (p *people) find(id int64) *person {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if id < 1 || id > int64(len(p.byID)) {
		return nil
	}
	return p.byID[id-1]
}

// all is everybody, person 1 first.
func (p *people) all() []*person {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return slices.Clone(p.byID)
}

// checkEmail refuses what is certainly a mistake. It is no validator of
// addresses: tests use odd ones.
func checkEmail(email string) error {
	local, domain, found := strings.Cut(email, "@")
	switch {
	case email == "":
		return errors.New("the email is empty: give one such as ada@example.com")
	case !found || local == "" || domain == "" || len(email) > 254 ||
		strings.ContainsFunc(email, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) || c == unicode.ReplacementChar }):
		// Not shown: a token passed by mistake would end up in a log.
		return errors.New("this is not an email address: give one such as ada@example.com")
	}
	return nil
}
