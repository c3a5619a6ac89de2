package middleware_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// The code of the guides in docs, where no example shows it already.

// Two replicas of a site take turns in answering one visitor. They share a store
// and the keys that encrypt what is in it.
func ExampleBrowserConfig() {
	mock := secureflowstest.Start(secureflowstest.Options{RedirectURIs: []string{callbackURL}})
	defer mock.Close()
	database := &table{rows: make(map[string][]byte)}
	oldKey, newKey := make([]byte, 32), make([]byte, 32)
	_, _ = rand.Read(oldKey) // in a program both come from where the secrets are
	_, _ = rand.Read(newKey)

	replica := func(keys ...middleware.EncryptionKey) http.Handler {
		browser, err := middleware.NewBrowser(mock.Client(), middleware.BrowserConfig{
			CallbackURL:    callbackURL,
			AfterLogout:    siteURL + "/",
			Store:          database, // an scs.Store
			EncryptionKeys: keys,     // the first encrypts, all decrypt
		})
		if err != nil {
			panic(err)
		}
		mux := http.NewServeMux()
		mux.Handle("GET /dashboard", browser.Require(http.HandlerFunc(me)))
		mux.Handle("GET /{$}", browser.Optional(http.HandlerFunc(home)))
		mux.HandleFunc("GET /auth/callback", browser.Callback)
		mux.HandleFunc("POST /auth/logout", browser.Logout)
		return mux
	}
	// In the middle of a change of keys: each reads what the other wrote.
	replicas := []http.Handler{replica(oldKey, newKey), replica(newKey, oldKey)}
	turn := 0
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		replicas[turn%2].ServeHTTP(w, r)
		turn++
	})

	ada := person(site, mock, "ada@example.com")
	fmt.Println(body(open(ada, "GET", "/dashboard")))
	fmt.Println(body(open(ada, "GET", "/")))
	fmt.Println(body(open(ada, "GET", "/")))
	open(ada, "POST", "/auth/logout")
	fmt.Println(body(open(ada, "GET", "/")))
	fmt.Println(body(open(ada, "GET", "/")))
	// Output:
	// ada@example.com likes it light
	// Welcome, ada@example.com
	// Welcome, ada@example.com
	// Welcome, stranger
	// Welcome, stranger
}

// A store that can create and replace in one step decides between replicas which
// of them has a sign-in that all are handed.
func ExampleAtomicStore() {
	var database middleware.AtomicStore = &table{rows: make(map[string][]byte)}
	ctx, expiry := context.Background(), time.Now().Add(time.Minute)
	for _, replica := range []string{"the first", "the second"} {
		created, err := database.CreateCtx(ctx, "state", []byte(replica), expiry) // INSERT ... ON CONFLICT DO NOTHING
		fmt.Println(replica, created, err)
	}
	replaced, err := database.ReplaceCtx(ctx, "visitor", []byte("seen"), expiry) // UPDATE
	fmt.Println(replaced, err)
	// Output:
	// the first true <nil>
	// the second false <nil>
	// false <nil>
}

// table stands for that of a database.
type table struct {
	mu   sync.Mutex // guards rows
	rows map[string][]byte
}

func (t *table) FindCtx(_ context.Context, id string) (row []byte, found bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	row, found = t.rows[id]
	return row, found, nil
}

func (t *table) CommitCtx(_ context.Context, id string, row []byte, _ time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[id] = row
	return nil
}

func (t *table) CreateCtx(_ context.Context, id string, row []byte, _ time.Time) (created bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, found := t.rows[id]
	if !found {
		t.rows[id] = row
	}
	return !found, nil
}

func (t *table) ReplaceCtx(_ context.Context, id string, row []byte, _ time.Time) (replaced bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, found := t.rows[id]
	if found {
		t.rows[id] = row
	}
	return found, nil
}

func (t *table) DeleteCtx(_ context.Context, id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.rows, id)
	return nil
}

func (t *table) Find(id string) (row []byte, found bool, err error) {
	return t.FindCtx(context.Background(), id)
}

func (t *table) Commit(id string, row []byte, expiry time.Time) error {
	return t.CommitCtx(context.Background(), id, row, expiry)
}

func (t *table) Delete(id string) error { return t.DeleteCtx(context.Background(), id) }

// The right lines beside five mistakes.
func Example_commonMistakes() {
	mock := secureflowstest.Start(secureflowstest.Options{RedirectURIs: []string{callbackURL}})
	defer mock.Close()
	browser, err := middleware.NewBrowser(mock.Client(), middleware.BrowserConfig{CallbackURL: callbackURL, AfterLogout: siteURL + "/"})
	if err != nil {
		panic(err)
	}

	showTheme := func(w http.ResponseWriter, r *http.Request) {
		// Who it is: never from the request's body, and never from inside a token.
		identity, _ := secureflows.IdentityFromContext(r.Context())
		session, _ := secureflows.SessionFromContext(r.Context())

		// A 404 on a key is no failure: it was never written, and has a default.
		theme, err := secureflows.GetOr(r.Context(), session, "theme", "light")
		if err != nil {
			browser.Refuse(w, r, err) // renews after a 410, which is no loss of data
			return
		}
		fmt.Fprintf(w, "%s likes it %s", identity.Email, theme)
	}

	mux := http.NewServeMux()
	mux.Handle("GET /theme", browser.Require(http.HandlerFunc(showTheme)))
	mux.Handle("GET /{$}", browser.Optional(http.HandlerFunc(home)))
	mux.HandleFunc("GET /auth/callback", browser.Callback) // behind no guard
	mux.HandleFunc("POST /auth/logout", browser.Logout)    // never session.Revoke, which destroys the data
	ada := person(mux, mock, "ada@example.com")
	fmt.Println(body(open(ada, "GET", "/theme")))
	fmt.Println(body(open(ada, "POST", "/auth/logout")))
	// Output:
	// ada@example.com likes it light
	// Welcome, stranger
}
