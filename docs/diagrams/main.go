// Diagrams draws the diagrams of the documentation.
//
//	go run ./docs/diagrams
//
// writes them beside this file. The same program makes the same bytes, and a
// test compares them.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// diagrams are all there are, by the name of their file.
var diagrams = map[string]func() *drawing{
	"request-path.svg": requestPath,
	"login-flow.svg":   loginFlow,
	"replicas.svg":     replicas,
}

func main() {
	if err := write("docs/diagrams"); err != nil {
		fmt.Fprintln(os.Stderr, "diagrams:", err)
		os.Exit(1)
	}
}

func write(folder string) error {
	for name, draw := range diagrams {
		if err := os.WriteFile(filepath.Join(folder, name), draw().svg(), 0o644); err != nil {
			return err
		}
	}
	return nil
}
