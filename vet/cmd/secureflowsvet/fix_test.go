package main

import (
	"go/ast"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis"
)

// renames is a rule whose fixes are of all kinds: worse becomes better and asks
// for an import, both(x) loses its call while its x is fixed too, and bare has
// no fix.
var renames = &analysis.Analyzer{Name: "renames", Doc: "renames", Run: func(pass *analysis.Pass) (any, error) {
	for _, file := range pass.Files {
		imported := analysis.TextEdit{Pos: file.Name.End(), End: file.Name.End(), NewText: []byte("\nimport _ \"embed\"")}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.CallExpr:
				if name, ok := node.Fun.(*ast.Ident); ok && name.Name == "both" {
					suggest(pass, node, analysis.TextEdit{Pos: node.Pos(), End: node.Lparen + 1}, analysis.TextEdit{Pos: node.Rparen, End: node.End()})
				}
			case *ast.Ident:
				switch used := pass.TypesInfo.Uses[node] != nil; {
				case used && node.Name == "worse":
					suggest(pass, node, analysis.TextEdit{Pos: node.Pos(), End: node.End(), NewText: []byte("better")}, imported)
				case used && node.Name == "bare":
					suggest(pass, node)
				}
			}
			return true
		})
	}
	return nil, nil
}}

func suggest(pass *analysis.Pass, at ast.Node, edits ...analysis.TextEdit) {
	diagnostic := analysis.Diagnostic{Pos: at.Pos(), Message: "rename"}
	if len(edits) > 0 {
		diagnostic.SuggestedFixes = []analysis.SuggestedFix{{Message: "rename", TextEdits: edits}}
	}
	pass.Report(diagnostic)
}

// module writes files into a module that has the SDK, and goes there.
func module(t *testing.T, files map[string]string) {
	t.Helper()
	root, err := filepath.Abs("../../..")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(corpus, "go.mod"))
	require.NoError(t, err)
	sums, err := os.ReadFile(filepath.Join(corpus, "go.sum"))
	require.NoError(t, err)
	files["go.mod"], files["go.sum"] = strings.ReplaceAll(string(text), "=> ../../", "=> "+root), string(sums)
	t.Chdir(t.TempDir())
	for name, text := range files {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o640))
	}
}

func mended(t *testing.T) []finding {
	t.Helper()
	o := options{patterns: []string{"."}, tests: true}
	findings, err := check([]*analysis.Analyzer{renames}, o.patterns, o.tests)
	require.NoError(t, err)
	left, err := mend([]*analysis.Analyzer{renames}, o, findings)
	require.NoError(t, err)
	return left
}

func TestFix(t *testing.T) {
	module(t, map[string]string{
		"declared.go": "package p\n\nimport _ \"github.com/secureflows/secureflows-go\"\n\nfunc both(x int) int { return x }\n\nconst better, bare, worse = 1, 2, 3\n",
		"a.go":        "package p\n\nvar a = worse+worse\n\nfunc sum() int { return both(both(worse)) }\n",
		"b.go":        "package p\n\nvar unformatted   = both( 1 )\n\n\nvar b = bare\n",
		"c_test.go":   "package p\n\nvar c = worse\n",
	})
	left := mended(t)
	require.Len(t, left, 1, "what has no fix")
	assert.Equal(t, 5, left[0].Start.Line, "where it is by now")
	for name, want := range map[string]string{
		"a.go":      "package p\n\nimport _ \"embed\"\n\nvar a = better + better\n\nfunc sum() int { return better }\n",
		"b.go":      "package p\n\nvar unformatted = 1\n\nvar b = bare\n",
		"c_test.go": "package p\n\nimport _ \"embed\"\n\nvar c = better\n",
	} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.Equal(t, want, string(text), name)
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o640), info.Mode(), name)
	}
	assert.Equal(t, left, mended(t), "a second run changes nothing")
}

// Half a fix is worse than none: of several files all are written, or none.
func TestFixWritesAllOrNothing(t *testing.T) {
	module(t, map[string]string{"a.go": "package p\n", "b.go": "package p\n"})
	for _, bad := range []edit{{"b.go", 0, 7, "function"}, {"b.go", 0, 70, ""}, {"missing.go", 0, 0, ""}} {
		_, err := fix([]finding{{edits: []edit{{"a.go", 8, 9, "q"}, bad}}})
		require.Error(t, err)
		text, err := os.ReadFile("a.go")
		require.NoError(t, err)
		assert.Equal(t, "package p\n", string(text))
	}
}

func TestFixLeavesOverlapsAlone(t *testing.T) {
	module(t, map[string]string{"a.go": "package p\n\nvar a = 12345\n"})
	applied, err := fix([]finding{
		{edits: []edit{{"a.go", 20, 22, "7"}, {"a.go", 21, 23, "8"}}}, // in its own way
		{edits: []edit{{"a.go", 19, 20, "9"}}},
		{edits: []edit{{"a.go", 19, 20, "6"}}}, // at the same place, another text
		{edits: []edit{{"a.go", 19, 20, "9"}}}, // the very same
		{edits: []edit{{"a.go", 17, 24, "0"}}}, // around
	})
	require.NoError(t, err)
	assert.Equal(t, 2, applied)
	text, err := os.ReadFile("a.go")
	require.NoError(t, err)
	assert.Equal(t, "package p\n\nvar a = 92345\n", string(text))
}
