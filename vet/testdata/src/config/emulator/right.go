// Emulator runs against an emulator, unless its flags say otherwise.
package main

import (
	"flag"
	"log"
	"net/http"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

func main() {
	workspace := flag.String("workspace", "demo-workspace", "workspace name")
	origin := flag.String("origin", "http://127.0.0.1:8787", "origin of the service")
	flag.Parse()
	client, err := secureflows.New(secureflows.Config{Workspace: *workspace, AppID: "demo-app", Origin: *origin})
	if err != nil {
		log.Fatal(err)
	}
	guard := middleware.NewBearer(client, middleware.BearerConfig{})
	log.Fatal(http.ListenAndServe("127.0.0.1:8080", guard.Require(http.NotFoundHandler())))
}
