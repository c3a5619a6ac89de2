// Package identity finds handlers that believe a request about who makes it,
// where the guard in front of them has asked the service.
package identity

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/input"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/route"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Analyzer reports an identity that the sender of a request wrote, where it
// decides whose data is used.
var Analyzer = report.Analyzer(report.Rule{
	ID:        "identity",
	Doc:       "reports a user, tenant or e-mail address from the request that decides whose data is used, where the context has the identity",
	Requires:  []*analysis.Analyzer{flow.Analyzer, route.Analyzer},
	SkipTests: true, // they play both sides
	Run:       run,
})

func run(pass *report.Pass) {
	program, table := flow.Of(pass.Pass), route.Of(pass.Pass)
	given := program.Reach(flow.Query{Sources: append(input.Requests(program), input.Bound(program)...), Through: input.Reads})
	proven := program.Reach(flow.Query{Sources: identities(program)})
	for _, claim := range claims(program, given) {
		if !guarded(program, table, claim.v.Parent()) {
			continue
		}
		u := &use{
			program: program, claim: claim, proven: proven,
			reached: program.Reach(flow.Query{Sources: []ssa.Value{claim.v}, Through: input.Reads, Stop: proven.Has}),
		}
		if u.checked() || claim.email && asks(program, table, claim.v.Parent(), sdk.IdentityFromCtx, sdk.BearerCheck) {
			continue
		}
		for instruction := range instructions(program) {
			if place := u.decides(instruction); place != "" {
				pass.Reportf(instruction, "%s from the request %s: whoever sends it may write anything; take the UserID of IdentityFromContext", claim.name, place)
			}
		}
	}
}

// identities gives what the service says about who it is.
func identities(program *flow.Program) []ssa.Value {
	var found []ssa.Value
	for _, call := range program.CallsTo(func(fn *types.Func) bool {
		return sdk.In(fn, sdk.IdentityFromCtx, sdk.SessionIdentity, sdk.BearerCheck)
	}) {
		if v := flow.Result(call, 0); v != nil {
			found = append(found, v)
		}
	}
	for _, fn := range program.Functions { // such as what is given to Allow
		for _, parameter := range fn.Params {
			if sdk.Is(parameter.Type(), sdk.Path, "Identity") {
				found = append(found, parameter)
			}
		}
	}
	return found
}

// guarded reports whether a function is behind a Bearer or a Browser: a route
// says so, or it asks the context. Behind Allow are those who may do things for
// others.
func guarded(program *flow.Program, table *route.Table, fn *ssa.Function) bool {
	behind := false
	for _, found := range table.Reaching(fn) {
		if found.Has("Allow") {
			return false
		}
		behind = behind || found.Has("Require", "RequireFresh", "Optional")
	}
	return behind || asks(program, table, fn, sdk.IdentityFromCtx, sdk.SessionFromCtx, sdk.BearerCheck)
}

// asks reports whether a function, one that it calls, or the handler of a route
// to it calls one of those named.
func asks(program *flow.Program, table *route.Table, fn *ssa.Function, names ...sdk.Name) bool {
	seen := map[*ssa.Function]bool{}
	var within func(fn *ssa.Function) bool
	within = func(fn *ssa.Function) bool {
		if fn == nil || seen[fn] {
			return false
		}
		seen[fn] = true
		for instruction := range flow.Instructions(fn) {
			call, ok := instruction.(ssa.CallInstruction)
			if !ok {
				continue
			}
			if sdk.In(flow.Callee(call), names...) {
				return true
			}
			if slices.ContainsFunc(program.Callees(call), within) {
				return true
			}
		}
		return false
	}
	if within(fn) {
		return true
	}
	for _, found := range table.Reaching(fn) {
		if slices.ContainsFunc(found.Handlers, within) {
			return true
		}
	}
	return false
}

func instructions(program *flow.Program) func(func(ssa.Instruction) bool) {
	return func(yield func(ssa.Instruction) bool) {
		for _, fn := range program.Functions {
			for instruction := range flow.Instructions(fn) {
				if !yield(instruction) {
					return
				}
			}
		}
	}
}
