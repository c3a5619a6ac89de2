// Package secureflowstest is a mock of secureFlows for tests, running inside
// the test itself: sign-in, sessions, payloads, limits and every failure of the
// service, without network and without waiting.
//
//	func TestGreeting(t *testing.T) {
//		server := secureflowstest.NewServer(t)
//		session := server.Session("ada@example.com")
//
//		got := greeting(t.Context(), session)
//
//		if got != "Hello ada@example.com" {
//			t.Errorf("got %q", got)
//		}
//	}
//
// A program under test is given [Server.Config], or a client made of it. The
// clock is moved with [Server.Advance], a token ended with
// [Server.ExpireToken], an outage made with [Server.Fail]; [Server.Requests]
// tells what arrived.
//
// The mock keeps to the service's contract and knows one workspace,
// [Workspace], with one application, [AppID]. It checks what the service
// checks, so that a test that passes here does not depend on a lenient mock. It
// is for tests and demonstrations: nothing in it is encrypted, and everybody
// who asks for an ID token gets one.
//
// # Where to go next
//
// [Server.SignIn] goes through the hosted login for a test of a callback route.
// [Options] choose the service's older answers, for a program that must take
// both. Handlers behind middleware need no mock in front of them:
// [secureflows.NewContext] gives them a caller. For a suite in another language
// the same mock is the program secureflows-emulator.
//
// # Common mistakes
//
// The rules of the service, as a test sees them:
//
//	// A 404 on a key is no failure: somebody new has the default.
//	theme, err := secureflows.GetOr(ctx, session, "theme", "light")
//
//	// Who it is: the id that the service gives, not one of the test's own.
//	identity, err := session.Identity(ctx)
//	same := identity.UserID == server.UserID("ada@example.com")
//
//	// A 410 is no loss of data: whoever signs in again has all of it.
//	server.ExpireToken(session.Token())
//	session = server.Session("ada@example.com")
//
//	// A sign-out keeps the data, and a revocation does not.
//	err = session.Logout(ctx)
//	server.RevokeSession(session.Token())
//
// What else goes wrong:
//
//   - A test that reads a token, or makes one up with an id inside: tokens are
//     opaque, and their form differs from the service's. Ask [Server.Session] or
//     [Server.IDToken] for one.
//   - [Server.Client] never retries, so that one [Fault] is one failure. Make a
//     client of [Server.Config] with MaxRetries set to see retries.
//   - Time passes by [Server.Advance] alone; a sleep in a test expires nothing.
//   - [Server.RevokeSession] destroys the data, as the service does; a token
//     that has run out is [Server.ExpireToken].
//   - A passing test as a proof that nobody can read the data: the mock keeps
//     it in the clear.
package secureflowstest
