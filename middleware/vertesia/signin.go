package vertesia

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/answer"
	"github.com/secureflows/secureflows-go/internal/signin"
	"github.com/secureflows/secureflows-go/middleware"
)

// SignInConfig is what NewSignIn takes. CallbackURL and Done are required.
type SignInConfig struct {
	// CallbackURL is the public URL of the route of [SignIn.Callback]. It is
	// absolute, https off loopback, and has no query. Pages that lead to Login must
	// be opened under its host name, since cookies do not cross over to another.
	CallbackURL string

	// Done makes the application's own session, with a new id, for somebody who
	// has signed in: it sets a cookie, and writes no answer, which is a redirect to
	// the page that was asked for. The token may be kept on this side, for
	// [Resolver.Switch]; it must not be in a cookie, which may be too small for it
	// besides. An error that wraps middleware.ErrNotAllowed refuses the person with
	// 403; any other is an outage, and so is a nil after an answer was written all
	// the same. What it has set, such as a cookie, is sent only where it succeeds.
	// A panic goes on after the browser was sent where an outage is shown.
	Done func(w http.ResponseWriter, r *http.Request, identity secureflows.Identity, token secureflows.Token) error

	// ErrorHandler writes the answer to a sign-in that did not succeed, in the
	// status that is the Failure's. nil is a plain page.
	ErrorHandler func(w http.ResponseWriter, r *http.Request, failure Failure)

	// Logger is told why a sign-in did not succeed. nil is silence.
	Logger *slog.Logger
}

// SignIn signs people in through the central page of Vertesia, and hands them
// over to the application's own session. What it knows of a sign-in under way
// lies in the browser, so that any replica can take the return. It is safe for
// concurrent use.
type SignIn struct {
	resolver *Resolver
	config   SignInConfig
	flow     signin.Flow
	origins  *http.CrossOriginProtection
}

// NewSignIn makes a SignIn whose tokens are resolved by resolver. It performs no
// I/O. A configuration that cannot work is refused as
// secureflows.ErrInvalidRequest, with the field and the fix in the message.
func NewSignIn(resolver *Resolver, cfg SignInConfig) (*SignIn, error) {
	switch {
	case resolver == nil:
		return nil, misconfigured("sign-in: the resolver is nil: give it that of New")
	case cfg.Done == nil:
		return nil, misconfigured("sign-in: SignInConfig.Done is nil: nobody would be signed in: make the application's session there")
	}
	callback, err := signin.ReadCallback(cfg.CallbackURL, "")
	if err != nil {
		return nil, fmt.Errorf("vertesia: new: sign-in: %w", err)
	}
	s := &SignIn{resolver: resolver, config: cfg, origins: http.NewCrossOriginProtection()}
	s.flow = signin.Flow{
		Attempts: signin.NewAttempts(signin.Names{Begun: "vertesia_state", Ended: "vertesia_ended"}, callback, resolver.now),
		Provider: "vertesia", Logger: cfg.Logger, KindOf: kindOf,
		Kinds:  []*signin.Kind{&signin.Failed, &signin.NotAllowed, &signin.Unavailable, &noUser},
		EndURL: func(state string) string { return cfg.CallbackURL + "?" + ended + "=" + state },
	}
	if cfg.ErrorHandler != nil {
		s.flow.Handler = func(w http.ResponseWriter, r *http.Request, failure signin.Failure) {
			cfg.ErrorHandler(w, r, Failure(failure))
		}
	}
	// A proxy in front may call this server by another name.
	if err := s.origins.AddTrustedOrigin(signin.Origin(callback)); err != nil {
		return nil, misconfigured("sign-in: SignInConfig.CallbackURL has a host that no browser sends: %v", err)
	}
	return s, nil
}

// Format prints that this is a SignIn, under every verb.
func (s *SignIn) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("vertesia.SignIn")) }

// Login redirects a browser to the central page where people sign in, for what
// is selected; the zero Selection leaves the choice to that page. An account that
// is not on the list is refused with 403. page is where they go on to: a path of
// this site with its query, of at most 512 bytes, such as r.URL.RequestURI() of
// the page that needs a sign-in. Anything else is "/".
//
// A browser may have five sign-ins under way, in as many tabs; beyond that the
// oldest is dropped.
func (s *SignIn) Login(w http.ResponseWriter, r *http.Request, page string, selected Selection) {
	if signin.RefusePrefetch(w, r) {
		return
	}
	if selected.Account != "" {
		if err := s.resolver.admitsAccount(selected.Account); err != nil {
			s.flow.Refuse(w, r, err, page)
			return
		}
	}
	answer.Redirect(w, s.resolver.centralAuth+"/?"+url.Values{
		"sts": {s.resolver.sts}, "redirect_uri": {s.config.CallbackURL + selected.query()}, "state": {s.flow.Begin(w, r, page)},
	}.Encode())
}

