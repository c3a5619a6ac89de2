// Package tokenparse finds session tokens that a program reads as what they
// look like: JWTs.
package tokenparse

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/route"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Analyzer reports a session token that is given to a library for JWTs, or
// taken apart at its dots and decoded.
var Analyzer = report.Analyzer(report.Rule{
	ID:        "tokenparse",
	Doc:       "reports a session token that is parsed as a JWT, or split on its dots and decoded",
	Requires:  []*analysis.Analyzer{flow.Analyzer, route.Analyzer},
	SkipTests: true, // their tokens are the mock's
	Run:       run,
})

const advice = "the service alone reads it: ask Session.Identity, or secureflows.IdentityFromContext"

func run(pass *report.Pass) {
	program, routes := flow.Of(pass.Pass), route.Of(pass.Pass)
	texts, headers := sources(program), bearers(program, routes)
	parsed := follow(program, slices.Concat(texts, headers))
	// The header of a request may hold credentials of another kind, which are
	// decoded; what has dots is a token.
	decoded := follow(program, slices.Concat(texts, pieces(program, follow(program, headers))))
	for call := range program.Calls() {
		callee := flow.Callee(call)
		switch {
		case reads(callee) && given(parsed, call), readsRequest(callee) && behindBearer(program, routes, call.Parent()):
			pass.Reportf(call, "a session token is parsed as a JWT: %s", advice)
		case decodes(callee) && given(decoded, call):
			pass.Reportf(call, "a part of a session token is decoded: %s", advice)
		}
	}
}

func given(reached *flow.Reached, call ssa.CallInstruction) bool {
	_, ok := reached.Any(flow.Args(call))
	return ok
}

func follow(program *flow.Program, from []ssa.Value) *flow.Reached {
	return program.Reach(flow.Query{Sources: from, Stop: harmless})
}

// harmless stops at what is no text of a token any more: a Token made of it
// again, and an encoding, which is decoded by whoever encoded it.
func harmless(v ssa.Value) bool {
	if call, ok := v.(*ssa.Call); ok {
		callee := flow.Callee(call)
		return sdk.In(callee, sdk.NewToken, sdk.NewIDToken, sdk.RedactURL) || encodes(callee)
	}
	return sdk.Is(v.Type(), sdk.Path, "Token") || sdk.Is(v.Type(), sdk.Path, "IDToken")
}

// sources gives the texts that are session tokens wherever they are: what
// Reveal of a Token gave, and what hosted login returns with.
func sources(program *flow.Program) []ssa.Value {
	var found []ssa.Value
	isReveal := func(fn *types.Func) bool { return sdk.In(fn, sdk.Reveal) }
	for _, call := range program.CallsTo(isReveal) {
		if v := call.Value(); v != nil && ofSession(program, call) {
			found = append(found, v)
		}
	}
	for call := range program.Calls() {
		if v := call.Value(); v != nil && asksFor(call, "sessionToken") {
			found = append(found, v)
		}
	}
	return found
}

// ofSession tells Reveal of a Token from that of an IDToken, which is Firebase's
// and may be read.
func ofSession(program *flow.Program, call ssa.CallInstruction) bool {
	if receiver := flow.Receiver(call); receiver != nil {
		return ofToken(receiver)
	}
	for origin := range program.Origins(call.Common().Value) { // a method value
		bound, ok := origin.(*ssa.MakeClosure)
		if !ok || len(bound.Bindings) != 1 || !ofToken(bound.Bindings[0]) {
			return false
		}
	}
	return true
}

// ofToken reports whether v is what a Token embeds, to which Reveal belongs.
func ofToken(v ssa.Value) bool {
	switch v := v.(type) {
	case *ssa.Field:
		return sdk.Is(v.X.Type(), sdk.Path, "Token")
	case *ssa.UnOp:
		address, ok := v.X.(*ssa.FieldAddr)
		return ok && sdk.Is(address.X.Type(), sdk.Path, "Token")
	}
	return false
}
