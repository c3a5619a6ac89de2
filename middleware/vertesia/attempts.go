package vertesia

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go"
)

const (
	attemptAge = 5 * time.Minute // how long a sign-in may take
	// maxAttempts bounds how many a browser has under way, one for each tab: a
	// server takes headers of 8 KiB at least, and so many fit.
	maxAttempts  = 5
	maxPageBytes = 1024
	nameBytes    = 8 // of the state, which tell the cookies apart
)

// attempt is one sign-in that was begun. It lies in a cookie of its own, so that
// tabs do not disturb each other. The cookie is not signed, since whoever can
// write it is whoever signs in.
type attempt struct {
	state string
	begun time.Time // to the second
	page  string    // to go on to
}

func (a *attempt) encode() string {
	return strings.Join([]string{
		a.state, strconv.FormatInt(a.begun.Unix(), 10), base64.RawURLEncoding.EncodeToString([]byte(a.page)),
	}, ".")
}

func decodeAttempt(text string) (a attempt, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 || !isState(parts[0]) {
		return attempt{}, false
	}
	seconds, err := strconv.ParseInt(parts[1], 10, 64)
	page, wrong := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || wrong != nil {
		return attempt{}, false
	}
	return attempt{state: parts[0], begun: time.Unix(seconds, 0), page: pageOf(string(page))}, true
}

// isState reports whether text may have come from rand.Text.
func isState(text string) bool {
	return len(text) == 26 && !strings.ContainsFunc(text, func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < '2' || c > '7')
	})
}

// attempts keeps them in the browser.
type attempts struct {
	cookie http.Cookie // its name is how theirs begin
	now    func() time.Time
}

// newAttempts makes cookies that no script reads and no other site's form sends,
// and with https none that a neighbouring host can plant.
func newAttempts(callback *url.URL, now func() time.Time) attempts {
	cookie := http.Cookie{Name: "vertesia_state", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if callback.Scheme == "https" { // or else it is loopback, where browsers take no __Host-
		cookie.Name, cookie.Secure = "__Host-"+cookie.Name, true
	}
	return attempts{cookie, now}
}

func (a attempts) name(state string) string { return a.cookie.Name + "-" + state[:nameBytes] }

// begin marks the browser with a new attempt.
func (a attempts) begin(w http.ResponseWriter, r *http.Request, page string) (state string) {
	a.makeRoom(w, r)
	begun := attempt{state: rand.Text(), begun: a.now(), page: pageOf(page)}
	cookie := a.cookie
	cookie.Name, cookie.Value = a.name(begun.state), begun.encode()
	cookie.MaxAge = int(attemptAge / time.Second)
	http.SetCookie(w, &cookie)
	return begun.state
}

func (a attempts) remove(w http.ResponseWriter, name string) {
	cookie := a.cookie
	cookie.Name, cookie.MaxAge = name, -1
	http.SetCookie(w, &cookie)
}

// makeRoom takes back what is no attempt of these five minutes, and of the others
// the oldest, where there are too many for one more.
func (a attempts) makeRoom(w http.ResponseWriter, r *http.Request) {
	type known struct {
		name  string
		begun time.Time
	}
	var live []known
	for _, cookie := range r.Cookies() {
		if !strings.HasPrefix(cookie.Name, a.cookie.Name+"-") {
			continue
		}
		if found, ok := decodeAttempt(cookie.Value); ok && a.isRecent(found) {
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

func (a attempts) isRecent(found attempt) bool {
	age := a.now().Sub(found.begun)
	return age < attemptAge && age > -time.Minute // a clock that was set back
}

// The ways in which a return can be no good.
var (
	errNoAttempt  = returnError("the browser has no cookie of this sign-in: it has come back before, was begun in another browser or under another host name than the callback's, or took more than 5 minutes")
	errOldAttempt = returnError("the sign-in was begun more than 5 minutes ago")
	errForm       = returnError("the form is not that of the bridge page, or has more than 20 KiB")
	errNoToken    = returnError("what came back cannot be a token")
	errOtherSite  = returnError("another site posted the form, or a browser that does not say which did")
)

func returnError(reason string) error {
	return fmt.Errorf("%w: vertesia: callback: %s", secureflows.ErrInvalidRequest, reason)
}

// take gives the attempt of a state, and takes it back from the browser: whatever
// comes of it, it is used up. One that the state does not name stays, so that no
// made-up return can use it up.
func (a attempts) take(w http.ResponseWriter, r *http.Request, state string) (attempt, error) {
	if !isState(state) {
		return attempt{}, errNoAttempt
	}
	cookie, err := r.Cookie(a.name(state))
	if err != nil {
		return attempt{}, errNoAttempt
	}
	a.remove(w, cookie.Name)
	found, ok := decodeAttempt(cookie.Value)
	switch {
	case !ok || subtle.ConstantTimeCompare([]byte(found.state), []byte(state)) != 1:
		return attempt{}, errNoAttempt
	case !a.isRecent(found):
		return found, errOldAttempt
	}
	return found, nil
}

// pageOf gives a path on this site, with its query; "/" for what is none, or is
// too long for a cookie. Browsers take a backslash for a slash, and drop tabs and
// line ends.
func pageOf(page string) string {
	stays := strings.HasPrefix(page, "/") && !strings.HasPrefix(page, "//") && len(page) <= maxPageBytes &&
		!strings.ContainsFunc(page, func(c rune) bool { return c <= ' ' || c == '\\' || c >= 0x7f })
	if !stays {
		return "/"
	}
	return page
}
