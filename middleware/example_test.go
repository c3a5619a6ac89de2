package middleware_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// The examples run against the mock and ask with get, which stands for a front
// end.
func get(handler http.Handler, path string, token string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result()
}

func body(response *http.Response) string {
	text, _ := io.ReadAll(response.Body)
	return string(text)
}

// me is behind a Bearer: somebody is signed in.
func me(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	session, _ := secureflows.SessionFromContext(r.Context())
	theme, err := secureflows.GetOr(r.Context(), session, "theme", "light")
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintf(w, "%s likes it %s", identity.Email, theme)
}

func Example() {
	mock := secureflowstest.Start()
	defer mock.Close()
	session := mock.Session("ada@example.com")

	bearer := middleware.NewBearer(mock.Client(), middleware.BearerConfig{})
	mux := http.NewServeMux()
	mux.Handle("GET /me", bearer.Require(http.HandlerFunc(me)))

	fmt.Println(body(get(mux, "/me", session.Token().Reveal())))
	_ = session.Logout(context.Background())
	fmt.Println(get(mux, "/me", session.Token().Reveal()).Status)
	// Output:
	// ada@example.com likes it light
	// 401 Unauthorized
}

func ExampleNewBearer() {
	mock := secureflowstest.Start()
	defer mock.Close()

	bearer := middleware.NewBearer(mock.Client(), middleware.BearerConfig{Realm: "notes"})
	response := get(bearer.Require(http.HandlerFunc(me)), "/", "")
	fmt.Println(response.Status, response.Header.Get("WWW-Authenticate"))
	fmt.Println(body(response))
	// Output:
	// 401 Unauthorized Bearer realm="notes"
	// {"type":"https://github.com/secureflows/secureflows-go/blob/main/docs/problems.md#no-credentials","title":"Sign-in required","status":401,"detail":"The request carries no bearer token."}
}

// A browser's websocket cannot have an Authorization header; it says the token
// among its subprotocols.
func ExampleBearerConfig() {
	mock := secureflowstest.Start()
	defer mock.Close()

	cfg := middleware.BearerConfig{
		// The front end gets the URL of hosted login with each 401.
		RedirectURI: secureflowstest.RedirectURI,
		TokenSource: func(r *http.Request) (token string, ok bool) {
			_, token, ok = strings.Cut(r.Header.Get("Sec-WebSocket-Protocol"), "notes, bearer.")
			return token, ok
		},
	}
	bearer := middleware.NewBearer(mock.Client(), cfg)
	r := httptest.NewRequest(http.MethodGet, "/updates", nil)
	r.Header.Set("Sec-WebSocket-Protocol", "notes, bearer."+mock.Session("ada@example.com").Token().Reveal())
	identity, err := bearer.Check(r)
	fmt.Println(identity.Email, err)
	// Output: ada@example.com <nil>
}

func ExampleBearer_Optional() {
	mock := secureflowstest.Start()
	defer mock.Close()
	session := mock.Session("ada@example.com")

	feed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if identity, ok := secureflows.IdentityFromContext(r.Context()); ok {
			fmt.Fprint(w, "what ", identity.Email, " follows")
			return
		}
		fmt.Fprint(w, "what everybody sees")
	})
	var bearer *middleware.Bearer = middleware.NewBearer(mock.Client(), middleware.BearerConfig{})
	handler := bearer.Optional(feed)

	fmt.Println(body(get(handler, "/feed", "")))
	fmt.Println(body(get(handler, "/feed", session.Token().Reveal())))
	fmt.Println(get(handler, "/feed", "invented").Status, "- not as nobody")
	// Output:
	// what everybody sees
	// what ada@example.com follows
	// 401 Unauthorized - not as nobody
}

// A revocation made elsewhere is noticed after ten seconds at worst, and at
// once where it matters.
func ExampleBearer_RequireFresh() {
	mock := secureflowstest.Start()
	defer mock.Close()
	session := mock.Session("ada@example.com")

	bearer := middleware.NewBearer(mock.Client(), middleware.BearerConfig{})
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	token := session.Token().Reveal()
	fmt.Println(get(bearer.Require(ok), "/", token).Status)
	mock.RevokeSession(session.Token()) // on the account page
	fmt.Println(get(bearer.Require(ok), "/", token).Status)
	fmt.Println(get(bearer.RequireFresh(0)(ok), "/account", token).Status)
	// Output:
	// 200 OK
	// 200 OK
	// 401 Unauthorized
}

func ExampleBearer_Allow() {
	mock := secureflowstest.Start()
	defer mock.Close()
	staff := map[int64]bool{mock.UserID("grace@example.com"): true}

	bearer := middleware.NewBearer(mock.Client(), middleware.BearerConfig{})
	onlyStaff := bearer.Allow(func(identity secureflows.Identity) error {
		if !staff[identity.UserID] {
			return errors.New("not on the staff")
		}
		return nil
	})
	handler := onlyStaff(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, email := range []string{"grace@example.com", "ada@example.com"} {
		fmt.Println(email, get(handler, "/admin", mock.Session(email).Token().Reveal()).Status)
	}
	// Output:
	// grace@example.com 200 OK
	// ada@example.com 403 Forbidden
}

// Where no http.Handler fits, as in the interceptor of an RPC library, Check
// gives the verdict and a Refusal what it comes to.
func ExampleBearer_Check() {
	mock := secureflowstest.Start()
	defer mock.Close()

	bearer := middleware.NewBearer(mock.Client(), middleware.BearerConfig{})
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer invented")
	_, err := bearer.Check(r)
	refusal := middleware.Refusal{Err: err}
	fmt.Println(errors.Is(err, secureflows.ErrSignedOut), refusal.Status(), refusal.Title())
	// Output: true 401 Sign-in required
}

// A site that speaks HTML renders refusals itself; the status stays.
func ExampleRefusal() {
	mock := secureflowstest.Start()
	defer mock.Close()

	bearer := middleware.NewBearer(mock.Client(), middleware.BearerConfig{
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, refusal *middleware.Refusal) {
			if strings.Contains(r.Header.Get("Accept"), "json") {
				refusal.Write(w)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, "<h1>%s</h1><p>%s<!-- %s -->", refusal.Title(), refusal.Detail(), refusal.Type())
		},
	})
	response := get(bearer.Require(http.HandlerFunc(me)), "/", "")
	fmt.Println(response.Status)
	fmt.Println(body(response))
	// Output:
	// 401 Unauthorized
	// <h1>Sign-in required</h1><p>The request carries no bearer token.<!-- https://github.com/secureflows/secureflows-go/blob/main/docs/problems.md#no-credentials -->
}
