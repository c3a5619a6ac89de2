// Package route finds which handler is registered for which route, and what
// stands in front of it: with net/http, chi, gin, echo and gorilla/mux, which
// are known by the paths of their packages and the names of their methods.
package route

import (
	"go/types"
	"iter"
	"reflect"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Analyzer finds the routes of a package that is built on the SDK, and gives
// nil for any other.
var Analyzer = &analysis.Analyzer{
	Name:       "route",
	Doc:        "finds routes, their handlers and their guards",
	Requires:   []*analysis.Analyzer{flow.Analyzer},
	ResultType: reflect.TypeFor[*Table](),
	Run:        find,
}

// A Route is one registration.
type Route struct {
	// Call registers it: where to report.
	Call ssa.CallInstruction
	// Method is "" for all, or when it is not known.
	Method string
	// Path is as registered, below what the routers above it are mounted under
	// where that is constant too; "" when it is no constant.
	Path string
	// Handlers are the functions that serve it: the handler, and wrappers of
	// this package around it. Literals and declared functions alike.
	Handlers []*ssa.Function
	// Guards are the methods of Bearer and Browser in front of it.
	Guards []sdk.Name
	// Opaque says that something of another package, or that is not known,
	// stands in front or is the handler: there may be a guard in it.
	Opaque bool
}

// Has reports whether one of the guards is in front of the route; with no
// names, any that lets nobody in without a token (all but Optional).
func (r Route) Has(methods ...string) bool {
	if len(methods) == 0 {
		methods = []string{"Require", "Allow", "RequireFresh"}
	}
	return slices.ContainsFunc(r.Guards, func(guard sdk.Name) bool { return slices.Contains(methods, guard.Func) })
}

// Serves reports whether fn (by its declaration) is among the handlers.
func (r Route) Serves(fn *types.Func) bool {
	return slices.ContainsFunc(r.Handlers, func(h *ssa.Function) bool { return flow.FuncOf(h) == fn })
}

// Is reports whether a method of the SDK, such as (*Browser).Callback, is the
// handler.
func (r Route) Is(name sdk.Name) bool {
	return slices.ContainsFunc(r.Handlers, func(h *ssa.Function) bool { return sdk.In(flow.FuncOf(h), name) })
}

// Table is the routes of a package, in the order of the source.
type Table struct {
	Routes []Route
	flow   *flow.Program
	// certain says that routes without a guard here are not guarded elsewhere.
	certain bool
}

// Of gives the Table of a pass whose analyzer requires Analyzer.
func Of(pass *analysis.Pass) *Table {
	table, _ := pass.ResultOf[Analyzer].(*Table)
	return table
}

// For gives the routes that a function serves, or a function around it: a
// literal is part of the function it is written in.
func (t *Table) For(fn *ssa.Function) []Route {
	var found []Route
	for _, route := range t.Routes {
		if slices.Contains(route.Handlers, fn) {
			found = append(found, route)
		}
	}
	return found
}

// Reaching gives the routes whose handlers call fn, themselves or through other
// functions of this package.
func (t *Table) Reaching(fn *ssa.Function) []Route {
	var found []Route
	for caller := range t.callers(fn) {
		found = append(found, t.For(caller)...)
	}
	return found
}

// callers gives fn and all functions of the package that lead to it, those a
// literal is written in included.
func (t *Table) callers(fn *ssa.Function) iter.Seq[*ssa.Function] {
	return func(yield func(*ssa.Function) bool) {
		seen := map[*ssa.Function]bool{}
		work := []*ssa.Function{fn}
		for len(work) > 0 {
			fn := work[len(work)-1]
			work = work[:len(work)-1]
			if fn == nil || seen[fn] {
				continue
			}
			seen[fn] = true
			if !yield(fn) {
				return
			}
			routes := t.For(fn)
			for _, site := range t.flow.Sites(fn) {
				if !wrapped(routes, site.Parent()) {
					work = append(work, site.Parent())
				}
			}
			if len(routes) == 0 { // a handler written in the function of all routes is not that function's
				work = append(work, fn.Parent())
			}
		}
	}
}

// wrapped reports whether a caller is a wrapper in a route that is known to lead
// to its callee: the other routes with that wrapper lead to other handlers.
func wrapped(routes []Route, caller *ssa.Function) bool {
	return slices.ContainsFunc(routes, func(route Route) bool { return slices.Contains(route.Handlers, caller) })
}

// A Verdict says whether a function is behind a guard.
type Verdict int

// The verdicts. Only Behind and Open are certain.
const (
	Unknown Verdict = iota // no route is seen to reach it, or something is opaque
	Behind                 // every route that reaches it has a guard that lets nobody in without a token
	Open                   // some route that reaches it has none
)

// Verdict says whether fn is behind Require, Allow or RequireFresh on every
// route of this package that reaches it. The routes of a package that is no
// program, and guards nothing, are never open: it may be mounted behind a guard.
func (t *Table) Verdict(fn *ssa.Function) Verdict {
	verdict := Unknown
	doubt := false
	for _, route := range t.Reaching(fn) {
		switch {
		case route.Has():
			verdict = Behind
		case route.Opaque || !t.certain:
			doubt = true
		default:
			return Open
		}
	}
	if doubt {
		return Unknown
	}
	return verdict
}
