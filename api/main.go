// Api keeps the exported API and the changelog together. Beside it lies, for
// each public package, the list of what was exported when the last version came
// out. Whatever is exported otherwise now must be named under Unreleased in
// CHANGELOG.md:
//
//	go run ./api            # says what has changed, and fails where that is not told
//	go run ./api -release   # takes the lists anew, when a version comes out
//
// The check is also a test of this package.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	ok, err := run(os.Args[1:], ".", os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// modules are those with public packages, by their folders.
var modules = []string{".", "middleware/redis", "middleware/authreturn", "middleware/vertesia", "middleware/productflo"}

// run reports whether the changelog names every change in the modules below root.
func run(args []string, root string, w io.Writer) (bool, error) {
	flags := flag.NewFlagSet("api", flag.ContinueOnError)
	release := flags.Bool("release", false, "take the lists anew")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	packages := make(map[string][]string)
	for _, module := range modules {
		if err := load(packages, filepath.Join(root, module)); err != nil {
			return false, err
		}
	}
	if *release {
		return true, write(root, packages)
	}
	changelog, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		return false, err
	}
	return check(w, root, packages, string(changelog))
}

// listOf is the file that has the API of a package.
func listOf(root, name string) string { return filepath.Join(root, "api", name+".txt") }

func write(root string, packages map[string][]string) error {
	for name, features := range packages {
		text := strings.Join(features, "\n") + "\n"
		if err := os.WriteFile(listOf(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// check prints the changes, and reports whether all of them are told.
func check(w io.Writer, root string, packages map[string][]string, changelog string) (bool, error) {
	names, err := released(root)
	if err != nil {
		return false, err
	}
	for name := range packages {
		names = append(names, name)
	}
	slices.Sort(names)
	ok := true
	for _, name := range slices.Compact(names) {
		text, err := os.ReadFile(listOf(root, name))
		if err != nil && !os.IsNotExist(err) {
			return false, err
		}
		before := strings.Split(strings.TrimSpace(string(text)), "\n")
		for _, c := range untold(diff(before, packages[name]), unreleased(changelog)) {
			ok = false
			fmt.Fprintf(w, "%s: %s\n\tsay so under Unreleased in CHANGELOG.md, with `%s`\n", name, c, c.name)
		}
	}
	return ok, nil
}

// released gives the packages that have a list.
func released(root string) ([]string, error) {
	files, err := filepath.Glob(listOf(root, "*"))
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".txt")
	}
	return files, err
}
