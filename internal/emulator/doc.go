// Package emulator is a stand-in for the secureFlows service: one
// [http.Handler] that keeps workspaces, applications, people, sessions and
// their payloads in memory and answers the service's endpoints from them.
//
//	mock, err := emulator.New(emulator.Config{}) // demo-workspace, demo-app
//	if err != nil {
//		return err
//	}
//	defer mock.Close()
//	server := httptest.NewServer(mock)
//	defer server.Close()
//
// An ID token signs a person up, and opens sessions over HTTP; CreateSession
// does both without HTTP:
//
//	idToken, err := mock.IDToken("ada@example.com")
//	token, err := mock.CreateSession("demo-workspace", "demo-app", "ada@example.com")
//
// What a test cannot wait for or provoke, it asks for: [Emulator.Advance]
// moves the clock, [Emulator.ExpireToken] and [Emulator.RevokeSession] end
// things, [Emulator.SetLimits] and [Emulator.LockBilling] are the plan's
// refusals, [Emulator.AddFault] is everything a network can do. The same
// controls are served under /_emulator/ for suites in any language, and there
// is a page for people. [Emulator.Requests] tells what arrived, with every token
// redacted; [Emulator.Export] and [Emulator.Seed] carry payloads from one
// emulator to the next.
//
// The published sources of the contract disagree in places. The emulator
// answers as the newer ones say, and as the older ones on request: see
// ExpiredStatus, PayloadLimitStatus, StableTokens, DropState and
// CallbackErrors in [Config].
//
// Where to read on: route.go has the endpoints, session.go says which token
// admits to a session and with what refusal, hosted.go and callback.go are the
// hosted login, mistake.go says why a login link is refused, account.go is the
// page of a person's own sessions, user.go and mysessions.go are the calls for
// one's own, control.go is the control API, guard.go keeps web pages out of it,
// dashboard.go is the page at /_emulator/ and events.go what it follows.
//
// Everything is safe for concurrent use. The package deliberately shares no
// type with the client it is used to test, so that neither can be wrong in the
// other's favour.
package emulator
