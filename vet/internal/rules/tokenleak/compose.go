package tokenleak

import (
	"go/constant"
	"go/token"
	"regexp"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// What makes a text a URL: how it begins, or a parameter of a query right before
// the token. In a format that is "%s", or another verb.
var (
	beginning = regexp.MustCompile(`^(https?|wss?)://`)
	parameter = regexp.MustCompile(`[?&][\w.-]+=$`)
	formatted = regexp.MustCompile(`^(https?|wss?)://|[?&][\w.-]+=%`)
)

// composesURL reports whether an instruction puts the text of a token into a
// URL, by + or by fmt.
func composesURL(reached *flow.Reached, instruction ssa.Instruction) bool {
	switch v := instruction.(type) {
	case *ssa.BinOp:
		return v.Op == token.ADD && reached.Has(v.Y) && (beginning.MatchString(leftmost(v.X)) || parameter.MatchString(rightmost(v.X)))
	case *ssa.Call:
		if !sdk.In(flow.Callee(v), sdk.Name{Package: "fmt", Func: "Sprintf"}) || len(v.Call.Args) < 2 {
			return false
		}
		return formatted.MatchString(text(v.Call.Args[0])) && reached.Has(v.Call.Args[1])
	}
	return false
}

// leftmost and rightmost give the ends of a sum of texts, where they are
// constants.
func leftmost(v ssa.Value) string {
	for {
		sum, ok := v.(*ssa.BinOp)
		if !ok {
			return text(v)
		}
		v = sum.X
	}
}

func rightmost(v ssa.Value) string {
	if sum, ok := v.(*ssa.BinOp); ok {
		v = sum.Y
	}
	return text(v)
}

func text(v ssa.Value) string {
	if c, ok := v.(*ssa.Const); ok && c.Value != nil && c.Value.Kind() == constant.String {
		return constant.StringVal(c.Value)
	}
	return ""
}
