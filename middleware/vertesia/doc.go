// Package vertesia accepts the tokens of Vertesia, for a backend that is leaving
// it, beside those of secureFlows and behind the same guards.
//
//	resolver, err := vertesia.New(vertesia.Config{
//		Issuer:   "https://sts.vertesia.io",
//		Types:    []string{"user"},
//		Accounts: []string{"the id of your account"},
//	})
//	bearer := middleware.NewBearer(middleware.FirstOf(resolver, client), middleware.BearerConfig{})
//	mux.Handle("GET /me", bearer.Require(http.HandlerFunc(me)))
//
// Handlers find identity.Provider == [Provider] and identity.Person, which is what
// to file records under. Tokens are verified here, with the keys that the issuer
// publishes; they are sent nowhere. [Resolver.Verify] gives all that one says.
//
// # Tokens of an account and a project
//
// The security token service (STS) of Vertesia makes tokens for one account and
// one project of a person. [Resolver.Exchange] asks for one with the Firebase ID
// token of a front end, of the project in Config.FirebaseIssuer and no other;
// [Resolver.Switch] with one of Vertesia's own that is still good. There is no
// refresh token: whoever has an expired token signs in again.
//
// # Pages
//
// A [SignIn] is for sites that render their own pages: it sends people to
// Vertesia's central page and takes them back, into a session of the
// application's own.
//
//	signIn, err := vertesia.NewSignIn(resolver, vertesia.SignInConfig{
//		CallbackURL: "https://app.example.com/auth/callback",
//		Done:        startSession,
//	})
//	mux.HandleFunc("GET /auth/login", func(w http.ResponseWriter, r *http.Request) {
//		signIn.Login(w, r, "/notes", vertesia.Selection{})
//	})
//	mux.HandleFunc("/auth/callback", signIn.Callback)
//
// The central page returns with the token in the fragment of the URL, which no
// server sees. The callback therefore answers with a page whose only script, by
// its hash the only one that its policy lets run, takes the token out of address
// bar and history and posts it to the same route. That redirects, also where the
// sign-in fails, so that no reload posts it again. It needs JavaScript, and says
// so where there is none; the token stays in the address bar then. The page that
// a sign-in goes on to must not redirect to another host at once: the policy
// stops that.
//
// The form is taken from the page here only, as the browser's Fetch Metadata say.
// Browsers without those are refused, since the page is sent with no-referrer and
// they call its origin null then: Chrome before 76, Edge before 79, Firefox
// before 90, Safari before 16.4 (March 2023).
//
// To sign out, end the session of the application and redirect to
// [Resolver.LogoutURL].
//
// # What can go wrong with these tokens
//
//   - The keys are those of all customers, and of API keys, agents and services.
//     Hence Config.Types and Config.Accounts, without defaults.
//   - The issuer is compared to the letter, and keys are fetched from the
//     configured place only. A check of how a name ends, such as Vertesia's own
//     tools have it, lets https://evil.example/.vertesia.io name its own keys. A
//     token that spells the issuer in another way is refused, and sent to nobody
//     else. A region's STS under a host of its own is another issuer: give it a
//     Resolver of its own, before secureFlows, which is sent its tokens otherwise.
//   - Signatures are ES256 or RS256, whatever a token says. Keys are fetched anew
//     every hour, and for unknown ones once a minute at most.
//   - Conditions on content take away from what permissions give. Where there are
//     any, Identity.Permissions has none by name; see [Resolver.Resolve]. They
//     restrict permissions, not roles: a role is no permission to see content.
//   - Roles are those of the moment when the token was issued. A role that was
//     recorded, with the link of an account, must not outlive the token
//     (Identity.ExpiresAt) where it decides something. Write down what it entitles
//     to in roles of your own instead, which you can take away.
//   - A return whose state does not fit ends there. It is bound to the browser by
//     a cookie, is good for 5 minutes and once. That it came back, a process
//     remembers of the last 4096; across replicas, and after a restart, it is the
//     cookie that is gone, so that a copy of the cookie and of the URL with its
//     token is good at another replica for what is left of the 5 minutes.
//   - Tokens name a person and all their accounts, and may outgrow a cookie. None
//     is put into one, or into a log, an error or a Location.
//   - A token is good until it expires, also after its user has been removed: there
//     is nobody to ask. Nothing here can mend that.
//   - The e-mail address is not said to be verified. It is no key.
//
// # What is not known, and therefore configured
//
// Vertesia has not published what is in "aud" (Config.Audience), whether a region
// issues in its own name (Config.Issuer, Config.STS), where its keys will be
// (Config.KeySetURL), which Firebase project its ID tokens are of
// (Config.FirebaseIssuer), how long tokens live, what the subject of a user looks
// like, whether the central page can come back with an error (one in the manner of
// OAuth ends the sign-in), and whether it returns to hosts of others at all: try
// that before relying on SignIn. Signing up, device codes and API keys are not
// covered.
package vertesia
