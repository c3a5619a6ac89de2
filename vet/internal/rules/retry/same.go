package retry

import (
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// sameSession reports whether a call in a loop is made with the same session
// each time.
func (c *checker) sameSession(call *ssa.Call) bool {
	v := session(call)
	return v != nil && c.fixed(v, call, 0)
}

// unchanged reports whether a call in a loop is the same each time: its session
// and its arguments, but for the context. What is called must not get itself a
// new session.
func (c *checker) unchanged(call *ssa.Call) bool {
	if !call.Call.IsInvoke() && call.Call.StaticCallee() == nil && !c.fixed(call.Call.Value, call, 0) {
		return false
	}
	for _, argument := range append([]ssa.Value{flow.Receiver(call)}, flow.Args(call)...) {
		if argument != nil && !sdk.Is(argument.Type(), "context", "Context") && !c.fixed(argument, call, 0) {
			return false
		}
	}
	for _, fn := range c.program.Callees(call) {
		if c.renews(fn, 0) {
			return false
		}
	}
	return true
}

// deepest bounds how far values are read back, and functions looked into.
const deepest = 6

// fixed reports whether v is the same each time that call is reached again from
// itself.
func (c *checker) fixed(v ssa.Value, call *ssa.Call, deep int) bool {
	instruction, ok := v.(ssa.Instruction)
	if !ok {
		return true // a constant, a parameter, a global
	}
	if !reaches(call.Block(), instruction.Block()) {
		return true // before the loop
	}
	if deep > deepest {
		return false
	}
	switch v := v.(type) {
	case *ssa.UnOp:
		return c.stays(v.X)
	case *ssa.MakeInterface, *ssa.ChangeInterface, *ssa.ChangeType, *ssa.Convert, *ssa.FieldAddr, *ssa.Field, *ssa.MakeClosure, *ssa.BinOp:
		for _, operand := range instruction.Operands(nil) {
			if *operand != nil && !c.fixed(*operand, call, deep+1) {
				return false
			}
		}
		return true
	}
	return false
}

// reaches reports whether control may go from one block to another.
func reaches(from, to *ssa.BasicBlock) bool {
	seen := map[*ssa.BasicBlock]bool{}
	work := append([]*ssa.BasicBlock{}, from.Succs...)
	for len(work) > 0 {
		block := work[len(work)-1]
		work = work[:len(work)-1]
		if block == to {
			return true
		}
		if !seen[block] {
			seen[block] = true
			work = append(work, block.Succs...)
		}
	}
	return false
}

// stays reports whether a variable or a field is given its value once: a field
// by the literal of its struct.
func (c *checker) stays(address ssa.Value) bool {
	switch address := address.(type) {
	case *ssa.Alloc:
		return c.stores(address) <= 1
	case *ssa.FreeVar:
		for _, variable := range bindings(address) {
			if !c.stays(variable) {
				return false
			}
		}
		return true
	case *ssa.FieldAddr:
		field := flow.Field(address)
		for store, other := range c.program.FieldStores() {
			if _, literal := store.Addr.(*ssa.FieldAddr).X.(*ssa.Alloc); other == field && !literal {
				return false
			}
		}
		return true
	}
	return false
}

// stores counts the assignments to a variable, those of literals included.
func (c *checker) stores(address ssa.Value) int {
	n := 0
	for _, referrer := range *address.Referrers() {
		switch referrer := referrer.(type) {
		case *ssa.Store:
			if referrer.Addr == address {
				n++
			}
		case *ssa.MakeClosure:
			fn, ok := referrer.Fn.(*ssa.Function)
			for i, binding := range referrer.Bindings {
				if ok && binding == address {
					n += c.stores(fn.FreeVars[i])
				}
			}
		}
	}
	return n
}

// bindings gives the variables that a literal captured as a free variable.
func bindings(free *ssa.FreeVar) []ssa.Value {
	fn := free.Parent()
	var found []ssa.Value
	for instruction := range flow.Instructions(fn.Parent()) {
		closure, ok := instruction.(*ssa.MakeClosure)
		if !ok || closure.Fn != fn {
			continue
		}
		for i, own := range fn.FreeVars {
			if own == free {
				found = append(found, closure.Bindings[i])
			}
		}
	}
	return found
}

// same reports whether two values are one session.
func (c *checker) same(a, b ssa.Value) bool {
	if a == b {
		return true
	}
	x, ok := a.(*ssa.UnOp)
	y, also := b.(*ssa.UnOp)
	if !ok || !also || !c.stays(x.X) {
		return false
	}
	if x.X == y.X {
		return true
	}
	f, ok := x.X.(*ssa.FieldAddr)
	g, also := y.X.(*ssa.FieldAddr)
	return ok && also && f.Field == g.Field && c.same(f.X, g.X)
}

// between reports whether a session is chosen anew between two calls, as one
// that was renewed in a loop is.
func (c *checker) between(v ssa.Value, from ssa.CallInstruction, to *ssa.Call) bool {
	phi, ok := v.(*ssa.Phi)
	return ok && phi.Block() != from.Block() && reaches(from.Block(), phi.Block()) && (reaches(phi.Block(), to.Block()) || phi.Block() == to.Block())
}

// renews reports whether a function gets itself a session.
func (c *checker) renews(fn *ssa.Function, deep int) bool {
	if !c.program.Own(fn) || deep > deepest {
		return false
	}
	for instruction := range flow.Instructions(fn) {
		call, ok := instruction.(ssa.CallInstruction)
		if !ok {
			continue
		}
		callee := flow.Callee(call)
		if callee != nil && !asks(callee) && givesSession(callee) {
			return true
		}
		for _, inner := range c.program.Callees(call) {
			if inner != fn && c.renews(inner, deep+1) {
				return true
			}
		}
	}
	return false
}

// givesSession reports whether a function results in a session, of the SDK or
// of any other package.
func givesSession(fn *types.Func) bool {
	results := fn.Signature().Results()
	for result := range results.Variables() {
		if sdk.Is(result.Type(), sdk.Path, "Session") {
			return true
		}
	}
	return false
}
