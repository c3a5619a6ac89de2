// Job is a batch over many people's secureFlows sessions. It reads Firebase ID
// tokens from standard input, one a line, and does a piece of work in each
// person's session: here it moves a setting from an old key to a new one.
//
//	go run -C examples/job . -demo
//
// runs it on 200 made-up people of a mock. README.md says how to make a job of
// your own of it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/secureflows/secureflows-go"
)

// The deployment. Workspace, app id and origin are constants of the program, not
// flags or variables of the environment: whoever could change them could have
// the tokens sent elsewhere.
const (
	workspace = placeholder
	appID     = placeholder
	origin    = secureflows.ProductionOrigin
)

const placeholder = "from-the-dashboard"

const usage = `usage: job [-parallel n] [-report file] < id-tokens
       job -demo

Reads Firebase ID tokens from standard input, one a line, and works in the
session of each person. Tokens are never taken as arguments or from the
environment, where other people of the machine could see them.

  obtain-id-tokens | job -report report.jsonl
  job -demo -report report.jsonl        200 made-up people of a mock

Ctrl-C finishes the people who are under way; once more ends at once. Run again
with the same report and fresh tokens to go on: whoever is done is skipped.

Exit codes: 0 done, 1 somebody failed (see the report), 2 a mistake in the call,
5 the service did not answer, 6 it asked to wait too long, 7 the workspace is
locked over billing, 9 the plan allows no more sessions, 130 interrupted.

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the program as ever
	err := run(ctx, os.Args[1:], surroundings{
		in: os.Stdin, out: os.Stdout, notice: os.Stderr,
		inTerminal: term.IsTerminal(int(os.Stdin.Fd())), noticeTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		clock: systemClock,
	}, secureflows.Config{Workspace: workspace, AppID: appID, Origin: origin})
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "job:", describe(err))
	}
	os.Exit(exitCode(err))
}

// surroundings are where people and programs look (the summary goes to out,
// progress and warnings to notice), and the time.
type surroundings struct {
	in                         io.Reader
	out, notice                io.Writer
	inTerminal, noticeTerminal bool
	clock                      clock
}

// options are what the call asked for.
type options struct {
	parallel int
	report   string
	demo     bool
}

func run(ctx context.Context, args []string, s surroundings, cfg secureflows.Config) error {
	o, err := parse(args, s.out)
	if err != nil {
		return err
	}
	in := measure(s.in)
	if o.demo {
		demo := startDemo()
		defer demo.Close()
		in, cfg = demo.tokens, demo.Config()
	} else if s.inTerminal {
		return mistake("standard input is a terminal: pipe ID tokens in, or try -demo")
	} else if cfg.Workspace == placeholder || cfg.AppID == placeholder {
		return mistake("no deployment yet: write workspace and app id into main.go, or try -demo")
	}
	// The job repeats things itself, so that a rate limit slows down all of it.
	cfg.MaxRetries = -1
	client, err := secureflows.New(cfg)
	if err != nil {
		return err
	}
	report, err := openReport(o.report)
	if err != nil {
		return err
	}
	screen := newScreen(s, in.total)
	j := &job{
		work: moveTheme, client: client, report: report, screen: screen, parallel: o.parallel,
		gate: &gate{clock: s.clock, patience: o.parallel}, limit: time.Minute,
	}
	err = errors.Join(j.run(ctx, in), report.close())
	screen.close()
	fmt.Fprintln(s.out, j.tally)
	return err
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("job", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // a mistake is told once, by main
	flags.IntVar(&o.parallel, "parallel", 8, "work on this `number` of people at once, 1 to 64")
	flags.StringVar(&o.report, "report", "", "append a line a person to this `file`; skip whoever is done in it")
	flags.BoolVar(&o.demo, "demo", false, "work on 200 made-up people of a mock instead")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, usage)
		flags.SetOutput(out)
		flags.PrintDefaults()
		return o, err
	case err != nil:
		return o, mistake("%v; see -h", err)
	case flags.NArg() > 0: // it is not repeated: it may be a token
		return o, mistake("an argument that is no flag: tokens come from standard input, never as arguments")
	case o.parallel < 1 || o.parallel > 64:
		return o, mistake("-parallel %d is not 1 to 64", o.parallel)
	}
	return o, nil
}
