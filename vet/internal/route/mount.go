package route

import (
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// mount is a router below another.
type mount struct {
	router ssa.Value // nil for the default mux
	at     ssa.CallInstruction
	prefix string // what the routes of the inner router do not say themselves
	// between stands between the two.
	between chain
}

// mount notes a call that mounts one router below another: Mount of chi, Handle
// of net/http, also with StripPrefix and guards in between.
func (f *finder) mount(call ssa.CallInstruction) {
	callee := flow.Callee(call)
	arguments := flow.Args(call)
	if callee == nil || routerPackage(callee) == "" || len(arguments) != 2 || !isString(arguments[0].Type()) {
		return
	}
	found := mount{router: flow.Receiver(call), at: call}
	switch callee.Name() {
	case "Mount":
		found.prefix = text(arguments[0])
	case "Handle":
	default:
		return
	}
	found.between = f.chain(arguments[1], nil, 0)
	found.prefix = join(found.prefix, found.between.stripped)
	for _, router := range found.between.routers {
		for origin := range f.flow.Origins(router) {
			if origin != found.router {
				f.mounted[origin] = found
			}
		}
	}
}

// isRouter reports whether v is a mux.
func isRouter(v ssa.Value) bool {
	named := sdk.Named(v.Type())
	if named == nil || named.Obj().Pkg() == nil {
		return false
	}
	switch named.Obj().Name() {
	case "ServeMux", "Mux", "Router", "Engine", "Echo":
		return known(named.Obj().Pkg().Path()) != ""
	}
	return false
}

// prefix gives what the paths of a router's routes are below; "" when it is
// not constant.
func (f *finder) prefix(router ssa.Value, deep int) string {
	if router == nil || deep > depth {
		return ""
	}
	for origin := range f.flow.Origins(router) {
		if m, ok := f.mounted[origin]; ok {
			return join(f.prefix(m.router, deep+1), m.prefix)
		}
		switch origin := origin.(type) {
		case *ssa.Call:
			if routerPackage(flow.Callee(origin)) != "" {
				return join(f.prefix(flow.Receiver(origin), deep+1), begun(origin))
			}
		case *ssa.Parameter:
			for _, call := range f.above(origin) {
				return join(f.prefix(flow.Receiver(call), deep+1), begun(call))
			}
		case *ssa.FieldAddr:
			return f.prefix(origin.X, deep+1)
		}
	}
	return ""
}

// begun gives the prefix that a call makes a router for.
func begun(call ssa.CallInstruction) string {
	switch flow.Callee(call).Name() {
	case "Group", "Route", "PathPrefix", "Path":
		if arguments := flow.Args(call); len(arguments) > 0 && isString(arguments[0].Type()) {
			return text(arguments[0])
		}
	}
	return ""
}

// join puts a path below a prefix, with one slash between them.
func join(prefix, path string) string {
	switch {
	case prefix == "" || prefix == "/":
		if prefix == "/" && path == "" {
			return prefix
		}
		return path
	case path == "":
		return prefix
	}
	return strings.TrimSuffix(prefix, "/") + "/" + strings.TrimPrefix(path, "/")
}
