// Package productflo accepts the tokens of ProductFlo in a backend that moves
// to secureFlows: a [Resolver] gives the identity behind one.
//
//	old, err := productflo.New(productflo.Config{
//		KeySetURL:  "https://keys.example.com/jwks.json", // these four, from the
//		Algorithms: []string{"ES256"},                    // operator of ProductFlo
//		Issuer:     "https://productflo.example.com",
//		Tenant:     "t-42",
//	})
//	bearer := middleware.NewBearer(middleware.FirstOf(old, client), middleware.BearerConfig{})
//	mux.Handle("GET /me", bearer.Require(http.HandlerFunc(me)))
//
// Handlers tell who it is by Identity.Provider, which is [Provider], and know a
// person by [secureflows.Identity.Person]. A token is verified by its signature,
// here; ProductFlo is asked nothing, unless Config.AskSession says so.
//
// # What you have to find out
//
// ProductFlo has published that its tokens are JWTs with the claims sub, exp,
// iat and role, and perhaps tenant_id and permissions, and that they live for an
// hour unless configured otherwise. It has not published:
//
//   - How they are signed, and with which key. A secret and a key set are exclusive
//     in Config, and a secret is for HS256 alone, so that a public key can never
//     pass for a secret.
//   - Issuer and audience. Write both where tokens have them. Where they have no
//     issuer, Config.WithoutIssuer says so, and nothing else does: a token is taken
//     for ProductFlo's then when it names none, is signed with the configured
//     algorithm, and has sub and role. Put the Resolver behind those of other
//     providers in [middleware.FirstOf] in that case, before secureFlows.
//     AuthReturn's tokens, which name no issuer either, have no sub. Two providers
//     whose tokens look the same cannot be told apart: the first of them refuses
//     the other's.
//   - How roles and permissions are written, and what role is: where the accounts
//     are those of Supabase, as their form suggests, it is "authenticated" for
//     everybody, the role in a database. So a role that is a string is carried as
//     one: Identity.Roles.Raw gives it, and Has is false for everything. Permissions
//     are whatever JSON the token has; Has works where that is a list of names.
//     Decide nothing by either until you know, and then write Config.RolesOf and
//     Config.PermissionsOf.
//   - How tokens are refreshed, and how a second factor is sent. This package makes
//     no such request. An application that knows how supplies Config.Refresh and
//     Config.SecondFactor; [Resolver.Refresh] and [Resolver.SecondFactor] see to it
//     that what comes is a good token, and of the same person.
//   - The name of the cookie, which [CookieSource] takes.
//   - What GET /auth/session answers: [Resolver.Session] hands it on.
//
// # What the package cannot repair
//
//   - A logout ends the session at ProductFlo and not the token, which is good
//     until it expires for everyone who verifies it by its signature. With
//     Config.AskSession ProductFlo is asked about each token, as often as the cache
//     in front says (10 s).
//   - ProductFlo may bind tokens to the address of the person. It refuses this
//     machine then: [Resolver.Session] and [Resolver.Logout] are
//     secureflows.ErrForbidden, and with Config.AskSession requests get a 503, which
//     signs nobody out. Leave AskSession off there.
//   - Whoever has the secret of HS256 can sign tokens for everybody. Ask for a key
//     set.
//   - ProductFlo's websockets take the token in the URL, and its documentation
//     advises localStorage: such a token may be in logs, and in the hands of every
//     script of the page. It cannot be told from another.
//
// # Tenants
//
// Config.Tenant lets in one tenant and nobody else. A backend of several takes the
// tenant from [TenantOf], never from the header X-Tenant-ID alone: whoever sends a
// request writes there what they like. A token without a tenant is for none.
//
// # Cookies
//
// Where ProductFlo's cookie reaches this backend, [CookieSource] reads it, for the
// requests of this site's own pages alone:
//
//	source, err := productflo.CookieSource("name-of-the-cookie", "https://app.example.com")
//	bearer := middleware.NewBearer(resolver, middleware.BearerConfig{TokenSource: source})
package productflo
