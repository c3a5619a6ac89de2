package outcome

import (
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// state is what is known of the error on the way to a place. It is not changed
// once made.
type state struct {
	may  Set
	told Set       // what errors.Is said that it is
	root ssa.Value // the error as it was made, or given
	// names are the values and variables that are the error, or wrap it.
	names map[ssa.Value]bool
	// facts are the variables that errors.As filled from it.
	facts map[ssa.Value]bool
	// chosen are the conditions that phis stand for on this way.
	chosen map[*ssa.Phi]ssa.Value
}

// begin is the state where an error is made, or given.
func begin(err ssa.Value, may, told Set) state {
	return state{may: may, told: told, root: err, names: map[ssa.Value]bool{err: true}}
}

// key tells states apart that are not merged.
func (s state) key() string {
	names := []string{strconv.Itoa(int(s.told))}
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
	return s.prune(to)
}

// prune leaves out what cannot be used in a block, so that ways that differ in
// that alone are one.
func (s state) prune(in *ssa.BasicBlock) state {
	gone := func(v ssa.Value, _ bool) bool {
		instruction, ok := v.(ssa.Instruction)
		return ok && v != s.root && !instruction.Block().Dominates(in)
	}
	s.names, s.facts, s.chosen = maps.Clone(s.names), maps.Clone(s.facts), maps.Clone(s.chosen)
	maps.DeleteFunc(s.names, gone)
	maps.DeleteFunc(s.facts, gone)
	maps.DeleteFunc(s.chosen, func(phi *ssa.Phi, _ ssa.Value) bool { return gone(phi, true) })
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
