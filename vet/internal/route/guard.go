package route

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// depth bounds how far wrappers are looked through.
const depth = 12

// finder looks through wrappers and routers.
type finder struct {
	flow *flow.Program
	// wrapped is what stands around each router as a whole, by what it comes from.
	wrapped map[ssa.Value][]wrapping
	// mounted is where a router was mounted below another.
	mounted map[ssa.Value]mount
}

// wrapping is the middleware around a router.
type wrapping struct {
	guards []sdk.Name
	opaque bool
	// use is the call that told the router to use it, where only what is
	// registered afterwards is behind it; or nil.
	use ssa.CallInstruction
}

// chain is what a handler turned out to be.
type chain struct {
	handlers []*ssa.Function
	guards   []sdk.Name
	opaque   bool
	routers  []ssa.Value // in place of a handler
	stripped string      // by StripPrefix, in front of one
}

// add takes over what stands on the same way.
func (c *chain) add(other chain) {
	c.handlers = append(c.handlers, other.handlers...)
	c.routers = append(c.routers, other.routers...)
	c.stripped = join(c.stripped, other.stripped)
	c.opaque = c.opaque || other.opaque
	for _, guard := range other.guards {
		if !slices.Contains(c.guards, guard) {
			c.guards = append(c.guards, guard)
		}
	}
}

// newFinder notes which routers stand behind a guard as a whole: wrapped in one,
// or told to Use one.
func newFinder(program *flow.Program) *finder {
	f := &finder{flow: program, wrapped: map[ssa.Value][]wrapping{}, mounted: map[ssa.Value]mount{}}
	for call := range program.Calls() {
		callee := flow.Callee(call)
		if guard, ok := sdk.Guard(callee); ok && len(flow.Args(call)) > 0 {
			f.wrap(flow.Args(call)[0], wrapping{guards: []sdk.Name{guard}})
		}
		if callee != nil && callee.Name() == "Use" && routerPackage(callee) != "" {
			f.use(call)
		}
		if callee == nil && len(call.Common().Args) > 0 {
			for _, guard := range f.made(call.Common().Value) {
				f.wrap(call.Common().Args[0], wrapping{guards: []sdk.Name{guard}})
			}
		}
	}
	for call := range program.Calls() {
		f.mount(call)
	}
	return f
}

func (f *finder) use(call ssa.CallInstruction) {
	var found wrapping
	if ordered(flow.Receiver(call)) {
		found.use = call
	}
	for _, argument := range flow.Args(call) {
		for _, middleware := range flow.Elements(argument) {
			all := f.middleware(middleware)
			found.guards = append(found.guards, all.guards...)
			found.opaque = found.opaque || all.opaque
		}
	}
	f.wrap(flow.Receiver(call), found)
}

// middleware is guards, or something that may be one.
func (f *finder) middleware(v ssa.Value) chain {
	guards := f.guardsIn(v, 0)
	return chain{guards: guards, opaque: len(guards) == 0 && f.foreignMiddleware(v, 0)}
}

// ordered reports whether what a router is told to use stands in front of the
// routes that come afterwards alone. gorilla/mux and an echo.Echo look it up for
// each request; chi panics when a route came before.
func ordered(router ssa.Value) bool {
	return router != nil && !sdk.Is(router.Type(), "github.com/gorilla/mux", "Router") && sdk.TypeName(router.Type()) != "Echo"
}

func (f *finder) wrap(router ssa.Value, w wrapping) {
	if len(w.guards) == 0 && !w.opaque {
		return
	}
	for origin := range f.flow.Origins(router) {
		f.wrapped[origin] = append(f.wrapped[origin], w)
	}
}

// before reports whether what w was told is in force at a call: it is unless it
// comes later in the same function.
func (w wrapping) before(at ssa.CallInstruction) bool {
	return w.use == nil || w.use.Parent() != at.Parent() || w.use.Pos() < at.Pos()
}

func (f *finder) route(call ssa.CallInstruction, r registered) Route {
	var all chain
	for _, handler := range r.handlers {
		all.add(f.chain(handler, nil, 0))
	}
	for _, middleware := range r.middleware {
		all.add(f.middleware(middleware))
	}
	path := r.path
	if r.router != nil {
		all.add(f.around(r.router, call, 0))
		if r.constant {
			path = join(f.prefix(r.router, 0), r.path)
		}
	}
	return Route{
		Call: call, Method: r.method, Path: path,
		Handlers: all.handlers, Guards: all.guards, Opaque: all.opaque || len(all.routers) > 0,
	}
}

