package secureflows_test

import (
	"go/ast"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryPublicNameHasAnExample keeps the promise that each function, type,
// method, constant and variable is used in an example that runs.
func TestEveryPublicNameHasAnExample(t *testing.T) {
	for _, dir := range []string{
		".", "secureflowstest", "middleware", "middleware/redis",
		"middleware/authreturn", "middleware/vertesia", "middleware/productflo",
		"secureflowstest/authreturntest", "secureflowstest/vertesiatest", "secureflowstest/productflotest",
	} {
		examples := examplesOf(t, dir)
		names := publicNames(t, dir)
		require.NotEmpty(t, names)
		for _, name := range names {
			used := regexp.MustCompile(`\.` + name + `\b`)
			assert.True(t, used.MatchString(examples), "%s: no example uses %s", dir, name)
		}
	}
}

// publicNames are the exported declarations of the package in dir. Methods that
// fmt, slog and the encoders call are left out: an example prints the value.
func publicNames(t *testing.T, dir string) []string {
	hooks := map[string]bool{
		"Error": true, "Unwrap": true, "String": true, "GoString": true, "Format": true,
		"LogValue": true, "MarshalText": true, "MarshalJSON": true, "UnmarshalJSON": true, "GobEncode": true, "GobDecode": true, "TB": true,
	}
	var names []string
	add := func(name *ast.Ident) {
		if name.IsExported() && !hooks[name.Name] {
			names = append(names, name.Name)
		}
	}
	for _, file := range parse(t, dir) {
		for _, declaration := range file.Decls {
			forEachName(declaration, add)
		}
	}
	return names
}

func forEachName(declaration ast.Decl, visit func(*ast.Ident)) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil || ast.IsExported(receiver(d)) {
			visit(d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				visit(s.Name)
			case *ast.ValueSpec:
				for _, name := range s.Names {
					visit(name)
				}
			}
		}
	}
}

func receiver(d *ast.FuncDecl) string {
	of := d.Recv.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	switch generic := of.(type) {
	case *ast.IndexExpr:
		of = generic.X
	case *ast.IndexListExpr:
		of = generic.X
	}
	return of.(*ast.Ident).Name
}
