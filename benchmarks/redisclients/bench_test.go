package redisclients_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/secureflows/secureflows-go/internal/redistest"
)

const (
	sessionKey   = "session"
	sessionBytes = 400
	messageBytes = 60

	// patience is how long a web request waits for Redis. Each measured
	// command makes its own context of it, as a request would: both libraries
	// take another path without a deadline.
	patience = 200 * time.Millisecond
)

func newServerWithSession(tb testing.TB) *redistest.Server {
	s := redistest.Start(tb)
	setSession(s)
	return s
}

func setSession(s *redistest.Server) { s.Do("SET", sessionKey, strings.Repeat("x", sessionBytes)) }

func BenchmarkGet(b *testing.B) {
	s := newServerWithSession(b)
	for _, v := range slices.Concat(variants, []variant{pipelined}) {
		b.Run("client="+v.name, func(b *testing.B) {
			c := v.open(b, s)
			b.ReportAllocs()
			for b.Loop() {
				get(b, c)
			}
		})
	}
}

func BenchmarkGetParallel(b *testing.B) {
	s := newServerWithSession(b)
	for _, v := range slices.Concat(variants, []variant{pipelined}) {
		b.Run("client="+v.name, func(b *testing.B) {
			c := v.open(b, s)
			get(b, c)
			b.ReportAllocs()
			b.SetParallelism(32)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					get(b, c)
				}
			})
		})
	}
}

func get(b *testing.B, c client) {
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	if value, err := c.Get(ctx, sessionKey); err != nil || len(value) != sessionBytes {
		b.Errorf("got %d bytes, %v", len(value), err)
	}
}

// pipelined is go-redis batching as rueidis does by default. It is
// experimental, and measured only to tell the library from its defaults.
var pipelined = variant{"go-redis-auto", func(tb testing.TB, s *redistest.Server) client {
	c := openGoRedis(tb, &redis.Options{Addr: s.Addr(), ContextTimeoutEnabled: true})
	auto, err := c.AutoPipeline()
	if err != nil {
		tb.Fatal(err)
	}
	return pipelinedClient{c, auto}
}}

type pipelinedClient struct {
	goRedisClient
	auto *redis.AutoPipeliner
}

func (c pipelinedClient) Get(ctx context.Context, key string) ([]byte, error) {
	return c.auto.Get(ctx, key).Bytes()
}

func BenchmarkGetCached(b *testing.B) {
	s := newServerWithSession(b)
	b.Run("client=rueidis", func(b *testing.B) {
		c := openRueidis(b, rueidis.ClientOption{InitAddress: []string{s.Addr()}})
		if _, _, err := c.GetCached(b.Context(), sessionKey); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			ctx, cancel := context.WithTimeout(b.Context(), patience)
			if value, hit, err := c.GetCached(ctx, sessionKey); err != nil || !hit || len(value) != sessionBytes {
				b.Fatalf("got %d bytes, hit %t, %v", len(value), hit, err)
			}
			cancel()
		}
	})
}

// BenchmarkWakeUp measures from before XADD until a reader that was blocked in
// XREAD has the message.
func BenchmarkWakeUp(b *testing.B) {
	s := redistest.Start(b)
	for _, v := range variants {
		b.Run("client="+v.name, func(b *testing.B) {
			c := v.open(b, s)
			s.Do("DEL", v.name)
			armed := make(chan struct{})
			defer close(armed)
			woken := startReader(b, c, v.name, armed)
			payload := strings.Repeat("m", messageBytes)
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				armed <- struct{}{}
				for !strings.Contains(s.Do("INFO", "clients").(string), "blocked_clients:1\r") {
				}
				b.StartTimer()
				if err := c.Add(b.Context(), v.name, payload); err != nil {
					b.Fatal(err)
				}
				if err := <-woken; err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// startReader reads one message each time it is armed.
func startReader(b *testing.B, c client, stream string, armed <-chan struct{}) (woken <-chan error) {
	done := make(chan error, 1)
	go func() {
		after := "0"
		for range armed {
			var err error
			after, err = c.Read(b.Context(), stream, after, 5*time.Second)
			done <- err
		}
	}()
	return done
}
