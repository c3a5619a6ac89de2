// Quickstart walks through the whole life of a session and prints every step:
// sign-in through the hosted page, identity, stored values, expiry, renewal,
// logout, revocation, and what each error says.
//
//	go run ./examples/quickstart
//
// runs it against a mock inside the program. Against a real deployment it works
// in a session of its own, which it destroys at the end, and reads a Firebase
// ID token from standard input:
//
//	go run ./examples/quickstart -origin https://www.secure-flows.com \
//		-workspace my-workspace -app my-app < id-token.txt
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	origin := flags.String("origin", "", "origin of a real deployment; empty starts the bundled mock")
	workspace := flags.String("workspace", secureflowstest.Workspace, "workspace name, from the dashboard")
	app := flags.String("app", secureflowstest.AppID, "app id, from the dashboard")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg := secureflows.Config{Workspace: *workspace, AppID: *app, Origin: *origin}
	if *origin != "" {
		return runDeployed(ctx, cfg, in, out)
	}
	return runMock(ctx, cfg, out)
}

// runMock makes the tour as a browser and its application see it.
func runMock(ctx context.Context, cfg secureflows.Config, out io.Writer) error {
	application, err := startApplication()
	if err != nil {
		return err
	}
	defer application.stop()
	mock := secureflowstest.Start(secureflowstest.Options{RedirectURIs: []string{application.redirectURI}})
	defer mock.Close()
	cfg.Origin = mock.Origin() // the one line that a real program does not have
	client, err := secureflows.New(cfg)
	if err != nil {
		return err
	}
	t := &tour{out: out, client: client, mock: mock, application: application}
	t.say("secureFlows quickstart, against the bundled mock at %s", mock.Origin())
	return t.make(ctx, t.signInHosted)
}

// runDeployed makes the part of the tour that needs no browser and no control
// over the service.
func runDeployed(ctx context.Context, cfg secureflows.Config, in io.Reader, out io.Writer) error {
	client, err := secureflows.New(cfg)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(in, 32<<10))
	if err != nil {
		return fmt.Errorf("read the ID token from standard input: %w", err)
	}
	idToken, err := secureflows.NewIDToken(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	t := &tour{out: out, client: client, idToken: idToken}
	t.say("secureFlows quickstart, against %s", cfg.Origin)
	return t.make(ctx, t.signInDirectly)
}
