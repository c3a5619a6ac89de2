package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// defaultTokenTTL is short, so that an expiry is met while people try things; in
// secureflowstest, where tests move the clock, it is the service's 7 days.
const defaultTokenTTL = time.Hour

// options are the command line, and the files it names.
type options struct {
	addr           string
	insecureListen bool
	log            string
	configFile     string
	seedFile       string

	app          oneApp
	redirectURIs repeated
	users        repeated
	config       emulator.Config
}

// oneApp is the application that the command line can describe. A file has room
// for more.
type oneApp struct {
	workspace, id        string
	tokenTTL, payloadTTL time.Duration
}

// repeated is a flag that may be given several times.
type repeated []string

func (r *repeated) String() string { return "" }

func (r *repeated) Set(value string) error {
	*r = append(*r, value)
	return nil
}

// describeOneApp are the flags whose place is taken by a file's workspaces.
var describeOneApp = map[string]bool{"workspace": true, "app": true, "redirect-uri": true, "token-ttl": true, "payload-ttl": true}

// parseOptions reads the command line. A flag wins over the file: what the file
// says is the default that a second look at the command line starts from.
func parseOptions(args []string, stdout io.Writer) (options, error) {
	o, flags, err := parseFlags(args, emulator.Config{
		ExpiredStatus: 410, PayloadLimitStatus: 429, CallbackErrors: emulator.CallbackErrorsJSON,
	}, stdout)
	if err != nil {
		return o, err
	}
	if o.configFile == "" {
		o.config.Workspaces = []emulator.Workspace{o.app.workspaceWith(o.redirectURIs)}
	} else {
		if o, err = o.withFile(args, flags); err != nil {
			return o, err
		}
	}
	o.config.Users = append(o.config.Users, o.users...)
	if o.seedFile != "" {
		if o.config.Seed, err = readSeed(o.seedFile); err != nil {
			return o, err
		}
	}
	return o, nil
}

func (o options) withFile(args []string, flags *flag.FlagSet) (options, error) {
	var refused error
	flags.Visit(func(given *flag.Flag) {
		if describeOneApp[given.Name] {
			refused = errors.Join(refused, fmt.Errorf("-%s and -config exclude each other: say it in %s", given.Name, o.configFile))
		}
	})
	if refused != nil {
		return o, refused
	}
	config, err := readConfig(o.configFile)
	if err != nil {
		return o, err
	}
	o, _, err = parseFlags(args, config, io.Discard)
	return o, err
}

// parseFlags reads the command line over a config that has the defaults.
func parseFlags(args []string, config emulator.Config, stdout io.Writer) (options, *flag.FlagSet, error) {
	o := options{config: config}
	flags := flag.NewFlagSet("secureflows-emulator", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	o.define(flags)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		printUsage(stdout, flags)
		return o, flags, err
	case err != nil:
		return o, flags, fmt.Errorf("%w: see -h", err)
	case flags.NArg() > 0:
		return o, flags, fmt.Errorf("%q is not a flag: see -h", flags.Arg(0))
	}
	if o.log != "text" && o.log != "json" && o.log != "off" {
		return o, flags, fmt.Errorf("-log is %q: it is text, json or off", o.log)
	}
	return o, flags, nil
}

