package main

import (
	"flag"
	"fmt"
	"io"
	"strings"
)

const usageIntroduction = `Secureflows-emulator serves a stand-in for the secureFlows service, hosted login
included, for front ends, suites in any language and people who try things out.
It keeps everything in memory and forgets it when it stops. It asks no
password: never let strangers reach it.

Usage:

  secureflows-emulator [flags]

Examples:

  # a front end at port 5173, with somebody who has signed up already
  secureflows-emulator -redirect-uri http://localhost:5173/callback -user ada@example.com

  # several workspaces, and data to begin with
  secureflows-emulator -config emulator.json -seed data.json

  # tokens that end while one watches, answered as older servers did
  secureflows-emulator -token-ttl 30s -expired-status 401

  # for a suite: a free port, printed on the first line, and no log
  secureflows-emulator -addr 127.0.0.1:0 -log off

Open the origin it prints in a browser, and /_emulator/ there to watch sessions
and requests.

Flags:

`

const usageControl = `
The control API, JSON in and out, for programs on this machine. Pages of other
sites are refused.

  POST /_emulator/id-token  {"email"}         an ID token; signs up on first use
  POST /_emulator/expire    {"sessionToken"}  ends that token, not its session
  POST /_emulator/advance   {"seconds"}       moves the clock forward
  POST /_emulator/limits    {"maxSessions", "maxPayloadBytes"}
  POST /_emulator/billing   {"locked"}        the billing lock
  POST /_emulator/self-service  {"workspace", "enabled"}
                                              people's own list of sessions
  POST /_emulator/faults    {"path", "method", "status", "body", "contentType",
                             "headers", "delayMs", "drop", "truncate", "times"}
                                              what the next requests there meet
  POST /_emulator/seed      as -seed          adds people and sessions
  GET  /_emulator/export                      what -seed and seed take
  POST /_emulator/reset                       back to how it started
  GET  /_emulator/requests                    what arrived, tokens redacted
  GET  /_emulator/events                      the same as it happens (SSE)

  curl -d '{"email":"ada@example.com"}' http://127.0.0.1:8787/_emulator/id-token

The file of -config, in which all but workspaces may be left out. It takes the
place of -workspace, -app, -redirect-uri, -token-ttl and -payload-ttl; every
other flag that is given wins over it, and -user adds to its users.

`

const usageSeed = `

The file of -seed, in which app and payload may be left out:

  {"people": [{"email": "ada@example.com", "sessions": [
    {"workspace": "shop", "app": "shop-web", "payload": {"theme": "dark"}}]}]}
`

// printUsage is -h. The standard list of flags is kept, after what it cannot
// say.
func printUsage(w io.Writer, flags *flag.FlagSet) {
	fmt.Fprint(w, usageIntroduction)
	flags.SetOutput(w)
	flags.PrintDefaults()
	fmt.Fprint(w, usageControl)
	for line := range strings.Lines(exampleConfig) {
		fmt.Fprint(w, "  ", line)
	}
	fmt.Fprint(w, usageSeed)
}
