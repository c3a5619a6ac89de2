package main

import (
	"fmt"
	"os/exec"
	"runtime"
)

// openBrowser opens an address in the person's browser, and returns when the
// system's opener has done its work or failed. The address is seen in the list
// of processes: it must not hold a token.
//
// Libraries for this are these lines and a few rarer openers.
func openBrowser(address string) error {
	var command *exec.Cmd
	switch runtime.GOOS {
	case "darwin":
		command = exec.Command("open", address)
	case "windows":
		command = exec.Command("rundll32", "url.dll,FileProtocolHandler", address)
	default:
		command = exec.Command("xdg-open", address)
	}
	// Its input and output are the null device, so that it keeps off the prompt.
	detach(command)
	if err := command.Run(); err != nil {
		return fmt.Errorf("%s: %w", command.Args[0], err)
	}
	return nil
}
