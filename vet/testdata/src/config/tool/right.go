// Tool is run by whoever has a deployment of their own, and serves nobody.
package main

import (
	"flag"
	"log"

	"github.com/secureflows/secureflows-go"
)

func main() {
	workspace := flag.String("workspace", "", "workspace name")
	app := flag.String("app", "", "app id")
	flag.Parse()
	if _, err := secureflows.New(secureflows.Config{Workspace: *workspace, AppID: *app}); err != nil {
		log.Fatal(err)
	}
}
