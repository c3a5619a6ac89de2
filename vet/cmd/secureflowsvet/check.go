package main

import (
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"

	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// A finding is a diagnostic with its place.
type finding struct {
	Rule    string         `json:"rule"`
	Message string         `json:"message"`
	URL     string         `json:"url"`
	Start   token.Position `json:"start"`
	End     token.Position `json:"end"`
	edits   []edit
}

// check loads the packages that are built on the SDK and runs the analyzers on
// them. All other packages are named by the go command and never read.
func check(analyzers []*analysis.Analyzer, patterns []string, tests bool) ([]finding, error) {
	concerned, err := concerned(patterns, tests)
	if err != nil || len(concerned) == 0 {
		return nil, err
	}
	// Types of what is imported come from the build cache: no analyzer asks for
	// facts of other packages.
	const mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
		packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo |
		packages.NeedModule | packages.NeedExportFile
	loaded, err := packages.Load(&packages.Config{Mode: mode, Tests: tests}, concerned...)
	if err != nil {
		return nil, err
	}
	if err := loadErrors(loaded); err != nil {
		return nil, err
	}
	graph, err := checker.Analyze(analyzers, loaded, nil)
	if err != nil {
		return nil, err
	}
	return collect(graph)
}

// concerned gives the paths of the packages, among those the patterns match,
// that are built on the SDK.
func concerned(patterns []string, tests bool) ([]string, error) {
	const mode = packages.NeedName | packages.NeedImports | packages.NeedDeps | packages.NeedForTest
	named, err := packages.Load(&packages.Config{Mode: mode, Tests: tests}, patterns...)
	if err != nil {
		return nil, err
	}
	if err := loadErrors(named); err != nil {
		return nil, err
	}
	seen := map[*packages.Package]bool{}
	var uses func(pkg *packages.Package) bool
	uses = func(pkg *packages.Package) bool {
		if known, ok := seen[pkg]; ok {
			return known
		}
		for _, imported := range pkg.Imports {
			if sdk.Own(imported.PkgPath) || uses(imported) {
				seen[pkg] = true
				return true
			}
		}
		seen[pkg] = false
		return false
	}
	var paths []string
	for _, pkg := range named {
		path := cmp.Or(pkg.ForTest, pkg.PkgPath)
		if !sdk.Own(path) && !strings.HasSuffix(path, ".test") && uses(pkg) && !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	return paths, nil
}

func loadErrors(loaded []*packages.Package) error {
	var all []error
	for _, pkg := range loaded {
		for _, err := range pkg.Errors {
			all = append(all, err)
		}
	}
	return errors.Join(all...)
}

// collect gives the findings in the order of the source. A package and the same
// one built for its tests find the same things.
func collect(graph *checker.Graph) ([]finding, error) {
	var findings []finding
	for _, action := range graph.Roots {
		if action.Err != nil {
			return nil, fmt.Errorf("%s: %w", action, action.Err)
		}
		for _, diagnostic := range action.Diagnostics {
			findings = append(findings, place(action, diagnostic))
		}
	}
	slices.SortFunc(findings, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.Start.Filename, b.Start.Filename), cmp.Compare(a.Start.Offset, b.Start.Offset),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(findings, func(a, b finding) bool {
		return a.Start == b.Start && a.Rule == b.Rule && a.Message == b.Message
	}), nil
}

func place(action *checker.Action, diagnostic analysis.Diagnostic) finding {
	files := action.Package.Fset
	f := finding{
		Rule: action.Analyzer.Name, Message: diagnostic.Message, URL: diagnostic.URL,
		Start: files.Position(diagnostic.Pos), End: files.Position(diagnostic.Pos),
	}
	if diagnostic.End.IsValid() {
		f.End = files.Position(diagnostic.End)
	}
	if len(diagnostic.SuggestedFixes) > 0 {
		for _, change := range diagnostic.SuggestedFixes[0].TextEdits {
			end := change.End
			if !end.IsValid() {
				end = change.Pos
			}
			start := files.Position(change.Pos)
			f.edits = append(f.edits, edit{start.Filename, start.Offset, files.Position(end).Offset, string(change.NewText)})
		}
	}
	return f
}