// around gives what is in front of a router at a call: its own guards, and those
// of the routers it was made from by With, Group, Route and the like, or is
// mounted below.
func (f *finder) around(router ssa.Value, at ssa.CallInstruction, deep int) chain {
	if deep > depth {
		return chain{opaque: true}
	}
	var found chain
	for origin := range f.flow.Origins(router) {
		for _, w := range f.wrapped[origin] {
			if w.before(at) {
				found.add(chain{guards: w.guards, opaque: w.opaque})
			}
		}
		if m, ok := f.mounted[origin]; ok {
			found.add(chain{guards: m.between.guards, opaque: m.between.opaque})
			if m.router != nil {
				found.add(f.around(m.router, m.at, deep+1))
			}
		}
		switch origin := origin.(type) {
		case *ssa.Call:
			if routerPackage(flow.Callee(origin)) != "" {
				found.add(f.derived(origin, deep))
			}
		case *ssa.Parameter:
			for _, call := range f.above(origin) {
				found.add(f.around(flow.Receiver(call), call, deep+1))
			}
		case *ssa.FieldAddr: // gin's Engine, by the RouterGroup within it
			found.add(f.around(origin.X, at, deep+1))
		}
	}
	return found
}

// derived gives what is in front of a router that a method of another made.
func (f *finder) derived(call *ssa.Call, deep int) chain {
	var found chain
	for _, argument := range flow.Args(call) {
		for _, middleware := range flow.Elements(argument) {
			if isString(middleware.Type()) {
				continue
			}
			found.add(f.middleware(middleware))
		}
	}
	if receiver := flow.Receiver(call); receiver != nil {
		found.add(f.around(receiver, call, deep+1))
	}
	return found
}

// above gives the calls of a router's Group or Route that are given the function
// which has this parameter.
func (f *finder) above(parameter *ssa.Parameter) []ssa.CallInstruction {
	var found []ssa.CallInstruction
	for call := range f.flow.Calls() {
		callee := flow.Callee(call)
		if callee == nil || routerPackage(callee) == "" || (callee.Name() != "Group" && callee.Name() != "Route") {
			continue
		}
		for _, argument := range flow.Args(call) {
			if _, isFunc := argument.Type().Underlying().(*types.Signature); isFunc &&
				slices.Contains(f.flow.Targets(argument), parameter.Parent()) {
				found = append(found, call)
			}
		}
	}
	return found
}

// guardsIn gives the guards that a middleware is, or was made of: the method
// value bearer.Require, what bearer.Allow(f) gives, and either of them given to
// a function that fits it to a framework.
func (f *finder) guardsIn(v ssa.Value, deep int) []sdk.Name {
	if deep > depth {
		return nil
	}
	guards := f.made(v)
	for origin := range f.flow.Origins(v) {
		switch origin := origin.(type) {
		case *ssa.Call:
			for _, argument := range flow.Args(origin) {
				guards = append(guards, f.guardsIn(argument, deep+1)...)
			}
		case *ssa.MakeClosure:
			if fn, ok := origin.Fn.(*ssa.Function); ok && !flow.IsBound(fn) {
				for _, binding := range origin.Bindings {
					if isFunc(binding.Type()) {
						guards = append(guards, f.guardsIn(binding, deep+1)...)
					}
				}
				guards = append(guards, f.called(fn)...)
			}
		case *ssa.Function:
			guards = append(guards, f.called(origin)...)
		}
	}
	return guards
}

func isFunc(t types.Type) bool {
	if pointer, ok := t.Underlying().(*types.Pointer); ok {
		t = pointer.Elem()
	}
	_, ok := t.Underlying().(*types.Signature)
	return ok
}

// called gives the guards that a middleware of this package calls itself.
func (f *finder) called(fn *ssa.Function) []sdk.Name {
	var guards []sdk.Name
	if !f.flow.Own(fn) {
		return nil
	}
	for instruction := range flow.Instructions(fn) {
		if call, ok := instruction.(ssa.CallInstruction); ok {
			if guard, ok := sdk.Guard(flow.Callee(call)); ok {
				guards = append(guards, guard)
			} else if flow.Callee(call) == nil {
				guards = append(guards, f.made(call.Common().Value)...)
			}
		}
	}
	return guards
}

// made gives the guards that a function value is: a method value, or what
// Allow or RequireFresh gave.
func (f *finder) made(v ssa.Value) []sdk.Name {
	var guards []sdk.Name
	for origin := range f.flow.Origins(v) {
		var fn *types.Func
		switch origin := origin.(type) {
		case *ssa.MakeClosure:
			if made, ok := origin.Fn.(*ssa.Function); ok && flow.IsBound(made) {
				fn = flow.FuncOf(made)
			}
		case *ssa.Call:
			fn = flow.Callee(origin)
		}
		if guard, ok := sdk.Guard(fn); ok {
			guards = append(guards, guard)
		}
	}
	return guards
}
