//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"time"

	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"

	"github.com/secureflows/secureflows-go/vet"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// look loads all packages of a directory and runs all rules on each, as if it
// were built on the SDK.
func look(ctx context.Context, dir string) error {
	start := time.Now()
	loaded, err := load(ctx, dir)
	if err != nil {
		return err
	}
	found := run{Loading: time.Since(start).Seconds()}
	sdk.LookEverywhere()
	start = time.Now()
	known := map[*packages.Package]string{}
	for _, pkg := range loaded {
		if why := broken(pkg, known); why != "" {
			fmt.Fprintf(os.Stderr, "left out: %s: %s\n", pkg.PkgPath, why)
			found.Broken++
			continue
		}
		pkg.IllTyped = false // by the imports that no body uses any more
		found.Packages++
		for _, file := range pkg.Syntax {
			found.Lines += pkg.Fset.File(file.FileStart).LineCount()
		}
		reports, err := reportsOn(pkg)
		if err != nil {
			return err
		}
		found.Reports += reports
	}
	found.Seconds = time.Since(start).Seconds()
	return json.NewEncoder(os.Stdout).Encode(found)
}

// broken says why a package cannot be looked at: what is wrong with it or with
// what it imports, beside imports that no body uses any more.
func broken(pkg *packages.Package, known map[*packages.Package]string) string {
	if why, ok := known[pkg]; ok {
		return why
	}
	why := ""
	for _, err := range pkg.Errors {
		if !strings.Contains(err.Msg, "imported and not used") && !strings.Contains(err.Msg, "imported as") {
			why = err.Error()
		}
	}
	for _, imported := range pkg.Imports {
		if inner := broken(imported, known); inner != "" && why == "" {
			why = imported.PkgPath + ": " + inner
		}
	}
	known[pkg] = why
	return why
}

func reportsOn(pkg *packages.Package) (int, error) {
	graph, err := checker.Analyze(vet.Analyzers(), []*packages.Package{pkg}, nil)
	if err != nil {
		return 0, err
	}
	reports := 0
	for _, action := range graph.Roots {
		if action.Err != nil {
			return 0, fmt.Errorf("%s: %w", action, action.Err)
		}
		for _, diagnostic := range action.Diagnostics {
			fmt.Fprintf(os.Stderr, "%s: %s (%s)\n", pkg.Fset.Position(diagnostic.Pos), diagnostic.Message, action.Analyzer.Name)
			reports++
		}
	}
	return reports, nil
}

// load type-checks a directory's packages, and what they import from its
// sources: compiling all that would take hours. Of what is imported no body is
// read.
func load(ctx context.Context, dir string) ([]*packages.Package, error) {
	const mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
		packages.NeedDeps | packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo |
		packages.NeedModule
	return packages.Load(&packages.Config{
		Mode: mode, Dir: dir, Context: ctx, Env: append(os.Environ(), environment...),
		ParseFile: func(files *token.FileSet, name string, source []byte) (*ast.File, error) {
			if strings.HasPrefix(name, dir+string(os.PathSeparator)) {
				return parser.ParseFile(files, name, source, parser.ParseComments|parser.SkipObjectResolution)
			}
			file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
			if file != nil {
				empty(file)
			}
			return file, err
		},
	}, "./...")
}

// empty takes the bodies of functions away, but for one statement that needs no
// return.
func empty(file *ast.File) {
	for _, declaration := range file.Decls {
		if fn, ok := declaration.(*ast.FuncDecl); ok && fn.Body != nil {
			message := &ast.BasicLit{ValuePos: fn.Body.Lbrace, Kind: token.INT, Value: "0"}
			call := &ast.CallExpr{Fun: &ast.Ident{NamePos: fn.Body.Lbrace, Name: "panic"}, Args: []ast.Expr{message}}
			fn.Body.List = []ast.Stmt{&ast.ExprStmt{X: call}}
		}
	}
}
