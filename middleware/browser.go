package middleware

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/transport"
)

// Browser signs visitors of a server-rendered site in through hosted login, and
// guards its pages. The session token stays on this side; the browser has a
// cookie with a random id. It is safe for concurrent use.
type Browser struct {
	client   *secureflows.Client
	cache    *Cache
	config   BrowserConfig
	logger   *slog.Logger
	maxAge   time.Duration
	callback *url.URL
	visitors *visitors
	attempts *attempts
	claims   *claims
	waiting  atomic.Int64 // requests, for a renewal
	origins  *http.CrossOriginProtection
}

// guard is what Require and its kin are.
func (b *Browser) guard(next http.Handler, maxAge time.Duration, allowed func(secureflows.Identity) error, optional bool) http.Handler {
	if next == nil {
		panic("middleware: the handler to guard is nil")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Cookie")
		if r.URL.Path == b.callback.Path || asked(r).Path == b.callback.Path {
			b.logger.ErrorContext(r.Context(), "secureflows: a request was refused", "error", errGuardedCallback)
			b.refuse(w, r, &Refusal{Err: errGuardedCallback, kind: &guardedCallback})
			return
		}
		visitor, identity, err := b.identify(r, maxAge)
		if err == nil && allowed != nil {
			if denied := allowed(identity); denied != nil {
				b.refuse(w, r, &Refusal{Err: denied, kind: &notAllowed})
				return
			}
		}
		switch {
		case err == nil:
			b.serve(next, w, r, visitor, identity)
		case optional && errors.Is(err, errNoSession):
			next.ServeHTTP(w, r)
		case optional && errors.Is(err, secureflows.ErrSignedOut) && !errors.Is(err, secureflows.ErrTokenExpired):
			b.visitors.forget(r, b.logger)
			next.ServeHTTP(w, r)
		case optional && isNavigation(r) && errors.Is(err, secureflows.ErrTokenExpired) && visitor.declined(time.Now()):
			next.ServeHTTP(w, r)
		case errors.Is(err, secureflows.ErrSignedOut):
			b.reauth(w, r, visitor, err)
		default:
			b.report(r, slog.LevelError, "a visitor could not be identified", err, visitor.token())
			b.refuse(w, r, refuse(err))
		}
	})
}

// identify gives the visitor who makes a request, and whom the service takes
// them for. Where the latter fails there is still a visitor.
func (b *Browser) identify(r *http.Request, maxAge time.Duration) (*visitor, secureflows.Identity, error) {
	visitor, err := b.visitors.find(r)
	switch {
	case err != nil:
		return nil, secureflows.Identity{}, &outage{err}
	case visitor == nil:
		return nil, secureflows.Identity{}, errNoSession
	}
	identity, err := b.cache.ResolveWithin(r.Context(), visitor.Token.Token, maxAge)
	return visitor, identity, err
}

// serve lets a visitor through.
func (b *Browser) serve(next http.Handler, w http.ResponseWriter, r *http.Request, visitor *visitor, identity secureflows.Identity) {
	// What is somebody's own must not come back from a cache, the one behind the
	// back button above all, when they have signed out. Handlers may say less.
	w.Header().Set("Cache-Control", "no-store")
	next.ServeHTTP(w, attach(r, b.client, visitor.Token.Reveal(), &identity))
	// Not by what a script asks for, which may go well in another tab while this
	// one goes round.
	if !visitor.Served && isNavigation(r) {
		b.visitors.served(r)
	}
}

// Require lets requests of signed-in visitors through to next, with identity
// and session in the context. Of the others, top-level navigations are
// redirected to the hosted login and come back to the same page; everything
// else is refused with 401, so that no form and no fetch is lost to a redirect.
//
// An expired token is renewed that way, with the data as it was; a session that
// was revoked or signed out elsewhere takes a fresh sign-in. A billing lock is
// 403 and an outage 503, and neither signs anybody out.
func (b *Browser) Require(next http.Handler) http.Handler { return b.guard(next, b.maxAge, nil, false) }

// Optional is Require, but lets visitors through as anonymous ones who are not
// signed in, or no longer: revoked, or signed out elsewhere. An expired token is
// renewed, and an outage refused, as a person who believes to be signed in must
// not be served as nobody.
func (b *Browser) Optional(next http.Handler) http.Handler { return b.guard(next, b.maxAge, nil, true) }

// RequireFresh is Require with an answer about the visitor that was asked for at
// most maxAge before the request came; 0 asks the service for each request. It
// is for the routes on which a revocation must count at once.
func (b *Browser) RequireFresh(maxAge time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return b.guard(next, min(maxAge, b.maxAge), nil, false) }
}

// Allow is Require, and then refuses with 403 those whom allowed gives an error
// for. The error is not shown to them.
func (b *Browser) Allow(allowed func(secureflows.Identity) error) func(http.Handler) http.Handler {
	if allowed == nil {
		panic("middleware: Allow: the function is nil, which would allow everybody: that is Require")
	}
	return func(next http.Handler) http.Handler { return b.guard(next, b.maxAge, allowed, false) }
}

// Reauth answers a request whose handler was told err by a call of its own, if
// err is a sign-out, as Require would have: a navigation goes to the hosted
// login and comes back. false is for any other error, nil included, and nothing
// is written then. Call it before anything else is.
func (b *Browser) Reauth(w http.ResponseWriter, r *http.Request, err error) bool {
	if !errors.Is(err, secureflows.ErrSignedOut) {
		return false
	}
	visitor, failure := b.visitors.find(r)
	if failure != nil {
		b.storeFailed(w, r, failure)
		return true
	}
	b.reauth(w, r, visitor, err)
	return true
}

// Refuse answers a request whose handler was told err by a call of its own, as
// Require would have: [Browser.Reauth] for a sign-out, 403 for a billing lock,
// and 503 for anything else, as an outage.
func (b *Browser) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil {
		err = errNothing
	}
	if b.Reauth(w, r, err) {
		return
	}
	var token secureflows.Token
	if session, ok := secureflows.SessionFromContext(r.Context()); ok {
		token = session.Token()
	}
	b.report(r, slog.LevelError, "a request failed", err, token)
	refusal := refuse(verdict(err))
	if refusal.kind == &unavailable {
		refusal.kind = &dataUnavailable
	}
	b.refuse(w, r, refusal)
}

// report tells the operator of an error, which may have been written by a
// resolver that puts tokens into its texts. What comes of somebody leaving is not
// worth it, nor is a lock.
func (b *Browser) report(r *http.Request, level slog.Level, message string, err error, token secureflows.Token) {
	if r.Context().Err() != nil || errors.Is(err, secureflows.ErrGraceLock) {
		return
	}
	text := transport.Clean(err.Error(), 1024, token.Reveal())
	b.logger.Log(r.Context(), level, "secureflows: "+message, "error", text)
}

// Format prints that this is a Browser, under every verb; see [Cache.Format].
func (b *Browser) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("middleware.Browser")) }

// Stats gives the counts of the cache below.
func (b *Browser) Stats() Stats { return b.cache.Stats() }
