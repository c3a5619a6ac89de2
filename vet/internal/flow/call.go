package flow

import (
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// Callee gives the function or method that is called, of this package or
// another, or the method of an interface; nil for a call of a function value.
func Callee(call ssa.CallInstruction) *types.Func {
	common := call.Common()
	if common.IsInvoke() {
		return common.Method
	}
	return FuncOf(common.StaticCallee())
}

// FuncOf gives what was declared for fn: the generic function of an instance,
// the method of a method value, nil for a literal.
func FuncOf(fn *ssa.Function) *types.Func {
	if fn == nil {
		return nil
	}
	declared, _ := fn.Object().(*types.Func)
	if declared != nil {
		declared = declared.Origin()
	}
	return declared
}

// Args gives the arguments of a call without its receiver.
func Args(call ssa.CallInstruction) []ssa.Value {
	common := call.Common()
	if !common.IsInvoke() && common.Signature().Recv() != nil && len(common.Args) > 0 {
		return common.Args[1:]
	}
	return common.Args
}

// Receiver gives the receiver of a call, or nil.
func Receiver(call ssa.CallInstruction) ssa.Value {
	common := call.Common()
	if common.IsInvoke() {
		return common.Value
	}
	if common.Signature().Recv() != nil && len(common.Args) > 0 {
		return common.Args[0]
	}
	return nil
}

// Callees gives the functions of this package that a call may reach: the one
// named, those a function value may be, and by an interface all methods of the
// package's types that have it.
func (p *Program) Callees(call ssa.CallInstruction) []*ssa.Function {
	if known, ok := p.calleeMemo[call]; ok {
		return known
	}
	p.calleeMemo[call] = nil // a function value that comes out of its own call
	common := call.Common()
	var callees []*ssa.Function
	switch {
	case common.IsInvoke():
		callees = p.implementations(common)
	case common.StaticCallee() != nil:
		callees = []*ssa.Function{p.declared(common.StaticCallee())}
	default:
		callees = p.Targets(common.Value)
	}
	callees = slices.DeleteFunc(callees, func(fn *ssa.Function) bool { return !p.Own(fn) })
	p.calleeMemo[call] = callees
	return callees
}

// declared gives the function that was written: the origin of an instance, the
// method behind a method value or a promoted method.
func (p *Program) declared(fn *ssa.Function) *ssa.Function {
	if fn.Origin() != nil {
		fn = fn.Origin()
	}
	if !p.own[fn] && fn.Synthetic != "" {
		if object, ok := fn.Object().(*types.Func); ok {
			if written := p.Package.Prog.FuncValue(object.Origin()); written != nil {
				return written
			}
		}
	}
	return fn
}

func (p *Program) implementations(common *ssa.CallCommon) []*ssa.Function {
	contract, ok := common.Value.Type().Underlying().(*types.Interface)
	if !ok {
		return nil
	}
	var found []*ssa.Function
	for _, t := range p.named {
		if named, ok := t.(*types.Named); ok && named.TypeParams().Len() > 0 {
			continue
		}
		pointer := types.NewPointer(t)
		if !types.Implements(pointer, contract) {
			continue
		}
		object, _, _ := types.LookupFieldOrMethod(pointer, true, common.Method.Pkg(), common.Method.Name())
		if method, ok := object.(*types.Func); ok {
			if fn := p.Package.Prog.FuncValue(method.Origin()); fn != nil {
				found = append(found, fn)
			}
		}
	}
	return found
}

// Targets gives the functions that a function value may be, of this package or
// not: a literal, a name, a method value, through variables, fields and
// parameters.
func (p *Program) Targets(v ssa.Value) []*ssa.Function {
	var found []*ssa.Function
	for origin := range p.Origins(v) {
		switch origin := origin.(type) {
		case *ssa.Function:
			found = append(found, p.declared(origin))
		case *ssa.MakeClosure:
			if fn, ok := origin.Fn.(*ssa.Function); ok {
				found = append(found, p.declared(fn))
			}
		}
	}
	return found
}

// IsBound reports whether fn is the wrapper of a method value: its one free
// variable is the receiver.
func IsBound(fn *ssa.Function) bool { return strings.HasPrefix(fn.Synthetic, "bound method wrapper") }

// CallsTo gives the calls of what match accepts, also by a method value or
// another function value.
func (p *Program) CallsTo(match func(*types.Func) bool) []ssa.CallInstruction {
	var found []ssa.CallInstruction
	for call := range p.Calls() {
		if callee := Callee(call); callee != nil {
			if match(callee) {
				found = append(found, call)
			}
			continue
		}
		if slices.ContainsFunc(p.Targets(call.Common().Value), func(fn *ssa.Function) bool { return match(FuncOf(fn)) }) {
			found = append(found, call)
		}
	}
	return found
}

// Elements gives what is in the slice of a variadic call, or v itself.
func Elements(v ssa.Value) []ssa.Value {
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
