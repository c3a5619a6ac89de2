package productflo_test

import (
	"context"
	"testing"
	"time"

	"github.com/secureflows/secureflows-go/middleware"
)

// BenchmarkResolve measures one token, verified each time and behind a cache.
func BenchmarkResolve(b *testing.B) {
	n := newNetwork()
	symmetric, asymmetric := shared(n), public(n)
	symmetric.Now, asymmetric.Now = nil, nil // the cache in front has the clock of the machine
	live := documented().with("iat", time.Now().Unix()).with("exp", time.Now().Add(time.Hour).Unix())
	for name, each := range map[string]struct {
		resolver middleware.Resolver
		token    string
	}{
		"HS256": {newResolver(b, symmetric), hmacToken(live)},
		"ES256": {newResolver(b, asymmetric), es256(live)},
		"RS256": {newResolver(b, asymmetric), sign(`{"alg":"RS256","kid":"rsa"}`, live.text(), rsaKey)},
	} {
		bearer := token(b, each.token)
		for kind, resolver := range map[string]middleware.Resolver{
			"verified": each.resolver, "cached": middleware.NewCache(each.resolver, middleware.CacheConfig{}),
		} {
			b.Run(name+"/"+kind, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := resolver.Resolve(context.Background(), bearer); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
