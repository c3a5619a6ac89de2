// Package middleware protects routes: it finds out whose a request is and lets
// handlers know, or refuses it.
//
// A [Bearer] is for APIs whose front end sends the session token with each
// request:
//
//	bearer := middleware.NewBearer(client, middleware.BearerConfig{})
//	mux.Handle("GET /me", bearer.Require(http.HandlerFunc(me)))
//
//	func me(w http.ResponseWriter, r *http.Request) {
//		identity, _ := secureflows.IdentityFromContext(r.Context())
//		session, _ := secureflows.SessionFromContext(r.Context())
//		// …
//	}
//
// Handlers import the root package only. [Bearer.Optional] lets anonymous
// requests through, [Bearer.Allow] adds a rule of your own, and
// [Bearer.RequireFresh] is for the routes on which a revocation must count at
// once. All are a func(http.Handler) http.Handler, or give one, so that they
// fit every router; what has no such thing uses [Bearer.Check]. Most users need
// no more than these.
//
// # Pages
//
// A [Browser] is for sites that render their own pages. It sends visitors to the
// hosted login and back to the page they asked for, and keeps the session token
// here; the browser has a cookie with a random id:
//
//	browser, err := middleware.NewBrowser(client, middleware.BrowserConfig{
//		CallbackURL: "https://app.example.com/auth/callback",
//		AfterLogout: "https://app.example.com/",
//	})
//	mux.Handle("GET /dashboard", browser.Require(dashboard))
//	mux.Handle("GET /{$}", browser.Optional(home))
//	mux.HandleFunc("GET /auth/callback", browser.Callback)
//	mux.HandleFunc("POST /auth/logout", browser.Logout)
//
// A link to sign in is a link to any page behind Require. Handlers are the same
// as behind a Bearer; one whose own call is refused gives the error to
// [Browser.Refuse], or to [Browser.Reauth] where it has pages of its own.
//
// Only top-level GET and HEAD navigations are redirected. A form or a script
// whose visitor is no longer signed in gets the 401 below, so that what it
// carries is not lost: BrowserConfig.ErrorHandler may show the form again.
//
//	the token has expired            renewed on the way, the same page and data
//	revoked, signed out elsewhere    a fresh sign-in
//	billing lock                     403, a page that says so; still signed in
//	an outage                        503, a page that says so; still signed in
//	three sign-ins failed            400 for a minute, instead of a loop
//
// Sign-ins last for a week, or a day without a request, and end with the process
// unless BrowserConfig.Store keeps them elsewhere. Visitors who do not finish
// signing in cost nothing: what is known of them travels, encrypted, with them.
//
// # Answers
//
// Refusals are problems of RFC 9457 (application/problem+json) that are not to
// be stored, with a type that stays the same:
//
//	400 malformed-credentials   two headers, forbidden characters, over 16 KiB
//	401 no-credentials          no Authorization header, or another scheme
//	401 invalid-token           the service does not accept the token
//	401 expired-token           renewable: the data is intact
//	401 revoked-token           signed out, revoked, or gone: sign in afresh
//	403 billing-lock            with the code BILLING_GRACE_LOCK; still signed in
//	403 not-allowed             by the function given to Allow, or by a Resolver
//	503 unavailable             the service cannot be asked; with Retry-After
//
// A 401 and the 400 carry the challenge of RFC 6750, and a 401 the URL of
// hosted login where BearerConfig.RedirectURI is set. An outage is never a 401:
// front ends sign people out on those.
//
// # What a revocation costs
//
// Asking the service for each request would cost a round trip; verifying a
// token locally would never hear of a revocation. A Bearer asks once and uses
// the answer again, for at most MaxAge from when it was asked for. So long, at
// worst, may a token be used after it was revoked or signed out:
//
//	                              by this process    elsewhere
//	                              (Client, Forget)   (another replica, a browser)
//	MaxAge 0, the default         at once            10 s
//	MaxAge time.Second            at once            1 s
//	MaxAge time.Minute            at once            60 s
//	MaxAge negative               at once            at once
//	RequireFresh(0)               at once            at once
//	RequireFresh(d)               at once            d, or MaxAge if that is less
//	a Cache before another        at once            the MaxAge of the one in front
//	during an outage              at once            as above, then 503
//
// Replicas that middleware/redis connects hear of each other's sign-outs at once:
// "elsewhere" is then a browser, and replicas while Redis is away.
//
// That is counted to the arrival of the request: one that has been let in is
// not called back. "At once" is from the return of the call that signed out, or
// of any other call of this process that was told so; even of a logout that
// failed. It costs the service one question per token in use and 8 to 9 s (four
// fifths of MaxAge and a little more, so that a fleet does not ask in step),
// made in the background: somebody who sends a request at least every second
// waits for the first answer only.
//
// Refusals are remembered too, for 5 s, in a place of their own: whoever sends
// invented or dead tokens reaches the service with each of them once, and
// drives nobody out. Outages are never remembered.
//
// # Tokens of several providers
//
// While people move to secureFlows from another provider, a route takes the tokens
// of both: [FirstOf] asks the resolvers in turn, and none is sent a token of
// another's. Those of AuthReturn, Vertesia and ProductFlo are in the modules
// middleware/authreturn, middleware/vertesia and middleware/productflo. The guards
// stay as they are; handlers see in Identity.Provider who issued the token, and
// key their records by [secureflows.Identity.Person]. [Import] brings an old
// account's data into a session, once.
//
// # Many at once
//
// Requests that need the same answer wait for one question, which belongs to
// none of them. At most 64 questions are under way; the others wait as long as
// their contexts let them, those with tokens that were good before in front.
// [Cache] has the bounds, and may be shared between several Bearers; [Stats]
// has the counts.
//
// # Common mistakes
//
// Five rules of the service, and the lines that keep them, in a handler behind
// a guard:
//
//	// Who it is: never from the request's body, and never from inside a token.
//	identity, _ := secureflows.IdentityFromContext(r.Context())
//	session, _ := secureflows.SessionFromContext(r.Context())
//
//	// A 404 on a key is no failure: it was never written, and has a default.
//	theme, err := secureflows.GetOr(r.Context(), session, "theme", "light")
//	if err != nil {
//		browser.Refuse(w, r, err) // renews after a 410, which is no loss of data
//		return
//	}
//
// and among the routes:
//
//	mux.HandleFunc("GET /auth/callback", browser.Callback) // behind no guard
//	mux.HandleFunc("POST /auth/logout", browser.Logout)    // never session.Revoke, which destroys the data
//
// What else goes wrong:
//
//   - A Bearer per request or per route: each has a cache of its own, which
//     listens to the client for good. Make one, or share a [Cache].
//   - A long MaxAge "for speed": hits cost the same whatever it is, and a
//     steady user waits for none of the questions.
//   - The callback or the sign-out page behind Browser.Require: nobody could come
//     in, or out. A guarded callback answers 500 and says so.
//   - Sign-out by a link: any page could sign people out. It is a form with
//     method POST, submitted by the person, so that the window goes along.
//   - POST handlers behind Browser.Require without protection against other
//     sites: SameSite=Lax does not keep out a neighbouring subdomain. Wrap the
//     routes in a net/http.CrossOriginProtection.
//   - A Content-Security-Policy whose form-action leaves out the service: browsers
//     apply it to the redirects of a sign-out too.
//   - Two Browsers on one host, or two applications on localhost: they overwrite
//     each other's cookies. Give them host names of their own.
//   - A site opened as 127.0.0.1 whose callback is localhost: cookies do not
//     cross over, and the return is refused.
//   - RequireFresh on everything: it is for what cannot be undone.
//   - Identity from the request's body, query or another header beside the
//     token: only [secureflows.IdentityFromContext] was checked.
//   - The e-mail address as a key: it may change hands. Use the UserID.
//   - Treating every error of [Bearer.Check] as a sign-out: test for
//     secureflows.ErrSignedOut, or answer with Refusal{Err: err}.
//   - A resolver of one's own that answers an outage with ErrUnauthenticated:
//     that signs everybody out. Return the error as it is.
//   - A resolver wrapped around the client that hides OnSignedOut: embed the
//     *secureflows.Client, give it a method Unwrap() Resolver, or set
//     BearerConfig.Client, or sign-outs are heard of only after MaxAge.
//   - CORS inside: OPTIONS is guarded like any method, and a preflight has no
//     token. Put the CORS middleware outside.
//   - Tokens in query parameters: they end up in logs. BearerConfig.TokenSource
//     is for websockets, by a subprotocol.
package middleware
