// Package tokenleak finds the text of a token on its way to where others read
// it, or where it outlives the process.
package tokenleak

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Analyzer reports what Reveal gave where it reaches a cookie, a file, a
// database, a log, an error, an answer or a URL.
var Analyzer = report.Analyzer(report.Rule{
	ID:        "tokenleak",
	Doc:       "reports the text of a token that reaches a cookie, file, database, log, error, answer or URL",
	Requires:  []*analysis.Analyzer{flow.Analyzer},
	SkipTests: true, // their tokens are the mock's
	Run:       run,
})

func run(pass *report.Pass) {
	program := flow.Of(pass.Pass)
	var sources []ssa.Value
	for _, call := range program.CallsTo(isReveal) {
		if v := call.Value(); v != nil && !ofMock(program, flow.Receiver(call), 0) {
			sources = append(sources, v)
		}
	}
	if len(sources) == 0 {
		return
	}
	reached := program.Reach(flow.Query{Sources: sources, Stop: harmless})
	addressed := map[*ssa.Function]bool{} // what is told of a URL is not told of its parts
	for call := range program.Calls() {
		if place, given := sink(program, call); place != "" {
			if _, ok := reached.Any(given); ok {
				tell(pass, call, place)
				addressed[call.Parent()] = addressed[call.Parent()] || place == "a URL"
			}
		}
	}
	for _, fn := range program.Functions {
		for instruction := range flow.Instructions(fn) {
			if !addressed[fn] && composesURL(reached, instruction) {
				tell(pass, instruction, "a URL")
			}
		}
	}
	for store, field := range program.FieldStores() {
		if place := fieldSink(store, field); place != "" && reached.Has(store.Val) {
			tell(pass, store, place)
		}
	}
}

func tell(pass *report.Pass, at interface{ Pos() token.Pos }, place string) {
	pass.Reportf(at, "the text of a token reaches %s: tokens stay in memory; hand on the Token, which prints as [REDACTED]", place)
}

func isReveal(fn *types.Func) bool { return sdk.In(fn, sdk.Reveal) }

// ofMock reports whether a token is one that secureflowstest made up, which
// opens nothing.
func ofMock(program *flow.Program, credential ssa.Value, depth int) bool {
	if credential == nil || depth > 4 {
		return false
	}
	for origin := range program.Origins(credential) {
		switch origin := origin.(type) {
		case *ssa.Call:
			callee := flow.Callee(origin)
			if sdk.Of(callee).Package == sdk.TestPath || sdk.In(callee, sdk.SessionToken) && ofMock(program, flow.Receiver(origin), depth+1) {
				return true
			}
		case *ssa.Field:
			return ofMock(program, origin.X, depth+1)
		}
	}
	return false
}

// harmless stops at Tokens made of a text again: they print as [REDACTED].
func harmless(v ssa.Value) bool {
	if call, ok := v.(*ssa.Call); ok {
		return sdk.In(flow.Callee(call), sdk.NewToken, sdk.NewIDToken, sdk.RedactURL)
	}
	return sdk.Is(v.Type(), sdk.Path, "Token") || sdk.Is(v.Type(), sdk.Path, "IDToken")
}