func (o *options) define(flags *flag.FlagSet) {
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8787", "loopback `address` to listen on; port 0 picks a free one")
	flags.BoolVar(&o.insecureListen, "insecure-listen", false, "let -addr be reachable by other machines, which can then sign in as anybody")
	flags.StringVar(&o.configFile, "config", "", "JSON `file` with workspaces, apps and users; see below")
	flags.StringVar(&o.seedFile, "seed", "", "JSON `file` with people and the payloads of their sessions, as GET /_emulator/export gives it")
	flags.StringVar(&o.log, "log", "text", "`form` of the log, one line per request on standard error, tokens redacted: text, json or off")

	flags.StringVar(&o.app.workspace, "workspace", "demo-workspace", "`name` of the workspace")
	flags.StringVar(&o.app.id, "app", "demo-app", "`id` of the application")
	flags.Var(&o.redirectURIs, "redirect-uri", "allowlisted redirect `URI`; may be repeated (default /callback and /auth/callback of port 8080 on localhost and 127.0.0.1)")
	flags.DurationVar(&o.app.tokenTTL, "token-ttl", defaultTokenTTL, "how long a token is good from its issue; 0 or less is no limit")
	flags.DurationVar(&o.app.payloadTTL, "payload-ttl", 0, "how long a session lasts, which no token outlives; 0 is no limit")
	flags.Var(&o.users, "user", "`email` of somebody who has signed up already; may be repeated. Others sign up on first use")

	config := &o.config
	flags.IntVar(&config.Limits.MaxSessions, "max-sessions", config.Limits.MaxSessions, "active sessions of the plan; 0 is no limit")
	flags.IntVar(&config.Limits.MaxPayloadBytes, "max-payload-bytes", config.Limits.MaxPayloadBytes, "payload `bytes` of the plan; 0 is no limit")
	flags.IntVar(&config.ExpiredStatus, "expired-status", config.ExpiredStatus, "`status` of an expired token: 410 or 401")
	flags.IntVar(&config.PayloadLimitStatus, "payload-limit-status", config.PayloadLimitStatus, "`status` of a payload over the limit: 429 or 413")
	flags.BoolVar(&config.StableTokens, "stable-tokens", config.StableTokens, "answer a session that is reused with its last token while that is good")
	flags.BoolVar(&config.DropState, "drop-state", config.DropState, "forget the state of a login")
	flags.StringVar(&config.CallbackErrors, "callback-errors", config.CallbackErrors, "how auth/callback refuses: `json` or redirect")
}

func (a oneApp) workspaceWith(redirectURIs []string) emulator.Workspace {
	if len(redirectURIs) == 0 {
		redirectURIs = emulator.DefaultRedirectURIs()
	}
	return emulator.Workspace{Name: a.workspace, Apps: []emulator.App{{
		ID: a.id, RedirectURIs: redirectURIs, TokenTTL: unlimited(a.tokenTTL), PayloadTTL: a.payloadTTL,
	}}}
}

// unlimited is a token's lifetime in the terms of emulator.App, where 0 is the
// default.
func unlimited(ttl time.Duration) time.Duration {
	if ttl == 0 {
		return -1
	}
	return ttl
}

func readSeed(file string) (emulator.Seed, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return emulator.Seed{}, fmt.Errorf("-seed: %w", err)
	}
	seed, err := emulator.ParseSeed(text)
	if err != nil {
		return seed, fmt.Errorf("-seed %s: %w", file, err)
	}
	return seed, nil
}

// flagOf are the flags that are not called like their setting.
var flagOf = map[string]string{
	"Name": "workspace", "ID": "app", "TokenTTL": "token-ttl", "PayloadTTL": "payload-ttl", "RedirectURIs": "redirect-uri",
	"Users": "user", "MaxSessions": "max-sessions", "MaxPayloadBytes": "max-payload-bytes", "ExpiredStatus": "expired-status",
	"PayloadLimitStatus": "payload-limit-status", "CallbackErrors": "callback-errors", "Seed": "seed",
}

// explain names a setting that the emulator refuses as the person wrote it: by
// its flag, or by its member of the file.
func (o options) explain(err error) error {
	var wrong *emulator.ConfigError
	if !errors.As(err, &wrong) {
		return err
	}
	switch {
	case o.configFile == "" || wrong.Setting == "Seed":
		return fmt.Errorf("-%s %s", flagOf[wrong.Setting], wrong.Problem)
	case wrong.Where == "":
		return fmt.Errorf("-config %s or -%s: %s %s", o.configFile, flagOf[wrong.Setting], wrong.Member(), wrong.Problem)
	}
	return fmt.Errorf("-config %s: %s: %s %s", o.configFile, wrong.Where, wrong.Member(), wrong.Problem)
}
