// Secureflows-emulator serves a stand-in for the secureFlows service on
// loopback, for front ends, suites in any language and people who try things
// out. It keeps everything in memory and forgets it when it stops.
//
//	secureflows-emulator -redirect-uri http://localhost:5173/callback
//
// When it is ready it prints its origin and the constants to use. Its control
// API, which moves the clock, makes ID tokens and injects faults, is under
// /_emulator/, and so is a page to watch it by. The flag -h explains it all.
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
	context.AfterFunc(ctx, stop) // a second signal does not wait for requests
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "secureflows-emulator:", err)
		os.Exit(1)
	}
}

// run serves until the context ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, err := parseOptions(args, stdout)
	if err != nil {
		return err
	}
	options.config.Logger = options.logger(stderr)
	options.config.ControlHosts = namesOf(options.addr)
	mock, err := emulator.New(options.config)
	if err != nil {
		return options.explain(err)
	}
	defer mock.Close()
	listener, err := listen(ctx, options.addr, options.insecureListen)
	if err != nil {
		return err
	}
	announce(stdout, originOf(options.addr, listener.Addr()), mock.Workspaces(), options.config.Users)
	return serve(ctx, listener, mock, stderr)
}

// logger is nil when nobody wants to read it.
func (o options) logger(w io.Writer) *slog.Logger {
	switch o.log {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil))
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil))
	}
	return nil
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
