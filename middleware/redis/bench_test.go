package redis

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/redistest"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// join connects one more replica, with a connection of its own.
func join(b testing.TB, server *redistest.Server, config Config) *Replicas {
	b.Helper()
	connection, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{server.Addr()}})
	require.NoError(b, err)
	b.Cleanup(connection.Close)
	config.EncryptionKeys = []middleware.EncryptionKey{make(middleware.EncryptionKey, 32)}
	replicas, err := New(connection, config)
	require.NoError(b, err)
	b.Cleanup(replicas.Close)
	for !replicas.Stats().Connected {
		<-time.After(time.Millisecond)
	}
	return replicas
}

// measure runs what one request does, by itself and from many at once.
func measure(b *testing.B, name string, request func() error) {
	b.Run(name+"/serial", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := request(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run(name+"/parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := request(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

// BenchmarkSignIn finds the record of a visitor, as each page does: in memory, and
// in Redis.
func BenchmarkSignIn(b *testing.B) {
	server := redistest.Start(b)
	for _, row := range []struct {
		from   string
		maxAge time.Duration
	}{{"memory", time.Hour}, {"redis", -1}} {
		store := join(b, server, Config{MaxAge: row.maxAge}).Store()
		require.NoError(b, store.Commit("visitor", newRecord(400), time.Now().Add(time.Hour)))
		measure(b, "from="+row.from, func() error {
			_, found, err := store.FindCtx(context.Background(), "visitor")
			if !found {
				return fmt.Errorf("not found: %w", err)
			}
			return err
		})
	}
}

// BenchmarkAnswer finds out whose a token is: in memory; in Redis, where another
// replica has shared the answer; and at the service, which is a mock on this
// machine here, nearer than any real one.
func BenchmarkAnswer(b *testing.B) {
	server, mock := redistest.Start(b), secureflowstest.NewServer(b)
	token := mock.Session("ada@example.com").Token()
	ctx := context.Background()

	cache := join(b, server, Config{MaxAge: time.Hour}).NewCache(mock.Client(), middleware.CacheConfig{})
	measure(b, "from=memory", func() error {
		_, err := cache.Resolve(ctx, token)
		return err
	})
	// Below the cache, as when its answer has ended.
	for _, row := range []struct {
		from  string
		share bool
	}{{"redis", true}, {"service", false}} {
		replicas := join(b, server, Config{MaxAge: time.Hour, ShareAnswers: row.share})
		below := &resolver{replicas: replicas, source: mock.Client(), maxAge: time.Hour}
		measure(b, "from="+row.from, func() error {
			_, _, err := below.ResolveAged(ctx, token, time.Hour)
			return err
		})
	}
}

// BenchmarkBroadcast is the time from the end of a token on one replica until
// another has dropped its answer.
func BenchmarkBroadcast(b *testing.B) {
	server := redistest.Start(b)
	here, there := join(b, server, Config{}), join(b, server, Config{})
	always := resolverFunc(func(context.Context, secureflows.Token) (secureflows.Identity, error) {
		return secureflows.Identity{UserID: 1}, nil
	})
	token, err := secureflows.NewToken("abc")
	require.NoError(b, err)
	cacheHere, cacheThere := here.NewCache(always, middleware.CacheConfig{}), there.NewCache(always, middleware.CacheConfig{})
	dropped := make(chan struct{}, 1)
	there.tokens.listen(func(secureflows.Token) { dropped <- struct{}{} })
	for b.Loop() {
		b.StopTimer()
		_, err := cacheThere.Resolve(context.Background(), token)
		require.NoError(b, err)
		b.StartTimer()
		cacheHere.Forget(token)
		<-dropped
	}
}

type resolverFunc func(context.Context, secureflows.Token) (secureflows.Identity, error)

func (f resolverFunc) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	return f(ctx, token)
}

// BenchmarkMemory is what a signed-in visitor takes in Redis. Its figure is worth
// something with many of them: -benchtime 100000x.
func BenchmarkMemory(b *testing.B) {
	for _, token := range []int{43, 400} {
		b.Run(fmt.Sprintf("token=%d", token), func(b *testing.B) {
			store := join(b, redistest.Start(b), Config{MaxAge: -1}).Store()
			before := usedMemory(b, store)
			for b.Loop() {
				if err := store.Commit(newID(), newRecord(token), time.Now().Add(time.Hour)); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(usedMemory(b, store)-before)/float64(b.N), "B/sign-in")
		})
	}
}

func usedMemory(b *testing.B, store *Store) int64 {
	b.Helper()
	info, err := store.replicas.client.Do(context.Background(), store.builder().Info().Section("memory").Build()).ToString()
	require.NoError(b, err)
	used, err := strconv.ParseInt(regexp.MustCompile(`used_memory:(\d+)`).FindStringSubmatch(info)[1], 10, 64)
	require.NoError(b, err)
	return used
}

// newID is as long as a Browser's, the digest of a cookie.
func newID() string {
	digest := make([]byte, 32)
	_, _ = rand.Read(digest)
	return base64.RawURLEncoding.EncodeToString(digest)
}

// newRecord is as long as a Browser's: a token and two times as JSON, encrypted, in
// base64.
func newRecord(token int) []byte {
	const salt, fields, seal = 16, 111, 16
	sealed := make([]byte, salt+token+fields+seal)
	_, _ = rand.Read(sealed)
	return []byte(base64.RawURLEncoding.EncodeToString(sealed))
}
