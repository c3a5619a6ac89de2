// Package dropped finds what a session call loses: its error, the context of
// its request, and the end of its session's life.
package dropped

import (
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Analyzer reports errors of session calls that nobody looks at, a context
// other than the request's, and sessions in variables of a package.
var Analyzer = report.Analyzer(report.Rule{
	ID:        "dropped",
	Doc:       "reports dropped errors of session calls, context.Background where a request's context is at hand, and sessions in globals",
	Requires:  []*analysis.Analyzer{flow.Analyzer},
	SkipTests: true, // a test may drop what it is not about
	Run:       run,
})

func run(pass *report.Pass) {
	program := flow.Of(pass.Pass)
	for _, call := range program.CallsTo(asks) {
		if lost(call) {
			pass.Reportf(call, "the error of %s is dropped: it may say that nothing was stored, or that the user is signed out", called(call))
		}
	}
	contexts(pass, program)
	globals(pass, program)
}

// asks reports whether fn asks the service for one user.
func asks(fn *types.Func) bool {
	return sdk.IsSessionCall(fn) || sdk.In(fn, sdk.CreateSession, sdk.GetOrCreateSession, sdk.RenewSession)
}

// called gives the name of what is called; a function value has none.
func called(call ssa.CallInstruction) string {
	if callee := flow.Callee(call); callee != nil {
		return callee.Name()
	}
	return "this call"
}

// lost reports whether nobody can look at the error of a call: go and defer
// drop it, and so does a value that is never used.
func lost(call ssa.CallInstruction) bool {
	results := call.Common().Signature().Results()
	if results.Len() == 0 || !types.Identical(results.At(results.Len()-1).Type(), types.Universe.Lookup("error").Type()) {
		return false
	}
	err := flow.Result(call, results.Len()-1)
	return err == nil || err.Referrers() == nil || len(*err.Referrers()) == 0
}
