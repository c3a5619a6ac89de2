package main

import (
	"fmt"
	"io"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// announce says what there is, in lines that a program can read, and then what
// a person may want to paste.
func announce(stdout io.Writer, origin string, workspaces []emulator.Workspace, users []string) {
	fmt.Fprintf(stdout, "origin: %s\n", origin)
	for _, workspace := range workspaces {
		fmt.Fprintf(stdout, "workspace: %s\n", workspace.Name)
		for _, app := range workspace.Apps {
			fmt.Fprintf(stdout, "app: %s\n", app.ID)
			for _, uri := range app.RedirectURIs {
				fmt.Fprintf(stdout, "redirect-uri: %s\n", uri)
			}
		}
	}
	for _, email := range users {
		fmt.Fprintf(stdout, "user: %s\n", email)
	}
	fmt.Fprint(stdout, "\nFor your Go code:\n")
	for _, workspace := range workspaces {
		for _, app := range workspace.Apps {
			fmt.Fprintf(stdout, pasted, workspace.Name, app.ID, origin)
		}
	}
	fmt.Fprintf(stdout, "\nSign-in, sessions and requests to look at: %s/_emulator/\nControl-C stops it, and everything is forgotten.\n", origin)
}

// pasted has the form of the README.
const pasted = `
	client, err := secureflows.New(secureflows.Config{
		Workspace: %q,
		AppID:     %q,
		Origin:    %q,
	})
`
