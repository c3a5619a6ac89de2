package dropped

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// contexts reports a context made from nothing that gets to a call of the SDK,
// where the request's was at hand.
func contexts(pass *report.Pass, program *flow.Program) {
	for call := range program.Calls() {
		callee := flow.Callee(call)
		arguments := flow.Args(call)
		if _, plain := call.(*ssa.Call); !plain || !waits(callee) || len(arguments) == 0 {
			continue // what is deferred cleans up, and what is begun by go outlives the request
		}
		for _, made := range fromNothing(program, arguments[0], 0) {
			if at := atHand(program, made.Parent(), 0); at != nil && !watchesEnd(made.Parent()) {
				reportContext(pass, made, callee, at)
			}
		}
	}
}

// waits reports whether fn is a function of the SDK that asks the service.
func waits(fn *types.Func) bool {
	if fn == nil || !sdk.Belongs(fn.Pkg()) || sdk.In(fn, sdk.NewContext) {
		return false
	}
	parameters, results := fn.Signature().Params(), fn.Signature().Results()
	return parameters.Len() > 0 && sdk.Is(parameters.At(0).Type(), "context", "Context") && results.Len() > 0 &&
		results.At(results.Len()-1).Type().String() == "error"
}

// fromNothing gives the calls of context.Background and TODO that a context may
// come from, also below a timeout. Where another one of the same function may
// be it as well, such as a default for nil, it gives none.
func fromNothing(program *flow.Program, v ssa.Value, deep int) []*ssa.Call {
	var found []*ssa.Call
	var others []ssa.Value
	if deep > 8 {
		return nil
	}
	for origin := range program.Origins(v) {
		if extract, ok := origin.(*ssa.Extract); ok {
			origin = extract.Tuple
		}
		call, _ := origin.(*ssa.Call)
		name := sdk.Name{}
		if call != nil {
			name = sdk.Of(flow.Callee(call))
		}
		switch {
		case name.Package == "context" && (name.Func == "Background" || name.Func == "TODO"):
			found = append(found, call)
		case name.Package == "context" && name.Func != "WithoutCancel" && len(call.Call.Args) > 0:
			found = append(found, fromNothing(program, call.Call.Args[0], deep+1)...)
		default:
			others = append(others, origin)
		}
	}
	return slices.DeleteFunc(found, func(call *ssa.Call) bool {
		return slices.ContainsFunc(others, func(other ssa.Value) bool { return other.Parent() == call.Parent() })
	})
}

// atHand gives the parameter of a function, or of the one that it is a part of,
// that has a request's context.
func atHand(program *flow.Program, fn *ssa.Function, deep int) *ssa.Parameter {
	if fn == nil || deep > 4 {
		return nil
	}
	for _, parameter := range fn.Params {
		if expression(parameter) != "" {
			return parameter
		}
	}
	if runsNow(program, fn) {
		return atHand(program, fn.Parent(), deep+1)
	}
	return nil
}

// expression gives how a parameter is asked for its context.
func expression(parameter *ssa.Parameter) string {
	name := parameter.Name()
	switch t := parameter.Type(); {
	case sdk.Is(t, "context", "Context"):
		return name
	case sdk.Is(t, "net/http", "Request"):
		return name + ".Context()"
	case sdk.Is(t, "github.com/gin-gonic/gin", "Context"):
		return name + ".Request.Context()"
	case sdk.Is(t, "github.com/labstack/echo/v4", "Context"), sdk.Is(t, "github.com/labstack/echo/v5", "Context"):
		return name + ".Request().Context()"
	}
	return ""
}

// runsNow reports whether a literal runs while the function it is written in
// waits: called there, or by a function of this package that begins nothing of
// its own. What go, defer or another package runs may come after the request.
func runsNow(program *flow.Program, fn *ssa.Function) bool {
	if fn.Parent() == nil {
		return false
	}
	for instruction := range flow.Instructions(fn.Parent()) {
		closure, ok := instruction.(*ssa.MakeClosure)
		if !ok || closure.Fn != fn {
			continue
		}
		for _, referrer := range *closure.Referrers() {
			call, ok := referrer.(*ssa.Call)
			if !ok {
				return false
			}
			if call.Call.Value == closure {
				continue
			}
			callees := program.Callees(call)
			if len(callees) == 0 || slices.ContainsFunc(callees, begins) {
				return false
			}
		}
		return true
	}
	return false
}

func begins(fn *ssa.Function) bool {
	for instruction := range flow.Instructions(fn) {
		switch instruction.(type) {
		case *ssa.Go, *ssa.Store, *ssa.Send, *ssa.MapUpdate:
			return true
		}
	}
	return false
}

// watchesEnd reports whether a function looks for the end of a context: what
// comes afterwards needs another one.
func watchesEnd(fn *ssa.Function) bool {
	for instruction := range flow.Instructions(fn) {
		if call, ok := instruction.(ssa.CallInstruction); ok {
			name := sdk.Of(flow.Callee(call))
			if name.Package == "context" && (name.Func == "Done" || name.Func == "Err" || name.Func == "Cause") {
				return true
			}
		}
	}
	return false
}

func reportContext(pass *report.Pass, made *ssa.Call, callee *types.Func, at *ssa.Parameter) {
	diagnostic := analysis.Diagnostic{
		Pos: made.Pos(),
		Message: "context." + flow.Callee(made).Name() + " at " + callee.Name() +
			": nothing ends this call with its request, whose context is at hand; context.WithoutCancel says that it shall go on",
	}
	if written := expressionAt(pass, made.Pos()); written != nil {
		diagnostic.Pos, diagnostic.End = written.Pos(), written.End()
		if at.Parent() == made.Parent() && seen(pass, at, made.Pos()) && contextStays(pass, written) {
			diagnostic.SuggestedFixes = []analysis.SuggestedFix{{
				Message:   "use " + expression(at),
				TextEdits: []analysis.TextEdit{{Pos: written.Pos(), End: written.End(), NewText: []byte(expression(at))}},
			}}
		}
	}
	pass.Report(diagnostic)
}

// expressionAt gives the call as it is written.
func expressionAt(pass *report.Pass, parenthesis token.Pos) *ast.CallExpr {
	var found *ast.CallExpr
	for _, file := range pass.Files() {
		if parenthesis < file.FileStart || file.FileEnd < parenthesis {
			continue
		}
		ast.Inspect(file, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok && call.Lparen == parenthesis {
				found = call
			}
			return found == nil
		})
	}
	return found
}

// seen reports whether a parameter's name means that parameter at a place, and
// nothing is ever assigned to it.
func seen(pass *report.Pass, parameter *ssa.Parameter, at token.Pos) bool {
	scope := pass.Pkg.Scope().Innermost(at)
	if scope == nil || parameter.Name() == "_" {
		return false
	}
	_, object := scope.LookupParent(parameter.Name(), at)
	return object != nil && object == parameter.Object()
}

// contextStays reports whether a file still uses package context without a call.
func contextStays(pass *report.Pass, without *ast.CallExpr) bool {
	for _, file := range pass.Files() {
		if without.Pos() < file.FileStart || file.FileEnd < without.Pos() {
			continue
		}
		stays := false
		ast.Inspect(file, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return !stays
			}
			used := pass.TypesInfo.Uses[selector.Sel]
			if used != nil && used.Pkg() != nil && used.Pkg().Path() == "context" && used.Name() != "Background" && used.Name() != "TODO" {
				name, _ := selector.X.(*ast.Ident)
				_, imported := pass.TypesInfo.Uses[name].(*types.PkgName)
				stays = stays || name != nil && imported
			}
			return !stays
		})
		return stays
	}
	return false
}
