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

func routerPackage(fn *types.Func) string {
	path := sdk.Of(fn).Package
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
	t := &Table{flow: program}
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
	router       ssa.Value   // nil for the default mux
	handlers     []ssa.Value // the handler, and middleware of this route
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
	default:
		return registered{}, false
	}
	if len(arguments) < 2 || !isString(arguments[0].Type()) {
		return registered{}, false
	}
	found.path = text(arguments[0])
	if method, path, ok := strings.Cut(found.path, " "); ok && routerPackage(callee) == "net/http" {
		found.method, found.path = method, strings.TrimSpace(path)
	}
	for _, argument := range arguments[1:] {
		found.handlers = append(found.handlers, elements(argument)...)
	}
	return found, true
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

// elements gives what is in the slice of a variadic call, or v itself.
func elements(v ssa.Value) []ssa.Value {
	slice, ok := v.(*ssa.Slice)
	if !ok {
		if c, ok := v.(*ssa.Const); ok && c.IsNil() {
			return nil
		}
		return []ssa.Value{v}
	}
	array, ok := slice.X.(*ssa.Alloc)
	if !ok {
		return []ssa.Value{v}
	}
	var found []ssa.Value
	for _, referrer := range *array.Referrers() {
		if address, ok := referrer.(*ssa.IndexAddr); ok {
			for _, use := range *address.Referrers() {
				if store, ok := use.(*ssa.Store); ok {
					found = append(found, store.Val)
				}
			}
		}
	}
	return found
}
