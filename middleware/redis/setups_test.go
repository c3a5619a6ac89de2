package redis_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/redistest"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/redis"
)

// assertWorks asserts that replicas with clients of these options do for each
// other what they are for.
func assertWorks(t *testing.T, option rueidis.ClientOption) (one, other *member) {
	t.Helper()
	f := &fleet{t: t, service: &service{}}
	members := make([]*member, 2)
	for i := range members {
		r := &member{t: t, asker: &asker{service: f.service}, log: &journal{}}
		eventually(t, func() bool {
			client, err := rueidis.NewClient(option)
			r.client = client
			return err == nil
		}, "no client")
		t.Cleanup(r.client.Close)
		var err error
		r.Replicas, err = redis.New(r.client, redis.Config{EncryptionKeys: keysOf(1), MaxAge: time.Hour, ShareAnswers: true})
		require.NoError(t, err)
		t.Cleanup(r.Close)
		r.cache = r.NewCache(r.asker, middleware.CacheConfig{RefusalAge: -1})
		r.hears()
		members[i] = r
	}
	one, other = members[0], members[1]
	for i := range 20 { // in many slots
		text := fmt.Sprintf("user-%d", i)
		one.admits(text)
		eventually(t, func() bool {
			shared := other.Stats().AnswersShared
			other.cache.Forget(token(t, "unknown"))
			_, err := other.cache.ResolveWithin(t.Context(), token(t, text), time.Hour)
			return err == nil && (other.Stats().AnswersShared > shared || f.service.times(text) > 0)
		})
		one.signOut(text)
		eventually(t, func() bool { return other.refuses(text) })
		assertStores(t, one, other, text)
	}
	assert.Positive(t, other.Stats().AnswersShared, "no answer was shared")
	assert.Zero(t, one.Stats().Outages)
	assert.Zero(t, other.Stats().Outages)
	return one, other
}

func assertStores(t *testing.T, one, other *member, id string) {
	t.Helper()
	created, err := one.Store().CreateCtx(t.Context(), id, []byte("x"), in(time.Hour))
	require.NoError(t, err)
	assert.True(t, created)
	created, err = other.Store().CreateCtx(t.Context(), id, []byte("y"), in(time.Hour))
	require.NoError(t, err)
	assert.False(t, created)
	other.finds(id, []byte("x"))
	replaced, err := one.Store().ReplaceCtx(t.Context(), id, []byte("z"), in(time.Hour))
	require.NoError(t, err)
	assert.True(t, replaced)
	other.comesToFind(id, []byte("z"))
	require.NoError(t, other.Store().Delete(id))
	one.comesToFind(id, nil)
}

func TestItWorksWithOldProtocolsAndWithoutCaching(t *testing.T) {
	server := redistest.Start(t)
	assertWorks(t, rueidis.ClientOption{InitAddress: []string{server.Addr()}, AlwaysRESP2: true, DisableCache: true})
	assertWorks(t, rueidis.ClientOption{InitAddress: []string{server.Addr()}, SelectDB: 3, AlwaysPipelining: true})
}

func TestItWorksWithAPassword(t *testing.T) {
	server := redistest.Start(t)
	server.Do("ACL", "SETUSER", "app", "on", ">right", "~secureflows:*", "+@all")
	assertWorks(t, rueidis.ClientOption{InitAddress: []string{server.Addr()}, Username: "app", Password: "right"})
}

// Three nodes refuse what crosses from one slot to another, and most keys are not
// where the first command goes.
func TestItWorksWithACluster(t *testing.T) {
	nodes := cluster(t)
	var addresses []string
	for _, node := range nodes {
		addresses = append(addresses, node.Addr())
	}
	assertWorks(t, rueidis.ClientOption{InitAddress: addresses})
	used := 0
	for _, node := range nodes {
		if size, _ := node.Do("DBSIZE").(int64); size > 0 {
			used++
		}
	}
	assert.Greater(t, used, 1, "all keys were on one node")
}

