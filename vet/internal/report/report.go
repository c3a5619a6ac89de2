// Package report turns a rule into an analyzer: it leaves packages without the
// SDK and generated files alone, honours comments that ignore a finding, and
// gives every finding its rule and the page that explains it.
package report

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// pages is where the pages of the rules are.
const pages = "https://github.com/secureflows/secureflows-go/blob/main/vet/rules/"

// A Rule is one thing that must not be done.
type Rule struct {
	// ID names the rule in findings, in comments that ignore one, and in the
	// file name of its page.
	ID string
	// Doc is one sentence: what is reported.
	Doc string
	// Requires are the analyzers whose results Run asks for: flow.Analyzer,
	// route.Analyzer.
	Requires []*analysis.Analyzer
	// SkipTests leaves _test.go files alone, where a test may do what a program
	// may not.
	SkipTests bool
	// Run looks at one package, which is built on the SDK.
	Run func(*Pass)
}

// URL gives the page of the rule with this id.
func URL(id string) string { return pages + id + ".md" }

// Analyzer makes the analyzer of a rule.
func Analyzer(rule Rule) *analysis.Analyzer {
	return &analysis.Analyzer{
		Name:     rule.ID,
		Doc:      rule.Doc,
		URL:      URL(rule.ID),
		Requires: rule.Requires,
		Run: func(pass *analysis.Pass) (any, error) {
			if sdk.Own(pass.Pkg.Path()) || !sdk.Imported(pass.Pkg) {
				return nil, nil
			}
			p := &Pass{Pass: pass, rule: rule, directives: directivesOf(pass), seen: map[finding]bool{}}
			rule.Run(p)
			p.unused()
			return nil, nil
		},
	}
}

// Pass is what a rule sees of one package.
type Pass struct {
	*analysis.Pass
	rule       Rule
	directives []*directive
	seen       map[finding]bool
}

// finding tells findings apart: one place is reported once, by however many
// ways it is reached.
type finding struct {
	pos     token.Pos
	message string
}

// Reportf reports what is wrong at a place, and what to do instead. at may be
// an ast.Node, an ssa.Instruction or anything else with a Pos.
func (p *Pass) Reportf(at interface{ Pos() token.Pos }, format string, args ...any) {
	p.Report(analysis.Diagnostic{Pos: at.Pos(), Message: fmt.Sprintf(format, args...)})
}

// Report reports a diagnostic, which may carry fixes that are certain, unless
// its file is skipped or a comment ignores it.
func (p *Pass) Report(diagnostic analysis.Diagnostic) {
	key := finding{diagnostic.Pos, diagnostic.Message}
	if !diagnostic.Pos.IsValid() || p.seen[key] || p.Skipped(diagnostic.Pos) {
		return
	}
	p.seen[key] = true
	if p.ignored(diagnostic.Pos) {
		return
	}
	diagnostic.Category = p.rule.ID
	diagnostic.URL = URL(p.rule.ID)
	p.Pass.Report(diagnostic)
}

// Skipped reports whether pos is in a file this rule leaves alone: a generated
// one, or a test where the rule says so.
func (p *Pass) Skipped(pos token.Pos) bool {
	file := fileAt(p.Pass, pos)
	if file == nil || ast.IsGenerated(file) {
		return true
	}
	return p.rule.SkipTests && strings.HasSuffix(p.Fset.Position(pos).Filename, "_test.go")
}

// Files gives the files the rule looks at.
func (p *Pass) Files() []*ast.File {
	var files []*ast.File
	for _, file := range p.Pass.Files {
		if !p.Skipped(file.FileStart) {
			files = append(files, file)
		}
	}
	return files
}

func fileAt(pass *analysis.Pass, pos token.Pos) *ast.File {
	for _, file := range pass.Files {
		if file.FileStart <= pos && pos <= file.FileEnd {
			return file
		}
	}
	return nil
}
