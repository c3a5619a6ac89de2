package dropped

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

const everybodys = "a session in a package's variable outlives its request and is everybody's: take it from the context, or hand it on as a parameter"

// globals reports variables of the package whose type has a session, and
// sessions that are put into those which take anything.
func globals(pass *report.Pass, program *flow.Program) {
	scope := pass.Pkg.Scope()
	for _, name := range scope.Names() {
		if variable, ok := scope.Lookup(name).(*types.Var); ok && has(variable.Type(), nil) {
			pass.Reportf(variable, "%s", everybodys)
		}
	}
	for _, fn := range program.Functions {
		for instruction := range flow.Instructions(fn) {
			if into, v := put(instruction); into != nil && global(into) && hides(v) {
				pass.Reportf(instruction, "%s", everybodys)
			}
		}
	}
}

// has reports whether values of a type hold sessions. Channels hand them over,
// and functions are given them.
func has(t types.Type, seen []types.Type) bool {
	if slices.Contains(seen, t) {
		return false
	}
	seen = append(seen, t)
	if sdk.Is(t, sdk.Path, "Session") {
		return true
	}
	switch t := types.Unalias(t).(type) {
	case *types.Pointer:
		return has(t.Elem(), seen)
	case *types.Slice:
		return has(t.Elem(), seen)
	case *types.Array:
		return has(t.Elem(), seen)
	case *types.Map:
		return has(t.Elem(), seen) || has(t.Key(), seen)
	case *types.Struct:
		for field := range t.Fields() {
			if has(field.Type(), seen) {
				return true
			}
		}
	case *types.Named:
		return hasNamed(t, seen)
	}
	return false
}

// hasNamed looks into a named type. An interface may be of what works on
// sessions; a struct that is made for sessions may keep them behind one.
func hasNamed(t *types.Named, seen []types.Type) bool {
	if sdk.Belongs(t.Obj().Pkg()) {
		return false
	}
	switch t.Underlying().(type) {
	case *types.Interface:
		return false
	case *types.Struct:
		for argument := range t.TypeArgs().Types() {
			if has(argument, seen) {
				return true
			}
		}
	}
	return has(t.Underlying(), seen)
}

// put gives where an instruction puts a value, and the value.
func put(instruction ssa.Instruction) (into, v ssa.Value) {
	switch instruction := instruction.(type) {
	case *ssa.Store:
		return instruction.Addr, instruction.Val
	case *ssa.MapUpdate:
		return instruction.Map, instruction.Value
	case ssa.CallInstruction:
		callee, arguments := flow.Callee(instruction), flow.Args(instruction)
		if callee == nil || flow.Receiver(instruction) == nil || len(arguments) == 0 {
			return nil, nil
		}
		switch callee.Name() {
		case "Store", "LoadOrStore", "Swap", "CompareAndSwap", "Set", "SetWithTTL", "SetDefault", "Add", "Put", "PushBack", "PushFront":
			for _, argument := range arguments {
				if hides(argument) {
					return flow.Receiver(instruction), argument
				}
			}
		}
	}
	return nil, nil
}

// hides reports whether a value is an interface's with a session in it.
func hides(v ssa.Value) bool {
	made, ok := v.(*ssa.MakeInterface)
	return ok && has(made.X.Type(), nil)
}

// global reports whether a place is, or is within, a variable of a package.
func global(v ssa.Value) bool {
	for {
		switch at := v.(type) {
		case *ssa.Global:
			return true
		case *ssa.UnOp:
			v = at.X
		case *ssa.FieldAddr:
			v = at.X
		case *ssa.IndexAddr:
			v = at.X
		case *ssa.MakeInterface:
			v = at.X
		default:
			return false
		}
	}
}
