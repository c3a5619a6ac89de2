package replicas_test

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sync/atomic"
	"testing"
)

// balancer hands requests to the replicas in turn, and goes on to the next where
// one does not answer, as those of production do: always where nothing was sent,
// and with what may be sent twice also where the answer does not come.
type balancer struct {
	replicas []*replica
	door     *http.Transport // of visitors, to the balancer itself
	turn     atomic.Int64
	again    atomic.Int64 // requests that were handed on
}

func balance(t *testing.T, listener net.Listener, replicas []*replica) *balancer {
	t.Helper()
	b := &balancer{replicas: replicas, door: doorTo(t, listener.Addr().String())}
	server := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme = "http"
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
		Transport: b,
		ErrorLog:  log.New(io.Discard, "", 0), // it answers 502
	})
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return b
}

func (b *balancer) RoundTrip(r *http.Request) (response *http.Response, err error) {
	var body []byte
	if r.Body != nil {
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	first := b.turn.Add(1)
	for i := range len(b.replicas) {
		chosen := b.replicas[(int(first)+i)%len(b.replicas)]
		out := r.Clone(r.Context())
		out.URL.Host = chosen.addr
		out.Body = io.NopCloser(bytes.NewReader(body))
		if response, err = chosen.door.RoundTrip(out); err == nil {
			return response, nil
		}
		var op *net.OpError
		unsent := errors.As(err, &op) && op.Op == "dial"
		if r.Context().Err() != nil || !unsent && r.Method != http.MethodGet && r.Method != http.MethodHead {
			return nil, err
		}
		b.again.Add(1)
	}
	return nil, err
}
