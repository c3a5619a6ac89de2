// Cli is secureflows-cli, a command-line tool for one person's secureFlows data:
// it signs in through the browser, keeps the token in memory, and reads and
// writes JSON.
//
//	go run -C examples/cli . login
//
// runs it beside a mock of the service. README.md says how to make a tool of
// your own of it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// The deployment. Workspace, app id and origin are constants of the program, not
// flags or variables of the environment: whoever could change them could send a
// person's sign-in elsewhere. For a real one write the dashboard's names here,
// and as the origin secureflows.ProductionOrigin.
const (
	workspace = secureflowstest.Workspace
	appID     = secureflowstest.AppID
	origin    = bundledMock

	// The port is fixed, because the allowlist in the dashboard holds the whole
	// redirectURI, to the letter.
	address     = "127.0.0.1:8976"
	redirectURI = "http://" + address + callbackPath
)

// bundledMock as the origin starts a mock within the program.
const bundledMock = "mock"

const (
	signInLimit  = 5 * time.Minute  // a state is good for no longer
	signOutLimit = 30 * time.Second // it takes no clicks
	callLimit    = time.Minute      // for one command, retries included
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	p, err := deployed(systemConsole())
	if err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(exitFailed)
	}
	code := p.run(ctx, os.Args[1:])
	p.mock.stop()
	stop()
	os.Exit(code)
}

// deployed gives the program of the constants above.
func deployed(c *console) (*program, error) {
	p := &program{
		console: c, address: address, redirectURI: redirectURI,
		open: openBrowser, interruptible: interruptible,
		signInLimit: signInLimit, signOutLimit: signOutLimit, callLimit: callLimit,
	}
	cfg := secureflows.Config{Workspace: workspace, AppID: appID, Origin: origin}
	if cfg.Origin == bundledMock {
		p.mock = startMock(redirectURI)
		cfg.Origin = p.mock.Origin()
	}
	client, err := secureflows.New(cfg)
	if err != nil {
		return nil, err
	}
	p.client = client
	return p, nil
}

// interruptible gives a context that Ctrl-C ends. Each command at the prompt has
// one of its own, so that Ctrl-C stops that command and leaves the prompt.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt)
}
