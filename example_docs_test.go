package secureflows_test

import (
	"bytes"
	"context"
	"errors"
	"expvar"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// The code of the guides in docs, where no example shows it already.

// The right lines beside five mistakes.
func Example_commonMistakes() {
	mock := secureflowstest.Start()
	defer mock.Close()
	ctx, client := context.Background(), mock.Client()
	login := secureflows.LoginOptions{RedirectURI: secureflowstest.RedirectURI}
	session := mock.Session("ada@example.com")

	// A 404 on a key is no failure: it was never written, and has a default.
	theme, err := secureflows.GetOr(ctx, session, "theme", "light")
	fmt.Println(theme, err)

	// Who it is, the service says: no request body, and no decoded token.
	identity, err := session.Identity(ctx)
	fmt.Println(identity.Email, err)

	mock.ExpireToken(session.Token())
	_, err = session.Payload(ctx)
	// A 410 is no loss of data: renew the token, and everything is there.
	renewal, ok := client.ReauthURL(err, session.Token(), login)
	fmt.Println(renewal != "", ok)

	session = mock.Session("ada@example.com")
	// Signing out destroys nothing; Revoke is for "delete my data" alone.
	signOut, err := client.LogoutURL(session.Token(), "https://app.example.com/") // sends a browser there
	fmt.Println(signOut != "", err)
	err = session.Logout(ctx) // signs out anything else
	fmt.Println(err)
	// Output:
	// light <nil>
	// ada@example.com <nil>
	// true true
	// true <nil>
	// <nil>
}

// metered counts the attempts of a client by what came of them. It keeps no
// URL: where one is wanted, secureflows.RedactURL gives it without its token.
type metered struct {
	next     http.RoundTripper
	attempts *expvar.Map
}

func (m metered) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := m.next.RoundTrip(r)
	if err != nil {
		m.attempts.Add("no answer", 1)
		return nil, err
	}
	m.attempts.Add(strconv.Itoa(response.StatusCode), 1)
	return response, nil
}

// A client with all that an operator may want to set.
func Example_operating() {
	mock := secureflowstest.Start()
	defer mock.Close()
	var text bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
	attempts := new(expvar.Map).Init()

	pool := http.DefaultTransport.(*http.Transport).Clone()
	pool.MaxIdleConnsPerHost = pool.MaxIdleConns // the default throws all but two away

	client, err := secureflows.New(secureflows.Config{
		Workspace:  "demo-workspace",
		AppID:      "demo-app",
		Origin:     mock.Origin(), // a program leaves it out
		HTTPClient: &http.Client{Transport: metered{pool, attempts}, Timeout: 5 * time.Second},
		MaxRetries: 2,
		Logger:     logger,
	})
	if err != nil {
		log.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	mock.Fail(secureflowstest.Fault{Status: http.StatusBadGateway})
	if _, err := client.Session(mock.Session("ada@example.com").Token()).Payload(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(attempts)
	fmt.Println(strings.Count(text.String(), "secureflows: attempt"), "records")
	// Output:
	// {"200": 1, "502": 1}
	// 2 records
}

// Work that a person's own request begins needs no ID token: the session goes
// along, in memory.
func Example_workAfterARequest() {
	mock := secureflowstest.Start()
	defer mock.Close()
	bearer := middleware.NewBearer(mock.Client(), middleware.BearerConfig{})
	export := func(ctx context.Context, session *secureflows.Session) {
		identity, err := session.Identity(ctx)
		fmt.Println("exported for", identity.Email, err)
	}

	var exports sync.WaitGroup
	startExport := func(w http.ResponseWriter, r *http.Request) {
		session, _ := secureflows.SessionFromContext(r.Context())
		ctx := context.WithoutCancel(r.Context()) // the request may end first
		exports.Go(func() { export(ctx, session) })
		w.WriteHeader(http.StatusAccepted)
	}

	r := httptest.NewRequest(http.MethodPost, "/export", nil)
	r.Header.Set("Authorization", "Bearer "+mock.Session("ada@example.com").Token().Reveal())
	bearer.Require(http.HandlerFunc(startExport)).ServeHTTP(httptest.NewRecorder(), r)
	exports.Wait()
	// Output: exported for ada@example.com <nil>
}

// A front end that has signed somebody in with Firebase hands its ID token over.
func Example_handOver() {
	mock := secureflowstest.Start()
	defer mock.Close()
	client := mock.Client()
	work := func(_ context.Context, session *secureflows.Session) { fmt.Println("working with", session) }

	begin := func(w http.ResponseWriter, r *http.Request) {
		text, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		idToken, err := secureflows.NewIDToken(text)
		if err != nil {
			http.Error(w, "send a Firebase ID token", http.StatusUnauthorized)
			return
		}
		session, err := client.GetOrCreateSession(r.Context(), idToken, nil)
		switch {
		case errors.Is(err, secureflows.ErrSignedOut):
			http.Error(w, "this ID token is not accepted; get a fresh one", http.StatusUnauthorized)
		case err != nil:
			http.Error(w, "try again", http.StatusServiceUnavailable)
		default:
			work(r.Context(), session)
		}
	}

	for _, idToken := range []string{mock.IDToken("ada@example.com").Reveal(), "", "invented"} {
		r := httptest.NewRequest(http.MethodPost, "/begin", nil)
		r.Header.Set("Authorization", "Bearer "+idToken)
		w := httptest.NewRecorder()
		begin(w, r)
		fmt.Println(w.Code)
	}
	// Output:
	// working with secureflows.Session([REDACTED])
	// 200
	// 401
	// 401
}
