package authreturn_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/middleware"
)

// BenchmarkResolve measures an answer about one token: by the secret, by a
// service in memory, which leaves out the network, and from a cache in front of
// either.
func BenchmarkResolve(b *testing.B) {
	for _, side := range []struct {
		name  string
		setup *setup
	}{{"secret", locally(b)}, {"service", remotely(b)}} {
		side.setup.clock.now = time.Now() // that of the cache
		side.setup.service.answer = nil
		token := tokenOf(b, sign(secret, header, claimsOf(side.setup.clock.now, nil)))
		for _, way := range []struct {
			name     string
			resolver middleware.Resolver
		}{
			{"uncached", side.setup},
			{"cached", middleware.NewCache(side.setup, middleware.CacheConfig{MaxAge: 24 * time.Hour})},
		} {
			b.Run(side.name+"/"+way.name, func(b *testing.B) {
				ctx := context.Background()
				_, err := way.resolver.Resolve(ctx, token)
				require.NoError(b, err)
				b.ReportAllocs()
				for b.Loop() {
					_, _ = way.resolver.Resolve(ctx, token)
				}
			})
		}
	}
}

// BenchmarkForeign measures what the tokens of other providers cost that come
// past this one.
func BenchmarkForeign(b *testing.B) {
	s := remotely(b)
	for name, text := range map[string]string{
		"jwt":    sign("x", `{"alg":"ES256","typ":"JWT","kid":"1"}`, `{"iss":"https://sts.vertesia.io","sub":"u","exp":9999999999}`),
		"opaque": "sk-0123456789abcdef0123456789abcdef",
	} {
		token := tokenOf(b, text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = s.Resolve(context.Background(), token)
			}
		})
	}
}
