package signin

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	attemptAge = 5 * time.Minute // how long a sign-in may take
	// maxAttempts bounds how many a browser has under way, one for each tab: a
	// server takes headers of 8 KiB at least, and so many fit, also of two
	// providers.
	maxAttempts = 5
	// maxLooked bounds how many cookies are looked at.
	maxLooked   = 50
	nonceLength = 26 // of rand.Text
	nameLength  = 8  // of the nonce, which tell the cookies apart
)

// Attempt is one sign-in that was begun, or how one has ended. It lies in a
// cookie of its own, so that tabs do not disturb each other. The cookie is not
// encrypted, since it tells a browser nothing that its address bar does not; nor
// signed, since whoever can write it is whoever signs in.
type Attempt struct {
	Nonce   string
	Page    string // to go on to
	Outcome string // "" while its return is waited for

	begun time.Time // to the second
}

// IsNonce reports whether text may be the nonce of an attempt.
func IsNonce(text string) bool {
	return len(text) == nonceLength && !strings.ContainsFunc(text, func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < '2' || c > '7')
	})
}

// Names are how the names of cookies begin.
type Names struct{ Begun, Ended string }

// Attempts keeps them in the browser, and remembers which have come back.
type Attempts struct {
	cookie http.Cookie // its name comes before all of names
	names  Names
	used   *used
	now    func() time.Time
}

// NewAttempts makes cookies that no script reads and no other site's form sends,
// and with https none that a neighbouring host can plant.
func NewAttempts(names Names, callback *url.URL, now func() time.Time) Attempts {
	cookie := http.Cookie{Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if callback.Scheme == "https" { // or else it is loopback, where browsers take no __Host-
		cookie.Name, cookie.Secure = "__Host-", true
	}
	return Attempts{cookie, names, &used{known: make(map[string]bool)}, now}
}

// Begin marks the browser with a new attempt, which is to go on to page: see
// [PageOf].
func (a Attempts) Begin(w http.ResponseWriter, r *http.Request, page string) (nonce string) {
	a.makeRoom(w, r)
	nonce = rand.Text()
	a.keep(w, a.names.Begun, Attempt{Nonce: nonce, Page: PageOf(page)})
	return nonce
}

// End keeps how an attempt has ended, for a request that comes after a redirect.
func (a Attempts) End(w http.ResponseWriter, ended Attempt) { a.keep(w, a.names.Ended, ended) }

// The ways in which a return can be no good.
var (
	ErrNoAttempt   = errors.New("the browser has no cookie of this sign-in: it has come back before, was begun in another browser or under another host name than the callback's, or took more than 5 minutes")
	ErrOldAttempt  = errors.New("the sign-in was begun more than 5 minutes ago")
	ErrUsedAttempt = errors.New("the sign-in has come back before: the page was reloaded meanwhile, or the cookie was copied")
)

// Take gives the attempt of a nonce, and takes it back from the browser: whatever
// comes of it, it is used up. One that the nonce does not name stays, so that no
// made-up return can use it up. The error is [ErrNoAttempt]; or [ErrOldAttempt] or
// [ErrUsedAttempt], beside the attempt.
//
// Of requests that carry the same cookie, which is what a reload sends while the
// first is still being answered, one gets it. Other processes do not know of that:
// there it is the cookie that is missing.
func (a Attempts) Take(w http.ResponseWriter, r *http.Request, nonce string) (Attempt, error) {
	found, err := a.take(w, r, a.names.Begun, nonce)
	if err == nil && !a.used.add(nonce, a.now()) {
		return found, ErrUsedAttempt
	}
	return found, err
}

// TakeEnd is Take for what End has kept.
func (a Attempts) TakeEnd(w http.ResponseWriter, r *http.Request, nonce string) (Attempt, error) {
	return a.take(w, r, a.names.Ended, nonce)
}

func (a Attempts) take(w http.ResponseWriter, r *http.Request, begins, nonce string) (Attempt, error) {
	if !IsNonce(nonce) {
		return Attempt{}, ErrNoAttempt
	}
	name := a.name(begins, nonce)
	for _, cookie := range a.sent(r) {
		if cookie.Name != name {
			continue
		}
		a.remove(w, name)
		found, ok := decode(cookie.Value)
		switch {
		case !ok || subtle.ConstantTimeCompare([]byte(found.Nonce), []byte(nonce)) != 1:
		case !a.isRecent(found):
			return found, ErrOldAttempt
		default:
			return found, nil
		}
	}
	return Attempt{}, ErrNoAttempt
}

func (a Attempts) name(begins, nonce string) string {
	return a.cookie.Name + begins + "-" + nonce[:nameLength]
}

// sent gives the cookies of attempts that a request carries.
func (a Attempts) sent(r *http.Request) []*http.Cookie {
	cookies := slices.DeleteFunc(r.Cookies(), func(cookie *http.Cookie) bool {
		name, ok := strings.CutPrefix(cookie.Name, a.cookie.Name)
		return !ok || !strings.HasPrefix(name, a.names.Ended+"-") && !strings.HasPrefix(name, a.names.Begun+"-")
	})
	return cookies[:min(len(cookies), maxLooked)]
}

func (a Attempts) keep(w http.ResponseWriter, begins string, kept Attempt) {
	kept.begun = a.now()
	cookie := a.cookie
	cookie.Name, cookie.Value = a.name(begins, kept.Nonce), encode(kept)
	cookie.MaxAge = int(attemptAge / time.Second)
	http.SetCookie(w, &cookie)
}

func (a Attempts) remove(w http.ResponseWriter, name string) {
	cookie := a.cookie
	cookie.Name, cookie.MaxAge = name, -1
	http.SetCookie(w, &cookie)
}

// makeRoom takes back what is no attempt of these five minutes, and of the others
// the oldest, where there are too many for one more.
func (a Attempts) makeRoom(w http.ResponseWriter, r *http.Request) {
	type known struct {
		name  string
		begun time.Time
	}
	var live []known
	for _, cookie := range a.sent(r) {
		if found, ok := decode(cookie.Value); ok && a.isRecent(found) {
			live = append(live, known{cookie.Name, found.begun})
		} else {
			a.remove(w, cookie.Name)
		}
	}
	slices.SortStableFunc(live, func(one, other known) int { return one.begun.Compare(other.begun) })
	for _, oldest := range live[:max(0, len(live)-maxAttempts+1)] {
		a.remove(w, oldest.name)
	}
}

func (a Attempts) isRecent(found Attempt) bool {
	age := a.now().Sub(found.begun)
	return age < attemptAge && age > -time.Minute // a clock that was set back
}

func encode(kept Attempt) string {
	page := base64.RawURLEncoding.EncodeToString([]byte(kept.Page))
	return strings.Join([]string{kept.Nonce, strconv.FormatInt(kept.begun.Unix(), 10), kept.Outcome, page}, ".")
}

func decode(text string) (found Attempt, ok bool) {
	fields := strings.Split(text, ".")
	if len(fields) != 4 || !IsNonce(fields[0]) {
		return Attempt{}, false
	}
	seconds, err := strconv.ParseInt(fields[1], 10, 64)
	page, wrong := base64.RawURLEncoding.DecodeString(fields[3])
	if err != nil || wrong != nil {
		return Attempt{}, false
	}
	return Attempt{fields[0], PageOf(string(page)), fields[2], time.Unix(seconds, 0)}, true
}
