package secureflows_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// The examples run against the mock; against the service, leave the lines that
// mention secureflowstest out.

func Example() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx := context.Background()

	client, err := secureflows.New(secureflows.Config{
		Workspace: "demo-workspace",
		AppID:     "demo-app",
		Origin:    mock.Origin(),
	})
	if err != nil {
		log.Fatal(err)
	}
	session, err := client.GetOrCreateSession(ctx, mock.IDToken("ada@example.com"), nil)
	if err != nil {
		log.Fatal(err)
	}
	theme, err := secureflows.GetOr(ctx, session, "theme", "light")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("before:", theme)
	if _, err := session.Set(ctx, "theme", "dark"); err != nil {
		log.Fatal(err)
	}
	theme, err = secureflows.GetOr(ctx, session, "theme", "light")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("after:", theme)
	// Output:
	// before: light
	// after: dark
}

func ExampleNew() {
	_, err := secureflows.New(secureflows.Config{
		Workspace: "demo-workspace",
		AppID:     "demo-app",
		Origin:    "http://www.secure-flows.com",
	})
	fmt.Println(err)
	// Output:
	// secureflows: new: invalid request: Config.Origin is plain http, which shows tokens to everyone on the way: write https://www.secure-flows.com (http is for a mock on loopback)
}

func ExampleClient() {
	// A program makes one client and shares it. The zero Origin is production.
	client, err := secureflows.New(secureflows.Config{Workspace: "demo-workspace", AppID: "demo-app"})
	if err != nil {
		log.Fatal(err)
	}
	url, err := client.LoginURL(secureflows.LoginOptions{RedirectURI: "https://app.example.com/auth/callback"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(url)
	fmt.Println(secureflows.ProductionOrigin)
	// Output:
	// https://www.secure-flows.com/app/sessions/login?app_id=demo-app&redirect_uri=https%3A%2F%2Fapp.example.com%2Fauth%2Fcallback&workspace_name=demo-workspace
	// https://www.secure-flows.com
}

func ExampleClient_Session() {
	mock := secureflowstest.Start()
	defer mock.Close()
	client := mock.Client()

	// A backend: the token comes with the request, and no call is made yet.
	handler := func(w http.ResponseWriter, r *http.Request, bearer string) {
		token, err := secureflows.NewToken(bearer)
		if err != nil {
			http.Error(w, "no token", http.StatusUnauthorized)
			return
		}
		identity, err := client.Session(token).Identity(r.Context())
		if err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprint(w, "Hello ", identity.Email)
	}

	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	handler(w, r, mock.Session("ada@example.com").Token().Reveal())
	fmt.Println(w.Body)
	// Output: Hello ada@example.com
}

func ExampleClient_GetOrCreateSession() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx, client := context.Background(), mock.Client()
	idToken := mock.IDToken("ada@example.com")

	// Run twice, a job finds its session again; the payload is for a new one.
	for range 2 {
		session, err := client.GetOrCreateSession(ctx, idToken, map[string]any{"imported": true})
		if err != nil {
			log.Fatal(err)
		}
		payload, err := session.Payload(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(payload.Keys())
		if _, err := session.Set(ctx, "runs", 1); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// [imported]
	// [imported runs]
}

func ExampleClient_CreateSession() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx, client := context.Background(), mock.Client()

	mock.SetLimits(secureflowstest.Limits{MaxSessions: 1})
	for range 2 {
		_, err := client.CreateSession(ctx, mock.IDToken("ada@example.com"), nil)
		fmt.Println(errors.Is(err, secureflows.ErrSessionLimit))
	}
	// Output:
	// false
	// true
}

func ExampleClient_RenewSession() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx, client := context.Background(), mock.Client()
	session := mock.Session("ada@example.com")
	if _, err := session.Set(ctx, "theme", "dark"); err != nil {
		log.Fatal(err)
	}
	mock.ExpireToken(session.Token())

	_, err := session.Payload(ctx)
	if errors.Is(err, secureflows.ErrTokenExpired) {
		var payload secureflows.Payload
		session, payload, err = client.RenewSession(ctx, mock.IDToken("ada@example.com"), session.Token())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("renewed, with the data: %s\n", payload["theme"])
	}
	// Output: renewed, with the data: "dark"
}

func ExampleClient_OnSignedOut() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx, client := context.Background(), mock.Client()
	session := mock.Session("ada@example.com")

	answers := map[secureflows.Token]string{session.Token(): "kept"}
	stop := client.OnSignedOut(func(token secureflows.Token) { delete(answers, token) })
	defer stop()

	if err := session.Logout(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println("answers kept:", len(answers))
	// Output: answers kept: 0
}

func ExampleClient_SearchDocs() {
	mock := secureflowstest.Start()
	defer mock.Close()

	result, err := mock.Client().SearchDocs(context.Background(), "renew session token", 1)
	if err != nil {
		log.Fatal(err)
	}
	for _, hit := range result.Hits {
		var best secureflows.DocsHit = hit
		fmt.Println(best.Title != "" && best.URL != "")
	}
	// Output: true
}

func ExampleDocsResult() {
	result := secureflows.DocsResult{
		Query: "renew",
		Hits:  []secureflows.DocsHit{{Title: "Renewal", URL: "/docs/read/?path=renewal.md", Score: 0.9}},
	}
	for _, hit := range result.Hits {
		fmt.Println(hit.Title, secureflows.ProductionOrigin+hit.URL)
	}
	// Output: Renewal https://www.secure-flows.com/docs/read/?path=renewal.md
}

func ExampleClient_ValidateRedirect() {
	mock := secureflowstest.Start()
	defer mock.Close()

	// At start-up: is the callback on the dashboard's allowlist?
	var check secureflows.RedirectCheck
	check, err := mock.Client().ValidateRedirect(context.Background(), "https://app.example.com/auth/callback")
	if err != nil {
		log.Fatal(err)
	}
	if !check.Valid {
		fmt.Println("add the callback in the dashboard")
	}
	// Output: add the callback in the dashboard
}

func ExampleClient_Resolve() {
	mock := secureflowstest.Start()
	defer mock.Close()

	identity, err := mock.Client().Resolve(context.Background(), mock.Session("ada@example.com").Token())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(identity.Email, identity.UserID == mock.UserID("ada@example.com"))
	// Output: ada@example.com true
}

func ExampleClient_ReauthURL() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx, client := context.Background(), mock.Client()
	login := secureflows.LoginOptions{RedirectURI: secureflowstest.RedirectURI}
	session := mock.Session("ada@example.com")

	explain := func(err error) {
		target, ok := client.ReauthURL(err, session.Token(), login)
		if !ok {
			fmt.Println("stay: this is no sign-out")
			return
		}
		u, err := url.Parse(target)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("redirect, renewing:", u.Query().Has("session_token"))
	}

	mock.Fail(secureflowstest.Fault{Status: http.StatusBadGateway})
	_, err := session.Payload(ctx)
	explain(err)

	mock.ExpireToken(session.Token())
	_, err = session.Payload(ctx)
	explain(err)

	mock.RevokeSession(session.Token())
	_, err = session.Payload(ctx)
	explain(err)
	// Output:
	// stay: this is no sign-out
	// redirect, renewing: true
	// redirect, renewing: false
}

