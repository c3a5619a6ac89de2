package flow

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// A cell is where values are kept: an ssa.Value that makes memory (an
// allocation, a map, a global), a field of a struct of this package, which is
// one for all structs of its type, or a part of a struct of another: a token in
// the header of one *http.Request is not in that of all others.
type part struct {
	of    any
	field *types.Var
}

// cellLimit bounds the walk from an address to its cells.
const cellLimit = 60

// cells gives the cells that an address, or a map, slice, channel or pointer,
// may stand for.
func (p *Program) cells(address ssa.Value) []any { return p.cellsWithin(address, 0) }

func (p *Program) cellsWithin(address ssa.Value, depth int) []any {
	var found []any
	seen := map[ssa.Value]bool{}
	work := []ssa.Value{address}
	for len(work) > 0 && len(seen) < cellLimit {
		v := work[len(work)-1]
		work = work[:len(work)-1]
		if v == nil || seen[v] {
			continue
		}
		seen[v] = true
		if field, ok := v.(*ssa.FieldAddr); ok {
			found = append(found, p.fieldCells(field.X, Field(field), depth)...)
			continue
		}
		inner := p.behind(v)
		if _, given := v.(*ssa.Parameter); given || len(inner) == 0 {
			found = append(found, v)
		}
		work = append(work, inner...)
	}
	return found
}

// partLimit bounds parts of parts, of which a list has no end.
const partLimit = 3

// fieldCells gives the cells of a field of the struct at base.
func (p *Program) fieldCells(base ssa.Value, field *types.Var, depth int) []any {
	if field == nil {
		return nil
	}
	if field.Pkg() == p.Package.Pkg || depth == partLimit {
		return []any{field}
	}
	var found []any
	for _, cell := range p.cellsWithin(base, depth+1) {
		found = append(found, part{cell, field})
	}
	return found
}

// behind gives what an address is derived from.
func (p *Program) behind(v ssa.Value) []ssa.Value {
	switch v := v.(type) {
	case *ssa.IndexAddr:
		return []ssa.Value{v.X}
	case *ssa.UnOp:
		return []ssa.Value{v.X} // a pointer is not told apart from what it points to
	case *ssa.Slice:
		return []ssa.Value{v.X}
	case *ssa.ChangeType:
		return []ssa.Value{v.X}
	case *ssa.ChangeInterface:
		return []ssa.Value{v.X}
	case *ssa.MakeInterface:
		return []ssa.Value{v.X}
	case *ssa.TypeAssert:
		return []ssa.Value{v.X}
	case *ssa.Convert:
		return []ssa.Value{v.X}
	case *ssa.Lookup:
		return []ssa.Value{v.X}
	case *ssa.Phi:
		return v.Edges
	case *ssa.FreeVar:
		return p.bound(v)
	case *ssa.Parameter:
		return p.given(v)
	}
	return nil
}

// fieldOf gives field i of a struct, or of what t points to; that of the
// generic struct, for an instance.
func fieldOf(t types.Type, i int) *types.Var {
	if pointer, ok := t.Underlying().(*types.Pointer); ok {
		t = pointer.Elem()
	}
	structure, ok := t.Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	return structure.Field(i).Origin()
}

// Field gives the field that an ssa.Field or ssa.FieldAddr selects, or nil.
func Field(v ssa.Value) *types.Var {
	switch v := v.(type) {
	case *ssa.Field:
		return fieldOf(v.X.Type(), v.Field)
	case *ssa.FieldAddr:
		return fieldOf(v.X.Type(), v.Field)
	}
	return nil
}

// index notes where functions are called, what they return, and what is stored.
func (p *Program) index() {
	var dynamic []ssa.CallInstruction
	for instruction := range p.instructions() {
		switch instruction := instruction.(type) {
		case *ssa.MakeClosure:
			if fn, ok := instruction.Fn.(*ssa.Function); ok {
				p.closures[fn] = append(p.closures[fn], instruction)
			}
		case *ssa.Return:
			p.noteReturn(instruction)
		}
		if call, ok := instruction.(ssa.CallInstruction); ok {
			if call.Common().IsInvoke() || call.Common().StaticCallee() != nil {
				p.noteSites(call)
			} else {
				dynamic = append(dynamic, call)
			}
		}
	}
	for instruction := range p.instructions() {
		switch instruction := instruction.(type) {
		case *ssa.Store:
			p.noteStore(instruction.Addr, instruction.Val)
		case *ssa.MapUpdate:
			p.noteStore(instruction.Map, instruction.Value)
		}
	}
	// A function value may come from a field or a parameter, which are known by
	// now; what one dynamic call adds to another is left out.
	for _, call := range dynamic {
		p.noteSites(call)
	}
	clear(p.calleeMemo)
}

func (p *Program) noteSites(call ssa.CallInstruction) {
	for _, fn := range p.Callees(call) {
		p.sites[fn] = append(p.sites[fn], call)
	}
}

func (p *Program) noteReturn(returned *ssa.Return) {
	fn := returned.Parent()
	for i, result := range returned.Results {
		if i == len(p.returnsAt[fn]) {
			p.returnsAt[fn] = append(p.returnsAt[fn], nil)
		}
		p.returnsAt[fn][i] = append(p.returnsAt[fn][i], result)
	}
}

func (p *Program) noteStore(address, value ssa.Value) {
	for _, cell := range p.cells(address) {
		p.stores[cell] = append(p.stores[cell], value)
	}
}
