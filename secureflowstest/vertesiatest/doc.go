// Package vertesiatest is a mock of Vertesia's sign-in for tests of a program
// that leaves it: the central page, the token service (STS) with its key set,
// and the studio's ensure-user, without network and without waiting.
//
//	func TestExchange(t *testing.T) {
//		server := vertesiatest.NewServer(t)
//		token := server.Token("ada@example.com")
//
//		got := exchange(t.Context(), server.Origin(), token.Reveal(), "")
//
//		if got != "welcome" {
//			t.Errorf("got %q", got)
//		}
//	}
//
// [Server.Origin] is the STS and the issuer of its tokens, [Server.CentralAuth]
// the page where people sign in, [Server.Studio] the studio. Everybody is a
// member of [AccountID] unless [Server.AddUser] says otherwise. [Selection]
// chooses the account, the project and the type of a token; [Server.Sign] makes
// hostile ones, [Server.RotateKeys] other keys, [Server.Advance] moves the
// clock, and [Server.Fail] makes an outage. [Server.SignIn] is the person at the
// central page, and [Server.Received] shows that no foreign token arrived.
//
// # What is published, and what is this mock's choice
//
// Published are the paths, the members of requests and tokens, the statuses and
// codes of refusals, ES256 by default and RS256 on request. The following is
// not, and the mock had to choose; a program should not depend on it:
//
//   - the subject of a user, an agent or an API key, the audience, which is
//     [Audience] unless the request names one, and a life of an hour: [Options]
//   - which Firebase project ID tokens are of: [FirebaseIssuer]
//   - that every token has a kid; leave it out by [Server.Sign]
//   - there is no iat, nbf or jti, nor endpoints
//   - without an account_id the user's first account is chosen, and without a
//     project_id no project
//   - a request that the STS cannot read is a 400, and so is a member that it
//     does not know; 400, 404 and 412 have the form of its 401
//   - it issues user tokens only, and an API key's: the other types are a 403
//     token_issuance_forbidden, and are made by [Server.Token]
//   - central auth goes back to every absolute http and https URL, asks for an
//     e-mail address alone, wants a state, and serves one STS; so does its logout
//   - ensure-user answers an empty object
//
// Not served: /auth/signup, whose answer is not published, and the metadata of
// the OAuth server.
package vertesiatest