// query is how account and project travel in the URL that is returned to.
func (s Selection) query() string {
	query := url.Values{}
	if s.Account != "" {
		query.Set("a", s.Account)
	}
	if s.Project != "" {
		query.Set("p", s.Project)
	}
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}

// ended is what the URL of the callback has the state in where a sign-in has
// ended there without success. That state has been used up.
const ended = "ended"

// Callback is the handler of the route of CallbackURL, for GET and POST, behind
// nothing that needs a sign-in. The central page returns with the token in the
// fragment of the URL, which no server sees: GET answers with a page whose script
// takes it out of the address bar and posts it here. POST resolves the token,
// calls Done, and redirects to the page that was given to Login.
//
// A return that is not the end of a sign-in begun in this browser within 5
// minutes, or that has come back before, is refused with 400, and so is a token
// that is no good, or an error in its place; one during an outage gets 503. In
// all cases POST redirects to a GET that shows so, and the browser keeps no form
// with the token. Nothing of it can be used again: who wants to go on signs in
// once more, by the link on the page. A token without any rights is exchanged at
// the STS, once.
func (s *SignIn) Callback(w http.ResponseWriter, r *http.Request) {
	answer.KeepPrivate(w.Header())
	switch r.Method {
	case http.MethodGet:
		switch query := r.URL.Query(); {
		case !query.Has(ended):
			writeBridge(w, r)
		case !signin.RefusePrefetch(w, r):
			s.flow.ShowEnd(w, r, query.Get(ended))
		}
	case http.MethodHead:
		writeBridge(w, r)
	case http.MethodPost:
		s.returned(w, r)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "the central page returns with GET, and the page here posts", http.StatusMethodNotAllowed)
	}
}

// returned takes what the bridge page has posted.
func (s *SignIn) returned(w http.ResponseWriter, r *http.Request) {
	var begun signin.Attempt
	form, err := s.readReturn(w, r)
	if err == nil {
		begun, err = s.flow.Take(w, r, form.state)
	}
	var used secureflows.Token
	if err == nil {
		used, err = s.complete(w, r, begun, form)
	} else {
		err = &signin.UnknownReturnError{Err: returnError(err)}
	}
	if err != nil {
		s.flow.Fail(w, r, form.state, begun, err, form.token, used.Reveal())
	}
}

// maxReturnBytes bounds the form of the bridge page: a token and a state.
const maxReturnBytes = 20 << 10

// returnForm is that of the bridge page, which has a token or an error.
type returnForm struct{ state, token, code string }

func (s *SignIn) readReturn(w http.ResponseWriter, r *http.Request) (returnForm, error) {
	if s.origins.Check(r) != nil {
		return returnForm{}, errOtherSite
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxReturnBytes)
	if r.ParseForm() != nil || len(r.PostForm["state"]) != 1 || len(r.PostForm["token"])+len(r.PostForm["error"]) != 1 {
		return returnForm{}, errForm
	}
	return returnForm{r.PostForm.Get("state"), r.PostForm.Get("token"), r.PostForm.Get("error")}, nil
}

// complete signs in whoever has come back, and gives the token that Done was given,
// which its error may quote.
func (s *SignIn) complete(w http.ResponseWriter, r *http.Request, begun signin.Attempt, form returnForm) (used secureflows.Token, err error) {
	if form.code != "" {
		return used, &centralError{form.code}
	}
	token, err := secureflows.NewToken(form.token)
	if err != nil {
		return used, errNoToken // err may count its bytes
	}
	identity, used, err := s.identify(r.Context(), token)
	if err != nil {
		return used, err
	}
	return used, s.flow.Complete(w, r, begun, func(w http.ResponseWriter) error {
		err := s.config.Done(w, withoutForm(r), identity, used)
		if err != nil && !errors.Is(err, middleware.ErrNotAllowed) {
			return &signin.DoneError{Err: err}
		}
		return err
	})
}

// identify gives who has come back, and the token to use.
func (s *SignIn) identify(ctx context.Context, token secureflows.Token) (secureflows.Identity, secureflows.Token, error) {
	claims, err := s.resolver.genuine(ctx, token)
	if err == nil {
		err = s.resolver.admitsType(&claims)
	}
	if err == nil && claims.Bare() {
		token, claims, err = s.resolver.reissue(ctx, token, &claims, claims.selection())
	} else if err == nil {
		err = s.resolver.admitsAccount(claims.Account.ID)
	}
	if err != nil {
		return secureflows.Identity{}, secureflows.Token{}, err
	}
	identity, err := claims.identity()
	return identity, token, err
}

// selection is what a token was issued for.
func (c *Claims) selection() Selection {
	selected := Selection{Account: c.Account.ID}
	if c.Project != nil {
		selected.Project = c.Project.ID
	}
	return selected
}

// withoutForm gives a request that can be logged.
func withoutForm(r *http.Request) *http.Request {
	clean := r.Clone(r.Context())
	clean.Body, clean.ContentLength, clean.Form, clean.PostForm = http.NoBody, 0, nil, nil
	return clean
}
