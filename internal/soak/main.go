// Soak runs the client, both middlewares and the mock under a scripted storm
// for a given time, and fails when one of the rules is broken that an outage
// tempts a program to break:
//
//	go run ./internal/soak -duration 1m -seed 1
//
// 256 clients keep a model of what they have stored, and a ledger knows what
// has ended each token. The script draws its events from the seed: refusals and
// pages of intermediaries, broken and slow answers, rate limits, billing locks,
// expiries, revocations, jumps of the clock, restarts of the service. Which
// request meets which event is up to the scheduler.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/secureflows/secureflows-go"
)

func main() {
	ok, err := run(os.Args[1:], os.Stdout)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// run reports whether every rule was kept.
func run(args []string, w io.Writer) (bool, error) {
	config := Config{Deadline: 10 * time.Second, Patience: 15 * time.Second}
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.DurationVar(&config.Duration, "duration", time.Minute, "how `long` the storm lasts")
	flags.Uint64Var(&config.Seed, "seed", 1, "`number` from which the script and the clients draw")
	flags.IntVar(&config.Clients, "clients", 256, "`number` of clients")
	flags.DurationVar(&config.Think, "think", 300*time.Millisecond, "average `time` between two operations of a client")
	flags.DurationVar(&config.Calm, "calm", 10*time.Millisecond, "average `time` between two events of the script")
	if err := flags.Parse(args); err != nil {
		return errors.Is(err, flag.ErrHelp), err
	}
	if config.Clients < 4 || config.Duration <= 0 || flags.NArg() > 0 {
		return false, errors.New("the storm takes a -duration above 0, at least 4 -clients, and no arguments")
	}
	fmt.Fprintf(w, "soak: seed %d, %d clients, %v, %s on %d processors\n",
		config.Seed, config.Clients, config.Duration, runtime.Version(), runtime.GOMAXPROCS(0))
	figures, violations, err := Run(config)
	if figures == nil {
		return false, err
	}
	figures.print(w)
	fmt.Fprintf(w, "\n| rule | times broken |\n|---|---:|\n")
	violations.print(w)
	return len(violations.broken()) == 0, err
}

// outcome names what came of an operation, by the error to decide by.
func outcome(err error) string {
	if err == nil {
		return "done"
	}
	for _, known := range []struct {
		err  error
		name string
	}{
		{errNotSignedIn, "not signed in"},
		{secureflows.ErrSignedOut, "told a sign-out"},
		{secureflows.ErrUnavailable, "unavailable"},
		{secureflows.ErrRateLimited, "rate limited"},
		{secureflows.ErrGraceLock, "billing lock"},
		{secureflows.ErrForbidden, "forbidden by an intermediary"},
	} {
		if errors.Is(err, known.err) {
			return known.name
		}
	}
	return "another failure"
}
