package notfound

import (
	"go/constant"
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// written reports whether the same key was written, or seen in the payload, on
// every way to a read within its function: then a missing one is a failure.
func written(get ssa.CallInstruction) bool {
	key := keyOf(get)
	if key == nil {
		return false
	}
	for instruction := range flow.Instructions(get.Parent()) {
		var other ssa.Value
		switch instruction := instruction.(type) {
		case *ssa.Call:
			switch callee := flow.Callee(instruction); {
			case sdk.In(callee, sdk.SessionSet):
				other = flow.Args(instruction)[1]
			case sdk.In(callee, sdk.CollectionPut):
				other = flow.Args(instruction)[2]
			}
		case *ssa.Lookup:
			other = instruction.Index
		}
		if other != nil && same(key, other) && before(instruction, get) {
			return true
		}
	}
	return false
}

// keyOf gives the key, or the id, that a read is for: its last argument.
func keyOf(get ssa.CallInstruction) ssa.Value {
	arguments := flow.Args(get)
	if len(arguments) == 0 {
		return nil
	}
	return arguments[len(arguments)-1]
}

func same(a, b ssa.Value) bool {
	if a == b {
		return true
	}
	x, ok := a.(*ssa.Const)
	y, also := b.(*ssa.Const)
	return ok && also && x.Value != nil && y.Value != nil && x.Value.Kind() == constant.String &&
		y.Value.Kind() == constant.String && constant.StringVal(x.Value) == constant.StringVal(y.Value)
}

func before(a, b ssa.Instruction) bool {
	if a.Block() != b.Block() {
		return a.Block().Dominates(b.Block())
	}
	return slices.Index(a.Block().Instrs, a) < slices.Index(b.Block().Instrs, b)
}
