package authreturn_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/authreturntest"
)

// One route takes the tokens of AuthReturn and of secureFlows.
func Example() {
	mock := authreturntest.Start()
	defer mock.Close()
	service := secureflowstest.Start()
	defer service.Close()

	old, err := authreturn.New(authreturn.Config{Origin: mock.Origin()}) // without an Origin: the real one
	if err != nil {
		log.Fatal(err)
	}
	bearer := middleware.NewBearer(middleware.FirstOf(old, service.Client()), middleware.BearerConfig{})
	me := bearer.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, _ := secureflows.IdentityFromContext(r.Context())
		fmt.Fprintf(w, "%q %s", identity.Provider, identity.Email)
	}))

	for _, token := range []secureflows.Token{mock.Token("ada@example.com"), service.Session("ada@example.com").Token()} {
		r := httptest.NewRequest(http.MethodGet, "/me", nil)
		r.Header.Set("Authorization", "Bearer "+token.Reveal())
		w := httptest.NewRecorder()
		me.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 200 "authreturn" ada@example.com
	// 200 "" ada@example.com
}

func ExampleResolver_Owns() {
	mock := authreturntest.Start()
	defer mock.Close()
	service := secureflowstest.Start()
	defer service.Close()
	old, err := authreturn.New(authreturn.Config{Origin: mock.Origin()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(old.Owns(mock.Token("ada@example.com")))
	fmt.Println(old.Owns(service.Session("ada@example.com").Token()))
	// Output:
	// true
	// false
}

// Without the secret the service says whose a token is.
func ExampleNew() {
	mock := authreturntest.Start()
	defer mock.Close()

	var resolver *authreturn.Resolver
	resolver, err := authreturn.New(authreturn.Config{Origin: mock.Origin(), Now: mock.Now})
	if err != nil {
		log.Fatal(err)
	}
	token := mock.Token("ada@example.com")
	identity, err := resolver.Resolve(context.Background(), token)
	fmt.Println(identity.Person() == secureflows.Person{Provider: authreturn.Provider, Subject: "1"}, err)

	mock.Advance(31 * 24 * time.Hour)
	_, err = resolver.Resolve(context.Background(), token)
	fmt.Println(errors.Is(err, secureflows.ErrTokenExpired))
	// Output:
	// true <nil>
	// true
}

// With the secret nobody is asked.
func ExampleNewSecret() {
	mock := authreturntest.Start()
	defer mock.Close()

	secret, err := authreturn.NewSecret(mock.Secret())
	if err != nil {
		log.Fatal(err)
	}
	resolver, err := authreturn.New(authreturn.Config{Secret: secret, Leeway: 30 * time.Second})
	if err != nil {
		log.Fatal(err)
	}
	identity, err := resolver.Resolve(context.Background(), mock.Token("ada@example.com"))
	fmt.Println(identity.Email, err, len(mock.Requests()))
	fmt.Println(secret)
	// Output:
	// ada@example.com <nil> 0
	// [REDACTED]
}

// A token is exchanged in its last 7 days. Where that fails the old one is as
// good as before.
func ExampleResolver_Refresh() {
	mock := authreturntest.Start()
	defer mock.Close()
	resolver, err := authreturn.New(authreturn.Config{Origin: mock.Origin(), Now: mock.Now})
	if err != nil {
		log.Fatal(err)
	}
	token := mock.Token("ada@example.com")
	fmt.Println(resolver.RefreshDue(token))

	mock.Advance(25 * 24 * time.Hour)
	if resolver.RefreshDue(token) {
		if fresh, err := resolver.Refresh(context.Background(), token); err == nil {
			token = fresh
		}
	}
	mock.Advance(25 * 24 * time.Hour)
	_, err = resolver.Resolve(context.Background(), token)
	fmt.Println(err)
	// Output:
	// false
	// <nil>
}

// Before an account is linked, its owner proves by the password that it is theirs:
// the token alone may have come from any other site.
func ExampleResolver_Login() {
	mock := authreturntest.Start()
	defer mock.Close()
	resolver, err := authreturn.New(authreturn.Config{Origin: mock.Origin(), Now: mock.Now})
	if err != nil {
		log.Fatal(err)
	}
	old, err := resolver.Resolve(context.Background(), mock.Token("ada@example.com"))
	if err != nil {
		log.Fatal(err)
	}
	_, owner, err := resolver.Login(context.Background(), old.Email, authreturntest.Password)
	fmt.Println(err, owner.Person() == old.Person())

	_, _, err = resolver.Login(context.Background(), old.Email, "a guess")
	fmt.Println(errors.Is(err, secureflows.ErrUnauthenticated))
	// Output:
	// <nil> true
	// true
}

// The hosted pages, for whoever guards the return in another way than a SignIn.
func ExampleResolver_LoginURL() {
	resolver, err := authreturn.New(authreturn.Config{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resolver.LoginURL("https://app.example/callback"))
	fmt.Println(resolver.SignupURL("https://app.example/callback"))
	// Output:
	// https://authreturn.com/auth/login?redirect_uri=https%3A%2F%2Fapp.example%2Fcallback <nil>
	// https://authreturn.com/auth/signup?redirect_uri=https%3A%2F%2Fapp.example%2Fcallback <nil>
}

// A site that keeps sessions of its own, and has people sign in at AuthReturn.
func ExampleNewSignIn() {
	mock := authreturntest.Start()
	defer mock.Close()
	resolver, err := authreturn.New(authreturn.Config{Origin: mock.Origin()})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	site := httptest.NewTLSServer(mux) // https://app.example, in a program
	defer site.Close()
	sessions := map[string]secureflows.Person{} // a table, in a program
	var signIn *authreturn.SignIn
	signIn, err = authreturn.NewSignIn(resolver, authreturn.SignInConfig{
		CallbackURL: site.URL + "/auth/callback",
		Done: func(w http.ResponseWriter, _ *http.Request, identity secureflows.Identity, _ secureflows.Token) error {
			id := rand.Text()
			sessions[id] = identity.Person()
			http.SetCookie(w, &http.Cookie{
				Name: "__Host-session", Value: id, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
			})
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux.HandleFunc("GET /auth/callback/{nonce}", signIn.Callback)
	mux.HandleFunc("GET /signup", func(w http.ResponseWriter, r *http.Request) { signIn.Signup(w, r, "/notes") })
	mux.HandleFunc("GET /notes", func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("__Host-session")
		if err != nil {
			signIn.Login(w, r, r.URL.RequestURI())
			return
		}
		fmt.Fprint(w, "Notes of ", sessions[cookie.Value].Subject)
	})

	browser := site.Client()
	browser.Jar, _ = cookiejar.New(nil)
	hosted, _ := visit(browser, site.URL+"/notes?find=milk") // redirects to the hosted page
	page, text := visit(browser, mock.SignIn(hosted.String(), "ada@example.com"))
	fmt.Println(page.RequestURI(), text)
	// Output: /notes?find=milk Notes of 1
}

// visit gives where a browser comes to, and what is there.
func visit(browser *http.Client, address string) (*url.URL, string) {
	answer, err := browser.Get(address)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		log.Fatal(err)
	}
	return answer.Request.URL, string(text)
}

// A page of one's own for sign-ins that did not succeed.
func ExampleFailure() {
	resolver, err := authreturn.New(authreturn.Config{})
	if err != nil {
		log.Fatal(err)
	}
	signIn, err := authreturn.NewSignIn(resolver, authreturn.SignInConfig{
		CallbackURL: "https://app.example/auth/callback",
		Done: func(http.ResponseWriter, *http.Request, secureflows.Identity, secureflows.Token) error {
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, failure authreturn.Failure) {
			fmt.Fprintf(w, "%s (%d). Try again: %s", failure.Title, failure.Status, failure.Page)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	w := httptest.NewRecorder()
	signIn.Callback(w, httptest.NewRequest(http.MethodGet, "/auth/callback/AAAAAAAAAAAAAAAAAAAAAAAAAA", nil))
	fmt.Println(w.Code, w.Body)
	// Output: 400 Sign-in failed (400). Try again: /
}
