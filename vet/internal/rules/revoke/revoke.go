// Package revoke finds data that is destroyed where people only sign out.
package revoke

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/purpose"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/route"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Analyzer reports Revoke on the way of a sign-out.
var Analyzer = report.Analyzer(report.Rule{
	ID:        "revoke",
	Doc:       "reports Session.Revoke on the way of a sign-out, where it destroys the data",
	Requires:  []*analysis.Analyzer{flow.Analyzer, route.Analyzer},
	SkipTests: true, // they clean up after themselves
	Run:       run,
})

func run(pass *report.Pass) {
	program := flow.Of(pass.Pass)
	calls := program.CallsTo(func(fn *types.Func) bool { return sdk.In(fn, sdk.SessionRevoke) })
	if len(calls) == 0 {
		return
	}
	s := &search{pass: pass, program: program, routes: route.Of(pass.Pass), literals: literals(pass.Files())}
	for _, call := range calls {
		s.seen, s.signOut, s.deletes = map[*ssa.Function]bool{}, "", false
		s.up(call)
		if s.signOut != "" {
			pass.Report(analysis.Diagnostic{
				Pos: call.Pos(),
				Message: "Revoke on the way of " + s.signOut + ": everything the person has stored would be gone; " +
					"sign out with Client.LogoutURL, Browser.Logout or Session.Logout",
				SuggestedFixes: s.fixes(call),
			})
		}
	}
}

// search goes from a call up to the handlers that lead to it.
type search struct {
	pass     *report.Pass
	program  *flow.Program
	routes   *route.Table
	literals map[ast.Node]literal
	seen     map[*ssa.Function]bool
	signOut  string // the sign-out found, for the message
	deletes  bool   // something else leads here, which is meant to delete
}

// up looks at what a call stands in, and then at the callers of that, unless
// somebody there asked for a deletion.
func (s *search) up(call ssa.CallInstruction) {
	meant := meaning(call.Block())
	switch {
	case meant == deletion:
		s.deletes = true
		return
	case meant == signOut:
		s.found("a sign-out")
	}
	s.within(call.Parent())
}

func (s *search) within(fn *ssa.Function) {
	if fn == nil || s.seen[fn] {
		return
	}
	s.seen[fn] = true
	named, deletes := s.names(fn)
	s.deletes = s.deletes || deletes
	if named != "" {
		s.found(named)
	}
	if named != "" || deletes {
		return
	}
	for _, site := range s.program.Sites(fn) {
		s.up(site)
	}
	if fn.Parent() != nil && len(s.routes.For(fn)) == 0 {
		s.within(fn.Parent())
	}
}

func (s *search) found(signOut string) {
	if s.signOut == "" {
		s.signOut = signOut
	}
}

// names gives the sign-out that fn is by its name or its routes, and says
// whether it deletes, too or instead.
func (s *search) names(fn *ssa.Function) (signOut string, deletes bool) {
	for _, name := range s.named(fn) {
		switch {
		case purpose.Deletes(name):
			return "", true
		case purpose.SignsOut(name):
			signOut = name
		}
	}
	for _, route := range s.routes.For(fn) {
		switch {
		case purpose.Deletes(route.Path):
			deletes = true
		case purpose.SignsOut(route.Path):
			signOut = route.Path
		}
	}
	return signOut, deletes
}

// named gives the names of fn: its own, and for a literal that of what it is
// assigned to, and of the function it is made in when that only makes it.
func (s *search) named(fn *ssa.Function) []string {
	if declared := flow.FuncOf(fn); declared != nil {
		return []string{declared.Name()}
	}
	names := s.literals[fn.Syntax()].names
	if parent := fn.Parent(); parent != nil && len(names) == 0 && (len(s.routes.For(fn)) == 0 || makes(parent)) {
		return s.named(parent)
	}
	return names
}

// makes reports whether fn only makes handlers: it gives a function.
func makes(fn *ssa.Function) bool {
	results := fn.Signature.Results()
	if results.Len() != 1 {
		return false
	}
	_, isFunc := results.At(0).Type().Underlying().(*types.Signature)
	return isFunc || sdk.Is(results.At(0).Type(), "net/http", "Handler")
}
