package tokenparse

import (
	"go/constant"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/route"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// asking are the methods that give a parameter or a header of a request by its
// name.
var asking = []string{"Get", "FormValue", "PostFormValue", "GetHeader", "Query", "DefaultQuery", "QueryParam"}

// asksFor reports whether a call asks a request for what has this name.
func asksFor(call ssa.CallInstruction, name string) bool {
	callee := flow.Callee(call)
	if callee == nil || !slices.Contains(asking, callee.Name()) || len(flow.Args(call)) == 0 {
		return false
	}
	path := sdk.Of(callee).Package
	if path != "net/http" && path != "net/url" && !under(path, "github.com/gin-gonic/gin", "github.com/labstack/echo") {
		return false
	}
	asked, ok := flow.Args(call)[0].(*ssa.Const)
	return ok && asked.Value != nil && asked.Value.Kind() == constant.String &&
		strings.EqualFold(constant.StringVal(asked.Value), name)
}

// bearers gives the Authorization headers that are read behind a Bearer: it has
// seen to it that they hold session tokens.
func bearers(program *flow.Program, routes *route.Table) []ssa.Value {
	var found []ssa.Value
	for call := range program.Calls() {
		v := call.Value()
		if v != nil && asksFor(call, "Authorization") && ofRequest(program, call) && behindBearer(program, routes, call.Parent()) {
			found = append(found, v)
		}
	}
	return found
}

// ofRequest tells the header of the request that came from that of a request to
// be sent, or of an answer.
func ofRequest(program *flow.Program, call ssa.CallInstruction) bool {
	if sdk.Of(flow.Callee(call)).Package != "net/http" {
		return true
	}
	for origin := range program.Origins(flow.Receiver(call)) {
		load, ok := origin.(*ssa.UnOp)
		if !ok {
			return false
		}
		header, ok := load.X.(*ssa.FieldAddr)
		if !ok || !sdk.Is(header.X.Type(), "net/http", "Request") {
			return false
		}
		for request := range program.Origins(header.X) {
			if isNew(request) {
				return false
			}
		}
	}
	return true
}

// isNew reports whether v is a request that the program makes.
func isNew(v ssa.Value) bool {
	if extract, ok := v.(*ssa.Extract); ok {
		v = extract.Tuple
	}
	call, ok := v.(*ssa.Call)
	return ok && flow.Callee(call) != nil && strings.HasPrefix(flow.Callee(call).Name(), "NewRequest")
}

// behindBearer reports whether fn runs behind a Bearer, however it is reached. What passes requests on may stand in
// front of it, where tokens of another kind arrive too.
func behindBearer(program *flow.Program, routes *route.Table, fn *ssa.Function) bool {
	return within(program, routes, fn, map[*ssa.Function]bool{})
}

func within(program *flow.Program, routes *route.Table, fn *ssa.Function, seen map[*ssa.Function]bool) bool {
	if fn == nil || seen[fn] || passesOn(fn) {
		return false
	}
	seen[fn] = true
	if served := routes.For(fn); len(served) > 0 {
		return !slices.ContainsFunc(served, func(r route.Route) bool { return !hasBearer(r) })
	}
	sites := program.Sites(fn)
	for _, site := range sites {
		if !within(program, routes, site.Parent(), seen) {
			return false
		}
	}
	return len(sites) > 0 || fn.Parent() != nil && within(program, routes, fn.Parent(), seen)
}

func hasBearer(r route.Route) bool {
	return slices.ContainsFunc(r.Guards, func(guard sdk.Name) bool {
		return guard.Receiver == "Bearer" // Optional refuses bad tokens too
	})
}

// passesOn reports whether fn is a middleware: it calls the next handler.
func passesOn(fn *ssa.Function) bool {
	for instruction := range flow.Instructions(fn) {
		if call, ok := instruction.(ssa.CallInstruction); ok {
			callee := flow.Callee(call)
			if callee != nil && (callee.Name() == "ServeHTTP" || callee.Name() == "Next") {
				return true
			}
		}
	}
	return false
}
