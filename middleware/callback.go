package middleware

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/answer"
)

// renewalPatience is how long a renewal is out before another counts as a
// further try: tabs that are restored together meet the expiry together.
const renewalPatience = 10 * time.Second

// lostWindow is how soon after a sign-in its page is asked for.
const lostWindow = 10 * time.Second

// reauth sends a visitor to sign in again, for err, which is a sign-out.
// visitor is nil where there is none.
func (b *Browser) reauth(w http.ResponseWriter, r *http.Request, visitor *visitor, err error) {
	expired := errors.Is(err, secureflows.ErrTokenExpired)
	if visitor != nil && !expired {
		b.visitors.forget(r, b.logger)
	}
	if !isNavigation(r) {
		b.refuse(w, r, refuse(err))
		return
	}
	if visitor != nil && expired && b.renewedElsewhere(r, visitor) {
		answer.Redirect(w, b.pageOf(r)) // to come back with the cookie of the renewal
		return
	}
	now := time.Now()
	m, _ := b.attempts.markOf(r)
	// A sign-in that has not come to a page before it was refused goes round and
	// round by itself: on the hosted page nobody needs to press anything.
	if visitor != nil && !visitor.Served && now.Sub(visitor.SignedIn) < loopWindow {
		m.failed(now)
	}
	// Nor does one of which nothing is known when its page is asked for: a
	// replica without the store, or a cookie that does not arrive.
	if visitor == nil && now.Sub(m.SignedIn) < lostWindow {
		m.failed(now)
		m.SignedIn = time.Time{}
	}
	page := b.pageOf(r)
	if visitor == nil || !expired || !b.mayRenew(r, visitor, now) {
		b.begin(w, r, m, attempt{Page: page}, secureflows.Token{})
		return
	}
	b.begin(w, r, m, attempt{Page: page, Renewal: true}, visitor.Token.Token)
}

const (
	// renewalTurn is how long the requests of a visitor leave a renewal to the
	// one of them that was first: renewals that are made together supersede each
	// other's tokens, and most come back sooner than this.
	renewalTurn = 3 * time.Second
	// renewalLook is how often they look whether it is back.
	renewalLook = 100 * time.Millisecond
	// maxWaiting bounds how many wait at once. More go out at once.
	maxWaiting = 256
)

// renewedElsewhere waits where another request of a visitor, on any replica, has
// gone to renew their token, and reports whether it has come back. The visitor
// has a new id then.
func (b *Browser) renewedElsewhere(r *http.Request, visitor *visitor) bool {
	began, claim := time.Now(), "renewal-"+visitor.id
	first, err := b.claims.take(r.Context(), claim, began.Add(renewalTurn))
	if first || err != nil {
		return false
	}
	if b.waiting.Add(1) > maxWaiting {
		b.waiting.Add(-1)
		return false
	}
	defer b.waiting.Add(-1)
	look := time.NewTicker(renewalLook)
	defer look.Stop()
	for b.claims.held(claim) { // its end is that of the turn, unless the store fails
		select {
		case <-look.C:
		case <-r.Context().Done():
			return false
		}
		if _, found, err := b.visitors.records.find(r.Context(), visitor.id); err != nil || !found {
			return err == nil
		}
	}
	return false
}

// renewalTries is how many renewals may be out before a fresh sign-in.
const renewalTries = 2

// mayRenew reports whether to try a renewal, and counts it. Only its owner can
// renew a session: where renewals do not come back, somebody else may be sitting
// there, and is let in by a fresh sign-in. That is not done at once, because a
// session that has itself ended, unlike one whose token has, is found again by a
// renewal only. Someone who merely left and comes back later gets one, too.
func (b *Browser) mayRenew(r *http.Request, visitor *visitor, now time.Time) bool {
	since := now.Sub(visitor.Renewing)
	switch {
	case since < renewalPatience && since > -time.Minute:
		return true
	case since >= 2*attemptAge:
		visitor.Renewals = 0
	case visitor.Renewals >= renewalTries:
		return false
	}
	visitor.Renewals++
	visitor.Renewing = now
	if err := b.visitors.update(r.Context(), visitor); err != nil {
		b.logger.WarnContext(r.Context(), "secureflows: the session store failed", "error", err)
	}
	return true
}

// begin redirects a browser to the hosted login, or to a renewal of expired
// where that is a token, unless it has been there too often.
func (b *Browser) begin(w http.ResponseWriter, r *http.Request, m mark, next attempt, expired secureflows.Token) {
	if m.failedTooOften(time.Now()) {
		b.report(r, slog.LevelError, "a visitor was not sent to sign in again", errLoop, expired)
		b.attempts.remember(w, m)
		b.refuse(w, r, &Refusal{Err: errLoop, LoginURL: next.Page, kind: &signInLoop})
		return
	}
	options := secureflows.LoginOptions{
		RedirectURI: b.config.CallbackURL, State: b.attempts.begin(w, m, next),
		TTL: b.config.TTL, Payload: b.config.Payload,
	}
	var target string
	var err error
	if expired.IsZero() {
		target, err = b.client.LoginURL(options)
	} else {
		options.Payload = nil // the session has its own
		target, err = b.client.RenewURL(expired, options)
	}
	if err != nil {
		b.refuse(w, r, refuse(&outage{err})) // NewBrowser has tried the options
		return
	}
	answer.Redirect(w, target)
}

