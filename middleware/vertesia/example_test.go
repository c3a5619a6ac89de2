package vertesia_test

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
	"strings"

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

func ExampleResolver_Owns() {
	old, mock := vertesiatest.Start(), secureflowstest.Start()
	defer old.Close()
	defer mock.Close()

	resolver := newResolver(old)
	fmt.Println(resolver.Owns(old.Token("ada@example.com")))
	fmt.Println(resolver.Owns(mock.Session("ada@example.com").Token()))
	// Output:
	// true
	// false
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
	mux := http.NewServeMux()
	site := httptest.NewTLSServer(mux) // https://app.example, in a program
	defer site.Close()
	sessions := map[string]secureflows.Person{} // a table, in a program
	var signIn *vertesia.SignIn
	signIn, err := vertesia.NewSignIn(newResolver(mock), vertesia.SignInConfig{
		CallbackURL: site.URL + "/auth/callback",
		Done: func(w http.ResponseWriter, r *http.Request, identity secureflows.Identity, token secureflows.Token) error {
			id := rand.Text()
			sessions[id] = identity.Person()
			http.SetCookie(w, &http.Cookie{
				Name: "__Host-session", Value: id, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
			})
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, failure vertesia.Failure) {
			fmt.Fprintln(w, failure.Detail)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	mux.HandleFunc("/auth/callback", signIn.Callback)
	mux.HandleFunc("GET /notes", func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("__Host-session")
		if err != nil {
			signIn.Login(w, r, r.URL.RequestURI(), vertesia.Selection{Account: vertesiatest.AccountID})
			return
		}
		fmt.Fprint(w, "Notes of somebody of ", sessions[cookie.Value].Provider)
	})

	browser := site.Client()
	browser.Jar, _ = cookiejar.New(nil)
	central, _ := ended(browser.Get(site.URL + "/notes?find=milk")) // redirects to the central page
	// The script of the bridge page posts what is in the fragment.
	callback, fragment, _ := strings.Cut(mock.SignIn(central.String(), "ada@example.com"), "#")
	page, text := ended(browser.Post(callback, "application/x-www-form-urlencoded", strings.NewReader(fragment)))
	fmt.Println(page.RequestURI(), text)
	// Output: /notes?find=milk Notes of somebody of vertesia
}

// ended gives where a browser has come to, and what is there.
func ended(answer *http.Response, err error) (*url.URL, string) {
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
