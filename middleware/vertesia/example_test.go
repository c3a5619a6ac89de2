package vertesia_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/vertesiatest"
)

// newResolver makes one for the mock of the examples.
func newResolver(mock *vertesiatest.Server) *vertesia.Resolver {
	resolver, err := vertesia.New(vertesia.Config{
		Issuer:         mock.Origin(),
		Types:          []string{"user"},
		Accounts:       []string{vertesiatest.AccountID},
		CentralAuth:    mock.CentralAuth(),
		Studio:         mock.Studio(),
		FirebaseIssuer: vertesiatest.FirebaseIssuer, // of your front end's ID tokens, whose alone are sent
		Now:            mock.Now,
	})
	if err != nil {
		log.Fatal(err)
	}
	return resolver
}

// One route takes the tokens of Vertesia and of secureFlows while people move
// from one to the other.
func Example() {
	old, mock := vertesiatest.Start(), secureflowstest.Start()
	defer old.Close()
	defer mock.Close()

	bearer := middleware.NewBearer(middleware.FirstOf(newResolver(old), mock.Client()), middleware.BearerConfig{})
	me := bearer.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, _ := secureflows.IdentityFromContext(r.Context())
		if identity.Provider == vertesia.Provider {
			fmt.Fprint(w, "of ", identity.Tenant, ": ")
		}
		fmt.Fprint(w, identity.Email)
	}))
	for _, token := range []secureflows.Token{
		old.Token("ada@example.com"),
		old.Token("ada@example.com", vertesiatest.Selection{Type: "agent"}),
		mock.Session("grace@example.com").Token(),
	} {
		r := httptest.NewRequest("GET", "/me", nil)
		r.Header.Set("Authorization", "Bearer "+token.Reveal())
		w := httptest.NewRecorder()
		me.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			fmt.Println(w.Code)
			continue
		}
		fmt.Println(w.Body)
	}
	// Output:
	// of demo-account: ada@example.com
	// 403
	// grace@example.com
}

// What a Resolver refuses, it says without asking anybody.
func ExampleResolver_Resolve() {
	mock := vertesiatest.Start()
	defer mock.Close()
	var resolver *vertesia.Resolver = newResolver(mock)
	ctx := context.Background()

	identity, err := resolver.Resolve(ctx, mock.Token("ada@example.com"))
	fmt.Println(identity.Email, identity.Roles, err)

	hostile := mock.Claims("ada@example.com")
	hostile["iss"] = "https://evil.example/.vertesia.io"
	_, err = resolver.Resolve(ctx, mock.Sign(hostile))
	fmt.Println(errors.Is(err, middleware.ErrForeignToken))
	// Output:
	// ada@example.com ["member"] <nil>
	// true
}

// All that a token says, for rules that an Identity has no field for.
func ExampleResolver_Verify() {
	mock := vertesiatest.Start()
	defer mock.Close()
	said := mock.Claims("ada@example.com", vertesiatest.Selection{Project: vertesiatest.ProjectID})
	said["content_security"] = map[string]any{"document": []any{}}

	var claims vertesia.Claims
	claims, err := newResolver(mock).Verify(context.Background(), mock.Sign(said))
	if err != nil {
		log.Fatal(err)
	}
	var account vertesia.Account = claims.Account
	var project *vertesia.Project = claims.Project
	fmt.Println(claims.Type, account.ID, project.ID, claims.Bare())
	if claims.Restricted() {
		fmt.Println("fewer rights than the permissions say:", string(claims.ContentSecurity))
	}
	// Output:
	// user demo-account demo-project false
	// fewer rights than the permissions say: {"document":[]}
}

// A front end that signs in by Firebase sends its ID token, and gets one of
// Vertesia's for the account and the project that it is at.
func ExampleResolver_Exchange() {
	mock := vertesiatest.Start()
	defer mock.Close()
	resolver := newResolver(mock)
	ctx := context.Background()

	token, claims, err := resolver.Exchange(ctx, mock.FirebaseToken("ada@example.com"), vertesia.Selection{Project: vertesiatest.ProjectID})
	fmt.Println(token, claims.Account.ID, claims.Project.ID, err)

	// Another project, with the token as it is.
	_, _, err = resolver.Switch(ctx, token, vertesia.Selection{Project: "somebody else's"})
	var refused *vertesia.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Status, refused.Code, errors.Is(err, secureflows.ErrForbidden))
	}
	// Output:
	// [REDACTED] demo-account demo-project <nil>
	// 403 requested_scope_unavailable true
}

// Somebody whom Vertesia does not know.
func ExampleErrNoUser() {
	mock := vertesiatest.Start(vertesiatest.Options{Newcomers: vertesiatest.NewcomersSignUp})
	defer mock.Close()
	_, _, err := newResolver(mock).Exchange(context.Background(), mock.FirebaseToken("new@example.com"), vertesia.Selection{})
	fmt.Println(errors.Is(err, vertesia.ErrNoUser))
	// Output:
	// true
}

// Where to go on to after the application has ended its own session.
func ExampleResolver_LogoutURL() {
	resolver, err := vertesia.New(vertesia.Config{
		Issuer: "https://sts.vertesia.io", Types: []string{"user"}, Accounts: []string{"our-account"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resolver.LogoutURL("https://app.example.com/"))
	// Output:
	// https://internal-auth.vertesia.app/logout?redirect_uri=https%3A%2F%2Fapp.example.com%2F <nil>
}

// A site that signs people in by Vertesia's page, into a session of its own.
func ExampleNewSignIn() {
	mock := vertesiatest.Start()
	defer mock.Close()
	var signIn *vertesia.SignIn
	signIn, err := vertesia.NewSignIn(newResolver(mock), vertesia.SignInConfig{
		CallbackURL: "http://localhost:8080/auth/callback",
		Done: func(w http.ResponseWriter, r *http.Request, identity secureflows.Identity, token secureflows.Token) error {
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "a new id, of the person", HttpOnly: true})
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, failure vertesia.Failure) {
			fmt.Fprintln(w, failure.Detail)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /auth/login", func(w http.ResponseWriter, r *http.Request) {
		signIn.Login(w, r, r.FormValue("page"), vertesia.Selection{Account: vertesiatest.AccountID})
	})
	mux.HandleFunc("/auth/callback", signIn.Callback)

	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/auth/login?page=/notes", nil))
	fmt.Println(w.Code, w.Result().Cookies()[0].MaxAge)
	w = httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest("GET", "/auth/callback", nil)) // the bridge page
	fmt.Println(w.Code, w.Header().Get("Referrer-Policy"))
	// Output:
	// 303 300
	// 200 no-referrer
}
