// Server takes what is constant by flag.
package main

import (
	"flag"
	"log"
	"net/http"
	"os"

	"github.com/spf13/pflag"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

func main() {
	workspace := flag.String("workspace", "example", "workspace name")
	cfg := secureflows.Config{AppID: "notes"}
	flag.StringVar(&cfg.Origin, "origin", "", "origin of the service") // want `Origin comes from a flag`
	flag.Parse()
	cfg.Workspace = *workspace // want `Workspace comes from a flag`
	client, err := secureflows.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	guard := middleware.NewBearer(client, middleware.BearerConfig{})
	log.Fatal(http.ListenAndServe(":8080", guard.Require(http.NotFoundHandler())))
}

var app string

func init() { flag.StringVar(&app, "app", "", "app id") }

func byGlobal() secureflows.Config {
	return secureflows.Config{Workspace: "example", AppID: app} // want `AppID comes from a flag`
}

type options struct{ workspace string }

func byField(o *options) secureflows.Config {
	flags := pflag.NewFlagSet("server", pflag.ContinueOnError)
	flags.StringVarP(&o.workspace, "workspace", "w", "", "workspace name")
	return secureflows.Config{Workspace: o.workspace, AppID: "notes"} // want `Workspace comes from a flag`
}

func byArgument() secureflows.Config {
	return secureflows.Config{Workspace: os.Args[1], AppID: "notes"} // want `Workspace comes from a flag`
}
