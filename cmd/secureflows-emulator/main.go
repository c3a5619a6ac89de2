// Secureflows-emulator serves a stand-in for the secureFlows service on
// loopback, for front ends, suites in any language and people who try things
// out. It keeps everything in memory and forgets it when it stops.
//
//	secureflows-emulator -redirect-uri http://localhost:5173/callback
//
// When it is ready it prints its origin and the constants to use. Its control
// API, which moves the clock, makes ID tokens and injects faults, is under
// /_emulator/.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "secureflows-emulator:", err)
		os.Exit(1)
	}
}

// run serves until the context ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	if options.verbose {
		options.config.Logger = slog.New(slog.NewTextHandler(stderr, nil))
	}
	mock, err := emulator.New(options.config)
	if err != nil {
		return err
	}
	defer mock.Close()
	listener, err := listen(ctx, options.addr)
	if err != nil {
		return err
	}
	announce(stdout, listener.Addr(), mock.Workspaces(), options.config.Users)
	return serve(ctx, listener, mock, stderr)
}

// listen refuses every address but loopback: the emulator signs anybody in as
// anybody, so it is not to be reached from elsewhere.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("-addr %q: %w: write it such as 127.0.0.1:8787", addr, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, notLoopback(addr)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("-addr %q: %w", addr, err)
	}
	if bound, ok := listener.Addr().(*net.TCPAddr); !ok || !bound.IP.IsLoopback() {
		listener.Close() // a hosts file may say anything about localhost
		return nil, notLoopback(addr)
	}
	return listener, nil
}

func notLoopback(addr string) error {
	return fmt.Errorf("-addr %q is not a loopback address: the emulator signs anybody in as anybody, so it listens on localhost, 127.0.0.1 or [::1] only", addr)
}

func announce(stdout io.Writer, addr net.Addr, workspaces []emulator.Workspace, users []string) {
	fmt.Fprintf(stdout, "origin: http://%s\n", addr)
	for _, workspace := range workspaces {
		fmt.Fprintf(stdout, "workspace: %s\n", workspace.Name)
		for _, app := range workspace.Apps {
			fmt.Fprintf(stdout, "app: %s\n", app.ID)
			for _, uri := range app.RedirectURIs {
				fmt.Fprintf(stdout, "redirect-uri: %s\n", uri)
			}
		}
	}
	for _, email := range users {
		fmt.Fprintf(stdout, "user: %s\n", email)
	}
}

// shutdownGrace is how long requests under way may take to finish after a
// signal. The delays of faults end at once.
const shutdownGrace = 3 * time.Second

func serve(ctx context.Context, listener net.Listener, mock *emulator.Emulator, stderr io.Writer) error {
	server := &http.Server{
		Handler:           mock,
		ReadHeaderTimeout: 10 * time.Second,
		// Logins and renewals carry tokens of up to 16 KiB in the URL, where
		// percent-encoding may treble them, and the Referer repeats it.
		MaxHeaderBytes: 256 << 10,
		ErrorLog:       slog.NewLogLogger(slog.NewTextHandler(stderr, nil), slog.LevelError),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	mock.Close()
	graceful, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	err := server.Shutdown(graceful)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	<-failed // http.ErrServerClosed
	return err
}
