package flow

import (
	"iter"

	"golang.org/x/tools/go/ssa"
)

// originLimit bounds a walk back; beyond it nothing is known.
const originLimit = 400

// Origins gives what v may come from, walking back through variables, fields,
// conversions, parameters of functions of this package, and their results: the
// values that are made rather than handed on (calls of other packages,
// literals, allocations, functions, parameters that nobody is seen to give).
func (p *Program) Origins(v ssa.Value) iter.Seq[ssa.Value] {
	return func(yield func(ssa.Value) bool) {
		seen := map[ssa.Value]bool{}
		work := []ssa.Value{v}
		for len(work) > 0 && len(seen) < originLimit {
			v := work[len(work)-1]
			work = work[:len(work)-1]
			if v == nil || seen[v] {
				continue
			}
			seen[v] = true
			before := p.before(v)
			if len(before) == 0 && !yield(v) {
				return
			}
			work = append(work, before...)
		}
	}
}

// before gives the values that v is one of; none when it is made here.
func (p *Program) before(v ssa.Value) []ssa.Value {
	switch v := v.(type) {
	case *ssa.Phi:
		return v.Edges
	case *ssa.UnOp:
		return p.loaded(v)
	case *ssa.ChangeType:
		return []ssa.Value{v.X}
	case *ssa.Convert:
		return []ssa.Value{v.X}
	case *ssa.ChangeInterface:
		return []ssa.Value{v.X}
	case *ssa.MakeInterface:
		return []ssa.Value{v.X}
	case *ssa.TypeAssert:
		return []ssa.Value{v.X}
	case *ssa.Slice:
		return []ssa.Value{v.X}
	case *ssa.Field:
		var found []ssa.Value
		for _, cell := range p.fieldCells(v.X, Field(v), 0) {
			found = append(found, p.stores[cell]...)
		}
		return found
	case *ssa.Extract:
		return p.extracted(v)
	case *ssa.Call:
		return p.results(v, 0)
	case *ssa.Parameter:
		return p.given(v)
	case *ssa.FreeVar:
		return p.bound(v)
	}
	return nil
}

// loaded gives what was stored where v is loaded from.
func (p *Program) loaded(v *ssa.UnOp) []ssa.Value {
	var found []ssa.Value
	for _, cell := range p.cells(v.X) {
		found = append(found, p.stores[cell]...)
	}
	return found
}

// extracted gives what one of several results may be.
func (p *Program) extracted(v *ssa.Extract) []ssa.Value {
	switch tuple := v.Tuple.(type) {
	case *ssa.Call:
		return p.results(tuple, v.Index)
	case *ssa.TypeAssert:
		if v.Index == 0 {
			return []ssa.Value{tuple.X}
		}
	case *ssa.Next:
		if v.Index == 2 {
			return p.ranged(tuple)
		}
	}
	return nil
}

// ranged gives what was stored in a map that is ranged over.
func (p *Program) ranged(next *ssa.Next) []ssa.Value {
	var found []ssa.Value
	if over, ok := next.Iter.(*ssa.Range); ok {
		for _, cell := range p.cells(over.X) {
			found = append(found, p.stores[cell]...)
		}
	}
	return found
}

// results gives what the functions of this package that a call reaches return
// as their result i.
func (p *Program) results(call *ssa.Call, i int) []ssa.Value {
	var found []ssa.Value
	for _, fn := range p.Callees(call) {
		found = append(found, p.Returned(fn, i)...)
	}
	return found
}

// Returned gives the values that fn returns as its result i.
func (p *Program) Returned(fn *ssa.Function, i int) []ssa.Value {
	returns := p.returnsAt[fn]
	if i >= len(returns) {
		return nil
	}
	return returns[i]
}

// given gives the arguments that callers in this package pass for a parameter.
func (p *Program) given(parameter *ssa.Parameter) []ssa.Value {
	var found []ssa.Value
	for i, own := range parameter.Parent().Params {
		if own != parameter {
			continue
		}
		for _, site := range p.sites[parameter.Parent()] {
			if arguments := allArgs(site); i < len(arguments) {
				found = append(found, arguments[i])
			}
		}
	}
	return found
}

// bound gives what a closure captured as a free variable.
func (p *Program) bound(free *ssa.FreeVar) []ssa.Value {
	var found []ssa.Value
	for i, own := range free.Parent().FreeVars {
		if own == free {
			for _, closure := range p.closures[free.Parent()] {
				found = append(found, closure.Bindings[i])
			}
		}
	}
	return found
}

// allArgs gives the arguments that match a callee's parameters: the receiver
// first, where there is one.
func allArgs(call ssa.CallInstruction) []ssa.Value {
	common := call.Common()
	if common.IsInvoke() {
		return append([]ssa.Value{common.Value}, common.Args...)
	}
	return common.Args
}
