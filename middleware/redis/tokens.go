package redis

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// tokens are those that the caches of this process may have an answer about, or
// may be given one, by their tags.
type tokens struct {
	mu        sync.Mutex // guards listeners, and what is in known
	listeners []func(secureflows.Token)
	known     *generations[tag, *known]
}

// known is a token that was asked about.
type known struct {
	token  secureflows.Token
	asking int  // questions under way
	good   bool // at some time
	// told counts how often it was reported as signed out while nobody had ever
	// found it good.
	told int
}

// flightAge is how long an answer may be on its way.
const flightAge = 10 * time.Second

func newTokens(r *Replicas) *tokens {
	// Half of it is promised, and each token has as many tags as there are keys.
	capacity := 2 * r.config.MaxEntries * len(r.keys)
	return &tokens{known: newGenerations[tag, *known](r.maxAge+flightAge, capacity)}
}

// expect makes a token known before there is an answer: one that is on its way
// when the token ends must not be kept.
func (t *tokens) expect(tags []tag, token secureflows.Token) *known {
	t.mu.Lock()
	defer t.mu.Unlock()
	own, found := t.known.get(tags[0])
	if !found {
		own = &known{token: token}
	}
	own.asking++
	for _, tag := range tags {
		t.known.put(tag, own)
	}
	return own
}

// settle notes how a question ended, and reports whether others are to be told
// that the token has. One that is refused when it is asked about for the first
// time is nobody's, and of no interest to them: a client that makes up tokens must
// not fill the stream.
func (t *tokens) settle(tags []tag, asked *known, err error) (tell bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	foreign := errors.Is(err, middleware.ErrForeignToken) // says nothing about the token
	refused := errors.Is(err, secureflows.ErrSignedOut) && !foreign
	asked.asking--
	asked.good = asked.good || err == nil
	if refused && asked.told > 0 {
		asked.told-- // by this refusal
	}
	if asked.asking == 0 && (refused || foreign && !asked.good) {
		for _, tag := range tags {
			t.known.drop(tag)
		}
	}
	tell = asked.told > 0 && (asked.good || asked.asking == 0)
	if tell {
		asked.told = 0
	}
	return tell
}

// ended reports whether others are to be told that a token has ended here, now or
// when the question is settled that is asked about it.
func (t *tokens) ended(tags []tag) (tell bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	asked, found := t.known.get(tags[0])
	if !found || asked.good {
		return true
	}
	asked.told++
	return false
}

// of gives the token of a tag.
func (t *tokens) of(about tag) (token secureflows.Token, found bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	asked, found := t.known.get(about)
	if !found {
		return secureflows.Token{}, false
	}
	return asked.token, true
}

// clear gives all tokens, and forgets them.
func (t *tokens) clear() (all []secureflows.Token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, asked := range t.known.clear() {
		all = append(all, asked.token)
	}
	return all
}

// listen is for caches, which drop what they have about a token that has ended.
// They live as long as this.
func (t *tokens) listen(listener func(secureflows.Token)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listeners = append(t.listeners, listener)
}

func (t *tokens) inform(token secureflows.Token) {
	t.mu.Lock()
	listeners := slices.Clip(t.listeners)
	t.mu.Unlock()
	for _, listener := range listeners {
		listener(token)
	}
}
