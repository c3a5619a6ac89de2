package middleware

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
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
// one for any number of tabs; but tabs that are opened together, before the
// browser has been given one, get one each, under names of their own.
type mark struct {
	ID       string
	Failures []time.Time `json:",omitempty"` // of returns, the last few
	SignedIn time.Time   `json:",omitzero"`  // last, unless that was found to be gone
	Page     string      `json:",omitempty"` // that was asked for last, where a return may have no state

	// Ids and failures of further marks of the browser, which know their own.
	others    []string
	elsewhere []time.Time
}

// attempts begins sign-ins and knows their returns.
type attempts struct {
	sealer       sealer
	cookie       http.Cookie // its name is how those of marks begin
	keepLastPage bool
	used         *claims // those that have come back
}

const (
	statePurpose = "state"
	markPurpose  = "mark"
)

// markOf gives the mark of the browser that makes a request, or a new one.
func (a *attempts) markOf(r *http.Request) (own mark, known bool) {
	for _, cookie := range a.cookies(r) {
		var m mark
		text, ok := a.sealer.open(markPurpose, cookie.Value)
		switch {
		case !ok || json.Unmarshal(text, &m) != nil || cookie.Name != a.name(m.ID):
		case !known:
			own, known = m, true
		default:
			own.others = append(own.others, m.ID)
			own.elsewhere = append(own.elsewhere, m.Failures...)
		}
	}
	if !known {
		own = mark{ID: rand.Text()}
	}
	return own, known
}

// maxMarks bounds how many are looked at.
const maxMarks = 20

// cookies gives those of marks that a request carries.
func (a *attempts) cookies(r *http.Request) []*http.Cookie {
	cookies := slices.DeleteFunc(r.Cookies(), func(cookie *http.Cookie) bool {
		return !strings.HasPrefix(cookie.Name, a.cookie.Name+"-")
	})
	return cookies[:min(len(cookies), maxMarks)]
}

// name gives the name of the cookie of a mark.
func (a *attempts) name(id string) string { return a.cookie.Name + "-" + id[:min(len(id), 8)] }

// forget takes the marks of a browser back.
func (a *attempts) forget(w http.ResponseWriter, r *http.Request) {
	for _, sent := range a.cookies(r) {
		cookie := a.cookie
		cookie.Name = sent.Name
		expire(w, cookie)
	}
}

// has reports, in constant time, whether id is of one of a browser's marks.
func (m *mark) has(id string) bool {
	found := subtle.ConstantTimeCompare([]byte(id), []byte(m.ID))
	for _, other := range m.others {
		found |= subtle.ConstantTimeCompare([]byte(id), []byte(other))
	}
	return found == 1
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
	cookie.Name, cookie.Value = a.name(m.ID), a.sealer.seal(markPurpose, encode(m))
	cookie.MaxAge = int(attemptAge / time.Second)
	http.SetCookie(w, &cookie)
}

func encode(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // an & would be six characters
	if err := encoder.Encode(value); err != nil {
		panic(err) // the types are of what JSON has
	}
	return text.Bytes()
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

// open gives the attempt that a return is of, also where that is no good for
// signing in any more: it knows the page. It may have come back before.
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
		return begun, errNoMark
	case !m.has(begun.Mark):
		return begun, errOtherBrowser
	case age >= attemptAge || age <= -time.Minute: // a clock that was set back
		return begun, errOldState
	}
	return begun, nil
}

// failed adds a failure to those of a browser, and reports whether it has failed
// too often to be sent round again.
func (m *mark) failed(now time.Time) (tooOften bool) {
	m.Failures = append(recent(m.Failures, now), now)
	return m.failedTooOften(now)
}

func (m *mark) failedTooOften(now time.Time) bool {
	return len(recent(m.Failures, now))+len(recent(m.elsewhere, now)) >= loopLimit
}

// recent gives those of failures that count, of which no more are needed than
// are too many.
func recent(failures []time.Time, now time.Time) []time.Time {
	kept := slices.DeleteFunc(slices.Clone(failures), func(at time.Time) bool { return now.Sub(at) >= loopWindow })
	return kept[max(0, len(kept)-loopLimit):]
}

// take uses an attempt up, or reports false where it was before. One that signs
// nobody in need not be known to other replicas.
func (a *attempts) take(ctx context.Context, begun attempt, signsIn bool) (first bool, err error) {
	expiry := begun.Begun.Add(attemptAge)
	if !signsIn {
		return a.used.takeHere(sharedID(begun.ID), expiry), nil
	}
	return a.used.take(ctx, sharedID(begun.ID), expiry)
}

// release lets an attempt come back again whose return could not be kept, so that
// loading the page anew is enough.
func (a *attempts) release(ctx context.Context, begun attempt) {
	a.used.release(ctx, sharedID(begun.ID))
}

// sharedID keeps attempts apart from visitors in a store.
func sharedID(id string) string { return "state-" + id }
