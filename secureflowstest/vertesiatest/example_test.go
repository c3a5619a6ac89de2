package vertesiatest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/vertesiatest"
)

// exchange is a program under test, which has the STS at origin tell whether a
// credential is good, in one account or the user's own.
func exchange(ctx context.Context, origin, credential, account string) string {
	body, err := json.Marshal(map[string]string{"type": "user", "account_id": account})
	if err != nil {
		return "try again"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, origin+"/token/issue", strings.NewReader(string(body)))
	if err != nil {
		return "try again"
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+credential)
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
	case http.StatusNotFound, http.StatusPreconditionFailed:
		return "no user"
	}
	return "try again"
}

func TestExchange(t *testing.T) {
	server := vertesiatest.NewServer(t)
	token := server.Token("ada@example.com")

	got := exchange(t.Context(), server.Origin(), token.Reveal(), "")

	if got != "welcome" {
		t.Errorf("got %q", got)
	}
}

func ExampleStart() {
	// In a test: server := vertesiatest.NewServer(t)
	var server *vertesiatest.Server = vertesiatest.Start()
	defer server.Close()

	fmt.Println(exchange(context.Background(), server.Origin(), server.Token("ada@example.com").Reveal(), vertesiatest.AccountID))
	// Output: welcome
}

func ExampleServer_AddUser() {
	server := vertesiatest.Start()
	defer server.Close()
	server.AddAccount(vertesiatest.Account{ID: "acme", Name: "Acme", Projects: []vertesiatest.Project{{ID: "notes", Name: "Notes"}}})
	server.AddUser(vertesiatest.User{
		Email: "ada@example.com", Name: "Ada",
		Memberships: []vertesiatest.Membership{{Account: "acme", Roles: []string{"owner"}, ProjectRoles: []string{"developer"}}},
		Claims:      map[string]any{"permissions": []string{"content:read"}},
	})

	claims := server.Claims("ada@example.com", vertesiatest.Selection{Account: "acme", Project: "notes"})
	fmt.Println(claims["name"], claims["account_roles"], claims["project_roles"], claims["permissions"])
	token := server.Token("ada@example.com").Reveal()
	fmt.Println(exchange(context.Background(), server.Origin(), token, "acme"))
	fmt.Println(exchange(context.Background(), server.Origin(), token, vertesiatest.AccountID))
	// Output:
	// Ada [owner] [developer] [content:read]
	// welcome
	// not allowed
}

func ExampleServer_FirebaseToken() {
	server := vertesiatest.Start(vertesiatest.Options{Newcomers: vertesiatest.NewcomersWelcome})
	defer server.Close()
	token := server.FirebaseToken("ada@example.com").Reveal()

	fmt.Println("the issuer is", vertesiatest.FirebaseIssuer)
	fmt.Println(exchange(context.Background(), server.Origin(), token, ""))
	r, err := http.NewRequest(http.MethodPost, server.Studio()+"/auth/ensure-user", http.NoBody)
	if err != nil {
		log.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	fmt.Println(exchange(context.Background(), server.Origin(), token, ""))
	// Output:
	// the issuer is https://securetoken.google.com/demo-firebase
	// no user
	// welcome
}

func ExampleNewcomers() {
	for _, newcomers := range []vertesiatest.Newcomers{vertesiatest.NewcomersSignUp, vertesiatest.NewcomersInvited} {
		server := vertesiatest.Start(vertesiatest.Options{Newcomers: newcomers})
		fmt.Println(exchange(context.Background(), server.Origin(), server.FirebaseToken("ada@example.com").Reveal(), ""))
		server.Close()
	}
	// Output:
	// no user
	// no user
}

func ExampleServer_APIKey() {
	server := vertesiatest.Start()
	defer server.Close()

	key := server.APIKey(vertesiatest.AccountID, vertesiatest.ProjectID)
	fmt.Println(exchange(context.Background(), server.Origin(), key.Reveal(), ""))
	// Output: welcome
}

func ExampleServer_Advance() {
	server := vertesiatest.Start(vertesiatest.Options{TokenTTL: time.Minute})
	defer server.Close()
	token := server.Token("ada@example.com").Reveal()

	before := server.Now()
	server.Advance(time.Minute)
	fmt.Println(exchange(context.Background(), server.Origin(), token, ""), server.Now().Sub(before) >= time.Minute)
	// Output: sign in true
}

func ExampleServer_Fail() {
	server := vertesiatest.Start()
	defer server.Close()

	server.Fail(secureflowstest.Fault{Path: "/token/issue", Status: http.StatusServiceUnavailable, RetryAfter: 2 * time.Second})
	fmt.Println(exchange(context.Background(), server.Origin(), server.Token("ada@example.com").Reveal(), ""))
	// Output: try again
}

func ExampleServer_RotateKeys() {
	server := vertesiatest.Start()
	defer server.Close()
	old := server.Token("ada@example.com").Reveal()

	server.RotateKeys()
	fmt.Println(exchange(context.Background(), server.Origin(), old, ""))
	server.RemoveOldKeys()
	fmt.Println(exchange(context.Background(), server.Origin(), old, ""))
	// Output:
	// welcome
	// sign in
}

func ExampleServer_Sign() {
	server := vertesiatest.Start()
	defer server.Close()

	claims := server.Claims("ada@example.com")
	fmt.Println(claims["sub"] == server.Subject("ada@example.com"), claims["aud"] == vertesiatest.Audience)
	unsigned := server.Sign(claims, map[string]any{"alg": "none"})
	fmt.Println(exchange(context.Background(), server.Origin(), unsigned.Reveal(), ""))
	// Output:
	// true true
	// sign in
}

func ExampleServer_SignIn() {
	server := vertesiatest.Start()
	defer server.Close()
	login := server.CentralAuth() + "/?" + url.Values{
		"sts": {server.Origin()}, "redirect_uri": {"https://app.example/callback"}, "state": {"6f1d"},
	}.Encode()

	back, err := url.Parse(server.SignIn(login, "ada@example.com"))
	if err != nil {
		log.Fatal(err)
	}
	answer, err := url.ParseQuery(back.Fragment) // what the application's bridge page reads
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(back.Path, answer.Get("state"), exchange(context.Background(), server.Origin(), answer.Get("token"), ""))
	// Output: /callback 6f1d welcome
}

func ExampleServer_Received() {
	server := vertesiatest.Start()
	defer server.Close()
	service := secureflowstest.Start()
	defer service.Close()
	token, foreign := server.Token("ada@example.com"), service.Session("ada@example.com").Token()

	fmt.Println(exchange(context.Background(), server.Origin(), token.Reveal(), ""))
	fmt.Println(server.Received(token), server.Received(foreign))
	var arrived []vertesiatest.Request = server.Requests()
	for _, request := range arrived {
		var tokens []secureflows.Token = request.Tokens
		fmt.Println(request.Method, request.Path, request.Status, tokens, tokens[0] == token)
	}
	// Output:
	// welcome
	// true false
	// POST /token/issue 200 [[REDACTED]] true
}
