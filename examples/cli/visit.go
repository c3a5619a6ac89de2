package main

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/http"
	"sync"

	"github.com/secureflows/secureflows-go"
)

const (
	callbackPath  = "/callback"
	linkPath      = "/go/"
	signedOutPath = "/signed-out/"
	donePath      = "/done"

	// browserCookie marks the browser that signed in. It is no credential at the
	// service: see visit.link.
	browserCookie = "secureflows_cli_browser"
)

// visit is one trip of the browser: to hosted login or sign-out, and back to
// this program. Its state is good for one return.
type visit struct {
	client      *secureflows.Client
	address     string // host and port that browsers come back to
	redirectURI string
	state       string // secret: what a return must bring
	ticket      string // in the link
	browser     string // secret: value of browserCookie
	routes      http.ServeMux

	mu        sync.Mutex // guards the next three
	target    string     // where the link leads once
	elsewhere string     // where it leads others, and later
	ended     bool

	returned chan outcome  // one, how the trip ended
	seen     chan struct{} // closed when the browser has its last page
	once     sync.Once     // guards closing seen
	refused  func()        // told of a return that is not this trip's
}

// outcome is how a trip ended: token is zero after a sign-out.
type outcome struct {
	token secureflows.Token
	err   error
}

var errOtherBrowser = errors.New("the address was opened in another browser than the one that signed in")

// link gives a local address that leads to target, which may hold the token: the
// address itself is seen in the list of processes and on the screen. Other
// people of this machine see it too, and may be quicker than the browser: so it
// leads to target once, with the cookie of the browser that signed in, and
// otherwise elsewhere, which holds no token. "" is nowhere.
func (v *visit) link(target, elsewhere string) string {
	v.target, v.elsewhere = target, elsewhere
	return "http://" + v.address + linkPath + v.ticket
}

func newVisit(p *program) *visit {
	v := &visit{
		client: p.client, address: p.address, redirectURI: p.redirectURI,
		state: rand.Text(), ticket: rand.Text(), browser: p.browser,
		returned: make(chan outcome, 1), seen: make(chan struct{}),
		refused: func() { p.console.say("A sign-in that was not begun here came back. It was refused.") },
	}
	v.routes.HandleFunc(callbackPath, v.callback)
	v.routes.HandleFunc(linkPath+"{ticket}", v.follow)
	v.routes.HandleFunc(signedOutPath+"{state}", v.afterSignOut)
	v.routes.HandleFunc(donePath, v.done)
	return v
}

// signedOut is where a sign-out comes back to.
func (v *visit) signedOut() string { return "http://" + v.address + signedOutPath + v.state }

func (v *visit) options() secureflows.LoginOptions {
	return secureflows.LoginOptions{RedirectURI: v.redirectURI, State: v.state}
}

// ServeHTTP answers the browser, and nobody who reached the port under another
// name: a page elsewhere can point a name of its own at 127.0.0.1.
func (v *visit) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if r.Host != v.address || r.Method != http.MethodGet {
		page(w, http.StatusForbidden, "This page is for a browser that secureflows-cli opened.")
		return
	}
	v.routes.ServeHTTP(w, r)
}

// callback takes the return of hosted login, and sends the browser on at once,
// so that the token does not stay in the address bar.
func (v *visit) callback(w http.ResponseWriter, r *http.Request) {
	if !equal(r.URL.Query().Get("state"), v.state) { // of a failed login too, which the Callback does not give
		v.refused()
		page(w, http.StatusBadRequest, "This sign-in was not begun by the secureflows-cli that is waiting. Start again from the terminal.")
		return
	}
	callback, err := secureflows.ParseCallback(r)
	if err == nil && !callback.IDToken.IsZero() { // a legacy return: not signed in yet
		target, err := v.client.CompleteURL(callback, v.options())
		if err != nil {
			v.end(outcome{err: err})
			page(w, http.StatusBadRequest, "Sign-in did not succeed. The terminal says why.")
			v.leave()
			return
		}
		http.Redirect(w, r, target, http.StatusSeeOther)
		return
	}
	if !v.end(outcome{callback.Token, err}) {
		page(w, http.StatusGone, "This sign-in has been used already.")
		return
	}
	if err != nil {
		page(w, http.StatusBadRequest, "Sign-in did not succeed. The terminal says why.")
		v.leave()
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: browserCookie, Value: v.browser, Path: linkPath,
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(w, r, donePath, http.StatusSeeOther)
}

// follow leads the browser to where the link goes.
func (v *visit) follow(w http.ResponseWriter, r *http.Request) {
	if !equal(r.PathValue("ticket"), v.ticket) {
		page(w, http.StatusNotFound, "There is nothing at this address.")
		return
	}
	cookie, err := r.Cookie(browserCookie)
	known := err == nil && equal(cookie.Value, v.browser)
	v.mu.Lock()
	target := v.elsewhere
	if known && v.target != "" {
		target, v.target = v.target, ""
	}
	v.mu.Unlock()
	switch {
	case target != "":
		http.Redirect(w, r, target, http.StatusSeeOther)
	case known:
		page(w, http.StatusGone, "This address has been used already.")
	default:
		v.end(outcome{err: errOtherBrowser})
		page(w, http.StatusForbidden, "You signed in with another browser. The terminal goes on without this one.")
		v.leave()
	}
}

func (v *visit) afterSignOut(w http.ResponseWriter, r *http.Request) {
	if !equal(r.PathValue("state"), v.state) {
		page(w, http.StatusNotFound, "There is nothing at this address.")
		return
	}
	v.end(outcome{})
	page(w, http.StatusOK, "You are signed out. You can close this window.")
	v.leave()
}

func (v *visit) done(w http.ResponseWriter, _ *http.Request) {
	page(w, http.StatusOK, "You are signed in. Close this window and go back to the terminal.")
	v.leave()
}

// equal takes the same time wherever two secrets differ, so that none is guessed
// bit by bit.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// end reports how the trip ended, and whether it had not ended before.
func (v *visit) end(result outcome) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended {
		return false
	}
	v.ended = true
	v.returned <- result
	return true
}

func (v *visit) over() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.ended
}

// leave says that the browser has all it needs of this program.
func (v *visit) leave() { v.once.Do(func() { close(v.seen) }) }
