// Package hosted finds what breaks the hosted login: a guarded callback, a
// sign-out that signs in, and URLs of the service built by hand.
package hosted

import (
	"go/types"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/route"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Analyzer reports what breaks the hosted login.
var Analyzer = report.Analyzer(report.Rule{
	ID:        "hosted",
	Doc:       "reports guarded callbacks, post-logout pages that sign in, and hosted-login URLs built by hand",
	Requires:  []*analysis.Analyzer{flow.Analyzer, route.Analyzer},
	SkipTests: true, // they look at such URLs, and try what is wrong
	Run:       run,
})

func run(pass *report.Pass) {
	c := &checker{pass: pass, program: flow.Of(pass.Pass), routes: route.Of(pass.Pass)}
	c.collect()
	c.guarded()
	c.leaving()
	c.byHand()
}

// checker knows where hosted login returns to.
type checker struct {
	pass      *report.Pass
	program   *flow.Program
	routes    *route.Table
	callbacks []string       // the constants
	named     []types.Object // the fields and variables that hold it
}

// collect finds the callbacks of the package: CallbackURL and RedirectURI.
func (c *checker) collect() {
	for store, field := range c.program.FieldStores() {
		if returnsTo(store, field) {
			c.callbacks = append(c.callbacks, c.texts(store.Val)...)
			if named := holder(store.Val); named != nil {
				c.named = append(c.named, named)
			}
		}
	}
}

func returnsTo(store *ssa.Store, field *types.Var) bool {
	address, ok := store.Addr.(*ssa.FieldAddr)
	return ok && (field.Name() == "CallbackURL" && sdk.Is(address.X.Type(), sdk.MiddlewarePath, "BrowserConfig") ||
		field.Name() == "RedirectURI" && sdk.Is(address.X.Type(), sdk.Path, "LoginOptions"))
}

// holder gives the field or the variable of the package that v is read from.
func holder(v ssa.Value) types.Object {
	switch v := v.(type) {
	case *ssa.UnOp:
		if global, ok := v.X.(*ssa.Global); ok {
			return global.Object()
		}
		if field := flow.Field(v.X); field != nil {
			return field
		}
	case *ssa.Field:
		return flow.Field(v)
	}
	return nil
}

// guarded reports routes of a callback that have a guard in front.
func (c *checker) guarded() {
	for _, route := range c.routes.Routes {
		if !route.Has("Require", "Optional", "Allow", "RequireFresh") || !c.isCallback(route) || c.passes(route.Path) {
			continue
		}
		guard := route.Guards[0]
		c.pass.Reportf(route.Call, "the callback is behind %s.%s: whoever returns from the hosted login is not signed in yet; "+
			"mount it without a guard", guard.Receiver, guard.Func)
	}
}

// isCallback reports whether a route is one that hosted login returns to, by
// what serves it or by its path.
func (c *checker) isCallback(route route.Route) bool {
	if route.Is(sdk.BrowserCallback) {
		return true
	}
	for _, handler := range route.Handlers {
		if !c.program.Own(handler) {
			continue
		}
		for instruction := range flow.Instructions(handler) {
			call, ok := instruction.(ssa.CallInstruction)
			if ok && sdk.In(flow.Callee(call), sdk.BrowserCallback, sdk.ParseCallback) {
				return true
			}
		}
	}
	return route.Path != "" && slices.ContainsFunc(c.callbacks, func(callback string) bool { return pathOf(callback) == route.Path })
}

// passes reports whether the package compares a path with this one: a guard
// around all routes may well let the callback through.
func (c *checker) passes(path string) bool {
	for _, fn := range c.program.Functions {
		for instruction := range flow.Instructions(fn) {
			switch instruction := instruction.(type) {
			case *ssa.BinOp:
				if isText(instruction.X, path) || isText(instruction.Y, path) {
					return true
				}
			case *ssa.Call:
				name := sdk.Of(flow.Callee(instruction))
				if name.Package == "strings" && (name.Func == "HasPrefix" || name.Func == "HasSuffix" || name.Func == "Contains") {
					if text, ok := text(instruction.Call.Args[1]); ok && strings.Contains(path, text) {
						return true
					}
				}
			}
		}
	}
	return false
}

func isText(v ssa.Value, path string) bool {
	found, ok := text(v)
	return ok && path != "" && found == path
}

func pathOf(text string) string {
	parsed, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return parsed.Path
}
