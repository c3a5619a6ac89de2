package revoke

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/astutil"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// fixes gives Logout in place of Revoke, where nobody asks for the session's id
// and nothing but the sign-out leads here.
func (s *search) fixes(call ssa.CallInstruction) []analysis.SuggestedFix {
	if s.deletes {
		return nil
	}
	for _, file := range s.pass.Files() {
		if call.Pos() < file.FileStart || file.FileEnd < call.Pos() {
			continue
		}
		path, _ := astutil.PathEnclosingInterval(file, call.Common().Pos(), call.Common().Pos())
		for i, node := range path {
			expr, ok := node.(*ast.CallExpr)
			if !ok {
				continue
			}
			selector, ok := expr.Fun.(*ast.SelectorExpr)
			if !ok || !s.isRevoke(selector) || i+1 == len(path) {
				return nil
			}
			edits, ok := unassign(path[i+1])
			if !ok {
				return nil
			}
			edits = append(edits, analysis.TextEdit{Pos: selector.Sel.Pos(), End: selector.Sel.End(), NewText: []byte("Logout")})
			return []analysis.SuggestedFix{{Message: "Sign out with Logout, which keeps the data", TextEdits: edits}}
		}
	}
	return nil
}

func (s *search) isRevoke(selector *ast.SelectorExpr) bool {
	selection := s.pass.TypesInfo.Selections[selector]
	if selection == nil || selection.Kind() != types.MethodVal {
		return false
	}
	fn, _ := selection.Obj().(*types.Func)
	return sdk.In(fn, sdk.SessionRevoke)
}

// unassign gives the edits by which a statement takes one result where it took
// two and dropped the first; false when it wants the first, or is none known.
func unassign(statement ast.Node) ([]analysis.TextEdit, bool) {
	switch statement := statement.(type) {
	case *ast.ExprStmt, *ast.GoStmt, *ast.DeferStmt:
		return nil, true
	case *ast.AssignStmt:
		if len(statement.Lhs) != 2 || len(statement.Rhs) != 1 {
			return nil, false
		}
		if id, ok := statement.Lhs[0].(*ast.Ident); !ok || id.Name != "_" {
			return nil, false
		}
		return []analysis.TextEdit{{Pos: statement.Lhs[0].Pos(), End: statement.Lhs[1].Pos()}}, true
	}
	return nil, false
}
