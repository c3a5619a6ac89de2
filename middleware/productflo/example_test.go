package productflo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/productflo"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/productflotest"
)

// ada is a person at the mock of ProductFlo.
var ada = productflotest.User{
	Email: "ada@example.com", Tenants: []string{"acme"}, Role: "Member", Permissions: []string{"project:read"},
}

// configFor is what a program has from the operator of ProductFlo. The mock's
// tokens name no issuer, and it runs on a clock of its own.
func configFor(mock *productflotest.Server) productflo.Config {
	secret, err := productflo.NewSecret(mock.Secret())
	if err != nil {
		log.Fatal(err)
	}
	return productflo.Config{Secret: secret, WithoutIssuer: true, Origin: mock.Origin(), Now: mock.Now}
}

func newExample(config productflo.Config) *productflo.Resolver {
	resolver, err := productflo.New(config)
	if err != nil {
		log.Fatal(err)
	}
	return resolver
}

// One backend takes the tokens of ProductFlo and of secureFlows.
func Example() {
	mock := productflotest.Start(productflotest.Options{Algorithm: "ES256"})
	defer mock.Close()
	mock.AddUser(ada)
	service := secureflowstest.Start()
	defer service.Close()

	old, err := productflo.New(productflo.Config{
		KeySetURL: mock.JWKSURL(), Algorithms: []string{"ES256"}, WithoutIssuer: true, Tenant: "acme", Now: mock.Now,
	})
	if err != nil {
		log.Fatal(err)
	}
	bearer := middleware.NewBearer(middleware.FirstOf(old, service.Client()), middleware.BearerConfig{})
	me := bearer.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, _ := secureflows.IdentityFromContext(r.Context())
		if identity.Provider == productflo.Provider {
			fmt.Fprint(w, "an account to move, of ", identity.Tenant)
			return
		}
		fmt.Fprint(w, identity.Email)
	}))

	for _, token := range []secureflows.Token{mock.Token("ada@example.com"), service.Session("ada@example.com").Token()} {
		r := httptest.NewRequest(http.MethodGet, "/me", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+token.Reveal())
		w := httptest.NewRecorder()
		me.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 200 an account to move, of acme
	// 200 ada@example.com
}

func ExampleResolver_Owns() {
	mock := productflotest.Start()
	defer mock.Close()
	service := secureflowstest.Start()
	defer service.Close()
	mock.AddUser(ada)
	secret, err := productflo.NewSecret(mock.Secret())
	if err != nil {
		log.Fatal(err)
	}
	old, err := productflo.New(productflo.Config{Secret: secret, WithoutIssuer: true, Now: mock.Now})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(old.Owns(mock.Token("ada@example.com")))
	fmt.Println(old.Owns(service.Session("ada@example.com").Token()))
	// Output:
	// true
	// false
}

func ExampleNew() {
	_, err := productflo.New(productflo.Config{})
	fmt.Println(err)
	// Output: secureflows: invalid request: productflo: Config.Secret and KeySetURL are empty: write the one that the operator of ProductFlo gives you
}

func ExampleResolver_Resolve() {
	mock := productflotest.Start()
	defer mock.Close()
	mock.AddUser(ada)
	resolver := newExample(configFor(mock))

	token := mock.Token("ada@example.com")
	identity, err := resolver.Resolve(context.Background(), token)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(identity.Subject == mock.UserID("ada@example.com"), identity.Tenant, identity.Permissions.Has("project:read"))
	// What the role means is not published: it is carried, and lets nobody in.
	fmt.Println(identity.Roles, identity.Roles.Has("Member"))

	mock.Advance(time.Hour)
	_, err = resolver.Resolve(context.Background(), token)
	fmt.Println(errors.Is(err, secureflows.ErrTokenExpired))
	// Output:
	// true acme true
	// "Member" false
	// true
}

// Operators who know how roles are written have them read.
func ExampleConfig() {
	mock := productflotest.Start()
	defer mock.Close()
	mock.AddUser(ada)
	config := configFor(mock)
	config.RolesOf = func(claims map[string]json.RawMessage) secureflows.Grants {
		if bytes.Equal(claims["role"], []byte(`"Member"`)) {
			return secureflows.GrantsOf("editor")
		}
		return secureflows.Grants{} // of no use to anybody
	}

	identity, err := newExample(config).Resolve(context.Background(), mock.Token("ada@example.com"))
	fmt.Println(identity.Roles.Has("editor"), err)
	// Output: true <nil>
}

func ExampleNewSecret() {
	secret, err := productflo.NewSecret([]byte("0123456789abcdef0123456789abcdef"))
	fmt.Println(secret, err)
	fmt.Printf("%+v\n", secret)
	// Output:
	// [REDACTED] <nil>
	// [REDACTED]
}

func ExampleResolver_Session() {
	mock := productflotest.Start(productflotest.Options{
		Session: func(claims map[string]any) any { return map[string]any{"device": "laptop"} },
	})
	defer mock.Close()
	mock.AddUser(ada)

	session, err := newExample(configFor(mock)).Session(context.Background(), mock.Token("ada@example.com"))
	fmt.Printf("%s %v\n", session, err)
	// Output: {"device":"laptop"} <nil>
}

