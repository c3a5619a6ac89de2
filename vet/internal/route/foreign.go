package route

import (
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// plain are packages whose middleware is known to be no guard of ours, by the
// beginnings of their paths. Any other may have one within.
var plain = append([]string{
	"github.com/gorilla/handlers", "github.com/gin-contrib", "github.com/rs/cors", "github.com/klauspost/compress",
	"go.opentelemetry.io/contrib", "github.com/prometheus/client_golang", "github.com/justinas/nosurf",
}, routers...)

func isPlain(fn *types.Func) bool {
	path := sdk.Of(fn).Package
	return path == "" || slices.ContainsFunc(plain, func(root string) bool {
		return path == root || strings.HasPrefix(path, root+"/")
	})
}

// foreignMiddleware reports whether middleware is, or is made by, something
// unknown, which may guard: a function of another package, or one of this
// package that looks at who it is.
func (f *finder) foreignMiddleware(v ssa.Value, deep int) bool {
	if deep > depth {
		return true
	}
	for origin := range f.flow.Origins(v) {
		var fn *ssa.Function
		switch origin := origin.(type) {
		case *ssa.Function:
			fn = origin
		case *ssa.MakeClosure:
			fn, _ = origin.Fn.(*ssa.Function)
		case *ssa.Call:
			callee := flow.Callee(origin)
			if callee == nil || !isPlain(callee) {
				return true
			}
			for _, argument := range flow.Args(origin) {
				if isFunc(argument.Type()) && f.foreignMiddleware(argument, deep+1) {
					return true
				}
			}
			continue
		case *ssa.Const:
			continue
		default:
			return true // a parameter, a field: nobody knows
		}
		if !f.flow.Own(fn) && flow.IsBound(fn) || !f.flow.Own(fn) && flow.FuncOf(fn) != nil {
			if targets := f.flow.Targets(origin); len(targets) > 0 && f.flow.Own(targets[0]) {
				fn = targets[0]
			} else if !isPlain(flow.FuncOf(fn)) {
				return true
			}
		}
		if f.flow.Own(fn) && f.looks(fn) {
			return true
		}
	}
	return false
}

// looks reports whether a function of this package looks at who makes a
// request, itself or in a literal: it may be a guard of its own making.
func (f *finder) looks(fn *ssa.Function) bool {
	for instruction := range flow.Instructions(fn) {
		call, ok := instruction.(ssa.CallInstruction)
		if !ok {
			continue
		}
		callee := flow.Callee(call)
		if sdk.In(callee, sdk.BearerCheck, sdk.NewContext) {
			return true
		}
		if sdk.In(callee, sdk.SessionFromCtx, sdk.IdentityFromCtx) && Examined(call) {
			return true
		}
	}
	return slices.ContainsFunc(fn.AnonFuncs, f.looks)
}

// Examined reports whether somebody looks at the ok of a call that gives one.
func Examined(call ssa.CallInstruction) bool {
	ok := flow.Result(call, 1)
	return ok != nil && ok.Referrers() != nil && len(*ok.Referrers()) > 0
}
