package middleware_test

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// One cache serves several middlewares, and programs that have no request.
func ExampleCache() {
	mock := secureflowstest.Start()
	defer mock.Close()
	token := mock.Session("ada@example.com").Token()

	var cache *middleware.Cache = middleware.NewCache(mock.Client(), middleware.CacheConfig{MaxAge: 30 * time.Second})
	public := middleware.NewBearer(cache, middleware.BearerConfig{})
	strict := middleware.NewBearer(cache, middleware.BearerConfig{MaxAge: time.Second, Realm: "admin"})
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	fmt.Println(get(public.Require(ok), "/", token.Reveal()).Status)
	fmt.Println(get(strict.Require(ok), "/", token.Reveal()).Status)

	identity, err := cache.Resolve(context.Background(), token)
	fmt.Println(identity.Email, err)
	fmt.Println(len(mock.Requests()), "question")
	// Output:
	// 200 OK
	// 200 OK
	// ada@example.com <nil>
	// 1 question
}

func ExampleCache_ResolveWithin() {
	mock := secureflowstest.Start()
	defer mock.Close()
	token := mock.Session("ada@example.com").Token()
	cache := middleware.NewCache(mock.Client(), middleware.CacheConfig{})
	ctx := context.Background()

	for _, maxAge := range []time.Duration{time.Second, time.Second, 0} {
		if _, err := cache.ResolveWithin(ctx, token, maxAge); err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(mock.Requests()))
	}
	// Output:
	// 1
	// 1
	// 2
}

func ExampleCache_ResolveAged() {
	mock := secureflowstest.Start()
	defer mock.Close()
	token := mock.Session("ada@example.com").Token()
	cache := middleware.NewCache(mock.Client(), middleware.CacheConfig{})

	identity, age, err := cache.ResolveAged(context.Background(), token, time.Second)
	fmt.Println(identity.Email, age < time.Second, err)
	// Output:
	// ada@example.com true <nil>
}

// A colleague has asked already: its answer is good for what is left of MaxAge.
func ExampleAgedResolver() {
	mock := secureflowstest.Start()
	defer mock.Close()
	token := mock.Session("ada@example.com").Token()

	cache := middleware.NewCache(&colleague{mock.Client()}, middleware.CacheConfig{MaxAge: 10 * time.Second})
	ctx := context.Background()
	identity, err := cache.Resolve(ctx, token)
	fmt.Println(identity.Email, err, len(mock.Requests()), "questions")
	identity, err = cache.ResolveWithin(ctx, token, 5*time.Second)
	fmt.Println(identity.Email, err, len(mock.Requests()), "question")
	// Output:
	// ada@example.com <nil> 0 questions
	// ada@example.com <nil> 1 question
}

// colleague has an answer that is 8 seconds old.
type colleague struct{ *secureflows.Client }

var _ middleware.AgedResolver = (*colleague)(nil)

func (c *colleague) ResolveAged(ctx context.Context, token secureflows.Token, maxAge time.Duration) (secureflows.Identity, time.Duration, error) {
	if age := 8 * time.Second; age <= maxAge {
		return secureflows.Identity{UserID: 1, Email: "ada@example.com"}, age, nil
	}
	identity, err := c.Resolve(ctx, token)
	return identity, 0, err
}

// Another replica says over a message bus whom it signed out.
func ExampleCache_Forget() {
	mock := secureflowstest.Start()
	defer mock.Close()
	session := mock.Session("ada@example.com")
	cache := middleware.NewCache(mock.Client(), middleware.CacheConfig{})
	ctx := context.Background()

	_, err := cache.Resolve(ctx, session.Token())
	fmt.Println(err)
	mock.RevokeSession(session.Token())
	cache.Forget(session.Token())
	_, err = cache.Resolve(ctx, session.Token())
	fmt.Println(errors.Is(err, secureflows.ErrSessionRevoked))
	// Output:
	// <nil>
	// true
}

// staticUsers resolves a fixed set of tokens, for a program under test.
type staticUsers map[secureflows.Token]secureflows.Identity

func (s staticUsers) Resolve(_ context.Context, token secureflows.Token) (secureflows.Identity, error) {
	identity, known := s[token]
	if !known {
		return secureflows.Identity{}, fmt.Errorf("static users: %w", secureflows.ErrUnauthenticated)
	}
	return identity, nil
}

func ExampleResolver() {
	ada, err := secureflows.NewToken("ada-s-token")
	if err != nil {
		log.Fatal(err)
	}
	var users middleware.Resolver = staticUsers{ada: {UserID: 1, Email: "ada@example.com"}}

	bearer := middleware.NewBearer(users, middleware.BearerConfig{})
	handler := bearer.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	fmt.Println(get(handler, "/", "ada-s-token").Status)
	fmt.Println(get(handler, "/", "another").Status)
	// Output:
	// 200 OK
	// 401 Unauthorized
}

// The counts, for expvar; an exporter of Prometheus or OpenTelemetry reads the
// same fields in its callback.
func ExampleStats() {
	mock := secureflowstest.Start()
	defer mock.Close()
	token := mock.Session("ada@example.com").Token().Reveal()

	bearer := middleware.NewBearer(mock.Client(), middleware.BearerConfig{})
	expvar.Publish("identity", expvar.Func(func() any { return bearer.Stats() }))

	handler := bearer.Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for _, text := range []string{token, token, token, "invented", "invented"} {
		get(handler, "/", text)
	}
	fmt.Println(expvar.Get("identity"))
	var stats middleware.Stats = bearer.Stats()
	fmt.Printf("%.0f%% from memory\n", 100*float64(stats.Hits)/float64(stats.Hits+stats.Misses+stats.Collapsed))
	// Output:
	// {"Hits":2,"Misses":2,"Collapsed":0,"Refreshed":0,"Refused":2,"UpstreamErrors":0,"Entries":1}
	// 50% from memory
}
