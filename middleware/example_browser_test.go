package middleware_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"

	"github.com/alexedwards/scs/v2"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// The examples' site and its service. In a program the URLs are constants.
const (
	siteURL     = "https://app.example.com"
	callbackURL = siteURL + "/auth/callback"
)

// person is somebody's browser, which goes where it is sent.
func person(site http.Handler, mock *secureflowstest.Server, email string) *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "app.example.com" {
			w := httptest.NewRecorder()
			site.ServeHTTP(w, r)
			return w.Result(), nil
		}
		// The mock's pages; a person would press the button.
		if r.URL.Path == "/app/sessions/login" {
			w := httptest.NewRecorder()
			http.Redirect(w, r, mock.SignIn(r.URL.String(), email), http.StatusSeeOther)
			return w.Result(), nil
		}
		return http.DefaultTransport.RoundTrip(r)
	})}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// open visits a page as a browser does.
func open(client *http.Client, method, path string) *http.Response {
	r, _ := http.NewRequest(method, siteURL+path, nil)
	r.Header.Set("Sec-Fetch-Mode", "navigate")
	r.Header.Set("Sec-Fetch-Dest", "document")
	response, err := client.Do(r)
	if err != nil {
		panic(err)
	}
	return response
}

func ExampleNewBrowser() {
	mock := secureflowstest.Start(secureflowstest.Options{RedirectURIs: []string{callbackURL}})
	defer mock.Close()

	browser, err := middleware.NewBrowser(mock.Client(), middleware.BrowserConfig{
		CallbackURL: callbackURL,
		AfterLogout: siteURL + "/",
	})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /dashboard", browser.Require(http.HandlerFunc(me)))
	mux.Handle("GET /{$}", browser.Optional(http.HandlerFunc(home)))
	mux.HandleFunc("GET /auth/callback", browser.Callback)
	mux.HandleFunc("POST /auth/logout", browser.Logout)

	ada := person(mux, mock, "ada@example.com")
	fmt.Println(body(open(ada, "GET", "/")))
	fmt.Println(body(open(ada, "GET", "/dashboard")))
	fmt.Println(body(open(ada, "GET", "/")))
	fmt.Println(body(open(ada, "POST", "/auth/logout")))
	// Output:
	// Welcome, stranger
	// ada@example.com likes it light
	// Welcome, ada@example.com
	// Welcome, stranger
}

// home is behind Optional.
func home(w http.ResponseWriter, r *http.Request) {
	if identity, ok := secureflows.IdentityFromContext(r.Context()); ok {
		fmt.Fprintf(w, "Welcome, %s", identity.Email)
		return
	}
	fmt.Fprint(w, "Welcome, stranger")
}

// The middleware has let the request through, but what the handler asks for may
// be refused all the same.
func ExampleBrowser_Refuse() {
	mock := secureflowstest.Start(secureflowstest.Options{RedirectURIs: []string{callbackURL}})
	defer mock.Close()
	browser, _ := middleware.NewBrowser(mock.Client(), middleware.BrowserConfig{CallbackURL: callbackURL, AfterLogout: siteURL})

	notes := func(w http.ResponseWriter, r *http.Request) {
		session, _ := secureflows.SessionFromContext(r.Context())
		payload, err := session.Payload(r.Context())
		if err != nil {
			browser.Refuse(w, r, err) // signs in again, or says what is wrong
			return
		}
		fmt.Fprint(w, len(payload), " notes")
	}
	mux := http.NewServeMux()
	mux.Handle("GET /notes", browser.Require(http.HandlerFunc(notes)))
	mux.HandleFunc("GET /auth/callback", browser.Callback)

	ada := person(mux, mock, "ada@example.com")
	fmt.Println(body(open(ada, "GET", "/notes")))
	mock.Fail(secureflowstest.Fault{Status: 500, Path: "/api/v1/sessions"})
	fmt.Println(open(ada, "GET", "/notes").Status)
	// Output:
	// 0 notes
	// 503 Service Unavailable
}

// Reauth is for handlers that have pages of their own for everything but a
// sign-out. The other guards are those of a Bearer.
func ExampleBrowser_Reauth() {
	mock := secureflowstest.Start(secureflowstest.Options{RedirectURIs: []string{callbackURL}})
	defer mock.Close()
	browser, _ := middleware.NewBrowser(mock.Client(), middleware.BrowserConfig{CallbackURL: callbackURL, AfterLogout: siteURL})

	deleteAll := func(w http.ResponseWriter, r *http.Request) {
		session, _ := secureflows.SessionFromContext(r.Context())
		if _, err := session.Revoke(r.Context()); browser.Reauth(w, r, err) {
			return
		} else if err != nil {
			http.Error(w, "Nothing was deleted. Try again.", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, "deleted")
	}
	staff := func(identity secureflows.Identity) error {
		return fmt.Errorf("user %d is not on the staff", identity.UserID)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /delete", browser.RequireFresh(0)(http.HandlerFunc(deleteAll)))
	mux.Handle("GET /staff", browser.Allow(staff)(http.HandlerFunc(me)))
	mux.HandleFunc("GET /auth/callback", browser.Callback)

	ada := person(mux, mock, "ada@example.com")
	fmt.Println(open(ada, "POST", "/delete").Status) // a form is not sent elsewhere
	fmt.Println(open(ada, "GET", "/staff").Status)
	fmt.Println(body(open(ada, "POST", "/delete")))
	// Output:
	// 401 Unauthorized
	// 403 Forbidden
	// deleted
}

// A start-up check finds a callback that the dashboard does not know.
func ExampleBrowser_ValidateRedirects() {
	mock := secureflowstest.Start()
	defer mock.Close()
	browser, _ := middleware.NewBrowser(mock.Client(), middleware.BrowserConfig{CallbackURL: callbackURL, AfterLogout: siteURL})

	fmt.Println(browser.ValidateRedirects(context.Background()) != nil)
	// Output: true
}

// A store that other replicas share needs a key that they share too.
func ExampleEncryptionKey() {
	mock := secureflowstest.Start()
	defer mock.Close()
	key := middleware.EncryptionKey(make([]byte, 32))
	_, _ = rand.Read(key) // in a program it comes from where the secrets are

	var database scs.Store = &emptyStore{}
	cfg := middleware.BrowserConfig{CallbackURL: callbackURL, AfterLogout: siteURL, Store: database}
	_, err := middleware.NewBrowser(mock.Client(), cfg)
	fmt.Println(err)

	cfg.EncryptionKeys = []middleware.EncryptionKey{key}
	browser, err := middleware.NewBrowser(mock.Client(), cfg)
	fmt.Println(browser, err)
	fmt.Println(key)
	// Output:
	// secureflows: invalid request: new browser: BrowserConfig.Store keeps tokens outside of this process, and there are no EncryptionKeys: give it one of 32 random bytes
	// middleware.Browser <nil>
	// [REDACTED]
}

// emptyStore stands for a database.
type emptyStore struct{ scs.Store }