// A logout ends the session, not the token: whoever wants to hear of it asks.
func ExampleResolver_Logout() {
	mock := productflotest.Start()
	defer mock.Close()
	mock.AddUser(ada)
	config := configFor(mock)
	local := newExample(config)
	config.AskSession = true
	asking := newExample(config)

	token := mock.Token("ada@example.com")
	fmt.Println(local.Logout(context.Background(), token))
	_, err := local.Resolve(context.Background(), token)
	fmt.Println("by the signature:", err)
	_, err = asking.Resolve(context.Background(), token)
	fmt.Println("by asking: refused", errors.Is(err, secureflows.ErrUnauthenticated))
	// Output:
	// <nil>
	// by the signature: <nil>
	// by asking: refused true
}

func ExampleResolver_Login() {
	mock := productflotest.Start()
	defer mock.Close()
	mock.AddUser(ada)
	resolver := newExample(configFor(mock))

	tokens, err := resolver.Login(context.Background(), "ada@example.com", productflotest.Password)
	if err != nil {
		log.Fatal(err)
	}
	identity, err := resolver.Resolve(context.Background(), tokens.Access)
	fmt.Println(identity.Subject == mock.UserID("ada@example.com"), err)

	_, err = resolver.Login(context.Background(), "ada@example.com", "a wrong one")
	fmt.Println(errors.Is(err, secureflows.ErrUnauthenticated))
	// Output:
	// true <nil>
	// true
}

// How tokens are refreshed is not published. An application that knows supplies
// it, and gets tokens that are verified to be of the same person.
func ExampleResolver_Refresh() {
	mock := productflotest.Start()
	defer mock.Close()
	mock.AddUser(ada)
	config := configFor(mock)
	refresh, _ := secureflows.NewToken("refresh-token")
	old := productflo.Tokens{Access: mock.Token("ada@example.com"), Refresh: refresh}

	_, err := newExample(config).Refresh(context.Background(), old)
	fmt.Println(errors.Is(err, errors.ErrUnsupported))

	config.Refresh = func(ctx context.Context, refresh secureflows.Token) (productflo.Tokens, error) {
		return productflo.Tokens{Access: mock.Token("ada@example.com")}, nil // in a program: the request
	}
	mock.Advance(time.Hour)
	resolver := newExample(config)
	fresh, err := resolver.Refresh(context.Background(), old)
	if err != nil {
		log.Fatal(err)
	}
	_, err = resolver.Resolve(context.Background(), fresh.Access)
	fmt.Println(err, fresh.Refresh == refresh)
	// Output:
	// true
	// <nil> true
}

// Neither is how a second factor is sent. The answer to the login is kept on the
// server until the person has typed a code.
func ExampleResolver_SecondFactor() {
	mock := productflotest.Start()
	defer mock.Close()
	mock.AddUser(ada)
	mock.Fail(secureflowstest.Fault{Path: "/auth/login", Status: http.StatusOK, Body: `{"challenge":"c-1"}`})
	config := configFor(mock)
	config.SecondFactor = func(ctx context.Context, challenge json.RawMessage, code string) (productflo.Tokens, error) {
		if code != "123456" { // in a program: the request, for this challenge
			return productflo.Tokens{}, errors.New("wrong code")
		}
		return productflo.Tokens{Access: mock.Token("ada@example.com")}, nil
	}
	resolver := newExample(config)

	_, err := resolver.Login(context.Background(), "ada@example.com", productflotest.Password)
	var challenge *productflo.ChallengeError
	if !errors.As(err, &challenge) {
		log.Fatal(err)
	}
	tokens, err := resolver.SecondFactor(context.Background(), challenge.Answer(), "123456")
	fmt.Println(tokens.Access, err)
	// Output: [REDACTED] <nil>
}

func ExampleCookieSource() {
	mock := productflotest.Start()
	defer mock.Close()
	mock.AddUser(ada)
	source, err := productflo.CookieSource("pf_session", "https://app.example.com")
	if err != nil {
		log.Fatal(err)
	}
	bearer := middleware.NewBearer(newExample(configFor(mock)), middleware.BearerConfig{TokenSource: source})

	for _, origin := range []string{"https://app.example.com", "https://evil.example"} {
		r := httptest.NewRequest(http.MethodPost, "https://api.example.com/notes", http.NoBody)
		r.Header.Set("Origin", origin) // as a browser says it
		r.AddCookie(&http.Cookie{Name: "pf_session", Value: mock.Token("ada@example.com").Reveal()})
		identity, err := bearer.Check(r)
		fmt.Println(identity.Tenant, errors.Is(err, secureflows.ErrUnauthenticated))
	}
	// Output:
	// acme false
	//  true
}

// The header is a wish of whoever sent the request.
func ExampleTenantOf() {
	mock := productflotest.Start()
	defer mock.Close()
	mock.AddUser(ada)
	bearer := middleware.NewBearer(newExample(configFor(mock)), middleware.BearerConfig{})
	projects := bearer.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant, err := productflo.TenantOf(r)
		if err != nil {
			http.Error(w, "not your tenant", http.StatusForbidden)
			return
		}
		fmt.Fprintln(w, "the projects of", tenant)
	}))

	for _, wish := range []string{"", "acme", "somebody-else"} {
		r := httptest.NewRequest(http.MethodGet, "/projects", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+mock.Token("ada@example.com").Reveal())
		if wish != "" {
			r.Header.Set("X-Tenant-ID", wish)
		}
		w := httptest.NewRecorder()
		projects.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 the projects of acme
	// 200 the projects of acme
	// 403 not your tenant
}
