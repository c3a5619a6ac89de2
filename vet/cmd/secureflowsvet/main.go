// Command secureflowsvet checks programs that use the secureFlows SDK for what
// its contract forbids.
//
//	secureflowsvet ./...
//	go vet -vettool=$(which secureflowsvet) ./...
//
// It exits with 0 when nothing was found, with 1 when something was, and with 2
// when packages could not be loaded or the command line not be read.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/secureflows/secureflows-go/vet"
)

// The exit codes.
const (
	clean = iota
	found
	failed
)

func main() {
	if byGoVet(os.Args[1:]) {
		unitchecker.Main(vet.Analyzers()...) // does not return
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// byGoVet reports whether the go command calls: it asks for version and flags,
// and then hands over one package at a time.
func byGoVet(arguments []string) bool {
	return slices.ContainsFunc(arguments, func(argument string) bool {
		return argument == "-V=full" || argument == "-flags" || strings.HasSuffix(argument, ".cfg")
	})
}

// options are the command line.
type options struct {
	json, sarif, fix, tests bool
	rules                   string
	patterns                []string
}

func run(arguments []string, out, problems io.Writer) int {
	o, err := parse(arguments, problems)
	if err != nil {
		if err == flag.ErrHelp { //nolint:errorlint // the flag package gives it bare
			return clean
		}
		return failed
	}
	analyzers, err := choose(o.rules)
	if err != nil {
		fmt.Fprintln(problems, "secureflowsvet:", err)
		return failed
	}
	findings, err := check(analyzers, o.patterns, o.tests)
	if err != nil {
		fmt.Fprintln(problems, "secureflowsvet:", err)
		return failed
	}
	if o.fix {
		if findings, err = mend(analyzers, o, findings); err != nil {
			fmt.Fprintln(problems, "secureflowsvet:", err)
			return failed
		}
	}
	if err := o.print(out, analyzers, findings); err != nil {
		fmt.Fprintln(problems, "secureflowsvet:", err)
		return failed
	}
	if len(findings) > 0 {
		return found
	}
	return clean
}

func parse(arguments []string, problems io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("secureflowsvet", flag.ContinueOnError)
	flags.SetOutput(problems)
	flags.BoolVar(&o.json, "json", false, "write findings as a JSON array")
	flags.BoolVar(&o.sarif, "sarif", false, "write findings as SARIF 2.1.0, which code scanning reads")
	flags.BoolVar(&o.fix, "fix", false, "apply the fixes that are certain, and report what is left")
	flags.BoolVar(&o.tests, "tests", true, "look at test files too")
	flags.StringVar(&o.rules, "rules", "", "the rules to check, with commas; empty is all")
	flags.Usage = func() {
		fmt.Fprint(problems, "usage: secureflowsvet [flags] [packages]\n\n")
		flags.PrintDefaults()
		fmt.Fprint(problems, "\nrules:\n")
		for _, analyzer := range vet.Analyzers() {
			fmt.Fprintf(problems, "  %-11s %s\n", analyzer.Name, analyzer.Doc)
		}
		fmt.Fprint(problems, "\nexit codes: 0 nothing found, 1 findings, 2 failure\n")
	}
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	o.patterns = flags.Args()
	if len(o.patterns) == 0 {
		o.patterns = []string{"."}
	}
	return o, nil
}

// choose gives the analyzers of the rules named, or all.
func choose(names string) ([]*analysis.Analyzer, error) {
	all := vet.Analyzers()
	if names == "" {
		return all, nil
	}
	var chosen []*analysis.Analyzer
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(a *analysis.Analyzer) bool { return a.Name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, fmt.Errorf("there is no rule %q: -h has a list", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