// Callback is the handler of the route that hosted login returns to: that of
// CallbackURL, for GET, behind nothing that needs a sign-in. It goes on at once to
// the page that was asked for, whose URL has no token in it. A return
// that is not the end of a sign-in begun in this browser within 5 minutes is
// refused with 400, as one that failed, and never sent round again by itself.
func (b *Browser) Callback(w http.ResponseWriter, r *http.Request) {
	answer.KeepPrivate(w.Header())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "hosted login returns with GET", http.StatusMethodNotAllowed)
		return
	}
	m, known := b.attempts.markOf(r)
	begun, stateErr := b.attempts.open(r.URL.Query().Get("state"), m, known)
	if b.config.InsecureAllowMissingState && errors.Is(stateErr, errNoState) {
		begun, stateErr = attempt{Page: m.Page}, nil
	}
	callback, err := secureflows.ParseCallback(r)
	switch {
	case stateErr != nil && err == nil:
		b.unknown(w, r, begun.page(), stateErr)
	case stateErr != nil: // whoever made this link may have written the description
		b.report(r, slog.LevelWarn, "a return was refused", stateErr, secureflows.Token{})
		b.refuse(w, r, &Refusal{Err: err, LoginURL: begun.page(), kind: &unknownReturn})
	default:
		b.returned(w, r, m, begun, callback, err)
	}
}

// unknown answers a return of no sign-in that is waited for.
func (b *Browser) unknown(w http.ResponseWriter, r *http.Request, page string, err error) {
	b.report(r, slog.LevelWarn, "a return was refused", err, secureflows.Token{})
	b.refuse(w, r, &Refusal{Err: err, LoginURL: page, kind: &unknownReturn})
}

// returned ends a sign-in that has come back, with failure where it did not
// succeed.
func (b *Browser) returned(w http.ResponseWriter, r *http.Request, m mark, begun attempt, callback secureflows.Callback, failure error) {
	if begun.ID != "" { // InsecureAllowMissingState has none
		first, err := b.attempts.take(r.Context(), begun, failure == nil)
		if err != nil {
			b.storeFailed(w, r, err)
			return
		}
		if !first {
			b.unknown(w, r, begun.page(), errUsedState)
			return
		}
	}
	switch {
	case failure != nil:
		b.failed(w, r, m, begun, secureflows.Token{}, failure)
	case !callback.IDToken.IsZero():
		b.complete(w, r, m, begun, callback)
	default:
		b.signIn(w, r, m, begun, callback.Token)
	}
}

// signIn keeps the token that a sign-in came back with.
func (b *Browser) signIn(w http.ResponseWriter, r *http.Request, m mark, begun attempt, token secureflows.Token) {
	// The page asks the same, from memory then. What cannot be told now is told
	// there, and the token is kept.
	_, err := b.cache.Resolve(r.Context(), token)
	switch {
	case errors.Is(err, secureflows.ErrSignedOut):
		b.failed(w, r, m, begun, token, err)
		return
	case r.Context().Err() != nil: // nobody would get the cookie; loading the page anew does
		b.attempts.release(r.Context(), begun)
		b.refuse(w, r, refuse(&outage{r.Context().Err()}))
		return
	}
	if err := b.visitors.signIn(w, r, token); err != nil {
		b.attempts.release(r.Context(), begun)
		b.storeFailed(w, r, err)
		return
	}
	m.SignedIn = time.Now()
	b.attempts.remember(w, m)
	answer.Redirect(w, begun.page())
}

// page is where a sign-in goes on.
func (a *attempt) page() string {
	if a.Page == "" {
		return "/"
	}
	return a.Page
}

// complete sends a legacy return, which has no session yet, to the service to be
// given one.
func (b *Browser) complete(w http.ResponseWriter, r *http.Request, m mark, begun attempt, callback secureflows.Callback) {
	// Without a state there is no telling whether this is the second time.
	if begun.Legacy || begun.ID == "" && m.failed(time.Now()) {
		b.failed(w, r, m, begun, secureflows.Token{}, errLegacyTwice)
		return
	}
	target, err := b.client.CompleteURL(callback, secureflows.LoginOptions{
		RedirectURI: b.config.CallbackURL, State: b.attempts.begin(w, m, attempt{Page: begun.page(), Legacy: true, Renewal: begun.Renewal}),
		TTL: b.config.TTL, Payload: b.config.Payload,
	})
	if err != nil {
		b.failed(w, r, m, begun, secureflows.Token{}, err)
		return
	}
	answer.Redirect(w, target)
}

// failed answers a return that did not sign in. A renewal that the service
// refused, rather than the person, becomes one fresh sign-in. token is what it
// came back with, if anything.
func (b *Browser) failed(w http.ResponseWriter, r *http.Request, m mark, begun attempt, token secureflows.Token, err error) {
	b.report(r, slog.LevelWarn, "a sign-in failed", err, token)
	kind := &signInFailed
	// Tabs that renew together supersede each other's tokens; that is no circle,
	// and what follows is counted.
	superseded := begun.Renewal && errors.Is(err, secureflows.ErrSessionRevoked)
	if !superseded && m.failed(time.Now()) {
		kind = &signInLoop
	} else if begun.Renewal && !cancelled(err) {
		b.begin(w, r, m, attempt{Page: begun.page()}, secureflows.Token{})
		return
	}
	b.attempts.remember(w, m)
	b.refuse(w, r, &Refusal{Err: err, LoginURL: begun.page(), kind: kind})
}

func cancelled(err error) bool {
	var failure *secureflows.CallbackError
	return errors.As(err, &failure) && failure.Code == "access_denied"
}

// storeFailed answers a request whose sign-in could not be read or written.
func (b *Browser) storeFailed(w http.ResponseWriter, r *http.Request, err error) {
	b.logger.ErrorContext(r.Context(), "secureflows: the session store failed", "error", err)
	b.refuse(w, r, refuse(&outage{err}))
}
