package flow

import (
	"slices"

	"golang.org/x/tools/go/ssa"
)

// A Query says what is followed.
type Query struct {
	// Sources are where it begins.
	Sources []ssa.Value
	// Stop reports that a value is harmless, such as the result of a function
	// that cleans it: it is not followed. nil stops nothing.
	Stop func(ssa.Value) bool
	// Through reports that a function of another package gives back what it is
	// given, beside those of the standard library that are known to. nil is none.
	Through func(ssa.CallInstruction) bool
}

// Reached is where the sources of a query get to.
type Reached struct {
	from map[any]ssa.Value
}

// Has reports whether v is, or has within it, what came from a source.
func (r *Reached) Has(v ssa.Value) bool { return r.from[v] != nil }

// Source gives the source that v came from, or nil.
func (r *Reached) Source(v ssa.Value) ssa.Value { return r.from[v] }

// Any gives the first of the values that was reached, and false for none.
func (r *Reached) Any(values []ssa.Value) (ssa.Value, bool) {
	i := slices.IndexFunc(values, r.Has)
	if i < 0 {
		return nil, false
	}
	return values[i], true
}

// stackLimit is how many calls deep a value knows its way back. Deeper down it
// returns to any caller.
const stackLimit = 3

// stack is the calls that a value went into, the last on top; nil is none.
type stack struct {
	below *stack
	site  ssa.CallInstruction
	depth int
}

// state is a value or cell on its way. What is within is in a struct's field.
type state struct {
	at     any
	within bool
	calls  *stack
}

// walk is one query under way.
type walk struct {
	program *Program
	query   Query
	reached *Reached
	seen    map[state]bool
	work    []state
	stacks  map[stack]*stack
}

// Reach follows the sources of a query as far as they go.
func (p *Program) Reach(query Query) *Reached {
	w := &walk{
		program: p, query: query, reached: &Reached{from: map[any]ssa.Value{}},
		seen: map[state]bool{}, stacks: map[stack]*stack{},
	}
	for _, source := range query.Sources {
		w.visit(state{at: source}, source)
		for len(w.work) > 0 {
			next := w.work[len(w.work)-1]
			w.work = w.work[:len(w.work)-1]
			w.follow(next, source)
		}
	}
	return w.reached
}

func (w *walk) visit(s state, source ssa.Value) {
	v, isValue := s.at.(ssa.Value)
	if w.seen[s] || isValue && w.query.Stop != nil && w.query.Stop(v) {
		return
	}
	w.seen[s] = true
	if w.reached.from[s.at] == nil {
		w.reached.from[s.at] = source
	}
	w.work = append(w.work, s)
}

func (w *walk) follow(s state, source ssa.Value) {
	for _, e := range w.program.edges[s.at] {
		if next, ok := w.step(s, e); ok {
			w.visit(next, source)
		}
	}
	if v, ok := s.at.(ssa.Value); ok && w.query.Through != nil && v.Referrers() != nil {
		for _, referrer := range *v.Referrers() {
			if call, ok := referrer.(ssa.CallInstruction); ok && w.query.Through(call) {
				for _, result := range results(call) {
					w.visit(state{at: result, calls: s.calls}, source)
				}
			}
		}
	}
}

// step takes a state over an edge, unless the edge is not for it.
func (w *walk) step(s state, e edge) (state, bool) {
	next := state{at: e.to, within: s.within, calls: s.calls}
	switch e.kind {
	case wrap:
		next.within = true
	case read:
		return next, !s.within
	case print:
		next.within = false
	case heap:
		next.calls = nil
	case enter:
		next.calls = w.push(s.calls, e.site)
	case leave:
		if s.calls != nil {
			next.calls = s.calls.below
			return next, s.calls.site == e.site
		}
	}
	return next, true
}

// push gives one stack for the same calls, so that states compare.
func (w *walk) push(below *stack, site ssa.CallInstruction) *stack {
	pushed := stack{below: below, site: site, depth: 1}
	if below != nil {
		pushed.depth = below.depth + 1
	}
	if pushed.depth > stackLimit {
		return nil
	}
	if known := w.stacks[pushed]; known != nil {
		return known
	}
	w.stacks[pushed] = &pushed
	return &pushed
}
