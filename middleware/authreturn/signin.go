package authreturn

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/answer"
	"github.com/secureflows/secureflows-go/internal/signin"
	"github.com/secureflows/secureflows-go/middleware"
)

// SignInConfig is what NewSignIn takes. CallbackURL and Done are required.
type SignInConfig struct {
	// CallbackURL is the public URL of the route of [SignIn.Callback] without its
	// last element, which is a nonce: https://app.example/auth/callback for the
	// route /auth/callback/{nonce}. It is absolute, https off loopback, and has no
	// query. Pages that lead to Login must be opened under its host name, since
	// cookies do not cross over to another.
	CallbackURL string

	// Done makes the application's own session, with a new id, for somebody who
	// has signed in: it sets a cookie, and writes no answer, which is a redirect to
	// the page that was asked for. Its request has no token in its URL any more.
	// The token may be kept on this side, for [Resolver.Refresh]; it must not be
	// in a cookie. An error that wraps middleware.ErrNotAllowed refuses the person
	// with 403; any other is an outage, and so is a nil after an answer was written
	// all the same. What it has set, such as a cookie, is sent only where it
	// succeeds. A panic goes on after the browser was sent where an outage is shown.
	Done func(w http.ResponseWriter, r *http.Request, identity secureflows.Identity, token secureflows.Token) error

	// ErrorHandler writes the answer to a sign-in that did not succeed, in the
	// status that is the Failure's. nil is a plain page.
	ErrorHandler func(w http.ResponseWriter, r *http.Request, failure Failure)

	// Logger is told why a sign-in did not succeed. nil is silence.
	Logger *slog.Logger
}

// SignIn signs people in by AuthReturn's hosted pages, and hands them over to the
// application's own session. It is safe for concurrent use.
type SignIn struct {
	resolver *Resolver
	config   SignInConfig
	callback *url.URL
	flow     signin.Flow
}

// NewSignIn makes a SignIn whose tokens are resolved by resolver. It performs no
// I/O. A configuration that cannot work is refused as
// secureflows.ErrInvalidRequest, with the field and the fix in the message.
func NewSignIn(resolver *Resolver, cfg SignInConfig) (*SignIn, error) {
	switch {
	case resolver == nil:
		return nil, misconfigured("new sign-in: the resolver is nil: give it that of New")
	case cfg.Done == nil:
		return nil, misconfigured("new sign-in: SignInConfig.Done is nil: nobody would be signed in: make the application's session there")
	}
	callback, err := signin.ReadCallback(cfg.CallbackURL, "{nonce}")
	if err != nil {
		return nil, fmt.Errorf("authreturn: new sign-in: %w", err)
	}
	if strings.Trim(callback.Path, "/") == "" {
		return nil, misconfigured("new sign-in: SignInConfig.CallbackURL has no path: give the callback one of its own, such as /auth/callback")
	}
	s := &SignIn{resolver: resolver, config: cfg, callback: callback}
	s.flow = signin.Flow{
		Attempts: signin.NewAttempts(signin.Names{Begun: "authreturn-begun", Ended: "authreturn-ended"}, callback, resolver.now),
		Provider: "authreturn", Logger: cfg.Logger, KindOf: kindOf,
		Kinds:  []*signin.Kind{&signin.Failed, &signin.NotAllowed, &signin.Unavailable},
		EndURL: func(nonce string) string { return s.returnTo(nonce).String() },
	}
	if cfg.ErrorHandler != nil {
		s.flow.Handler = func(w http.ResponseWriter, r *http.Request, failure signin.Failure) {
			cfg.ErrorHandler(w, r, Failure(failure))
		}
	}
	return s, nil
}

// Format prints that this is a SignIn, under every verb.
func (s *SignIn) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("authreturn.SignIn")) }

// Login redirects a browser to the hosted page where people log in. page is where
// they go on to: a path of this site with its query, of at most 512 bytes, such
// as r.URL.RequestURI() of the page that needs a sign-in. Anything else is "/".
//
// A browser may have five sign-ins under way, in as many tabs; beyond that the
// oldest is dropped.
func (s *SignIn) Login(w http.ResponseWriter, r *http.Request, page string) {
	s.begin(w, r, loginPath, page)
}

// Signup is Login by the hosted page where people sign up.
func (s *SignIn) Signup(w http.ResponseWriter, r *http.Request, page string) {
	s.begin(w, r, signupPath, page)
}

func (s *SignIn) begin(w http.ResponseWriter, r *http.Request, path, page string) {
	if signin.RefusePrefetch(w, r) {
		return
	}
	nonce := s.flow.Begin(w, r, page)
	answer.Redirect(w, s.resolver.hostedURL(path, s.returnTo(nonce)))
}

func (s *SignIn) returnTo(nonce string) *url.URL { return s.callback.JoinPath(nonce) }

// Callback is the handler of the route that the hosted pages return to, for GET
// and behind nothing that needs a sign-in. It resolves the token, calls Done, and
// redirects to the page that was given to Login.
//
// A return that is not the end of a sign-in begun in this browser within 5
// minutes, or that has come back before, is refused with 400, and so is a token
// that is no good; one during an outage gets 503. In all cases the browser is
// first redirected to the callback without the token, which stays neither in its
// address bar nor in its history. Nothing of it can be used again: who wants to
// go on signs in once more, by the link on the page. HEAD and prefetches use
// nothing up.
//
// Let no access log, here or in a proxy, keep the query of this route.
func (s *SignIn) Callback(w http.ResponseWriter, r *http.Request) {
	answer.KeepPrivate(w.Header())
	switch {
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "the hosted page returns with GET", http.StatusMethodNotAllowed)
		return
	case signin.RefusePrefetch(w, r):
		return
	}
	nonce := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	begun, err := s.flow.Take(w, r, nonce)
	query, unreadable := url.ParseQuery(r.URL.RawQuery)
	if !query.Has("token") && unreadable == nil {
		if err == nil { // it came back with nothing
			s.flow.Refuse(w, r, errNoToken, begun.Page)
			return
		}
		s.flow.ShowEnd(w, r, nonce)
		return
	}
	if err == nil {
		err = s.complete(w, r, begun, query["token"])
	} else {
		err = &signin.UnknownReturnError{Err: returnError(err)}
	}
	if err != nil {
		s.flow.Fail(w, r, nonce, begun, err, query["token"]...)
	}
}

// complete signs in whoever has come back with these tokens, of which there is to
// be one.
func (s *SignIn) complete(w http.ResponseWriter, r *http.Request, begun signin.Attempt, texts []string) error {
	if len(texts) != 1 {
		return errNoToken
	}
	token, err := secureflows.NewToken(texts[0])
	if err != nil {
		return errNoToken // err may count its bytes
	}
	identity, err := s.resolver.Resolve(r.Context(), token)
	if err != nil {
		return err
	}
	return s.flow.Complete(w, r, begun, func(w http.ResponseWriter) error {
		err := s.config.Done(w, withoutQuery(r), identity, token)
		if err != nil && !errors.Is(err, middleware.ErrNotAllowed) {
			return &signin.DoneError{Err: err}
		}
		return err
	})
}

// withoutQuery gives a request that can be logged.
func withoutQuery(r *http.Request) *http.Request {
	clean := r.Clone(r.Context())
	clean.URL.RawQuery, clean.URL.ForceQuery, clean.Form = "", false, nil
	clean.RequestURI = clean.URL.RequestURI()
	return clean
}
