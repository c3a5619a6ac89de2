package productflotest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/productflotest"
)

// signedIn is a program under test, which asks the service at origin whether a
// token is good for a tenant.
func signedIn(ctx context.Context, origin string, token secureflows.Token, tenant string) string {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/auth/session", http.NoBody)
	if err != nil {
		return "try again"
	}
	r.Header.Set("Authorization", "Bearer "+token.Reveal())
	if tenant != "" {
		r.Header.Set(productflotest.TenantHeader, tenant)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "try again"
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return "welcome"
	case http.StatusUnauthorized:
		return "sign in"
	case http.StatusForbidden:
		return "not allowed"
	}
	return "try again"
}

func TestSignedIn(t *testing.T) {
	server := productflotest.NewServer(t)
	token := server.Token("ada@example.com")

	got := signedIn(t.Context(), server.Origin(), token, "")

	if got != "welcome" {
		t.Errorf("got %q", got)
	}
}

func ExampleStart() {
	// In a test: server := productflotest.NewServer(t)
	var server *productflotest.Server = productflotest.Start()
	defer server.Close()

	fmt.Println(signedIn(context.Background(), server.Origin(), server.Token("ada@example.com"), ""))
	// Output: welcome
}

func ExampleServer_AddUser() {
	server := productflotest.Start()
	defer server.Close()
	server.AddUser(productflotest.User{
		Email: "ada@example.com", Tenants: []string{"acme", "notes"}, Role: "Member", Permissions: []string{"project:read"},
	})

	claims := server.Claims("ada@example.com")
	fmt.Println(claims["sub"] == server.UserID("ada@example.com"), claims["tenant_id"], claims["role"], claims["permissions"])
	token := server.Token("ada@example.com")
	fmt.Println(signedIn(context.Background(), server.Origin(), token, "notes"))
	fmt.Println(signedIn(context.Background(), server.Origin(), token, "somebody-else"))
	// Output:
	// true acme Member [project:read]
	// welcome
	// not allowed
}

func ExampleOptions() {
	server := productflotest.Start(productflotest.Options{Algorithm: "ES256"})
	defer server.Close()

	fmt.Println(strings.HasPrefix(server.JWKSURL(), server.Origin()))
	fmt.Println(signedIn(context.Background(), server.Origin(), server.Token("ada@example.com"), ""))
	// Output:
	// true
	// welcome
}

func ExampleServer_Advance() {
	server := productflotest.Start()
	defer server.Close()
	token := server.Token("ada@example.com")

	before := server.Now()
	server.Advance(time.Hour) // a token lasts an hour
	fmt.Println(signedIn(context.Background(), server.Origin(), token, ""), server.Now().Sub(before) >= time.Hour)
	// Output: sign in true
}

func ExampleServer_Fail() {
	server := productflotest.Start()
	defer server.Close()

	server.Fail(secureflowstest.Fault{Status: http.StatusBadGateway})
	fmt.Println(signedIn(context.Background(), server.Origin(), server.Token("ada@example.com"), "")) // an outage signs nobody out
	// Output: try again
}

func ExampleServer_Secret() {
	server := productflotest.Start()
	defer server.Close()

	fmt.Println(len(server.Secret()), "bytes, for what verifies HS256 by itself")
	// Output: 32 bytes, for what verifies HS256 by itself
}

func ExampleServer_Sign() {
	server := productflotest.Start()
	defer server.Close()

	claims := server.Claims("ada@example.com")
	delete(claims, "exp")
	fmt.Println(signedIn(context.Background(), server.Origin(), server.Sign(claims), ""))
	// Output: sign in
}

func ExampleServer_Received() {
	server := productflotest.Start()
	defer server.Close()
	service := secureflowstest.Start()
	defer service.Close()
	token, foreign := server.Token("ada@example.com"), service.Session("ada@example.com").Token()

	fmt.Println(signedIn(context.Background(), server.Origin(), token, ""))
	fmt.Println(server.Received(token), server.Received(foreign))
	var arrived []productflotest.Request = server.Requests()
	for _, request := range arrived {
		fmt.Println(request.Method, request.Path, request.Status, request.Tokens, request.Tokens[0] == token)
	}
	// Output:
	// welcome
	// true false
	// GET /auth/session 200 [[REDACTED]] true
}

func Example_login() {
	server := productflotest.Start()
	defer server.Close()
	id := server.UserID("ada@example.com") // signs Ada up

	response, err := http.Post(server.Origin()+"/auth/login", "application/json",
		strings.NewReader(`{"email":"ada@example.com","password":"`+productflotest.Password+`"}`))
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Println(response.StatusCode, strings.Contains(string(body), id), err)
	// Output: 200 true <nil>
}
