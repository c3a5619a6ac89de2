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
	// wrapped are the guards around each router as a whole, by what it comes from.
	wrapped map[ssa.Value][]sdk.Name
}

// chain is what a handler turned out to be.
type chain struct {
	handlers []*ssa.Function
	guards   []sdk.Name
	opaque   bool
}

// newFinder notes which routers stand behind a guard as a whole: mounted behind
// one, or told to Use one.
func newFinder(program *flow.Program) *finder {
	f := &finder{flow: program, wrapped: map[ssa.Value][]sdk.Name{}}
	for call := range program.Calls() {
		callee := flow.Callee(call)
		if guard, ok := sdk.Guard(callee); ok && len(flow.Args(call)) > 0 {
			f.wrap(flow.Args(call)[0], guard)
		}
		if callee != nil && callee.Name() == "Use" && routerPackage(callee) != "" {
			for _, argument := range flow.Args(call) {
				for _, middleware := range elements(argument) {
					f.wrap(flow.Receiver(call), f.guardsIn(middleware, 0)...)
				}
			}
		}
		if callee == nil {
			for _, guard := range f.made(call.Common().Value) {
				f.wrap(call.Common().Args[0], guard)
			}
		}
	}
	return f
}

func (f *finder) wrap(router ssa.Value, guards ...sdk.Name) {
	if len(guards) == 0 {
		return
	}
	for origin := range f.flow.Origins(router) {
		f.wrapped[origin] = append(f.wrapped[origin], guards...)
	}
}

func (f *finder) route(call ssa.CallInstruction, r registered) Route {
	found := Route{Call: call, Method: r.method, Path: r.path}
	for _, handler := range r.handlers {
		c := f.chain(handler, nil, 0)
		found.Handlers = append(found.Handlers, c.handlers...)
		found.Guards = append(found.Guards, c.guards...)
		found.Opaque = found.Opaque || c.opaque
	}
	if r.router != nil {
		found.Guards = append(found.Guards, f.around(r.router, 0)...)
	}
	return found
}

// around gives the guards in front of a router: its own, and those of the
// routers it was made from by With, Group, Route and the like.
func (f *finder) around(router ssa.Value, deep int) []sdk.Name {
	var guards []sdk.Name
	if deep > depth {
		return nil
	}
	for origin := range f.flow.Origins(router) {
		guards = append(guards, f.wrapped[origin]...)
		switch origin := origin.(type) {
		case *ssa.Call:
			if routerPackage(flow.Callee(origin)) == "" {
				continue
			}
			for _, argument := range flow.Args(origin) {
				for _, middleware := range elements(argument) {
					guards = append(guards, f.guardsIn(middleware, 0)...)
				}
			}
			if receiver := flow.Receiver(origin); receiver != nil {
				guards = append(guards, f.around(receiver, deep+1)...)
			}
		case *ssa.Parameter:
			guards = append(guards, f.above(origin, deep)...)
		case *ssa.FieldAddr: // gin's Engine, by the RouterGroup within it
			guards = append(guards, f.around(origin.X, deep+1)...)
		}
	}
	return guards
}

// above gives the guards of the router whose Group or Route is given the
// function that has this parameter.
func (f *finder) above(parameter *ssa.Parameter, deep int) []sdk.Name {
	var guards []sdk.Name
	for call := range f.flow.Calls() {
		callee := flow.Callee(call)
		if callee == nil || routerPackage(callee) == "" || (callee.Name() != "Group" && callee.Name() != "Route") {
			continue
		}
		for _, argument := range flow.Args(call) {
			if _, isFunc := argument.Type().Underlying().(*types.Signature); isFunc &&
				slices.Contains(f.flow.Targets(argument), parameter.Parent()) {
				guards = append(guards, f.around(flow.Receiver(call), deep+1)...)
			}
		}
	}
	return guards
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
