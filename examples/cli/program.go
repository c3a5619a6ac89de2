package main

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/secureflows/secureflows-go"
)

const name = "secureflows-cli"

// program is one run of the tool.
type program struct {
	console     *console
	client      *secureflows.Client
	mock        *mock // nil beside a real deployment
	address     string
	redirectURI string

	// open opens the browser; interruptible says what Ctrl-C ends.
	open          func(address string) error
	interruptible func(context.Context) (context.Context, context.CancelFunc)

	signInLimit, signOutLimit, callLimit time.Duration

	// The sign-in, in memory and nowhere else: session is nil before and after.
	session  *secureflows.Session
	identity secureflows.Identity
	browser  string // marks the browser that signed in, see visit.link
}

// run gives the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	p.browser = rand.Text()
	err := p.execute(ctx, p.shellCommands(), args)
	if err != nil {
		p.report(err)
	}
	return exitCode(err)
}

// report tells people of a failure.
func (p *program) report(err error) { p.console.say("%s: %s", name, describe(err)) }

// call asks the service something, within the limit of a command.
func (p *program) call(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, p.callLimit)
	defer cancel()
	return p.console.during("asking secureFlows", func() error { return ask(ctx) })
}
