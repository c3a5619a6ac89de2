package secureflows_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func ExampleSession() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx := context.Background()
	var session *secureflows.Session = mock.Session("ada@example.com")

	payload, err := session.Set(ctx, "theme", "dark")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(payload.Keys())
	raw, err := session.Get(ctx, "theme")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(raw))
	existed, err := session.Delete(ctx, "theme")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(existed)
	fmt.Println(session, session.Token()) // neither shows the token
	// Output:
	// [theme]
	// "dark"
	// true
	// secureflows.Session([REDACTED]) [REDACTED]
}

func ExampleSession_Identity() {
	mock := secureflowstest.Start()
	defer mock.Close()

	identity, err := mock.Session("ada@example.com").Identity(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(identity.Email)
	// Output: ada@example.com
}

func ExampleSession_Logout() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx := context.Background()
	session := mock.Session("ada@example.com")
	if _, err := session.Set(ctx, "theme", "dark"); err != nil {
		log.Fatal(err)
	}

	if err := session.Logout(ctx); err != nil {
		log.Fatal(err)
	}
	_, err := session.Payload(ctx)
	fmt.Println(errors.Is(err, secureflows.ErrSignedOut))

	// The data waits for the next sign-in.
	theme, err := secureflows.Get[string](ctx, mock.Session("ada@example.com"), "theme")
	fmt.Println(theme, err)
	// Output:
	// true
	// dark <nil>
}

func ExampleSession_Revoke() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx := context.Background()
	session := mock.Session("ada@example.com")

	// Only because the person asked to have everything deleted.
	if _, err := session.Revoke(ctx); err != nil {
		log.Fatal(err)
	}
	_, err := session.Payload(ctx)
	fmt.Println(errors.Is(err, secureflows.ErrSessionRevoked))
	// Output: true
}

func ExampleGet() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx := context.Background()
	session := mock.Session("ada@example.com")

	type Preferences struct {
		Language string `json:"language"`
	}
	_, err := secureflows.Get[Preferences](ctx, session, "preferences")
	fmt.Println(errors.Is(err, secureflows.ErrKeyNotFound))

	if _, err := session.Set(ctx, "preferences", Preferences{Language: "en"}); err != nil {
		log.Fatal(err)
	}
	preferences, err := secureflows.Get[Preferences](ctx, session, "preferences")
	fmt.Println(preferences.Language, err)
	// Output:
	// true
	// en <nil>
}

func ExampleGetOr() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx := context.Background()
	session := mock.Session("ada@example.com")

	theme, err := secureflows.GetOr(ctx, session, "theme", "light")
	fmt.Println(theme, err)

	// The default is for a key that was never written, not for an outage.
	mock.Fail(secureflowstest.Fault{Status: http.StatusServiceUnavailable})
	_, err = secureflows.GetOr(ctx, session, "theme", "light")
	fmt.Println(errors.Is(err, secureflows.ErrUnavailable))
	// Output:
	// light <nil>
	// true
}

// Keys are declared once for an application.
var Theme = secureflows.Key[string]{Name: "theme", Default: "light"}

func ExampleKey() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx := context.Background()
	session := mock.Session("ada@example.com")

	if _, err := Theme.Set(ctx, session, "dark"); err != nil {
		log.Fatal(err)
	}
	theme, err := Theme.Get(ctx, session)
	fmt.Println(theme, err)
	if _, err := Theme.Delete(ctx, session); err != nil {
		log.Fatal(err)
	}
	theme, err = Theme.Get(ctx, session)
	fmt.Println(theme, err)
	// Output:
	// dark <nil>
	// light <nil>
}

type Note struct {
	Text string `json:"text"`
}

var Notes = secureflows.Collection[Note]{Prefix: "note:"}

func ExampleCollection() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx := context.Background()
	session := mock.Session("ada@example.com")

	for id, text := range map[string]string{"shopping": "milk", "ideas": "a boat"} {
		if _, err := Notes.Put(ctx, session, id, Note{Text: text}); err != nil {
			log.Fatal(err)
		}
	}
	note, err := Notes.Get(ctx, session, "ideas")
	fmt.Println(note.Text, err)

	all, err := Notes.All(ctx, session) // one request
	if err != nil {
		log.Fatal(err)
	}
	for id, note := range all {
		fmt.Println(id, "=", note.Text)
	}
	existed, err := Notes.Delete(ctx, session, "ideas")
	fmt.Println(existed, err)
	// Output:
	// a boat <nil>
	// ideas = a boat
	// shopping = milk
	// true <nil>
}

func ExamplePayload() {
	payload := secureflows.Payload{
		"theme":     []byte(`"dark"`),
		"note:one":  []byte(`{"text":"milk"}`),
		"note:two":  []byte(`{"text":"a boat"}`),
		"onboarded": []byte(`null`),
	}
	theme := "light"
	if err := payload.Decode("theme", &theme); err != nil {
		log.Fatal(err)
	}
	fmt.Println(theme)
	fmt.Println(payload.Keys())
	fmt.Println(payload.WithPrefix("note:").Keys())
	fmt.Println(payload.Has("onboarded"), payload.Has("language"))
	// Output:
	// dark
	// [note:one note:two onboarded theme]
	// [note:one note:two]
	// true false
}

func ExampleToken() {
	var token secureflows.Token
	token, err := secureflows.NewToken("eyJhbGciOi")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v %s %#v %x\n", token, token, token, token)
	fmt.Println(token.Reveal(), token.IsZero())
	// Output:
	// [REDACTED] [REDACTED] [REDACTED] [REDACTED]
	// eyJhbGciOi false
}

