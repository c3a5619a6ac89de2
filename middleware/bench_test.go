package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

const liveTokens = 10_000

// everybody resolves every token at once.
type everybody struct{}

func (everybody) Resolve(context.Context, secureflows.Token) (secureflows.Identity, error) {
	return secureflows.Identity{UserID: 42, Email: "ada@example.com"}, nil
}

type contextKey struct{}

// next is behind both; a variable, so that the compiler cannot look into it and
// keep the request it is given off the heap.
var next http.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})

// BenchmarkRequire measures a request through the middleware with many tokens
// in the cache, beside the floor: a handler that puts a value into the context.
// Only the credentials of a request change, because in a server it has just
// been parsed and lies in the processor's cache.
func BenchmarkRequire(b *testing.B) {
	floor := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, secureflows.Identity{UserID: 42})))
	})
	for _, length := range []int{43, 400} {
		credentials := make([]string, liveTokens)
		bearer := middleware.NewBearer(everybody{}, middleware.BearerConfig{MaxAge: 24 * time.Hour}).Require(next)
		for i := range credentials {
			credentials[i] = fmt.Sprintf("Bearer %08d", i) + strings.Repeat("x", length-8)
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("Authorization", credentials[i])
			bearer.ServeHTTP(httptest.NewRecorder(), r)
		}
		for _, side := range []struct {
			name    string
			handler http.Handler
		}{{"floor", floor}, {"bearer", bearer}} {
			b.Run(fmt.Sprintf("token=%d/%s/serial", length, side.name), func(b *testing.B) {
				b.ReportAllocs()
				each := eachRequest(side.handler, credentials)
				for b.Loop() {
					each()
				}
			})
			b.Run(fmt.Sprintf("token=%d/%s/parallel", length, side.name), func(b *testing.B) {
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					each := eachRequest(side.handler, credentials)
					for pb.Next() {
						each()
					}
				})
			})
		}
	}
}

// eachRequest gives a function that makes the next person's request.
func eachRequest(handler http.Handler, credentials []string) func() {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	value := []string{""}
	r.Header["Authorization"] = value
	i := 0
	return func() {
		value[0] = credentials[i%len(credentials)]
		i++
		handler.ServeHTTP(nil, r)
	}
}