func cluster(t *testing.T) (nodes []*redistest.Server) {
	t.Helper()
	for range 3 {
		nodes = append(nodes, redistest.Start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000", "--cluster-port", freePort(t)))
	}
	for i, slots := range [][2]int{{0, 5460}, {5461, 10922}, {10923, 16383}} {
		nodes[i].Do("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(slots[0]), strconv.Itoa(slots[1]))
		nodes[i].Do("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
	}
	for _, node := range nodes[1:] {
		host, port, err := net.SplitHostPort(node.Addr())
		require.NoError(t, err)
		bus, _ := node.Do("CONFIG", "GET", "cluster-port").([]any)
		nodes[0].Do("CLUSTER", "MEET", host, port, fmt.Sprint(bus[1]))
	}
	for _, node := range nodes {
		eventually(t, func() bool {
			info, _ := node.Do("CLUSTER", "INFO").(string)
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3")
		}, "no cluster")
	}
	return nodes
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	return port
}

func TestItWorksWithSentinels(t *testing.T) {
	master := redistest.Start(t)
	host, port, err := net.SplitHostPort(master.Addr())
	require.NoError(t, err)
	sentinel := startSentinel(t, fmt.Sprintf("sentinel monitor app %s %s 1\nsentinel down-after-milliseconds app 1000\nsentinel failover-timeout app 5000\n", host, port))
	spare := redistest.Start(t, "--replicaof", host+" "+port)
	eventually(t, func() bool {
		link, _ := spare.Do("INFO", "replication").(string)
		return strings.Contains(says(sentinel, "INFO sentinel"), "slaves=1") && strings.Contains(link, "master_link_status:up")
	}, "no replication")
	one, other := assertWorks(t, rueidis.ClientOption{
		InitAddress: []string{sentinel}, Sentinel: rueidis.SentinelOption{MasterSet: "app"}})
	// The master dies, and replicas meet again at the other.
	one.admits("abc")
	other.admits("abc")
	master.Stop()
	one.deaf()
	other.deaf()
	one.signOut("abc")
	eventually(t, func() bool { return one.Stats().Connected && other.Stats().Connected }, "no failover")
	eventually(t, func() bool { return other.refuses("abc") }, "what was signed out during a failover was not told")
	eventually(t, func() bool { return other.Store().Commit("after", []byte("x"), in(time.Hour)) == nil })
	one.comesToFind("after", []byte("x"))
}

func TestItWorksWithTLS(t *testing.T) {
	certificate, pool := certify(t)
	port := freePort(t)
	redistest.Start(t, "--tls-port", port, "--tls-cert-file", certificate, "--tls-key-file", certificate, "--tls-auth-clients", "no")
	assertWorks(t, rueidis.ClientOption{
		InitAddress: []string{"127.0.0.1:" + port}, TLSConfig: &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}})
}

// certify gives a file with a certificate and its key, and who believes it.
func certify(t *testing.T) (file string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})...)
	file = filepath.Join(t.TempDir(), "server.pem")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	pool = x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(text))
	return file, pool
}

// A client that is closed by the application is an outage, and nothing worse.
func TestAClientThatIsClosedIsAnOutage(t *testing.T) {
	f := newFleet(t)
	r := f.join(hurried, sharing)
	r.admits("abc")
	r.client.Close()
	r.admits("abc", "abd")
	_, _, err := r.Store().FindCtx(context.Background(), "visitor")
	assert.Error(t, err)
	r.Close()
}

// startSentinel runs one, whose settings are a file that it writes to.
func startSentinel(t *testing.T, settings string) (addr string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	require.NoError(t, os.WriteFile(file, []byte(settings), 0o600))
	port := freePort(t)
	sentinel := exec.Command("redis-server", file, "--sentinel", "--bind", "127.0.0.1", "--port", port)
	require.NoError(t, sentinel.Start())
	t.Cleanup(func() {
		_ = sentinel.Process.Kill()
		_ = sentinel.Wait()
	})
	return "127.0.0.1:" + port
}

// says gives the first of what a server answers to a line.
func says(addr, line string) string {
	connection, err := net.Dial("tcp", addr)
	if err != nil {
		return err.Error()
	}
	defer connection.Close()
	_ = connection.SetDeadline(in(time.Second))
	_, _ = io.WriteString(connection, line+"\r\n")
	answer := make([]byte, 8<<10)
	n, _ := connection.Read(answer)
	return string(answer[:n])
}
