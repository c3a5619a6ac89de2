package redis_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/redis/rueidis"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/redis"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

const (
	callbackURL = "http://localhost:8080/auth/callback"
	siteURL     = "http://localhost:8080"
)

// keys are the same on all replicas; in a program they come from where the
// secrets are.
var keys = []middleware.EncryptionKey{newKey()}

func newKey() middleware.EncryptionKey {
	key := make(middleware.EncryptionKey, 32)
	_, _ = rand.Read(key)
	return key
}

// replica connects one to the server of the examples.
func replica() (replicas *redis.Replicas, stop func()) {
	connection, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{exampleAddr}})
	if err != nil {
		log.Fatal(err)
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	replicas, err = redis.New(connection, redis.Config{EncryptionKeys: keys, Logger: logger})
	if err != nil {
		log.Fatal(err)
	}
	return replicas, func() {
		replicas.Close()
		connection.Close()
	}
}

// A token that is signed out on one replica is refused by the other, though that
// one has a fresh answer about it.
func Example() {
	mock := secureflowstest.Start()
	defer mock.Close()
	here, stopHere := replica()
	defer stopHere()
	there, stopThere := replica()
	defer stopThere()

	client := mock.Client() // each replica has one
	cache := here.NewCache(client, middleware.CacheConfig{})
	ctx := context.Background()
	session := client.Session(mock.Session("ada@example.com").Token())
	bearer := middleware.NewBearer(there.NewCache(mock.Client(), middleware.CacheConfig{}), middleware.BearerConfig{})
	me := bearer.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		identity, _ := secureflows.IdentityFromContext(r.Context())
		fmt.Fprint(w, identity.Email)
	}))
	ask := func() {
		r := httptest.NewRequest("GET", "/me", nil)
		r.Header.Set("Authorization", "Bearer "+session.Token().Reveal())
		w := httptest.NewRecorder()
		me.ServeHTTP(w, r)
		fmt.Println(w.Code)
	}

	identity, err := cache.Resolve(ctx, session.Token())
	fmt.Println(identity.Email, err)
	ask()
	if err := session.Logout(ctx); err != nil {
		log.Fatal(err)
	}
	for there.Stats().Evicted == 0 { // a millisecond or so
		<-time.After(time.Millisecond)
	}
	ask()
	// Output:
	// ada@example.com <nil>
	// 200
	// 401
}

// Sign-ins that all replicas of a site share.
func ExampleNew() {
	mock := secureflowstest.Start(secureflowstest.Options{RedirectURIs: []string{callbackURL}})
	defer mock.Close()
	replicas, stop := replica()
	defer stop()

	client := mock.Client()
	browser, err := middleware.NewBrowser(client, middleware.BrowserConfig{
		CallbackURL:    callbackURL,
		AfterLogout:    siteURL + "/",
		Resolver:       replicas.NewCache(client, middleware.CacheConfig{}),
		Store:          replicas.Store(),
		EncryptionKeys: keys,
	})
	fmt.Println(browser, err)
	// Output:
	// middleware.Browser <nil>
}

// The store by itself: what it keeps ends with its expiry, in Redis.
func ExampleStore() {
	replicas, stop := replica()
	defer stop()
	var store *redis.Store = replicas.Store()
	ctx, expiry := context.Background(), time.Now().Add(time.Minute)
	id := rand.Text()

	created, err := store.CreateCtx(ctx, id, []byte("first"), expiry)
	fmt.Println(created, err)
	created, err = store.CreateCtx(ctx, id, []byte("second"), expiry)
	fmt.Println(created, err)
	replaced, err := store.ReplaceCtx(ctx, id, []byte("third"), expiry)
	fmt.Println(replaced, err)
	data, found, err := store.FindCtx(ctx, id)
	fmt.Println(string(data), found, err)
	fmt.Println(store.CommitCtx(ctx, id, []byte("fourth"), expiry), store.DeleteCtx(ctx, id))
	// scs has the same without a context.
	fmt.Println(store.Commit(id, []byte("fifth"), expiry))
	data, found, err = store.Find(id)
	fmt.Println(string(data), found, err, store.Delete(id))
	// Output:
	// true <nil>
	// false <nil>
	// true <nil>
	// third true <nil>
	// <nil> <nil>
	// <nil>
	// fifth true <nil> <nil>
}

// What a monitor may ask.
func ExampleReplicas() {
	replicas, stop := replica()
	defer stop()
	for !replicas.Stats().Connected {
		<-time.After(time.Millisecond)
	}
	var stats redis.Stats = replicas.Stats()
	fmt.Println(stats.Outages, stats.Lost)
	// Output:
	// 0 0
}
