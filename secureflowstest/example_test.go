package secureflowstest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// greeting is a program under test.
func greeting(ctx context.Context, session *secureflows.Session) string {
	identity, err := session.Identity(ctx)
	switch {
	case errors.Is(err, secureflows.ErrSignedOut):
		return "Please sign in"
	case err != nil:
		return "Please try again"
	default:
		return "Hello " + identity.Email
	}
}

func TestGreeting(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")

	got := greeting(t.Context(), session)

	if got != "Hello ada@example.com" {
		t.Errorf("got %q", got)
	}
}

func TestRenewalKeepsNotes(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("ada@example.com")
	if _, err := session.Set(t.Context(), "theme", "dark"); err != nil {
		t.Fatal(err)
	}

	server.Advance(8 * 24 * time.Hour) // a token lasts 7 days
	_, err := session.Payload(t.Context())
	if !errors.Is(err, secureflows.ErrTokenExpired) {
		t.Fatalf("got %v, want ErrTokenExpired", err)
	}

	_, payload, err := server.Client().RenewSession(t.Context(), server.IDToken("ada@example.com"), session.Token())
	if err != nil || string(payload["theme"]) != `"dark"` {
		t.Errorf("got %s and %v, want the data as it was", payload["theme"], err)
	}
}

func ExampleStart() {
	// In a test: server := secureflowstest.NewServer(t)
	server := secureflowstest.Start()
	defer server.Close()

	fmt.Println(greeting(context.Background(), server.Session("ada@example.com")))
	// Output: Hello ada@example.com
}

func ExampleServer() {
	var server *secureflowstest.Server = secureflowstest.Start()
	defer server.Close()

	// The hosted pages are served too; a browser would be redirected here.
	login, err := server.Client().LoginURL(secureflows.LoginOptions{RedirectURI: secureflowstest.RedirectURI})
	if err != nil {
		log.Fatal(err)
	}
	page, err := http.Get(login)
	if err != nil {
		log.Fatal(err)
	}
	defer page.Body.Close()
	fmt.Println(page.StatusCode, strings.HasPrefix(login, server.Origin()))
	// Output: 200 true
}

func ExampleServer_SignIn() {
	server := secureflowstest.Start()
	defer server.Close()
	login, err := server.Client().LoginURL(secureflows.LoginOptions{RedirectURI: secureflowstest.RedirectURI, State: "6f1d"})
	if err != nil {
		log.Fatal(err)
	}

	r := httptest.NewRequest(http.MethodGet, server.SignIn(login, "ada@example.com"), nil)
	callback, err := secureflows.ParseCallback(r) // what the application's callback route does
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(callback.State, greeting(context.Background(), server.Client().Session(callback.Token)))
	// Output: 6f1d Hello ada@example.com
}

func ExampleServer_Config() {
	server := secureflowstest.Start()
	defer server.Close()

	cfg := server.Config()
	cfg.MaxRetries = 1
	client, err := secureflows.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	server.Fail(secureflowstest.Fault{Status: http.StatusBadGateway})
	identity, err := client.Resolve(context.Background(), server.Session("ada@example.com").Token())
	fmt.Println(identity.Email, err)
	fmt.Println(len(server.Requests()), "requests to", secureflowstest.Workspace, secureflowstest.AppID)
	// Output:
	// ada@example.com <nil>
	// 2 requests to demo-workspace demo-app
}

func ExampleServer_IDToken() {
	server := secureflowstest.Start()
	defer server.Close()

	session, err := server.Client().CreateSession(context.Background(), server.IDToken("ada@example.com"), nil)
	if err != nil {
		log.Fatal(err)
	}
	identity, err := session.Identity(context.Background())
	fmt.Println(identity.UserID == server.UserID("ada@example.com"), err)
	// Output: true <nil>
}

func ExampleServer_ExpireToken() {
	server := secureflowstest.Start()
	defer server.Close()
	session := server.Session("ada@example.com")

	server.ExpireToken(session.Token())
	fmt.Println(greeting(context.Background(), session))
	// Output: Please sign in
}

func ExampleServer_Advance() {
	server := secureflowstest.Start(secureflowstest.Options{TokenTTL: time.Hour})
	defer server.Close()
	session := server.Session("ada@example.com")

	server.Advance(2 * time.Hour)
	fmt.Println(greeting(context.Background(), session))
	server.Reset() // as it began, the clock too
	fmt.Println(greeting(context.Background(), server.Session("ada@example.com")))
	// Output:
	// Please sign in
	// Hello ada@example.com
}

func ExampleServer_RevokeSession() {
	server := secureflowstest.Start()
	defer server.Close()
	session := server.Session("ada@example.com")

	server.RevokeSession(session.Token()) // as the person can, on the account page
	_, err := session.Payload(context.Background())
	fmt.Println(errors.Is(err, secureflows.ErrSessionRevoked))
	// Output: true
}

func ExampleServer_Fail() {
	server := secureflowstest.Start()
	defer server.Close()
	session := server.Session("ada@example.com")

	server.Fail(secureflowstest.Fault{Status: http.StatusServiceUnavailable})
	fmt.Println(greeting(context.Background(), session)) // an outage signs nobody out
	fmt.Println(greeting(context.Background(), session))
	// Output:
	// Please try again
	// Hello ada@example.com
}

func ExampleServer_SetLimits() {
	server := secureflowstest.Start()
	defer server.Close()
	session := server.Session("ada@example.com")

	server.SetLimits(secureflowstest.Limits{MaxPayloadBytes: 10})
	_, err := session.Set(context.Background(), "note", "far too long")
	fmt.Println(errors.Is(err, secureflows.ErrPayloadTooLarge))
	// Output: true
}

func ExampleServer_LockBilling() {
	server := secureflowstest.Start()
	defer server.Close()
	session := server.Session("ada@example.com")

	server.LockBilling(true)
	_, err := session.Payload(context.Background())
	fmt.Println(errors.Is(err, secureflows.ErrGraceLock), errors.Is(err, secureflows.ErrSignedOut))
	// Output: true false
}

func ExampleServer_Requests() {
	server := secureflowstest.Start()
	defer server.Close()
	session := server.Session("ada@example.com")
	fmt.Println(greeting(context.Background(), session))

	var arrived []secureflowstest.Request = server.Requests()
	for _, request := range arrived {
		fmt.Println(request.Method, request.Path, request.Header.Get("Authorization"), request.Status)
	}
	// Output:
	// Hello ada@example.com
	// GET /api/v1/sessions/identity Bearer [REDACTED] 200
}
