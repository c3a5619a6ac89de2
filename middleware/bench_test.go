package middleware_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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
func BenchmarkRequire(b *testing.B) {
	floor := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, secureflows.Identity{UserID: 42})))
	})
	for _, length := range []int{43, 400} {
		requests := benchRequests(length)
		bearer := middleware.NewBearer(everybody{}, middleware.BearerConfig{MaxAge: 1 << 50}).Require(next)
		for name, handler := range map[string]http.Handler{"floor": floor, "bearer": bearer} {
			for _, r := range requests {
				handler.ServeHTTP(httptest.NewRecorder(), r)
			}
			b.Run(fmt.Sprintf("token=%d/%s/serial", length, name), func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					handler.ServeHTTP(nil, requests[i%liveTokens])
				}
			})
			b.Run(fmt.Sprintf("token=%d/%s/parallel", length, name), func(b *testing.B) {
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for i := 0; pb.Next(); i++ {
						handler.ServeHTTP(nil, requests[i%liveTokens])
					}
				})
			})
		}
	}
}

func benchRequests(length int) []*http.Request {
	requests := make([]*http.Request, liveTokens)
	for i := range requests {
		text := fmt.Sprintf("%08d", i) + strings.Repeat("x", length-8)
		requests[i] = httptest.NewRequest(http.MethodGet, "/", nil)
		requests[i].Header.Set("Authorization", "Bearer "+text)
	}
	return requests
}
