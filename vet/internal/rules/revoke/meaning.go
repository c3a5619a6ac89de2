package revoke

import (
	"go/ast"
	"go/constant"
	"go/token"
	"strconv"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/purpose"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// what somebody asked for, by the condition that code stands under.
type what int

const (
	nothing what = iota
	signOut
	deletion
)

// meaning says what the conditions in front of a block speak of, such as
// arg == "logout" or r.FormValue("erase") != "".
func meaning(block *ssa.BasicBlock) what {
	for at := block; at.Idom() != nil; at = at.Idom() {
		test, ok := at.Idom().Instrs[len(at.Idom().Instrs)-1].(*ssa.If)
		if !ok {
			continue
		}
		taken := at.Idom().Succs[0] == at && len(at.Preds) == 1
		if comparison, ok := test.Cond.(*ssa.BinOp); ok && comparison.Op == token.NEQ && !taken {
			taken = at.Idom().Succs[1] == at && len(at.Preds) == 1
		}
		if !taken {
			continue
		}
		if says(test.Cond, purpose.Deletes, 0) {
			return deletion
		}
		if says(test.Cond, purpose.SignsOut, 0) {
			return signOut
		}
	}
	return nothing
}

// wordsDeep bounds how far the words of a condition are looked for.
const wordsDeep = 5

// says reports whether the words in a condition are such: constants, and the
// names of parameters, fields and functions.
func says(v ssa.Value, such func(string) bool, deep int) bool {
	if v == nil || deep > wordsDeep {
		return false
	}
	switch v := v.(type) {
	case *ssa.Const:
		return v.Value != nil && v.Value.Kind() == constant.String && such(constant.StringVal(v.Value))
	case *ssa.Parameter:
		return such(v.Name())
	case *ssa.FreeVar:
		return such(v.Name())
	case *ssa.Alloc:
		return such(v.Comment)
	case *ssa.Global:
		return such(v.Name())
	case *ssa.Field:
		return such(flow.Field(v).Name())
	case *ssa.FieldAddr:
		return such(flow.Field(v).Name())
	case *ssa.Call:
		if callee := flow.Callee(v); callee != nil && such(callee.Name()) && !sdk.In(callee, sdk.SessionRevoke) {
			return true
		}
	case *ssa.Extract:
		return says(v.Tuple, such, deep+1)
	}
	instruction, ok := v.(ssa.Instruction)
	if !ok {
		return false
	}
	for _, operand := range instruction.Operands(nil) {
		if _, isFunc := (*operand).(*ssa.Function); !isFunc && says(*operand, such, deep+1) {
			return true
		}
	}
	return false
}

// literal is what is known of a function literal: what it is assigned to, or is
// the value of; the key of a map; the Use of a command.
type literal struct{ names []string }

func literals(files []*ast.File) map[ast.Node]literal {
	found := map[ast.Node]literal{}
	note := func(value ast.Expr, names ...string) {
		if fn, ok := value.(*ast.FuncLit); ok {
			found[fn] = literal{append(found[fn].names, names...)}
		}
	}
	for _, file := range files {
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.AssignStmt:
				for i := range min(len(node.Lhs), len(node.Rhs)) {
					note(node.Rhs[i], word(node.Lhs[i]))
				}
			case *ast.ValueSpec:
				for i := range min(len(node.Names), len(node.Values)) {
					note(node.Values[i], node.Names[i].Name)
				}
			case *ast.CompositeLit:
				noteFields(node, note)
			}
			return true
		})
	}
	return found
}

// noteFields notes literals in a map by their key, and those in a struct by the
// texts beside them: cobra.Command{Use: "logout", RunE: func …}.
func noteFields(composite *ast.CompositeLit, note func(ast.Expr, ...string)) {
	var texts []string
	for _, element := range composite.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			if key := word(pair.Key); key == "Use" || key == "Name" || key == "Path" || key == "Pattern" {
				texts = append(texts, word(pair.Value))
			}
		}
	}
	for _, element := range composite.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			note(pair.Value, append([]string{word(pair.Key)}, texts...)...)
		}
	}
}

// word gives the name or the text that an expression is.
func word(expr ast.Expr) string {
	switch expr := expr.(type) {
	case *ast.Ident:
		return expr.Name
	case *ast.SelectorExpr:
		return expr.Sel.Name
	case *ast.IndexExpr:
		return word(expr.Index)
	case *ast.BasicLit:
		text, err := strconv.Unquote(expr.Value)
		if err == nil {
			return text
		}
	}
	return ""
}
