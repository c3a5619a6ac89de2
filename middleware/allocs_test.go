//go:build !race

// The race detector allocates on its own account, so that counts mean nothing
// under it.

package middleware_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// What a request costs that is answered from the cache: the request that is
// handed on, with its context, and nothing else.
func TestAHitAllocatesOnce(t *testing.T) {
	server := secureflowstest.NewServer(t)
	clients := middleware.NewBearer(server.Client(), middleware.BearerConfig{MaxAge: time.Hour})
	others := middleware.NewBearer(everybody{}, middleware.BearerConfig{MaxAge: time.Hour, TokenSource: func(*http.Request) (string, bool) { return "", false }})
	allowed := func(secureflows.Identity) error { return nil }
	for name, row := range map[string]struct {
		handler http.Handler
		r       *http.Request
		want    float64
	}{
		"of the client":                 {clients.Require(next), bearing(server.Session("ada@example.com").Token().Reveal()), 1},
		"of another resolver":           {others.Require(next), bearing("abc"), 1},
		"a long token":                  {others.Require(next), bearing(longest), 1},
		"Optional":                      {others.Optional(next), bearing("abc"), 1},
		"Allow":                         {others.Allow(allowed)(next), bearing("abc"), 1},
		"RequireFresh":                  {others.RequireFresh(time.Minute)(next), bearing("abc"), 1},
		"Optional, without credentials": {clients.Optional(next), httptest.NewRequest(http.MethodGet, "/", nil), 1},
	} {
		row.handler.ServeHTTP(httptest.NewRecorder(), row.r)
		got := testing.AllocsPerRun(1000, func() { row.handler.ServeHTTP(nil, row.r) })
		assert.LessOrEqual(t, got, row.want, name)
		if row.want == 1 {
			assert.EqualValues(t, row.want, got, "%s: better than promised: say so", name)
		}
	}
	check := bearing("abc")
	assert.Zero(t, testing.AllocsPerRun(1000, func() { _, _ = others.Check(check) }), "Check")
	texts := make([]secureflows.Token, 100)
	for i := range texts {
		texts[i] = token(t, fmt.Sprint("user-", i))
	}
	cache := middleware.NewCache(everybody{}, middleware.CacheConfig{MaxAge: time.Hour})
	resolve := func() {
		for _, token := range texts {
			_, _ = cache.Resolve(t.Context(), token)
		}
	}
	resolve()
	assert.Zero(t, testing.AllocsPerRun(100, resolve), "Resolve")
}
