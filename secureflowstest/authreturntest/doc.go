// Package authreturntest is a mock of AuthReturn for tests of a program that
// leaves it: sign-up, login, the hosted pages, verification and refresh, without
// network and without waiting.
//
//	func TestGreeting(t *testing.T) {
//		old := authreturntest.NewServer(t)
//		token := old.Token("ada@example.com")
//
//		got := greeting(t.Context(), old.Origin(), token)
//
//		if got != "Hello ada@example.com" {
//			t.Errorf("got %q", got)
//		}
//	}
//
// What verifies tokens by itself is given [Server.Secret], and [Server.Now] as
// its clock. [Server.Advance] moves the clock, [Server.Fail] makes an outage,
// [Server.Sign] a token with any claims, and [Server.SignIn] is the person at
// the hosted pages. [Server.Received] shows that no foreign token arrived.
//
// # What is documented, and what is this mock's choice
//
// The mock answers as AuthReturn's integration guide says: paths, statuses,
// bodies, texts of errors, claims, and a life of 30 days. The guide is silent on
// the following, and the mock had to choose; a program should not depend on it:
//
//   - a refresh more than 7 days before the end, or after it: refused as
//     "Invalid token", unless [Options] say otherwise
//   - the token is added to a redirect_uri that has a query with &, and every
//     absolute http and https URL is a good redirect_uri
//   - the texts of errors of 400 other than the three of sign-up; another method
//     is a 405, another path a 404
//   - a request must say that its body is application/json; members that
//     nobody knows are passed over
//   - GET /api/user without a token, or with one that has expired, answers
//     "Invalid token"; a token needs user_id, email and exp to be verified
//   - addresses are compared exactly
//   - the hosted pages' look, their form, and what they say to a wrong password
//
// The guide's service has no sign-out, no revocation and no rate limit. A newer
// AuthReturn with other tokens exists; this is not a mock of it.
package authreturntest
