package secureflows_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// memory is a server on pipes, so that a whole net/http runs on a test's clock.
// It counts the connections.
type memory struct {
	dials   atomic.Int64
	refused atomic.Int64 // the number of the dial to refuse
	conns   chan net.Conn
	closed  chan struct{}
}

func (m *memory) refuse(dial int64) { m.refused.Store(dial) }

func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Addr() net.Addr { return &net.IPAddr{} }
func (m *memory) Close() error   { return nil }

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if m.dials.Add(1) == m.refused.Load() {
		return nil, errRefused
	}
	client, server := net.Pipe()
	select {
	case m.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// inMemory starts a server and gives a transport to it.
func inMemory(t *testing.T, handler http.HandlerFunc) (*http.Transport, *memory) {
	m := &memory{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: handler}
	served := make(chan error, 1)
	go func() { served <- server.Serve(m) }()
	transport := &http.Transport{DialContext: m.dial, DialTLSContext: m.dial, MaxIdleConnsPerHost: 64}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		close(m.closed)
		assert.NoError(t, server.Close())
		// Which of the two it notices first is up to the scheduler.
		err := <-served
		assert.True(t, errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed), "%v", err)
	})
	return transport, m
}

// go-retryablehttp empties the pool of idle connections whenever a call fails,
// for everybody who shares the transport.
func TestGivingUpKeepsThePool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		status := 503
		transport, server := inMemory(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, err := io.WriteString(w, `{"key":"theme","value":1}`)
			assert.NoError(t, err)
		})
		client := newClient(t, transport, retries(0))
		get := named("get")[0]
		for range 20 {
			assert.Equal(t, unavailable, sentinelsOf(get.do(context.Background(), client, demoTokens(t))))
		}
		status = 200
		for range 8 {
			assert.NoError(t, get.do(context.Background(), client, demoTokens(t)))
		}
		assert.EqualValues(t, 1, server.dials.Load(), "20 final 503s and 8 calls need one connection")
	})
}

// A timeout or a cancellation costs the connection it happens on, and no other.
func TestTimeoutsAndCancellationsKeepThePool(t *testing.T) {
	for name, end := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"the attempt's timeout":     cancelledAfter(time.Hour, nil),
		"the caller's deadline":     within(time.Second),
		"the caller's cancellation": cancelledAfter(time.Second, nil),
		"while waiting for a retry": cancelledAfter(20*time.Second, nil),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				transport, server := inMemory(t, slowOnDelete(name == "while waiting for a retry"))
				warmUp(t, transport)
				before := server.dials.Load()
				client := newClient(t, transport, timeout(5*time.Second), retries(-1))
				if name == "while waiting for a retry" {
					client = newClient(t, transport, retries(3))
				}
				ctx, cancel := end(context.Background())
				defer cancel()
				assert.Error(t, named("delete")[0].do(ctx, client, demoTokens(t)))
				cancel()
				synctest.Wait()
				warmUp(t, transport)
				assert.LessOrEqual(t, server.dials.Load()-before, int64(1), "the pool was emptied")
			})
		})
	}
}

// slowOnDelete answers a DELETE never, or with a long wait, and holds
// everything else for a moment, so that connections cannot be shared.
func slowOnDelete(limited bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodDelete && limited:
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(429)
		case r.Method == http.MethodDelete:
			<-r.Context().Done()
		default:
			time.Sleep(time.Second)
			_, _ = io.WriteString(w, `{}`)
		}
	}
}

// warmUp has eight connections in use at a time, by another user of the
// transport.
func warmUp(t *testing.T, transport http.RoundTripper) {
	t.Helper()
	done := make(chan error)
	for range 8 {
		go func() {
			response, err := (&http.Client{Transport: transport}).Get(fakeOrigin + "/other")
			if err == nil {
				_, err = io.Copy(io.Discard, response.Body)
				err = errors.Join(err, response.Body.Close())
			}
			done <- err
		}()
	}
	for range 8 {
		assert.NoError(t, <-done)
	}
	synctest.Wait()
}

