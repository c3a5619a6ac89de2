// Migration is a backend whose people move to secureFlows from three other
// services. It accepts the tokens of all four behind the same guards, links an
// old account to a new one when its owner holds good tokens of both, and imports
// what the old account had into the new session, once. For an account of AuthReturn,
// whose tokens other sites have too, the owner gives the old password as well.
//
//	go run -C examples/migration .
//
// tells the story, against mocks inside the program, and prints it. With -addr it
// serves, and prints commands to try it with:
//
//	go run -C examples/migration . -addr 127.0.0.1:8084
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "migration:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("migration", flag.ContinueOnError)
	addr := flags.String("addr", "", "`address` to serve on, in place of the story")
	if err := flags.Parse(args); err != nil {
		return err
	}
	mocks := startMocks()
	defer mocks.close()
	shared := mocks.database()
	first, err := mocks.replica(shared)
	if err != nil {
		return err
	}
	if *addr != "" {
		return listen(ctx, *addr, first.routes(), mocks, out)
	}
	second, err := mocks.replica(shared)
	if err != nil {
		return err
	}
	return tell(ctx, out, mocks, shared, first.routes(), second.routes())
}

func listen(ctx context.Context, addr string, handler http.Handler, mocks *mocks, out io.Writer) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	api := "http://" + listener.Addr().String()
	fmt.Fprintf(out, "The backend is at %s\n%s", api, demo(mocks, api))
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	graceful, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return server.Shutdown(graceful)
}
