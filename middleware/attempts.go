package middleware

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/secureflows/secureflows-go"
)

const (
	attemptAge = 5 * time.Minute // how long a sign-in may take
	loopWindow = time.Minute
	loopLimit  = 3
)

// attempt is one sign-in that was begun. It travels in the state, encrypted, so
// that visitors who never come back cost nothing.
type attempt struct {
	ID      string // for being used once
	Mark    string // the browser's
	Begun   time.Time
	Page    string // to come back to
	Renewal bool   // of an expired token
	Legacy  bool   // completes a return with an ID token
}

// mark tells browsers apart while they sign in. It lies in a cookie, encrypted,
// one for any number of tabs.
type mark struct {
	ID       string
	Failures []time.Time `json:",omitempty"` // of returns, the last few
	Page     string      `json:",omitempty"` // that was asked for last, where a return may have no state
}

// attempts begins sign-ins and knows their returns.
type attempts struct {
	sealer       sealer
	cookie       http.Cookie
	keepLastPage bool
	used         used
}

const (
	statePurpose = "state"
	markPurpose  = "mark"
)

// markOf gives the mark of the browser that makes a request, or a new one.
func (a *attempts) markOf(r *http.Request) (m mark, known bool) {
	if cookie, err := r.Cookie(a.cookie.Name); err == nil {
		if text, ok := a.sealer.open(markPurpose, cookie.Value); ok && json.Unmarshal(text, &m) == nil {
			return m, true
		}
	}
	return mark{ID: rand.Text()}, false
}

// begin gives the state of a new attempt, and marks the browser.
func (a *attempts) begin(w http.ResponseWriter, m mark, next attempt) (state string) {
	next.ID, next.Mark, next.Begun = rand.Text(), m.ID, time.Now()
	if a.keepLastPage {
		m.Page = next.Page
		if len(m.Page) > maxPageBytes/2 {
			m.Page = "" // a cookie has no room for more
		}
	}
	a.remember(w, m)
	return a.sealer.seal(statePurpose, encode(next))
}

// remember puts a mark into the browser.
func (a *attempts) remember(w http.ResponseWriter, m mark) {
	cookie := a.cookie
	cookie.Value = a.sealer.seal(markPurpose, encode(m))
	cookie.MaxAge = int(attemptAge / time.Second)
	http.SetCookie(w, &cookie)
}

func encode(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // both types are of what JSON has
	}
	return text
}

// The ways in which a state can be no good.
var (
	errNoState      = fmt.Errorf("%w: callback: the return has no state", secureflows.ErrInvalidRequest)
	errUnknownState = fmt.Errorf("%w: callback: the state is not one of this site's, or of a key that is gone", secureflows.ErrInvalidRequest)
	errOldState     = fmt.Errorf("%w: callback: the sign-in was begun more than 5 minutes ago", secureflows.ErrInvalidRequest)
	errNoMark       = fmt.Errorf("%w: callback: the browser has no cookie of a sign-in: it refuses cookies, or has opened the site under another host name than the callback's", secureflows.ErrInvalidRequest)
	errOtherBrowser = fmt.Errorf("%w: callback: the sign-in was begun in another browser", secureflows.ErrInvalidRequest)
	errUsedState    = fmt.Errorf("%w: callback: the sign-in has come back before", secureflows.ErrInvalidRequest)
)

// open gives the attempt that a return is of. It may have come back before.
func (a *attempts) open(state string, m mark, known bool) (begun attempt, err error) {
	if state == "" {
		return attempt{}, errNoState
	}
	text, ok := a.sealer.open(statePurpose, state)
	if !ok || json.Unmarshal(text, &begun) != nil {
		return attempt{}, errUnknownState
	}
	switch age := time.Since(begun.Begun); {
	case !known:
		return attempt{}, errNoMark
	case subtle.ConstantTimeCompare([]byte(begun.Mark), []byte(m.ID)) != 1:
		return attempt{}, errOtherBrowser
	case age >= attemptAge:
		return attempt{}, errOldState
	}
	return begun, nil
}

// failed adds a failure to those of a browser, and reports whether it has failed
// too often to be sent round again.
func (m *mark) failed(now time.Time) (tooOften bool) {
	m.Failures = append(m.recent(now), now)
	return len(m.Failures) >= loopLimit
}

func (m *mark) recent(now time.Time) []time.Time {
	recent := slices.DeleteFunc(slices.Clone(m.Failures), func(at time.Time) bool { return now.Sub(at) >= loopWindow })
	return recent[max(0, len(recent)-loopLimit):]
}

// used remembers which attempts have come back, for as long as they could again.
type used struct {
	shared *stored // with other replicas, or nil

	mu sync.Mutex // guards what is below
	// Two generations: the older is dropped when the younger is as old as an
	// attempt may be, or has its share of the bound. That drops attempts early
	// which still need their browser.
	younger, older map[string]struct{}
	since          time.Time // of the younger
}

const maxUsed = 100_000

// take uses an attempt up, or reports false where it was before. Of two replicas
// that are asked at the same moment both may say yes, as scs has no such thing in
// one step; it is still the same browser that asks.
func (u *used) take(ctx context.Context, begun attempt) (first bool, err error) {
	if !u.add(begun.ID) {
		return false, nil
	}
	if u.shared == nil {
		return true, nil
	}
	_, found, err := u.shared.find(ctx, sharedID(begun.ID))
	if err == nil && !found {
		err = u.shared.create(ctx, sharedID(begun.ID), []byte("used"), begun.Begun.Add(attemptAge))
	}
	if err != nil {
		u.drop(begun.ID)
	}
	return !found, err
}

// sharedID keeps attempts apart from visitors in a store.
func sharedID(id string) string { return "state-" + id }

func (u *used) add(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	now := time.Now()
	if now.Sub(u.since) >= attemptAge || len(u.younger) >= maxUsed/2 {
		u.younger, u.older, u.since = make(map[string]struct{}), u.younger, now
	}
	_, inYounger := u.younger[id]
	_, inOlder := u.older[id]
	u.younger[id] = struct{}{}
	return !inYounger && !inOlder
}

// release lets an attempt come back again whose return could not be stored, so
// that loading the page anew is enough.
func (u *used) release(ctx context.Context, begun attempt) {
	if u.shared == nil || u.shared.remove(ctx, sharedID(begun.ID)) == nil {
		u.drop(begun.ID)
	}
}

func (u *used) drop(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.younger, id)
	delete(u.older, id)
}
