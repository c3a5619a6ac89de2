package replicas_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/e2e/internal/program"
	"github.com/secureflows/secureflows-go/internal/redistest"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func TestMain(m *testing.M) { program.Run(m) }

// Without the race detector, so that the figures are the website's.
var website = program.NewPlain("examples/website")

const (
	// maxAge is how long a replica may use what it has been told: the default of
	// the middleware.
	maxAge = 10 * time.Second
	// patience is how long a step may take that has no other bound.
	patience = 30 * time.Second
)

// site is the website as it is deployed: replicas behind a balancer.
type site struct {
	t        *testing.T
	service  *secureflowstest.Server
	redis    *redistest.Server
	keys     []string // what each replica's file of keys says
	line     *line    // of the first replica to Redis, where it has one of its own
	public   string   // its origin
	balancer *balancer
	replicas []*replica
}

// replica is one process of the website.
type replica struct {
	*program.Process
	name string
	addr string
	door *http.Transport // leads straight to it, as the balancer would
}

// start runs a site until the test ends. The arguments are those of Redis.
func start(t *testing.T, redisArguments ...string) *site {
	t.Helper()
	return deployment{}.start(t, redisArguments...)
}

// deployment is how a site may differ from what is usual.
type deployment struct {
	keys  []string // of each replica; none are the same two for all
	apart bool     // the first replica has a line of its own to Redis
}

func (d deployment) start(t *testing.T, redisArguments ...string) *site {
	t.Helper()
	s := &site{t: t, redis: redistest.Start(t, redisArguments...), keys: d.keys} // first: it may skip
	if s.keys == nil {
		keys := newKey() + "\n" + newKey() + "\n"
		s.keys = []string{keys, keys, keys}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	// Under another name than the mock's, as cookies do not know ports.
	s.public = "http://localhost:" + port
	s.service = secureflowstest.NewServer(t, secureflowstest.Options{RedirectURIs: []string{s.public + "/auth/callback"}})
	for i, addr := range freeAddrs(t, len(s.keys)) {
		file := filepath.Join(t.TempDir(), "keys")
		require.NoError(t, os.WriteFile(file, []byte(s.keys[i]), 0o600))
		redis := s.redis.URL()
		if d.apart && i == 0 {
			s.line = lineTo(t, s.redis.Addr())
			redis = "redis://" + s.line.addr
		}
		s.replicas = append(s.replicas, &replica{
			Process: website.Start(t, "-addr", addr, "-url", s.public,
				"-workspace", secureflowstest.Workspace, "-app", secureflowstest.AppID, "-origin", s.service.Origin(),
				"-redis", redis, "-keys", file),
			name: string(rune('A' + i)), addr: addr, door: doorTo(t, addr),
		})
	}
	s.balancer = balance(t, listener, s.replicas)
	for _, each := range s.replicas {
		for !strings.Contains(each.Line(), s.public) { // it is ready then
		}
	}
	return s
}

func newKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}

// freeAddrs are held all at once, so that they differ.
func freeAddrs(t *testing.T, count int) (addrs []string) {
	t.Helper()
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer listener.Close()
		addrs = append(addrs, listener.Addr().String())
	}
	return addrs
}

// doorTo gives a way to one address whatever host is asked for, so that a
// visitor sees the public origin behind every door.
func doorTo(t *testing.T, addr string) *http.Transport {
	door := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, addr)
		},
		MaxIdleConnsPerHost: 32,
	}
	t.Cleanup(door.CloseIdleConnections)
	return door
}

// others are all replicas but one.
func (s *site) others(one *replica) (others []*replica) {
	for _, each := range s.replicas {
		if each != one {
			others = append(others, each)
		}
	}
	return others
}

// wait lets time pass that nothing else can be asked about.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}

// until looks again and again, and gives how long it took until the condition
// held.
func until(t *testing.T, what string, within time.Duration, holds func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !holds() {
		if time.Since(began) > within {
			t.Fatalf("in vain for %v: %s", within, what)
		}
		wait(t, 10*time.Millisecond)
	}
	return time.Since(began)
}
