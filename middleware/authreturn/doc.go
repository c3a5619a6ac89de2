// Package authreturn accepts the tokens of AuthReturn, for a backend whose users
// move from there to secureFlows:
//
//	old, err := authreturn.New(authreturn.Config{})
//	bearer := middleware.NewBearer(middleware.FirstOf(old, client), middleware.BearerConfig{})
//
// Whoever comes with a token of AuthReturn has an Identity with [Provider] and
// the user id there as Subject: the two together are the key to them. The service
// is asked about each token (POST /api/verify), so that the cache of the Bearer
// is worth having; [Config.Secret] verifies tokens without it, if its operator
// gives the secret away at all.
//
// # The hosted pages
//
// A [SignIn] is for sites that still sign people in by AuthReturn's pages, and
// keep a session of their own:
//
//	signIn, err := authreturn.NewSignIn(old, authreturn.SignInConfig{
//		CallbackURL: "https://app.example/auth/callback",
//		Done:        startSession,
//	})
//	mux.HandleFunc("GET /auth/callback/{nonce}", signIn.Callback)
//	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
//		signIn.Login(w, r, r.FormValue("page"))
//	})
//
//	func startSession(w http.ResponseWriter, r *http.Request, identity secureflows.Identity, token secureflows.Token) error {
//		id, err := sessions.Create(r.Context(), identity.Person())
//		if err != nil {
//			return err
//		}
//		http.SetCookie(w, &http.Cookie{Name: "__Host-session", Value: id, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
//		return nil
//	}
//
// The service has no state parameter. In its place a nonce is in the path that it
// returns to, and in a cookie of the browser that set out, for one return within
// five minutes. Somebody who makes a visitor follow the end of a sign-in of their
// own signs nobody in. Cookies hold no token, replicas need no common store, and a
// person can sign in in several tabs.
//
// That there is one return only, a process remembers of the last 4096; across
// replicas, and after a restart, it is the cookie that is gone. Whoever has kept a
// copy of the cookie, and of the URL with its token, can bring them to another
// replica within the five minutes.
//
// # What AuthReturn cannot do
//
// No code on this side can mend the first of these.
//
//   - Tokens have no audience. Every other site that signs people in by AuthReturn
//     is given tokens that are good here, and can come with them as those people.
//     Accept them only where that can be borne, and no longer than the move takes.
//   - For the same reason a token is no proof of who owns an account. Any site that
//     uses AuthReturn can hold Ada's token, and where that is enough to link her
//     account to a session of secureFlows, it links the account to its own, for
//     good. Have people sign in to secureFlows, send a good token, and prove by
//     [Resolver.Login] that the account is theirs; then record the pair, and keep a
//     way to undo it. A return through a [SignIn] proves no more than the token:
//     whoever set out can come back with another's.
//   - The secret that verifies also signs, for every user of every application. A
//     Config without it is the safer one.
//   - A token is good for 30 days, and nothing revokes it. The service is asked
//     again when the cache's MaxAge is over, so that an account that it refuses is
//     refused here; with Config.Secret it is let in until the token expires.
//   - The token comes back in a query. [SignIn.Callback] redirects at once, to a
//     page without it, also where the sign-in fails; let no access log keep the
//     query of that route. Tokens in queries of other requests are not read.
//   - An e-mail address may be anybody's: nothing says that it was verified. It is
//     for display, and never links two accounts.
//   - The algorithm is HS256 here whatever a token says, and a secret of under 32
//     bytes is refused, as it could be found by trial.
//
// # What is not known
//
// Whether a token that has expired can be refreshed, what an early refresh
// answers, which return URLs the service takes and how a login that is cancelled
// comes back: [Resolver.Refresh] keeps to what is documented, and a return without
// a token is a sign-in that failed. A return URL has no query, since what becomes
// of it is not known either.
//
// A newer AuthReturn signs by the keys of a Cognito user pool, and its tokens have
// an issuer: for this package they are another provider's.
package authreturn
