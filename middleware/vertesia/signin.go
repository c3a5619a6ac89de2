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
	"github.com/secureflows/secureflows-go/internal/remote"
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
	// 403; any other is an outage.
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
	attempts signin.Attempts
	origins  *http.CrossOriginProtection
	logger   *slog.Logger
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
	callback, err := remote.Page("SignInConfig.CallbackURL", cfg.CallbackURL)
	if err != nil {
		return nil, fmt.Errorf("vertesia: new: sign-in: %w", err)
	}
	if callback.RawQuery != "" || callback.ForceQuery {
		return nil, misconfigured("sign-in: SignInConfig.CallbackURL has a query, where account and project travel: leave it out")
	}
	s := &SignIn{
		resolver: resolver, config: cfg, attempts: signin.NewAttempts(signin.Names{Begun: "vertesia_state"}, callback, resolver.now),
		origins: http.NewCrossOriginProtection(), logger: cfg.Logger,
	}
	// A proxy in front may call this server by another name.
	if err := s.origins.AddTrustedOrigin(callback.Scheme + "://" + callback.Host); err != nil {
		return nil, misconfigured("sign-in: SignInConfig.CallbackURL has a host that no browser sends: %v", err)
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	return s, nil
}

// Format prints that this is a SignIn, under every verb.
func (s *SignIn) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("vertesia.SignIn")) }

// Login redirects a browser to the central page where people sign in, for what
// is selected; the zero Selection leaves the choice to that page. An account that
// is not on the list is refused with 403. page is where they go on to: a path of
// this site with its query, of at most 1024 bytes, such as r.URL.RequestURI() of
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
			s.refuse(w, r, page, secureflows.Token{}, err)
			return
		}
	}
	answer.Redirect(w, s.resolver.centralAuth+"/?"+url.Values{
		"sts": {s.resolver.sts}, "redirect_uri": {s.config.CallbackURL + selected.query()}, "state": {s.attempts.Begin(w, r, page)},
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

// Callback is the handler of the route of CallbackURL, for GET and POST, behind
// nothing that needs a sign-in. The central page returns with the token in the
// fragment of the URL, which no server sees: GET answers with a page whose script
// takes it out of the address bar and posts it here. POST resolves the token,
// calls Done, and redirects to the page that was given to Login.
//
// A return that is not the end of a sign-in begun in this browser within 5
// minutes, or that has come back before, is refused with 400, and so is a token
// that is no good; one during an outage gets 503. Nothing of it can be used
// again: who wants to go on signs in once more, by the link on the page. A token
// without any rights is exchanged at the STS, once.
func (s *SignIn) Callback(w http.ResponseWriter, r *http.Request) {
	answer.KeepPrivate(w.Header())
	switch r.Method {
	case http.MethodGet, http.MethodHead:
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
	if s.origins.Check(r) != nil {
		s.refuse(w, r, "/", secureflows.Token{}, errOtherSite)
		return
	}
	text, state, err := readReturn(w, r)
	if err != nil {
		s.refuse(w, r, "/", secureflows.Token{}, err)
		return
	}
	begun, err := s.attempts.Take(w, r, state)
	if err != nil {
		s.refuse(w, r, begun.Page, secureflows.Token{}, returnError(err))
		return
	}
	token, err := secureflows.NewToken(text)
	if err != nil {
		s.refuse(w, r, begun.Page, token, errNoToken) // err may count its bytes
		return
	}
	identity, next, err := s.identify(r.Context(), token)
	if err == nil {
		err = s.done(w, r, identity, next)
	}
	if err != nil {
		s.refuse(w, r, begun.Page, token, err)
		return
	}
	answer.Redirect(w, begun.Page)
}

// maxReturnBytes bounds the form of the bridge page: a token and a state.
const maxReturnBytes = 20 << 10

// readReturn gives token and state of the form that the bridge page posts.
func readReturn(w http.ResponseWriter, r *http.Request) (token, state string, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxReturnBytes)
	if r.ParseForm() != nil || len(r.PostForm["token"]) != 1 || len(r.PostForm["state"]) != 1 {
		return "", "", errForm
	}
	return r.PostForm["token"][0], r.PostForm["state"][0], nil
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

func (s *SignIn) done(w http.ResponseWriter, r *http.Request, identity secureflows.Identity, token secureflows.Token) error {
	err := s.config.Done(signin.HeaderOnly{ResponseWriter: w, Provider: "vertesia"}, withoutForm(r), identity, token)
	if err != nil && !errors.Is(err, middleware.ErrNotAllowed) {
		return &signin.DoneError{Err: err}
	}
	return err
}

// withoutForm gives a request that can be logged.
func withoutForm(r *http.Request) *http.Request {
	clean := r.Clone(r.Context())
	clean.Body, clean.ContentLength, clean.Form, clean.PostForm = http.NoBody, 0, nil, nil
	return clean
}
