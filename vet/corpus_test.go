package vet_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/vet"
)

// What the corpus has to have: violations and look-alikes, over all rules and
// of each. Raise the sums with every rule; they end at 60 or more.
const (
	minViolations = 190
	minLookalikes = 260
	minPerRule    = 8
)

// Each rule has at least as many programs that must not be reported as the
// bound says. Whether the analyzers find the one and leave the other alone is
// what the rules' own tests check, with the same files.
func TestCorpus(t *testing.T) {
	violations, lookalikes := 0, 0
	for _, analyzer := range vet.Analyzers() {
		if analyzer.Name == "ignore" {
			continue
		}
		wrong, right := count(t, analyzer.Name)
		t.Logf("%-10s %3d violations, %3d look-alikes", analyzer.Name, wrong, right)
		assert.GreaterOrEqual(t, wrong, minPerRule, "violations of %s", analyzer.Name)
		assert.GreaterOrEqual(t, right, minPerRule, "look-alikes of %s", analyzer.Name)
		violations += wrong
		lookalikes += right
	}
	assert.GreaterOrEqual(t, violations, minViolations)
	assert.GreaterOrEqual(t, lookalikes, minLookalikes)
}

// count gives the wants of a rule's programs, and the functions and
// methods of those that are right.
func count(t *testing.T, rule string) (violations, lookalikes int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "src", rule, "*.go"))
	require.NoError(t, err)
	nested, err := filepath.Glob(filepath.Join("testdata", "src", rule, "*", "*.go"))
	require.NoError(t, err)
	for _, name := range append(files, nested...) {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		violations += strings.Count(string(source), "// want ")
		if !strings.HasPrefix(filepath.Base(name), "right") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			if _, ok := declaration.(*ast.FuncDecl); ok {
				lookalikes++
			}
		}
	}
	return violations, lookalikes
}
