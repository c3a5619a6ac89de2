// Api is a JSON API for notes behind bearer tokens: the backend of a front end
// that signs people in through hosted login. Each person's notes lie in their
// own secureFlows session; this program stores nothing.
//
//	go run ./examples/api
//
// runs it beside a mock of the service, and prints commands to try it with.
// Against a real deployment:
//
//	go run ./examples/api -origin https://www.secure-flows.com \
//		-workspace my-workspace -app my-app \
//		-front-end https://app.example.com/auth/callback -operator 42
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

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("api", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8081", "`address` to listen on")
	origin := flags.String("origin", "", "origin of a real deployment; empty starts the bundled mock")
	workspace := flags.String("workspace", secureflowstest.Workspace, "workspace name, from the dashboard")
	app := flags.String("app", secureflowstest.AppID, "app id, from the dashboard")
	frontEnd := flags.String("front-end", secureflowstest.RedirectURI, "callback `URL` of the front end, where hosted login returns to")
	operator := flags.Int64("operator", 0, "user `id` of who may read the statistics; 0 is nobody")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg := secureflows.Config{Workspace: *workspace, AppID: *app, Origin: *origin}
	if *origin == "" {
		mock := secureflowstest.Start()
		defer mock.Close()
		cfg.Origin, *operator = mock.Origin(), mock.UserID(demoOperator)
	}
	client, err := secureflows.New(cfg)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	api := "http://" + listener.Addr().String()
	welcome := fmt.Sprintf("The notes API is at %s\n", api)
	if *origin == "" {
		welcome += demo(cfg.Origin, api)
	}
	fmt.Fprint(out, welcome)
	return serve(ctx, listener, routes(client, *operator, *frontEnd))
}

// serve ends with the context, after the requests under way.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
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