func ExampleNewToken() {
	_, err := secureflows.NewToken("Bearer eyJhbGciOi")
	fmt.Println(err)
	// Output:
	// secureflows: new session token: invalid request: the session token has a character at byte 6 that no bearer token can have (white space, a quote, or the word Bearer left in front?)
}

func ExampleNewIDToken() {
	var idToken secureflows.IDToken
	idToken, err := secureflows.NewIDToken("eyJhbGciOi")
	fmt.Println(idToken, err)
	// Output: [REDACTED] <nil>
}

func ExampleError() {
	mock := secureflowstest.Start()
	defer mock.Close()
	session := mock.Session("ada@example.com")
	mock.SetLimits(secureflowstest.Limits{MaxPayloadBytes: 10})

	_, err := session.Set(context.Background(), "note", "far too long")
	var facts *secureflows.Error
	if errors.As(err, &facts) {
		fmt.Println(facts.Op, facts.StatusCode, facts.Code)
		fmt.Println(facts.Message)
	}
	// Output:
	// set 429 BILLING_PAYLOAD_LIMIT
	// session payload exceeds plan limit (max 10 bytes)
}

// What an application does about each failure.
func Example_errors() {
	decide := func(err error) string {
		switch {
		case err == nil:
			return "carry on"
		case errors.Is(err, secureflows.ErrKeyNotFound):
			return "use a default"
		case errors.Is(err, secureflows.ErrTokenExpired):
			return "renew: the data is intact"
		case errors.Is(err, secureflows.ErrSessionRevoked),
			errors.Is(err, secureflows.ErrSessionNotFound),
			errors.Is(err, secureflows.ErrUnauthenticated),
			errors.Is(err, secureflows.ErrSignedOut):
			return "sign in afresh"
		case errors.Is(err, secureflows.ErrGraceLock):
			return "tell the user; still signed in"
		case errors.Is(err, secureflows.ErrSessionLimit),
			errors.Is(err, secureflows.ErrPayloadTooLarge):
			return "tell the user; no retry"
		case errors.Is(err, secureflows.ErrRateLimited),
			errors.Is(err, secureflows.ErrUnavailable):
			return "later; still signed in"
		case errors.Is(err, secureflows.ErrForbidden):
			return "refused; still signed in"
		case errors.Is(err, secureflows.ErrInvalidRequest):
			return "a bug"
		default: // context.Canceled, context.DeadlineExceeded
			return "the caller gave up"
		}
	}
	fmt.Println(decide(fmt.Errorf("load notes: %w", secureflows.ErrTokenExpired)))
	fmt.Println(decide(fmt.Errorf("load notes: %w", context.Canceled)))
	// Output:
	// renew: the data is intact
	// the caller gave up
}

func ExampleParseCallback() {
	callback := func(w http.ResponseWriter, r *http.Request) {
		var returned secureflows.Callback
		returned, err := secureflows.ParseCallback(r)
		var failed *secureflows.CallbackError
		if errors.As(err, &failed) {
			http.Error(w, "Sign-in did not succeed: "+failed.Code, http.StatusBadRequest)
			return
		}
		fmt.Println("state:", returned.State, "token:", returned.Token)
	}
	get := func(query string) {
		w := httptest.NewRecorder()
		callback(w, httptest.NewRequest(http.MethodGet, "/auth/callback"+query, nil))
		fmt.Print(w.Body)
	}
	get("?sessionToken=eyJhbGciOi&state=6f1d")
	get("?error=access_denied&error_description=The+person+cancelled")
	get("")
	fmt.Println(secureflows.CallbackIncomplete, secureflows.CallbackMalformed)
	// Output:
	// state: 6f1d token: [REDACTED]
	// Sign-in did not succeed: access_denied
	// Sign-in did not succeed: incomplete_return
	// incomplete_return malformed_return
}

func ExampleCallbackError() {
	err := &secureflows.CallbackError{Code: "access_denied", Description: "The person cancelled"}
	fmt.Println(err)
	// Output: secureflows: callback: login failed: "access_denied": "The person cancelled"
}

func ExampleClient_CompleteURL() {
	client, err := secureflows.New(secureflows.Config{Workspace: "demo-workspace", AppID: "demo-app"})
	if err != nil {
		log.Fatal(err)
	}
	login := secureflows.LoginOptions{RedirectURI: "https://app.example.com/auth/callback"}
	r := httptest.NewRequest(http.MethodGet, "/auth/callback?firebaseToken=eyJhbGciOi", nil)

	callback, err := secureflows.ParseCallback(r)
	if err != nil {
		log.Fatal(err)
	}
	if !callback.IDToken.IsZero() { // a legacy return: no session yet
		target, err := client.CompleteURL(callback, login)
		fmt.Println(target != "", err)
	}
	// Output: true <nil>
}

func ExampleNewContext() {
	handler := func(w http.ResponseWriter, r *http.Request) {
		identity, ok := secureflows.IdentityFromContext(r.Context())
		if !ok {
			fmt.Fprint(w, "Hello stranger")
			return
		}
		fmt.Fprint(w, "Hello ", identity.Email)
	}
	mock := secureflowstest.Start()
	defer mock.Close()
	session := mock.Session("ada@example.com")

	// A test of the handler, without the middleware in front of it.
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	ctx := secureflows.NewContext(r.Context(), secureflows.Identity{UserID: 42, Email: "ada@example.com"}, session)
	w := httptest.NewRecorder()
	handler(w, r.WithContext(ctx))
	fmt.Println(w.Body)
	// Output: Hello ada@example.com
}

func ExampleSessionFromContext() {
	_, ok := secureflows.SessionFromContext(context.Background())
	fmt.Println("signed in:", ok)
	// Output: signed in: false
}
