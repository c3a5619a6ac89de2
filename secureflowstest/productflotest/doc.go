// Package productflotest is a mock of ProductFlo's sign-in for tests of a
// program that leaves it, without network and without waiting.
//
//	func TestSignedIn(t *testing.T) {
//		server := productflotest.NewServer(t)
//		token := server.Token("ada@example.com")
//
//		got := signedIn(t.Context(), server.Origin(), token, "")
//
//		if got != "welcome" {
//			t.Errorf("got %q", got)
//		}
//	}
//
// [Server.Secret] or [Server.JWKSURL] is for what verifies tokens by itself, and
// [Server.Now] its clock. [Server.AddUser] says what a person's tokens hold,
// [Server.Sign] makes hostile ones, [Server.Advance] moves the clock, and
// [Server.Fail] makes an outage. [Server.Received] shows that no foreign token
// arrived.
//
// # What is published, and what is this mock's choice
//
// ProductFlo publishes little. Published are the paths that are served here, the
// requests and answers of login and sign-up, the messages of magic link and
// phone code, the names of a token's claims, their life of an hour, and the
// header X-Tenant-ID. The following is not, and the mock had to choose; ask the
// operator, and do not depend on it:
//
//   - how tokens are signed: HS256 by a secret unless [Options] say ES256 or
//     RS256, and the key set at [Server.JWKSURL], a path that is not the
//     service's. There is no iss and no aud, which productflo.Config has
//     WithoutIssuer for
//   - the body of GET /auth/session: what [Options].Session makes, or an
//     object with the user's "id"; that of POST /auth/logout is an empty object
//   - the name of the cookie: what [Options] say; without one there is none
//   - how roles are spelled, and what permissions are: what [User] says. A role is
//     in every token, "Member" where nobody has said another
//   - bodies of refusals: all are empty. A malformed request is a 400, a second
//     sign-up a 409, a tenant out of reach a 403
//   - that a token is refused after its logout
//   - the tenant of a token is the one of the login's X-Tenant-ID, or the user's
//     first
//
// Not served, because their form is not published: refresh, the steps of
// two-factor sign-in, phone login, the check of a phone code, and tenants. They
// are a 404.
package productflotest
