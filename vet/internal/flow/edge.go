package flow

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// An edge leads from a value, or a cell, to where it goes next.
type edge struct {
	to   any
	kind kind
	site ssa.CallInstruction // of enter and leave
}

type kind uint8

const (
	keep  kind = iota // as it is
	wrap              // into a struct or the like, which has it within
	read              // out of a struct: what it only has within is its field's
	print             // into a text, whatever it was within
	heap              // into or out of what many calls share
	enter             // an argument becomes a parameter
	leave             // a result becomes that of a call
)

func (p *Program) edge(from, to any, kind kind) {
	if from != nil && to != nil {
		p.edges[from] = append(p.edges[from], edge{to: to, kind: kind})
	}
}

// connect makes the edges of every instruction.
func (p *Program) connect() {
	for instruction := range p.instructions() {
		switch instruction := instruction.(type) {
		case *ssa.Store:
			p.store(instruction.Addr, instruction.Val)
		case *ssa.MapUpdate:
			p.into(instruction.Map, instruction.Value, keep)
			p.into(instruction.Map, instruction.Key, keep)
		case *ssa.Send:
			p.into(instruction.Chan, instruction.X, keep)
		case *ssa.MakeClosure:
			if fn, ok := instruction.Fn.(*ssa.Function); ok && p.own[fn] {
				for i, binding := range instruction.Bindings {
					p.edge(binding, fn.FreeVars[i], heap)
				}
			}
		case ssa.CallInstruction:
			p.call(instruction)
		case ssa.Value:
			p.value(instruction)
		}
	}
}

// value makes the edges into a value that is computed from others.
func (p *Program) value(v ssa.Value) {
	switch v := v.(type) {
	case *ssa.UnOp:
		if v.Op == token.MUL || v.Op == token.ARROW {
			p.edge(v.X, v, keep)
			for _, cell := range p.cells(v.X) {
				p.edge(cell, v, shared(cell))
			}
		}
	case *ssa.BinOp:
		if v.Op == token.ADD {
			p.edge(v.X, v, keep)
			p.edge(v.Y, v, keep)
		}
	case *ssa.Field:
		p.field(v.X, v)
	case *ssa.FieldAddr:
		p.field(v.X, v)
	case *ssa.Extract:
		if !isError(v.Type()) && !isBool(v.Type()) {
			p.edge(v.Tuple, v, keep)
		}
	case *ssa.Phi, *ssa.ChangeType, *ssa.ChangeInterface, *ssa.Convert, *ssa.MultiConvert, *ssa.MakeInterface,
		*ssa.TypeAssert, *ssa.Slice, *ssa.SliceToArrayPointer, *ssa.Index, *ssa.IndexAddr, *ssa.Lookup, *ssa.Range,
		*ssa.Next, *ssa.Select:
		var operands []*ssa.Value
		for _, operand := range v.(ssa.Instruction).Operands(operands) {
			p.edge(*operand, v, keep)
		}
	}
}

func (p *Program) field(base, v ssa.Value) {
	p.edge(base, v, read)
	for _, cell := range p.fieldCells(base, Field(v), 0) {
		p.edge(cell, v, shared(cell))
	}
}

// store makes the edges from a value to where it is stored, and to every struct
// that has it within from then on.
func (p *Program) store(address, value ssa.Value) {
	p.into(address, value, keep)
	for {
		switch at := address.(type) {
		case *ssa.FieldAddr:
			address = at.X
			p.into(address, value, wrap)
		case *ssa.IndexAddr:
			address = at.X
		default:
			return
		}
	}
}

func (p *Program) into(container, value ssa.Value, kind kind) {
	for _, cell := range p.cells(container) {
		if shared(cell) == heap && kind == keep {
			p.edge(value, cell, heap)
		} else {
			p.edge(value, cell, kind)
		}
		p.escape(container, cell, value, kind)
	}
}

// escape makes the edge to a pointer that was passed on in another function:
// the call by which it came here says nothing about who sees the change.
func (p *Program) escape(container ssa.Value, cell any, value ssa.Value, kind kind) {
	v, ok := cell.(ssa.Value)
	if ok && kind == keep && v.Parent() != nil && v.Parent() != container.Parent() {
		p.edge(value, cell, heap)
	}
}

// shared says how an edge of this cell deals with calls.
func shared(cell any) kind {
	switch cell.(type) {
	case *types.Var, *ssa.Global:
		return heap
	}
	return keep
}

// call makes the edges of a call: into the functions of this package that it
// may reach and out of them, and past a function of another.
func (p *Program) call(call ssa.CallInstruction) {
	if builtin, ok := call.Common().Value.(*ssa.Builtin); ok {
		p.builtin(builtin.Name(), call)
		return
	}
	callees := p.Callees(call)
	for _, fn := range callees {
		p.reach(call, fn)
	}
	if len(callees) == 0 || call.Common().IsInvoke() {
		p.foreign(call)
	}
}

// reach makes the edges between a call and a function of this package.
func (p *Program) reach(call ssa.CallInstruction, fn *ssa.Function) {
	arguments := allArgs(call)
	// A method value is called without the receiver that it is bound to.
	shift := len(fn.Params) - len(arguments)
	for i, argument := range arguments {
		if at := i + shift; at >= 0 && at < len(fn.Params) {
			p.edges[argument] = append(p.edges[argument], edge{to: fn.Params[at], kind: enter, site: call})
		}
	}
	for i, returned := range p.returnsAt[fn] {
		result := resultOf(call, i)
		if result == nil {
			continue
		}
		for _, v := range returned {
			p.edges[v] = append(p.edges[v], edge{to: result, kind: leave, site: call})
		}
	}
}

// resultOf gives the value that is result i of a call, or nil when nobody looks
// at it.
func resultOf(call ssa.CallInstruction, i int) ssa.Value {
	v := call.Value()
	if v == nil {
		return nil
	}
	if call.Common().Signature().Results().Len() < 2 {
		return v
	}
	for _, referrer := range *v.Referrers() {
		if extract, ok := referrer.(*ssa.Extract); ok && extract.Index == i {
			return extract
		}
	}
	return nil
}

// Result gives the value that is result i of a call, or nil when nobody looks
// at it.
func Result(call ssa.CallInstruction, i int) ssa.Value { return resultOf(call, i) }

func (p *Program) builtin(name string, call ssa.CallInstruction) {
	arguments := call.Common().Args
	switch name {
	case "append", "min", "max":
		for _, argument := range arguments {
			p.edge(argument, call.Value(), keep)
		}
	case "copy":
		p.into(arguments[0], arguments[1], keep)
	}
}

func isError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

func isBool(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsBoolean != 0
}
