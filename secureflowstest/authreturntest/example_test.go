package authreturntest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/authreturntest"
)

// greeting is a program under test, which asks the service at origin whose token
// it has been given.
func greeting(ctx context.Context, origin string, token secureflows.Token) string {
	body, err := json.Marshal(map[string]string{"token": token.Reveal()})
	if err != nil {
		return "Please try again"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, origin+"/api/verify", bytes.NewReader(body))
	if err != nil {
		return "Please try again"
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return "Please try again"
	}
	defer response.Body.Close()
	var answer struct{ User struct{ Email string } }
	switch {
	case response.StatusCode == http.StatusUnauthorized:
		return "Please sign in"
	case response.StatusCode != http.StatusOK, json.NewDecoder(response.Body).Decode(&answer) != nil:
		return "Please try again"
	}
	return "Hello " + answer.User.Email
}

func TestGreeting(t *testing.T) {
	old := authreturntest.NewServer(t)
	token := old.Token("ada@example.com")

	got := greeting(t.Context(), old.Origin(), token)

	if got != "Hello ada@example.com" {
		t.Errorf("got %q", got)
	}
}

func ExampleStart() {
	// In a test: server := authreturntest.NewServer(t)
	server := authreturntest.Start()
	defer server.Close()

	fmt.Println(greeting(context.Background(), server.Origin(), server.Token("ada@example.com")))
	// Output: Hello ada@example.com
}

func ExampleOptions() {
	server := authreturntest.Start(authreturntest.Options{RefreshExpired: true})
	defer server.Close()
	token := server.Token("ada@example.com")

	server.Advance(31 * 24 * time.Hour)
	response, err := http.Post(server.Origin()+"/api/refresh", "application/json", strings.NewReader(`{"token":"`+token.Reveal()+`"}`))
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	fmt.Println(response.StatusCode)
	// Output: 200
}

func ExampleServer_Advance() {
	var server *authreturntest.Server = authreturntest.Start()
	defer server.Close()
	token := server.Token("ada@example.com")

	before := server.Now()
	server.Advance(31 * 24 * time.Hour) // a token lasts 30 days
	fmt.Println(greeting(context.Background(), server.Origin(), token), server.Now().Sub(before) >= 31*24*time.Hour)
	// Output: Please sign in true
}

func ExampleServer_Fail() {
	server := authreturntest.Start()
	defer server.Close()
	token := server.Token("ada@example.com")

	server.Fail(secureflowstest.Fault{Status: http.StatusServiceUnavailable})
	fmt.Println(greeting(context.Background(), server.Origin(), token)) // an outage signs nobody out
	// Output: Please try again
}

func ExampleServer_Received() {
	server := authreturntest.Start()
	defer server.Close()
	service := secureflowstest.Start()
	defer service.Close()
	token, foreign := server.Token("ada@example.com"), service.Session("ada@example.com").Token()

	fmt.Println(greeting(context.Background(), server.Origin(), token))
	fmt.Println(server.Received(token), server.Received(foreign))
	// Output:
	// Hello ada@example.com
	// true false
}

func ExampleServer_Requests() {
	server := authreturntest.Start()
	defer server.Close()
	token := server.Token("ada@example.com")
	fmt.Println(greeting(context.Background(), server.Origin(), token))

	var arrived []authreturntest.Request = server.Requests()
	for _, request := range arrived {
		fmt.Println(request.Method, request.Path, request.Status, request.Tokens, request.Tokens[0] == token)
	}
	// Output:
	// Hello ada@example.com
	// POST /api/verify 200 [[REDACTED]] true
}

func ExampleServer_Secret() {
	server := authreturntest.Start()
	defer server.Close()

	fmt.Println(len(server.Secret()), "bytes, for what verifies HS256 by itself")
	// Output: 32 bytes, for what verifies HS256 by itself
}

func ExampleServer_Sign() {
	server := authreturntest.Start()
	defer server.Close()

	claims := server.Claims("ada@example.com")
	fmt.Println(claims["user_id"] == server.UserID("ada@example.com"))
	delete(claims, "exp")
	fmt.Println(greeting(context.Background(), server.Origin(), server.Sign(claims)))
	// Output:
	// true
	// Please sign in
}

func ExampleServer_SignIn() {
	server := authreturntest.Start()
	defer server.Close()
	login := server.Origin() + "/auth/login?redirect_uri=" + url.QueryEscape("https://app.example/callback")

	r := httptest.NewRequest(http.MethodGet, server.SignIn(login, "ada@example.com"), nil)
	token, err := secureflows.NewToken(r.URL.Query().Get("token")) // what the application's callback route does
	fmt.Println(r.URL.Path, greeting(context.Background(), server.Origin(), token), err)
	// A browser at the page enters authreturntest.Password.
	fmt.Println(authreturntest.Password)
	// Output:
	// /callback Hello ada@example.com <nil>
	// correct horse
}
