// Demo has the mock within, and shows itself against any deployment.
package main

import (
	"flag"
	"log"
	"net/http"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func main() {
	workspace := flag.String("workspace", secureflowstest.Workspace, "workspace name")
	app := flag.String("app", secureflowstest.AppID, "app id")
	origin := flag.String("origin", "", "origin; empty starts the mock")
	flag.Parse()
	cfg := secureflows.Config{Workspace: *workspace, AppID: *app, Origin: *origin}
	if *origin == "" {
		cfg = secureflowstest.Start().Config()
	}
	client, err := secureflows.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	guard := middleware.NewBearer(client, middleware.BearerConfig{})
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", guard.Require(http.NotFoundHandler())))
}
