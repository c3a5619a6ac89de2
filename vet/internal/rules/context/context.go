// Package context finds handlers that take somebody for signed in though nothing
// in front of them has seen to it.
package context

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/route"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Analyzer reports handlers that use what the context has and ignore ok, on a
// route without a guard.
var Analyzer = report.Analyzer(report.Rule{
	ID:        "context",
	Doc:       "reports handlers that ignore the ok of SessionFromContext or IdentityFromContext though nothing guards them",
	Requires:  []*analysis.Analyzer{flow.Analyzer, route.Analyzer},
	SkipTests: true, // their contexts are made by hand
	Run:       run,
})

func run(pass *report.Pass) {
	program, table := flow.Of(pass.Pass), route.Of(pass.Pass)
	for _, call := range program.CallsTo(isGetter) {
		if handedOn(call) {
			for _, site := range program.Sites(call.Parent()) {
				check(pass, table, site, called(call))
			}
			continue
		}
		check(pass, table, call, called(call))
	}
}

func isGetter(fn *types.Func) bool { return sdk.In(fn, sdk.SessionFromCtx, sdk.IdentityFromCtx) }

// called gives the name of the getter for the message; through a function value
// it has none.
func called(call ssa.CallInstruction) string {
	if callee := flow.Callee(call); callee != nil {
		return callee.Name()
	}
	return "the context"
}

func check(pass *report.Pass, table *route.Table, call ssa.CallInstruction, getter string) {
	got := flow.Result(call, 0)
	if got == nil || !used(got) || route.Examined(call) || examined(got) {
		return
	}
	if table.Verdict(call.Parent()) == route.Open {
		pass.Reportf(call, "%s finds nobody here without a sign-in, and a route leads here without Require: look at ok, or guard the route", getter)
	}
}

// handedOn reports whether a function of this package gives what the getter
// gave, ok included: its callers are those to look.
func handedOn(call ssa.CallInstruction) bool {
	ok, signature := flow.Result(call, 1), call.Parent().Signature
	if signature.Results().Len() != 2 {
		return false
	}
	returned := false
	if ok == nil || ok.Referrers() == nil {
		return false
	}
	for _, referrer := range *ok.Referrers() {
		result, isReturn := referrer.(*ssa.Return)
		returned = returned || isReturn && len(result.Results) == 2 && result.Results[1] == ok
	}
	return returned && len(*ok.Referrers()) == 1
}

func used(v ssa.Value) bool { return v.Referrers() != nil && len(*v.Referrers()) > 0 }

// examined reports whether a value is compared, or a field of it is: with nil,
// or with the zero UserID, it tells nobody from somebody just as well as ok.
func examined(v ssa.Value) bool {
	for _, referrer := range *v.Referrers() {
		switch use := referrer.(type) {
		case *ssa.BinOp:
			if (use.Op == token.EQL || use.Op == token.NEQ) && (isConst(use.X) || isConst(use.Y)) {
				return true
			}
		case *ssa.Field:
			if examined(use) {
				return true
			}
		case *ssa.Store: // a struct whose field is read is stored first
			if use.Val == v && examinedAt(use.Addr) {
				return true
			}
		}
	}
	return false
}

func examinedAt(address ssa.Value) bool {
	if address.Referrers() == nil {
		return false
	}
	for _, referrer := range *address.Referrers() {
		switch use := referrer.(type) {
		case *ssa.UnOp:
			if examined(use) {
				return true
			}
		case *ssa.FieldAddr:
			if examinedAt(use) {
				return true
			}
		}
	}
	return false
}

func isConst(v ssa.Value) bool {
	_, ok := v.(*ssa.Const)
	return ok
}