func ExampleClient_RenewURL() {
	client, err := secureflows.New(secureflows.Config{Workspace: "demo-workspace", AppID: "demo-app"})
	if err != nil {
		log.Fatal(err)
	}
	expired, err := secureflows.NewToken("expired-token")
	if err != nil {
		log.Fatal(err)
	}
	target, err := client.RenewURL(expired, secureflows.LoginOptions{
		RedirectURI: "https://app.example.com/auth/callback",
		State:       "6f1d…", // of this attempt and this browser
		TTL:         time.Hour,
	})
	if err != nil {
		log.Fatal(err)
	}
	u, err := url.Parse(target)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(secureflows.RedactURL(u)) // the URL itself holds the token
	// Output: https://www.secure-flows.com/app/sessions/login?app_id=demo-app&redirect_uri=https%3A%2F%2Fapp.example.com%2Fauth%2Fcallback&session_token=REDACTED&state=6f1d%E2%80%A6&ttl_seconds=3600&workspace_name=demo-workspace
}

func ExampleClient_LogoutURL() {
	client, err := secureflows.New(secureflows.Config{Workspace: "demo-workspace", AppID: "demo-app"})
	if err != nil {
		log.Fatal(err)
	}
	token, err := secureflows.NewToken("session-token")
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.LogoutURL(token, "https://app.example.com/auth/callback")
	fmt.Println(err)

	signOut := func(w http.ResponseWriter, r *http.Request) {
		target, err := client.LogoutURL(token, "https://app.example.com/")
		if err != nil {
			http.Error(w, "sign-out is misconfigured", http.StatusInternalServerError)
			return
		}
		http.Redirect(w, r, target, http.StatusSeeOther) // the whole window, never a fetch
	}
	w := httptest.NewRecorder()
	signOut(w, httptest.NewRequest(http.MethodPost, "/auth/logout", nil))
	fmt.Println(w.Code)
	// Output:
	// secureflows: logout URL: invalid request: the post-logout URI is a callback route, which would sign the user in again: use another page, such as /
	// 303
}
