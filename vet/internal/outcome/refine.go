package outcome

import (
	"go/constant"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// refine gives the state where a condition is true, and where it is false. Both
// are empty where it asks something of the error that is not understood.
func (w *walk) refine(cond ssa.Value, s state) (yes, no state) {
	switch cond := cond.(type) {
	case *ssa.Const:
		if cond.Value != nil && constant.BoolVal(cond.Value) {
			return s, s.narrow(0)
		}
		return s.narrow(0), s
	case *ssa.Phi:
		if chosen := s.chosen[cond]; chosen != nil {
			return w.refine(chosen, s)
		}
	case *ssa.UnOp:
		if cond.Op == token.NOT {
			no, yes = w.refine(cond.X, s)
			return yes, no
		}
	case *ssa.BinOp:
		if yes, no, ok := compared(cond, s); ok {
			return yes, no
		}
	case *ssa.Call:
		if yes, no, ok := w.asked(cond, s); ok {
			return yes, no
		}
	case *ssa.Extract:
		if call, ok := cond.Tuple.(*ssa.Call); ok && sdk.In(flow.Callee(call), sdk.ReauthURL) && s.concerns(flow.Args(call)[0]) {
			return s.narrow(SignedOut | Forbidden), s.narrow(All &^ SignedOut)
		}
	}
	if s.concerns(cond) {
		return s.narrow(0), s.narrow(0)
	}
	return s, s
}

func (s state) narrow(to Set) state {
	s.may &= to
	return s
}

// compared is err != nil, or a comparison with a sentinel.
func compared(cond *ssa.BinOp, s state) (yes, no state, ok bool) {
	if cond.Op != token.EQL && cond.Op != token.NEQ {
		return yes, no, false
	}
	x, y := cond.X, cond.Y
	if s.names[y] {
		x, y = y, x
	}
	c, isConst := y.(*ssa.Const)
	isNil := isConst && c.IsNil()
	if !s.names[x] && (!isNil || !isError(x.Type()) || s.concerns(x)) {
		return yes, no, false
	}
	if !s.names[x] {
		yes, no = s, s.narrow(0) // what follows is another error's doing
	} else if isNil {
		yes, no = s.narrow(Nil), s.narrow(Failed)
	} else if set, known := Of(y); known {
		yes, no = s.narrow(set), s.narrow(All&^set)
		yes.told |= set
	} else {
		return yes, no, false
	}
	if cond.Op == token.NEQ {
		yes, no = no, yes
	}
	return yes, no, true
}

// asked is errors.Is, errors.As, Browser.Reauth, or a function of the package
// that answers with true or false.
func (w *walk) asked(call *ssa.Call, s state) (yes, no state, ok bool) {
	callee := flow.Callee(call)
	name, arguments := sdk.Of(callee), flow.Args(call)
	switch {
	case name.Package == "errors" && name.Func == "Is" && s.names[arguments[0]]:
		set, known := Of(arguments[1])
		if !known {
			return s.narrow(Other | Unavailable), s, true
		}
		yes, no = s.narrow(set), s.narrow(All&^set)
		yes.told |= set
		return yes, no, true
	case name.Package == "errors" && name.Func == "As" && s.names[arguments[0]]:
		if ofSDK(arguments[1]) {
			return s.narrow(Failed), s.narrow(Nil | Other), true
		}
		return s.narrow(Other | Unavailable), s, true
	case name == sdk.BrowserReauth && len(arguments) == 3 && s.names[arguments[2]]:
		return s.narrow(SignedOut), s.narrow(All &^ SignedOut), true
	}
	inner := w.inside(call, s, false)
	if inner == nil || inner.truth == [2]Set{} {
		return yes, no, false
	}
	yes, no = s.narrow(inner.truth[1]), s.narrow(inner.truth[0])
	if yes.may != s.may {
		yes.told |= yes.may
	}
	return yes, no, true
}

// ofSDK reports whether the target of errors.As is a **secureflows.Error, or may
// be anything.
func ofSDK(target ssa.Value) bool {
	if made, ok := target.(*ssa.MakeInterface); ok {
		target = made.X
	}
	pointer, ok := target.Type().Underlying().(*types.Pointer)
	return !ok || sdk.Is(pointer.Elem(), sdk.Path, "Error") || types.IsInterface(pointer.Elem())
}

// Accepted gives what an error may stand for when fn, a function of the package
// that takes it alone and answers with true or false, says true.
func Accepted(program *flow.Program, fn *ssa.Function, may Set) Set {
	if !program.Own(fn) || len(fn.Params) != 1 || len(fn.Blocks) == 0 {
		return 0
	}
	w := &walk{follower: &follower{program: program}}
	w.run(fn.Blocks[0], 0, begin(fn.Params[0], may, 0))
	return w.truth[1]
}

// Statuses gives the numbers that v may be here, such as the status of an
// answer, and what the error may stand for with each: a constant, or what a
// function of the package makes of the error.
func (p Place) Statuses(v ssa.Value) map[int64]Set {
	if number, ok := Number(v); ok {
		return map[int64]Set{number: p.May}
	}
	if phi, ok := v.(*ssa.Phi); ok {
		found := map[int64]Set{}
		for _, edge := range phi.Edges {
			if number, ok := Number(edge); !ok {
				return nil
			} else if number >= 400 {
				found[number] |= p.May
			}
		}
		if len(found) == len(phi.Edges) {
			return found
		}
		return nil
	}
	if call, ok := v.(*ssa.Call); ok {
		if inner := p.walk.inside(call, p.state, false); inner != nil {
			return inner.status
		}
	}
	return nil
}

// Number gives the constant that v is.
func Number(v ssa.Value) (int64, bool) {
	c, ok := v.(*ssa.Const)
	if !ok || c.Value == nil || c.Value.Kind() != constant.Int {
		return 0, false
	}
	return c.Int64(), true
}
