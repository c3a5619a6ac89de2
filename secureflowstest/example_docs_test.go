package secureflowstest_test

import (
	"context"
	"fmt"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// The rules of the service, as a test sees them.
func Example_commonMistakes() {
	server := secureflowstest.Start()
	defer server.Close()
	ctx, session := context.Background(), server.Session("ada@example.com")

	// A 404 on a key is no failure: somebody new has the default.
	theme, err := secureflows.GetOr(ctx, session, "theme", "light")
	fmt.Println(theme, err)

	// Who it is: the id that the service gives, not one of the test's own.
	identity, err := session.Identity(ctx)
	same := identity.UserID == server.UserID("ada@example.com")
	fmt.Println(same, err)

	_, _ = session.Set(ctx, "theme", "dark")
	// A 410 is no loss of data: whoever signs in again has all of it.
	server.ExpireToken(session.Token())
	session = server.Session("ada@example.com")
	theme, err = secureflows.GetOr(ctx, session, "theme", "light")
	fmt.Println(theme, err)

	// A sign-out keeps the data, and a revocation does not.
	err = session.Logout(ctx)
	server.RevokeSession(session.Token())
	theme, again := secureflows.GetOr(ctx, server.Session("ada@example.com"), "theme", "light")
	fmt.Println(theme, err, again)
	// Output:
	// light <nil>
	// true <nil>
	// dark <nil>
	// light <nil> <nil>
}
