package main

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

const (
	workspace = "demo-workspace"
	appID     = "demo-app"
	tokenTTL  = time.Hour // by the mock's clock
)

// host serves a handler on one loopback address, and can be restarted there.
type host struct {
	handler  http.Handler
	address  string
	errorLog *log.Logger
	requests *atomic.Int64
	serving  atomic.Int64 // handlers that run
	server   *http.Server
	done     chan struct{} // closed when server has ended
}

// newHost listens at once, so that its address is known; start serves.
func newHost(outputs *outputs, requests *atomic.Int64) (*host, net.Listener, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	errorLog := slog.NewLogLogger(slog.NewJSONHandler(outputs, nil), slog.LevelError)
	return &host{address: listener.Addr().String(), errorLog: errorLog, requests: requests}, listener, nil
}

func (h *host) origin() string { return "http://" + h.address }

func (h *host) start(listener net.Listener) {
	h.server = &http.Server{Handler: h, ErrorLog: h.errorLog, ReadHeaderTimeout: 10 * time.Second}
	h.done = make(chan struct{})
	go func() {
		defer close(h.done)
		_ = h.server.Serve(listener) // always ErrServerClosed
	}()
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.requests.Add(1)
	h.serving.Add(1)
	defer h.serving.Add(-1)
	h.handler.ServeHTTP(w, r)
}

// stop breaks every connection, and waits for the handlers: what a request did
// is done before the next can come.
func (h *host) stop() {
	_ = h.server.Close() // of a listener, which cannot fail in a way that matters
	<-h.done
	settles(func() int { return int(h.serving.Load()) }, 0, 10*time.Second)
}

// restart is an outage of this length, after which the same state is served on
// the same address.
func (h *host) restart(ctx context.Context, outage time.Duration) error {
	h.stop()
	pause(ctx, outage)
	for deadline := time.Now().Add(10 * time.Second); ; {
		listener, err := net.Listen("tcp", h.address)
		if err == nil {
			h.start(listener)
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the mock cannot come back: %w", err)
		}
		pause(context.Background(), 20*time.Millisecond)
	}
}

// pause waits, or less when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// newMock is the service, with the site's callback on its allowlist.
func newMock(outputs *outputs, siteOrigin string) (*emulator.Emulator, error) {
	return emulator.New(emulator.Config{
		Workspaces: []emulator.Workspace{{Name: workspace, Apps: []emulator.App{{
			ID: appID, TokenTTL: tokenTTL, RedirectURIs: []string{siteOrigin + callbackPath},
		}}}},
		Logger: debugLogger(outputs),
	})
}

func debugLogger(outputs *outputs) *slog.Logger {
	return slog.New(slog.NewJSONHandler(outputs, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
