// Package program is what the programs of this module share: everything but the
// framework.
package program

import (
	"flag"
	"log"
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// Main serves routes until it is interrupted.
func Main(routes func(*middleware.Bearer) http.Handler) {
	addr := flag.String("addr", "127.0.0.1:8081", "`address` to listen on")
	origin := flag.String("origin", "http://127.0.0.1:8787", "origin of the service: the emulator, or a deployment")
	workspace := flag.String("workspace", "demo-workspace", "workspace name, from the dashboard")
	app := flag.String("app", "demo-app", "app id, from the dashboard")
	flag.Parse()
	client, err := secureflows.New(secureflows.Config{Workspace: *workspace, AppID: *app, Origin: *origin})
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Addr: *addr, Handler: routes(middleware.NewBearer(client, middleware.BearerConfig{})),
		ReadHeaderTimeout: 5 * time.Second,
	}
	log.Printf("listening on http://%s", *addr)
	log.Fatal(server.ListenAndServe())
}
