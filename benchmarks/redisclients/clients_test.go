package redisclients_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"

	"github.com/secureflows/secureflows-go/internal/redistest"
)

// A client is what a module would ask of either library.
type client interface {
	Get(ctx context.Context, key string) ([]byte, error) // nil for a key that is not there
	Add(ctx context.Context, stream, payload string) error
	Read(ctx context.Context, stream, after string, block time.Duration) (id string, err error)
	Close()
}

// A variant is a library with the options it is measured with.
type variant struct {
	name string
	open func(testing.TB, *redistest.Server) client
}

var variants = []variant{
	{"rueidis", func(tb testing.TB, s *redistest.Server) client {
		return openRueidis(tb, rueidis.ClientOption{InitAddress: []string{s.Addr()}})
	}},
	{"go-redis", func(tb testing.TB, s *redistest.Server) client {
		return openGoRedis(tb, &redis.Options{Addr: s.Addr()})
	}},
	{"go-redis-ctx", func(tb testing.TB, s *redistest.Server) client {
		return openGoRedis(tb, &redis.Options{Addr: s.Addr(), ContextTimeoutEnabled: true})
	}},
}

// tuned are rueidis with options that might keep it from holding a request. They
// are no part of BenchmarkGetParallel: waiting for one of 20 connections, some
// goroutines of 64 run out of patience there though Redis is well.
var tuned = []variant{
	{"rueidis-1s", func(tb testing.TB, s *redistest.Server) client {
		return openRueidis(tb, rueidis.ClientOption{InitAddress: []string{s.Addr()}, ConnWriteTimeout: time.Second})
	}},
	{"rueidis-pool", func(tb testing.TB, s *redistest.Server) client {
		return openRueidis(tb, rueidis.ClientOption{InitAddress: []string{s.Addr()}, DisableAutoPipelining: true, BlockingPoolSize: 20})
	}},
}

type rueidisClient struct{ rueidis.Client }

func openRueidis(tb testing.TB, options rueidis.ClientOption) rueidisClient {
	tb.Helper()
	c, err := rueidis.NewClient(options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(c.Close)
	return rueidisClient{c}
}

func (c rueidisClient) Get(ctx context.Context, key string) ([]byte, error) {
	return orNil(c.Do(ctx, c.B().Get().Key(key).Build()).AsBytes())
}

func (c rueidisClient) GetCached(ctx context.Context, key string) (value []byte, hit bool, err error) {
	reply := c.DoCache(ctx, c.B().Get().Key(key).Cache(), time.Minute)
	value, err = orNil(reply.AsBytes())
	return value, reply.IsCacheHit(), err
}

func orNil(value []byte, err error) ([]byte, error) {
	if rueidis.IsRedisNil(err) {
		return nil, nil
	}
	return value, err
}

func (c rueidisClient) Add(ctx context.Context, stream, payload string) error {
	return c.Do(ctx, c.B().Xadd().Key(stream).Id("*").FieldValue().FieldValue("m", payload).Build()).Error()
}

func (c rueidisClient) Read(ctx context.Context, stream, after string, block time.Duration) (string, error) {
	streams, err := c.Do(ctx, c.B().Xread().Count(1).Block(block.Milliseconds()).Streams().Key(stream).Id(after).Build()).AsXRead()
	if err != nil {
		return "", err
	}
	return streams[stream][0].ID, nil
}

type goRedisClient struct{ *redis.Client }

func openGoRedis(tb testing.TB, options *redis.Options) goRedisClient {
	c := goRedisClient{redis.NewClient(options)}
	tb.Cleanup(c.Close)
	return c
}

func (c goRedisClient) Get(ctx context.Context, key string) ([]byte, error) {
	value, err := c.Client.Get(ctx, key).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return value, err
}

func (c goRedisClient) Add(ctx context.Context, stream, payload string) error {
	return c.XAdd(ctx, &redis.XAddArgs{Stream: stream, Values: []string{"m", payload}}).Err()
}

func (c goRedisClient) Read(ctx context.Context, stream, after string, block time.Duration) (string, error) {
	streams, err := c.XRead(ctx, &redis.XReadArgs{Streams: []string{stream, after}, Count: 1, Block: block}).Result()
	if err != nil {
		return "", err
	}
	return streams[0].Messages[0].ID, nil
}

// Close may be called again: a test closes early, and its cleanup late.
func (c goRedisClient) Close() { _ = c.Client.Close() }
