package outcome

import (
	"go/types"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// state is what is known of the error on the way to a place. It is not changed
// once made.
type state struct {
	may  Set
	told Set // what errors.Is said that it is
	// names are the values and variables that are the error, or wrap it.
	names map[ssa.Value]bool
	// facts are the variables that errors.As filled from it.
	facts map[ssa.Value]bool
	// chosen are the conditions that phis stand for on this way.
	chosen map[*ssa.Phi]ssa.Value
}

// key tells states apart that are not merged.
func (s state) key() string {
	var names []string
	for v := range s.names {
		names = append(names, v.Name())
	}
	for v := range s.facts {
		names = append(names, "?"+v.Name())
	}
	for phi, v := range s.chosen {
		names = append(names, phi.Name()+"="+v.Name())
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (s state) with(v ssa.Value) state {
	if s.names[v] {
		return s
	}
	s.names = maps.Clone(s.names)
	s.names[v] = true
	return s
}

func (s state) without(v ssa.Value) state {
	if !s.names[v] {
		return s
	}
	s.names = maps.Clone(s.names)
	delete(s.names, v)
	return s
}

func (s state) withFact(v ssa.Value) state {
	s.facts = maps.Clone(s.facts)
	if s.facts == nil {
		s.facts = map[ssa.Value]bool{}
	}
	s.facts[v] = true
	return s
}

// into gives the state on the edge from a block to the next, where phis take
// the values of that edge.
func (s state) into(from, to *ssa.BasicBlock) state {
	at := slices.Index(to.Preds, from)
	before := s
	for _, instruction := range to.Instrs {
		phi, ok := instruction.(*ssa.Phi)
		if !ok {
			break
		}
		edge := phi.Edges[at]
		switch {
		case before.names[edge]:
			s = s.with(phi)
		default:
			s = s.without(phi)
		}
		if isBool(phi.Type()) {
			s.chosen = maps.Clone(s.chosen)
			delete(s.chosen, phi)
			if _, constant := edge.(*ssa.Const); constant || before.concerns(edge) {
				if s.chosen == nil {
					s.chosen = map[*ssa.Phi]ssa.Value{}
				}
				s.chosen[phi] = edge
			}
		}
	}
	return s
}

// deepest bounds how far a condition is read back.
const deepest = 8

// concerns reports whether a value depends on the error.
func (s state) concerns(v ssa.Value) bool { return s.depends(v, 0) }

func (s state) depends(v ssa.Value, deep int) bool {
	if v == nil || deep > deepest {
		return false
	}
	if s.names[v] || s.facts[v] {
		return true
	}
	instruction, ok := v.(ssa.Instruction)
	if !ok {
		return false
	}
	if _, ok := v.(*ssa.Phi); ok && deep > 1 {
		return false
	}
	for _, operand := range instruction.Operands(nil) {
		if *operand != nil && s.depends(*operand, deep+1) {
			return true
		}
	}
	return false
}

func isBool(t types.Type) bool {
	basic, ok := t.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsBoolean != 0
}

func isError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }
