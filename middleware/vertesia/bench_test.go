package vertesia_test

import (
	"context"
	"testing"
	"time"

	"github.com/secureflows/secureflows-go/middleware"
)

func BenchmarkResolve(b *testing.B) {
	for _, each := range []struct{ name, text string }{
		{"ES256", sign(ecKey(), ec, claims())}, {"RS256", sign(rsaKey(), rs, claims())},
		{"foreign", sign(ecKey(), ec, claims("iss", "https://another.example"))},
	} {
		b.Run(each.name, func(b *testing.B) {
			r, bearer := resolver(b, &service{}), token(each.text)
			_, want := r.Resolve(context.Background(), bearer) // fetches the keys
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Resolve(context.Background(), bearer); (err == nil) != (want == nil) {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkResolveCached(b *testing.B) {
	r := resolver(b, &service{}, at(time.Now()))
	cache := middleware.NewCache(r, middleware.CacheConfig{MaxAge: time.Hour})
	bearer := token(sign(ecKey(), ec, claims("exp", time.Now().Add(24*time.Hour).Unix())))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cache.Resolve(context.Background(), bearer); err != nil {
			b.Fatal(err)
		}
	}
}
