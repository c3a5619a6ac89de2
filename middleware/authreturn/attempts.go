package authreturn

import (
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
	nonceLength  = 26 // of rand.Text
)

// attempt is one sign-in that was begun, or how one has ended. It lies in a
// cookie of its own, so that tabs do not disturb each other. The cookie is not
// encrypted, since it tells a browser nothing that its address bar does not; nor
// signed, since whoever can write it is whoever signs in.
type attempt struct {
	nonce   string
	begun   time.Time // to the second
	outcome string    // "" while its return is waited for
	page    string    // to go on to
}

func (a *attempt) encode() string {
	return strings.Join([]string{
		a.nonce, strconv.FormatInt(a.begun.Unix(), 10), a.outcome, base64.RawURLEncoding.EncodeToString([]byte(a.page)),
	}, ".")
}

func decodeAttempt(text string) (a attempt, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 4 {
		return attempt{}, false
	}
	seconds, err := strconv.ParseInt(parts[1], 10, 64)
	page, wrong := base64.RawURLEncoding.DecodeString(parts[3])
	if err != nil || wrong != nil || !isNonce(parts[0]) {
		return attempt{}, false
	}
	return attempt{nonce: parts[0], begun: time.Unix(seconds, 0), outcome: parts[2], page: pageOf(string(page))}, true
}

func isNonce(text string) bool {
	return len(text) == nonceLength && !strings.ContainsFunc(text, func(c rune) bool {
		return (c < 'A' || c > 'Z') && (c < '2' || c > '7')
	})
}

// attempts keeps them in the browser.
type attempts struct {
	cookie http.Cookie // its name is how theirs begin
	now    func() time.Time
}

func newAttempts(callback *url.URL, now func() time.Time) attempts {
	cookie := http.Cookie{Name: "authreturn", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if callback.Scheme == "https" { // or else it is loopback, where browsers take no __Host-
		cookie.Name, cookie.Secure = "__Host-"+cookie.Name, true
	}
	return attempts{cookie, now}
}

const (
	waiting = "-begun-"
	ended   = "-ended-"
)

func (a attempts) name(stage, nonce string) string { return a.cookie.Name + stage + nonce[:8] }

// maxLooked bounds how many cookies are looked at.
const maxLooked = 50

// sent gives the cookies of attempts that a request carries.
func (a attempts) sent(r *http.Request) []*http.Cookie {
	cookies := slices.DeleteFunc(r.Cookies(), func(cookie *http.Cookie) bool {
		return !strings.HasPrefix(cookie.Name, a.cookie.Name+waiting) && !strings.HasPrefix(cookie.Name, a.cookie.Name+ended)
	})
	return cookies[:min(len(cookies), maxLooked)]
}

// keep puts an attempt into the browser.
func (a attempts) keep(w http.ResponseWriter, stage string, kept attempt) {
	cookie := a.cookie
	cookie.Name, cookie.Value = a.name(stage, kept.nonce), kept.encode()
	cookie.MaxAge = int(attemptAge / time.Second)
	http.SetCookie(w, &cookie)
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
	for _, cookie := range a.sent(r) {
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
	errNoAttempt  = fmt.Errorf("%w: authreturn: callback: the browser has no cookie of this sign-in: it has come back before, was begun in another browser or under another host name than the callback's, or took more than 5 minutes", secureflows.ErrInvalidRequest)
	errOldAttempt = fmt.Errorf("%w: authreturn: callback: the sign-in was begun more than 5 minutes ago", secureflows.ErrInvalidRequest)
	errNoToken    = fmt.Errorf("%w: authreturn: callback: the return has no token, or more than one", secureflows.ErrInvalidRequest)
)

// take gives the attempt of a nonce, and takes it back from the browser: whatever
// comes of it, it is used up.
func (a attempts) take(w http.ResponseWriter, r *http.Request, stage, nonce string) (attempt, error) {
	if !isNonce(nonce) {
		return attempt{}, errNoAttempt
	}
	name := a.name(stage, nonce)
	for _, cookie := range a.sent(r) {
		if cookie.Name != name {
			continue
		}
		a.remove(w, name)
		found, ok := decodeAttempt(cookie.Value)
		switch {
		case !ok || subtle.ConstantTimeCompare([]byte(found.nonce), []byte(nonce)) != 1:
		case !a.isRecent(found):
			return found, errOldAttempt
		default:
			return found, nil
		}
	}
	return attempt{}, errNoAttempt
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
