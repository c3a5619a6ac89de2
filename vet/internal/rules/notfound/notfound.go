// Package notfound finds keys that were never written and are taken for
// failures.
package notfound

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/answer"
	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/outcome"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/route"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Analyzer reports reads whose ErrKeyNotFound is not told from a failure.
var Analyzer = report.Analyzer(report.Rule{
	ID:        "notfound",
	Doc:       "reports reads whose ErrKeyNotFound becomes a failing status or a returned error",
	Requires:  []*analysis.Analyzer{flow.Analyzer, route.Analyzer},
	SkipTests: true, // they know what they wrote
	Run:       run,
})

func run(pass *report.Pass) {
	program := flow.Of(pass.Pass)
	for _, call := range program.CallsTo(isGet) {
		if written(call) {
			continue
		}
		r := &reader{program: program, routes: route.Of(pass.Pass), ofRecord: sdk.In(flow.Callee(call), sdk.CollectionGet)}
		outcome.Follow(program, call, outcome.All, r.visit)
		if r.becomes != "" {
			pass.Reportf(call, "a key that was never written becomes %s: it is no failure; use GetOr or a Key, "+
				"or test for ErrKeyNotFound with errors.Is", r.becomes)
		}
	}
}

// isGet names the reads that answer ErrKeyNotFound. Key.Get is none of them: it
// gives its Default.
func isGet(fn *types.Func) bool { return sdk.In(fn, sdk.Get, sdk.SessionGet, sdk.CollectionGet) }

// reader looks at where the error of one read goes.
type reader struct {
	program  *flow.Program
	routes   *route.Table
	ofRecord bool   // there may be no record with an id, and to say so is right
	becomes  string // what the error becomes
}

func (r *reader) visit(place outcome.Place) {
	if at, ok := place.At.(*ssa.Return); ok && r.becomes == "" && untold(place.May&^outcome.Nil, place.Told) {
		r.returned(place, at)
	}
	if r.becomes != "" || !untold(place.May, place.Told) {
		return
	}
	switch at := place.At.(type) {
	case *ssa.Panic:
		r.becomes = "a panic"
	case *ssa.Call:
		r.called(place, at)
	}
}

// untold reports whether an error is a failure that may be a missing key, and
// nobody asked for that.
func untold(may, told outcome.Set) bool {
	return !may.Has(outcome.Nil) && may.Has(outcome.KeyNotFound) && !told.Has(outcome.KeyNotFound)
}

func (r *reader) called(place outcome.Place, call *ssa.Call) {
	callee := flow.Callee(call)
	name, arguments := sdk.Of(callee), flow.Args(call)
	switch {
	case name == sdk.BrowserRefuse && len(arguments) == 3 && place.Is(arguments[2]):
		r.becomes = "a 503"
	case name.Package == "log" && strings.HasPrefix(name.Func, "Fatal"):
		r.becomes = "the end of the program"
	case name.Package == "os" && name.Func == "Exit":
		r.becomes = "the end of the program"
	case name.Package == "net/http" && name.Func == "NotFound":
		if !r.ofRecord {
			r.becomes = "a failing status"
		}
	default:
		r.answered(place, call)
	}
}

func (r *reader) answered(place outcome.Place, call *ssa.Call) {
	for number, may := range answer.Statuses(place, call) {
		if number >= 400 && untold(may, place.Told) && may != outcome.KeyNotFound && (number != 404 || !r.ofRecord) {
			r.becomes = "a failing status"
		}
	}
}

// returned is an error that goes to callers that are not seen: echo's, which
// answers with a failing status, or other packages', which are told by the doc
// comment what to test for, or by nobody. Who calls a function by its value may
// do anything.
func (r *reader) returned(place outcome.Place, at *ssa.Return) {
	if !place.Escapes || len(at.Results) == 0 || !place.Is(at.Results[len(at.Results)-1]) {
		return
	}
	fn := at.Parent()
	switch {
	case len(r.routes.For(fn)) > 0 && forEcho(fn):
		r.becomes = "a failing status"
	case r.ofRecord, flow.FuncOf(fn) == nil, said(fn), r.isValue(fn):
	default:
		r.becomes = "an error that " + fn.Name() + " returns"
	}
}

func forEcho(fn *ssa.Function) bool {
	parameters := fn.Signature.Params()
	if parameters.Len() != 1 {
		return false
	}
	named := sdk.Named(parameters.At(0).Type())
	return named != nil && named.Obj().Pkg() != nil && strings.HasPrefix(named.Obj().Pkg().Path(), "github.com/labstack/echo")
}

// isValue reports whether a function is used otherwise than called.
func (r *reader) isValue(fn *ssa.Function) bool {
	for _, other := range r.program.Functions {
		for instruction := range flow.Instructions(other) {
			call, calls := instruction.(ssa.CallInstruction)
			for _, operand := range instruction.Operands(nil) {
				used, ok := (*operand).(*ssa.Function)
				if ok && flow.FuncOf(used) == flow.FuncOf(fn) && (!calls || operand != &call.Common().Value) {
					return true
				}
			}
		}
	}
	return false
}

// said reports whether the doc comment of a function speaks of what is not
// found.
func said(fn *ssa.Function) bool {
	declared, ok := fn.Syntax().(*ast.FuncDecl)
	if !ok {
		return true
	}
	doc := strings.ToLower(declared.Doc.Text())
	for _, word := range []string{"errkeynotfound", "not found", "never written", "missing", "there is no", "does not exist"} {
		if strings.Contains(doc, word) {
			return true
		}
	}
	return false
}
