package outcome

import (
	"maps"
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Place is an instruction that the error may have come to.
type Place struct {
	At ssa.Instruction
	// May is what the error may stand for here. It has Nil where nobody asked.
	May Set
	// Told is what an errors.Is on the way has said that it is.
	Told Set
	// Escapes says, at a return, that no caller is known.
	Escapes bool
	// Deep is how many calls away from the first function this is: into those
	// that are given the error, not out of it.
	Deep  int
	state state
	walk  *walk
}

// Is reports whether v is the error, or wraps it.
func (p Place) Is(v ssa.Value) bool { return p.state.names[v] }

// Origin gives the call that the error came out of in this function, which is
// that of a function of the package where the error was returned to here; nil
// in a function that is given the error.
func (p Place) Origin() ssa.CallInstruction { return p.walk.origin }

// Concerns reports whether v depends on the error.
func (p Place) Concerns(v ssa.Value) bool { return p.state.concerns(v) }

// Error gives the error of a call, which is its last result; nil when it has
// none, or nobody looks at it.
func Error(call ssa.CallInstruction) ssa.Value {
	results := call.Common().Signature().Results()
	last := results.Len() - 1
	if last < 0 || !isError(results.At(last).Type()) {
		return nil
	}
	return flow.Result(call, last)
}

// farthest bounds the calls that are gone into and out of.
const farthest = 4

// Follow visits every place that the error of a call may come to, in its
// function, in those of the package that it is given to, and in the callers
// that it is returned to. Where a test is made that is not understood, it goes
// no further.
func Follow(program *flow.Program, call ssa.CallInstruction, may Set, visit func(Place)) {
	if err := Error(call); err != nil {
		f := &follower{program: program, visit: visit, seen: map[ssa.CallInstruction]Set{}}
		f.out(call, err, may, 0)
	}
}

type follower struct {
	program *flow.Program
	visit   func(Place)
	seen    map[ssa.CallInstruction]Set
}

// out follows the error from a call on, and out to the callers.
func (f *follower) out(call ssa.CallInstruction, err ssa.Value, may Set, far int) {
	if err == nil || far > farthest || f.seen[call]|may == f.seen[call] {
		return
	}
	f.seen[call] |= may
	block := call.Block()
	index := 0
	for block.Instrs[index] != ssa.Instruction(call) {
		index++
	}
	w := &walk{follower: f, origin: call, visiting: true}
	w.run(block, index+1, begin(err, may, 0))
	for i, returned := range w.returns {
		for _, site := range f.program.Sites(call.Parent()) {
			f.out(site, flow.Result(site, i), returned.may|Nil, far+1)
		}
	}
}

// walk is the way through one function.
type walk struct {
	*follower
	origin   ssa.CallInstruction // where the error was made anew; nil within a function that is given it
	visiting bool
	deep     int

	entered map[*ssa.BasicBlock]map[string]state
	work    []work
	returns map[int]state // by the index of the result
	truth   [2]Set        // what it may be where true, or false, is returned
	status  map[int64]Set // what it may be where a number is returned
}

type work struct {
	block *ssa.BasicBlock
	index int
	state state
}

// mostStates bounds the states of a function.
const mostStates = 2000

// run goes through a function until nothing new is known, and then visits.
func (w *walk) run(block *ssa.BasicBlock, index int, s state) {
	w.entered, w.returns, w.status = map[*ssa.BasicBlock]map[string]state{}, map[int]state{}, map[int64]Set{}
	visiting := w.visiting
	w.visiting = false
	start := work{block, index, s}
	w.work = append(w.work, start)
	for n := 0; len(w.work) > 0 && n < mostStates; n++ {
		next := w.work[len(w.work)-1]
		w.work = w.work[:len(w.work)-1]
		w.through(next)
	}
	if !visiting {
		return
	}
	w.visiting = true
	w.through(start)
	for _, block := range block.Parent().Blocks {
		for _, key := range slices.Sorted(maps.Keys(w.entered[block])) {
			w.through(work{block, 0, w.entered[block][key]})
		}
	}
}

// through goes through one block.
func (w *walk) through(at work) {
	s := at.state
	for _, instruction := range at.block.Instrs[at.index:] {
		if w.visiting {
			_, returns := instruction.(*ssa.Return)
			w.visit(Place{
				At: instruction, May: s.may, Told: s.told, Deep: w.deep, state: s, walk: w,
				Escapes: returns && w.origin != nil && len(w.program.Sites(at.block.Parent())) == 0,
			})
		}
		if call, ok := instruction.(ssa.CallInstruction); ok && call == w.origin {
			return // the next error
		}
		switch instruction := instruction.(type) {
		case *ssa.If:
			yes, no := w.refine(instruction.Cond, s)
			w.enter(at.block, at.block.Succs[0], yes)
			w.enter(at.block, at.block.Succs[1], no)
		case *ssa.Jump:
			w.enter(at.block, at.block.Succs[0], s)
		case *ssa.Return:
			w.returned(instruction, s)
		default:
			s = w.after(instruction, s)
		}
		if len(s.names) == 0 {
			return
		}
	}
}

func (w *walk) enter(from, to *ssa.BasicBlock, s state) {
	if s.may == 0 || w.visiting {
		return
	}
	s = s.into(from, to)
	if len(s.names) == 0 {
		return
	}
	key := s.key()
	if w.entered[to] == nil {
		w.entered[to] = map[string]state{}
	}
	known, ok := w.entered[to][key]
	if ok && known.may|s.may == known.may && known.told|s.told == known.told {
		return
	}
	s.may |= known.may
	s.told |= known.told
	w.entered[to][key] = s
	w.work = append(w.work, work{to, 0, s})
}

// returned notes what the function gives back of the error.
func (w *walk) returned(instruction *ssa.Return, s state) {
	for i, result := range instruction.Results {
		if s.names[result] {
			known := w.returns[i]
			known.may |= s.may
			known.told |= s.told
			w.returns[i] = known
		}
	}
	if len(instruction.Results) != 1 {
		return
	}
	result := instruction.Results[0]
	if isBool(result.Type()) {
		yes, no := w.refine(result, s)
		w.truth[1] |= yes.may
		w.truth[0] |= no.may
	}
	if number, ok := Number(result); ok {
		w.status[number] |= s.may
	}
}

// after gives the state after an instruction.
func (w *walk) after(instruction ssa.Instruction, s state) state {
	switch instruction := instruction.(type) {
	case *ssa.Store:
		if s.names[instruction.Val] {
			return s.with(instruction.Addr)
		}
		return s.without(instruction.Addr)
	case *ssa.UnOp:
		if s.names[instruction.X] {
			return s.with(instruction)
		}
	case *ssa.MakeInterface:
		if s.names[instruction.X] {
			return s.with(instruction)
		}
	case *ssa.ChangeInterface:
		if s.names[instruction.X] {
			return s.with(instruction)
		}
	case *ssa.Call:
		return w.called(instruction, s)
	}
	return s
}

// called gives the state after a call that may be given the error.
func (w *walk) called(call *ssa.Call, s state) state {
	name := sdk.Of(flow.Callee(call))
	switch {
	case name.Package == "errors" && name.Func == "As" && s.concerns(call.Call.Args[0]):
		target := call.Call.Args[1]
		if made, ok := target.(*ssa.MakeInterface); ok {
			target = made.X
		}
		return s.withFact(target)
	case name.Package == "fmt" && name.Func == "Errorf", name.Package == "errors" && name.Func == "Join":
		if w.wraps(call, s) {
			return s.with(call)
		}
	}
	inner := w.inside(call, s, w.visiting)
	if inner == nil {
		return s
	}
	for i, returned := range inner.returns {
		result := flow.Result(call, i)
		if result == nil {
			continue
		}
		// From here on the error is what the function made of it.
		may := returned.may
		if others(w.program, call, i, inner) {
			may |= Nil
		}
		return begin(result, may, s.told|returned.told)
	}
	return s
}

// others reports whether a function returns as result i something else too.
func others(program *flow.Program, call *ssa.Call, i int, inner *walk) bool {
	for _, fn := range program.Callees(call) {
		for _, v := range program.Returned(fn, i) {
			if constant, ok := v.(*ssa.Const); ok && constant.IsNil() {
				return true
			}
		}
	}
	return len(inner.returns) == 0
}

// wraps reports whether the error is among the arguments of a call.
func (w *walk) wraps(call *ssa.Call, s state) bool {
	for _, argument := range call.Call.Args {
		for _, v := range flow.Elements(argument) {
			if s.names[v] {
				return true
			}
			if converted, ok := v.(*ssa.ChangeInterface); ok && s.names[converted.X] {
				return true
			}
		}
	}
	return false
}

// inside goes through the functions of the package that a call gives the error
// to; nil for none.
func (w *walk) inside(call ssa.CallInstruction, s state, visiting bool) *walk {
	if w.deep >= farthest {
		return nil
	}
	var all *walk
	for _, fn := range w.program.Callees(call) {
		arguments := call.Common().Args
		if call.Common().IsInvoke() {
			arguments = append([]ssa.Value{call.Common().Value}, arguments...)
		}
		shift := len(fn.Params) - len(arguments)
		for i, argument := range arguments {
			if !s.names[argument] || i+shift < 0 || i+shift >= len(fn.Params) || len(fn.Blocks) == 0 {
				continue
			}
			inner := &walk{follower: w.follower, deep: w.deep + 1, visiting: visiting}
			inner.run(fn.Blocks[0], 0, begin(fn.Params[i+shift], s.may, s.told))
			all = all.join(inner)
		}
	}
	return all
}

// join puts together what several functions may do.
func (w *walk) join(other *walk) *walk {
	if w == nil {
		return other
	}
	for i, returned := range other.returns {
		known := w.returns[i]
		known.may |= returned.may
		known.told |= returned.told
		w.returns[i] = known
	}
	for number, may := range other.status {
		w.status[number] |= may
	}
	w.truth[0] |= other.truth[0]
	w.truth[1] |= other.truth[1]
	return w
}
