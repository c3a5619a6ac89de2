package route

import (
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// frame is a call that is looked into: its arguments stand for the parameters
// of its callee, so that one wrapper called twice is two chains.
type frame struct {
	fn    *ssa.Function
	call  *ssa.Call
	above *frame
}

// chain looks through wrappers for the handlers within and the guards on the way.
func (f *finder) chain(v ssa.Value, in *frame, deep int) chain {
	if v == nil || deep > depth {
		return chain{opaque: true}
	}
	switch v := v.(type) {
	case *ssa.ChangeType:
		return f.chain(v.X, in, deep+1)
	case *ssa.MakeInterface:
		return f.chain(v.X, in, deep+1)
	case *ssa.ChangeInterface:
		return f.chain(v.X, in, deep+1)
	case *ssa.Phi:
		return f.all(v.Edges, in, deep)
	case *ssa.Function:
		return chain{handlers: f.flow.Targets(v)}
	case *ssa.MakeClosure:
		return f.closure(v, in, deep)
	case *ssa.Call:
		return f.call(v, in, deep)
	case *ssa.UnOp:
		if variable, ok := v.X.(*ssa.Alloc); ok {
			return f.chain(variable, in, deep+1)
		}
	case *ssa.Alloc:
		if stored := storedIn(v); len(stored) > 0 {
			return f.all(stored, in, deep)
		}
	case *ssa.Parameter:
		if argument, at := in.argument(v); argument != nil {
			return f.chain(argument, at, deep+1)
		}
	}
	return f.origins(v, in, deep)
}

// argument gives what stands for a parameter in the calls looked into, and the
// calls around it.
func (at *frame) argument(v *ssa.Parameter) (ssa.Value, *frame) {
	for ; at != nil; at = at.above {
		if at.fn != v.Parent() {
			continue
		}
		// A method value is called without its receiver.
		shift := len(at.fn.Params) - len(at.call.Call.Args)
		for i, parameter := range at.fn.Params {
			if parameter == v && i >= shift && i-shift < len(at.call.Call.Args) {
				return at.call.Call.Args[i-shift], at.above
			}
		}
	}
	return nil, nil
}

// storedIn gives what is assigned to a variable, such as a parameter that a
// literal captured.
func storedIn(variable *ssa.Alloc) []ssa.Value {
	var stored []ssa.Value
	for _, referrer := range *variable.Referrers() {
		if store, ok := referrer.(*ssa.Store); ok && store.Addr == variable {
			stored = append(stored, store.Val)
		}
	}
	return stored
}

// origins goes on from where a variable, a field or a parameter got its value.
func (f *finder) origins(v ssa.Value, in *frame, deep int) chain {
	var found []ssa.Value
	for origin := range f.flow.Origins(v) {
		if origin == v {
			return f.value(v)
		}
		found = append(found, origin)
	}
	return f.all(found, in, deep)
}

// value is a handler that is no function: the ServeHTTP of its type, where that
// is of this package.
func (f *finder) value(v ssa.Value) chain {
	if isRouter(v) {
		return chain{routers: []ssa.Value{v}}
	}
	named := sdk.Named(v.Type())
	if named != nil {
		for method := range named.Methods() {
			if method.Name() == "ServeHTTP" {
				if fn := f.flow.Package.Prog.FuncValue(method); f.flow.Own(fn) {
					return chain{handlers: []*ssa.Function{fn}}
				}
			}
		}
	}
	return chain{opaque: true}
}

func (f *finder) all(values []ssa.Value, in *frame, deep int) chain {
	var found chain
	for i, v := range values {
		c := f.chain(v, in, deep+1)
		found.handlers = append(found.handlers, c.handlers...)
		found.routers = append(found.routers, c.routers...)
		found.stripped = join(found.stripped, c.stripped)
		found.opaque = found.opaque || c.opaque
		// What is a guard on one way alone is none on the other.
		if i == 0 || len(c.guards) < len(found.guards) {
			found.guards = c.guards
		}
	}
	return found
}

// closure is a literal or a method value: a handler, and around those that it
// captured.
func (f *finder) closure(v *ssa.MakeClosure, in *frame, deep int) chain {
	found := chain{handlers: f.flow.Targets(v)}
	fn, ok := v.Fn.(*ssa.Function)
	if !ok || flow.IsBound(fn) {
		return found
	}
	wraps := false
	for _, binding := range v.Bindings {
		if isFunc(binding.Type()) || isHandler(binding) {
			found.add(f.chain(binding, in, deep+1))
			wraps = true
		}
	}
	found.opaque = found.opaque || wraps && f.looks(fn)
	return found
}

// call is a guard, a wrapper of this package, or one of another.
func (f *finder) call(v *ssa.Call, in *frame, deep int) chain {
	if guard, ok := sdk.Guard(flow.Callee(v)); ok && len(flow.Args(v)) > 0 {
		c := f.chain(flow.Args(v)[0], in, deep+1)
		c.guards = append(c.guards, guard)
		return c
	}
	if guards := f.made(v.Call.Value); flow.Callee(v) == nil && len(guards) > 0 {
		c := f.chain(v.Call.Args[0], in, deep+1)
		c.guards = append(c.guards, guards...)
		return c
	}
	var returned []chain
	for _, fn := range f.flow.Callees(v) {
		for _, result := range f.flow.Returned(fn, 0) {
			returned = append(returned, f.chain(result, &frame{fn, v, in}, deep+1))
		}
	}
	if len(returned) == 0 {
		return f.foreign(v, in, deep)
	}
	found := returned[0]
	for _, c := range returned[1:] {
		found.handlers = append(found.handlers, c.handlers...)
		found.routers = append(found.routers, c.routers...)
		found.opaque = found.opaque || c.opaque
	}
	return found
}

// foreign is a wrapper of another package, of which only the handler in it is
// known.
func (f *finder) foreign(v *ssa.Call, in *frame, deep int) chain {
	if isRouter(v) {
		return chain{routers: []ssa.Value{v}}
	}
	callee := flow.Callee(v)
	found := chain{opaque: callee == nil || !isPlain(callee)}
	if sdk.In(callee, sdk.Name{Package: "net/http", Func: "StripPrefix"}) {
		found.stripped = text(flow.Args(v)[0])
	}
	for _, argument := range flow.Args(v) {
		if isFunc(argument.Type()) || isHandler(argument) {
			found.add(f.chain(argument, in, deep+1))
		}
	}
	found.opaque = found.opaque || len(found.handlers) == 0 && len(found.routers) == 0
	return found
}

func isHandler(v ssa.Value) bool {
	return sdk.Is(v.Type(), "net/http", "Handler") || sdk.Is(v.Type(), "net/http", "HandlerFunc")
}
