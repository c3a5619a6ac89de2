package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/secureflows/secureflows-go"
)

// cause is why a token may have ended. A token can have several.
type cause int

const (
	aged       cause = 1 << iota // by the mock's clock
	expired                      // by the script
	revoked                      // by the script or its own client
	superseded                   // by a renewal of its own client
	loggedOut                    // by its own client
)

var causeNames = []struct {
	cause cause
	name  string
}{{revoked, "revoked"}, {loggedOut, "logged out"}, {superseded, "superseded"}, {expired, "expired"}, {aged, "clock"}}

func (c cause) String() string {
	for _, known := range causeNames {
		if c&known.cause != 0 {
			return known.name
		}
	}
	return "none"
}

// ledger knows every token of the run and what has ended it, and so which
// sign-outs are true.
type ledger struct {
	now   func() time.Time // the mock's
	texts *outputs         // the tokens, a line each: off the heap, which is being weighed

	mu     sync.Mutex // guards tokens
	tokens map[key]issued
}

// key is what the ledger has of a token on the heap.
type key [16]byte

func keyOf(token string) key {
	sum := sha256.Sum256([]byte(token))
	return key(sum[:16])
}

type issued struct {
	serial int
	end    int64 // by age, in nanoseconds of the mock's clock
	causes cause
}

func newLedger(now func() time.Time, texts *outputs) *ledger {
	return &ledger{now: now, texts: texts, tokens: make(map[key]issued)}
}

// issue enters a token that was asked for at the time asked or later.
func (l *ledger) issue(token string, asked time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.tokens[keyOf(token)]; !known && token != "" {
		l.tokens[keyOf(token)] = issued{serial: len(l.tokens) + 1, end: asked.Add(tokenTTL).UnixNano()}
		l.texts.printf("%s", token)
	}
}

// finish enters what is about to end a token. It comes before the act: a
// sign-out may be told before the act returns.
func (l *ledger) finish(token string, why cause) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if entry, known := l.tokens[keyOf(token)]; known {
		entry.causes |= why
		l.tokens[keyOf(token)] = entry
	}
}

// judge gives the causes for which one of tokens may be told that it is signed
// out, or an error when there is none, or not for the sign-out that was told.
func (l *ledger) judge(told error, tokens ...string) (cause, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all cause
	var serials []int
	for _, token := range tokens {
		entry, known := l.tokens[keyOf(token)]
		if !known {
			continue
		}
		serials = append(serials, entry.serial)
		all |= entry.causes
		if l.now().UnixNano() >= entry.end {
			all |= aged
		}
	}
	accepted := cause(0)
	switch {
	case errors.Is(told, secureflows.ErrTokenExpired):
		// A 410 whose body was lost is read as expired, whatever it was.
		accepted = aged | expired | revoked | superseded | loggedOut
	case errors.Is(told, secureflows.ErrSessionRevoked):
		accepted = revoked | superseded | loggedOut
	}
	if all&accepted == 0 {
		return 0, fmt.Errorf("token %v was told %w, and its causes are: %v", serials, told, all)
	}
	return all, nil
}
