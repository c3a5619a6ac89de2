package main

import (
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// options are the command line.
type options struct {
	addr    string
	verbose bool
	config  emulator.Config
}

// repeated is a flag that may be given several times.
type repeated []string

func (r *repeated) String() string { return fmt.Sprint([]string(*r)) }

func (r *repeated) Set(value string) error {
	*r = append(*r, value)
	return nil
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var (
		o            options
		workspace    = emulator.Workspace{Apps: make([]emulator.App, 1)}
		app          = &workspace.Apps[0]
		redirectURIs repeated
		users        repeated
	)
	flags := flag.NewFlagSet("secureflows-emulator", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8787", "loopback `address` to listen on; port 0 picks a free one")
	flags.StringVar(&workspace.Name, "workspace", "demo-workspace", "`name` of the workspace")
	flags.StringVar(&app.ID, "app", "demo-app", "`id` of the application")
	flags.Var(&redirectURIs, "redirect-uri", "allowlisted redirect `URI`; may be repeated (default: /callback and /auth/callback of port 8080 on localhost and 127.0.0.1)")
	flags.Var(&users, "user", "`email` of somebody who has signed up already; may be repeated")
	flags.DurationVar(&app.TokenTTL, "token-ttl", time.Hour, "how long a token is good from its issue; 0 is no limit")
	flags.DurationVar(&app.PayloadTTL, "payload-ttl", 0, "how long a session lasts; 0 is no limit")
	flags.IntVar(&o.config.Limits.MaxSessions, "max-sessions", 0, "active sessions of the plan; 0 is no limit")
	flags.IntVar(&o.config.Limits.MaxPayloadBytes, "max-payload-bytes", 0, "payload `bytes` of the plan; 0 is no limit")
	flags.IntVar(&o.config.ExpiredStatus, "expired-status", 410, "`status` of an expired token: 410 or 401")
	flags.IntVar(&o.config.PayloadLimitStatus, "payload-limit-status", 429, "`status` of a payload over the limit: 429 or 413")
	flags.BoolVar(&o.config.StableTokens, "stable-tokens", false, "answer a session that is reused with its last token while that is good")
	flags.BoolVar(&o.config.DropState, "drop-state", false, "forget the state of a login")
	flags.StringVar(&o.config.CallbackErrors, "callback-errors", emulator.CallbackErrorsJSON, "how auth/callback refuses: json or redirect")
	flags.BoolVar(&o.verbose, "verbose", false, "log one line per request, tokens redacted")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is not a flag: see -help", flags.Arg(0))
	}
	if app.TokenTTL < 0 {
		return o, fmt.Errorf("-token-ttl %v is negative: 0 is no limit", app.TokenTTL)
	}
	if app.TokenTTL == 0 {
		app.TokenTTL = -1 // in Config, 0 is the default
	}
	app.RedirectURIs = redirectURIs
	if len(redirectURIs) == 0 {
		app.RedirectURIs = emulator.DefaultRedirectURIs()
	}
	o.config.Users = users
	o.config.Workspaces = []emulator.Workspace{workspace}
	return o, nil
}
