package route

import (
	"go/constant"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// routers are the packages whose types register routes, by the beginnings of
// their paths.
var routers = []string{
	"net/http", "github.com/go-chi/chi", "github.com/gin-gonic/gin", "github.com/labstack/echo", "github.com/gorilla/mux",
}

// verbs are the methods named after one of HTTP's.
var verbs = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"}

func routerPackage(fn *types.Func) string { return known(sdk.Of(fn).Package) }

func known(path string) string {
	for _, router := range routers {
		if path == router || strings.HasPrefix(path, router+"/") {
			return router
		}
	}
	return ""
}

func find(pass *analysis.Pass) (any, error) {
	program := flow.Of(pass)
	if program == nil {
		return (*Table)(nil), nil
	}
	t := &Table{flow: program, certain: pass.Pkg.Name() == "main" || guarding(program)}
	f := newFinder(program)
	for call := range program.Calls() {
		if registered, ok := registration(call); ok {
			t.Routes = append(t.Routes, f.route(call, registered))
		}
	}
	return t, nil
}

// registered is what a call says about a route.
type registered struct {
	method, path string
	router       ssa.Value // nil for the default mux
	handlers     []ssa.Value
	middleware   []ssa.Value // of this route alone
	constant     bool        // the path is one
}

// registration reads a call that registers a route.
func registration(call ssa.CallInstruction) (registered, bool) {
	callee := flow.Callee(call)
	if callee == nil || routerPackage(callee) == "" {
		return registered{}, false
	}
	arguments := flow.Args(call)
	found := registered{router: flow.Receiver(call)}
	name := callee.Name()
	switch {
	case name == "Method" || name == "MethodFunc" || name == "Add" && strings.Contains(routerPackage(callee), "echo"),
		name == "Handle" && strings.Contains(routerPackage(callee), "gin"):
		if len(arguments) < 3 {
			return registered{}, false
		}
		found.method, arguments = text(arguments[0]), arguments[1:]
	case name == "Handle", name == "HandleFunc", name == "Any":
	case slices.Contains(verbs, strings.ToUpper(name)) && len(arguments) >= 2:
		found.method = strings.ToUpper(name)
	case routerPackage(callee) == gorilla && (name == "Handler" || name == "HandlerFunc") && sdk.TypeName(found.router.Type()) == "Route":
		return built(call), true
	default:
		return registered{}, false
	}
	if len(arguments) < 2 || !isString(arguments[0].Type()) {
		return registered{}, false
	}
	found.path = text(arguments[0])
	found.constant = found.path != "" || isConstant(arguments[0])
	if method, path, ok := strings.Cut(found.path, " "); ok && routerPackage(callee) == "net/http" {
		found.method, found.path = method, strings.TrimSpace(path)
	}
	if routerPackage(callee) == gorilla && call.Value() != nil {
		found.method = methods(call.Value(), 0)
	}
	found.given(arguments[1:], routerPackage(callee))
	return found, true
}

// given tells the handler from the middleware of the route: it is the last with
// gin, and the first with echo.
func (r *registered) given(arguments []ssa.Value, router string) {
	for _, argument := range arguments {
		r.handlers = append(r.handlers, flow.Elements(argument)...)
	}
	switch last := len(r.handlers) - 1; {
	case last < 1:
	case strings.Contains(router, "gin"):
		r.middleware, r.handlers = r.handlers[:last], r.handlers[last:]
	case strings.Contains(router, "echo"):
		r.middleware, r.handlers = r.handlers[1:], r.handlers[:1]
	}
}

// gorilla says a route's method, and may say its path, in calls of their own.
const gorilla = "github.com/gorilla/mux"

// built reads a route of gorilla/mux that ends in its handler.
func built(call ssa.CallInstruction) registered {
	found := registered{router: flow.Receiver(call), handlers: flow.Args(call), constant: true}
	for v := found.router; ; {
		before, ok := v.(*ssa.Call)
		if !ok || routerPackage(flow.Callee(before)) != gorilla {
			break
		}
		if method := methodOf(before); method != "" {
			found.method = method
		}
		v = flow.Receiver(before)
	}
	if found.method == "" && call.Value() != nil {
		found.method = methods(call.Value(), 0)
	}
	return found
}

// methods gives the method that is said of a route after its registration.
func methods(route ssa.Value, deep int) string {
	if route.Referrers() == nil || deep > depth {
		return ""
	}
	for _, referrer := range *route.Referrers() {
		call, ok := referrer.(*ssa.Call)
		if !ok || flow.Receiver(call) != route {
			continue
		}
		if method := methodOf(call); method != "" {
			return method
		}
		if method := methods(call, deep+1); method != "" {
			return method
		}
	}
	return ""
}

// methodOf gives the one method that a call of Methods names.
func methodOf(call *ssa.Call) string {
	if callee := flow.Callee(call); callee == nil || callee.Name() != "Methods" || len(flow.Args(call)) != 1 {
		return ""
	}
	if named := flow.Elements(flow.Args(call)[0]); len(named) == 1 {
		return text(named[0])
	}
	return ""
}

// guarding reports whether a package guards anything itself. One that does not,
// and is no program, may have its routes guarded where they are mounted.
func guarding(program *flow.Program) bool {
	for _, fn := range program.Functions {
		for instruction := range flow.Instructions(fn) {
			switch instruction := instruction.(type) {
			case ssa.CallInstruction:
				if _, ok := sdk.Guard(flow.Callee(instruction)); ok {
					return true
				}
			case *ssa.MakeClosure:
				bound, _ := instruction.Fn.(*ssa.Function)
				if _, ok := sdk.Guard(flow.FuncOf(bound)); ok {
					return true
				}
			}
		}
	}
	return false
}

func isConstant(v ssa.Value) bool {
	_, ok := v.(*ssa.Const)
	return ok
}

// text gives the constant that v is, folded through +, or "".
func text(v ssa.Value) string {
	if c, ok := v.(*ssa.Const); ok && c.Value != nil && c.Value.Kind() == constant.String {
		return constant.StringVal(c.Value)
	}
	if sum, ok := v.(*ssa.BinOp); ok {
		return text(sum.X) + text(sum.Y)
	}
	return ""
}

func isString(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsString != 0
}