// A connection that dies after the request was written leaves open whether it
// was executed; net/http and the client must both send it once.
func TestACreateThatDiesAfterItsBytesIsSentOnce(t *testing.T) {
	for _, op := range named(unsafeOps...) {
		for _, kept := range []bool{false, true} {
			var received atomic.Int64
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			served := make(chan struct{})
			go func() { defer close(served); dieOnPost(listener, &received) }()
			transport := &http.Transport{}
			client := newClient(t, toLoopback{transport, listener.Addr().String()}, retries(3))
			if kept {
				require.NoError(t, named("payload")[0].do(context.Background(), client, demoTokens(t)))
			}
			err = op.do(context.Background(), client, demoTokens(t))
			assert.Equal(t, unavailable, sentinelsOf(err), op.name)
			assert.ErrorContains(t, err, "all the same", "that it may have happened")
			assert.EqualValues(t, 1, received.Load(), "%s on a connection that was kept: %v", op.name, kept)
			assert.NoError(t, listener.Close())
			transport.CloseIdleConnections()
			<-served
		}
	}
}

// A transport of several hops may fail to dial after it wrote the request to
// another connection.
func TestADialAfterAConnectionWasHadProvesNothing(t *testing.T) {
	for _, op := range named(unsafeOps...) {
		service := answering(func(r *http.Request) (*http.Response, error) {
			httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
			return nil, errRefused
		})
		err := op.do(context.Background(), newClient(t, service, retries(3)), demoTokens(t))
		assert.Equal(t, unavailable, sentinelsOf(err))
		assert.Len(t, service.requests(), 1, op.name)
	}
}

// dieOnPost answers GETs and hangs up on POSTs once they are read.
func dieOnPost(listener net.Listener, received *atomic.Int64) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		reader := bufio.NewReader(conn)
		for {
			r, err := http.ReadRequest(reader)
			if err != nil {
				break
			}
			_, _ = io.Copy(io.Discard, r.Body)
			if r.Method == http.MethodPost {
				received.Add(1)
				break
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		}
		_ = conn.Close()
	}
}

// toLoopback sends what was meant for the fake origin to an address.
type toLoopback struct {
	next http.RoundTripper
	addr string
}

func (l toLoopback) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", l.addr
	return l.next.RoundTrip(r)
}

const quietChild = "SECUREFLOWS_TEST_QUIET_CHILD"

// go-retryablehttp logs to the standard error it found at start-up, so only
// another process can be watched.
func TestNothingIsWrittenToStandardError(t *testing.T) {
	if os.Getenv(quietChild) != "" {
		t.Skip("this is the child")
	}
	command := exec.Command(os.Args[0], "-test.run=^TestQuietChild$", "-test.v")
	command.Env = append(os.Environ(), quietChild+"=1")
	var stderr, stdout writer
	command.Stderr, command.Stdout = &stderr, &stdout
	require.NoError(t, command.Run(), "%s", stdout)
	assert.Contains(t, string(stdout), "--- PASS: TestQuietChild")
	assert.Empty(t, string(stderr))
}

type writer []byte

func (w *writer) Write(b []byte) (int, error) {
	*w = append(*w, b...)
	return len(b), nil
}

func TestQuietChild(t *testing.T) {
	if os.Getenv(quietChild) == "" {
		t.Skip("run by TestNothingIsWrittenToStandardError")
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	for _, answer := range []answer{
		reply(503, page), reply(429, ""), fail(errReset), reply(200, page), reply(302, ""),
		replyBody(200, brokenOff("{")), reply(410, ""), reply(429, "", "Retry-After", "86400"),
	} {
		for _, op := range operations {
			synctest.Test(t, func(t *testing.T) {
				_ = op.do(context.Background(), newClient(t, answering(answer), retries(0)), demoTokens(t))
			})
		}
	}
}
