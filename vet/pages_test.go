package vet_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/vet"
)

var (
	want  = regexp.MustCompile("\\s*// want `.*")
	block = regexp.MustCompile("(?s)```go\n(.*?)```")
)

// Every rule has a page, whose examples are parts of the programs that its test
// runs on, between page:wrong or page:right and page:end.
func TestPages(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, analyzer := range vet.Analyzers() {
		page, err := os.ReadFile(filepath.Join("rules", analyzer.Name+".md"))
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(analyzer.URL, "/vet/rules/"+analyzer.Name+".md"), analyzer.URL)
		assert.Contains(t, string(readme), "[`"+analyzer.Name+"`](rules/"+analyzer.Name+".md)")
		if analyzer.Name == "ignore" {
			continue
		}
		var blocks []string
		for _, found := range block.FindAllStringSubmatch(string(page), -1) {
			blocks = append(blocks, strings.TrimSpace(found[1]))
		}
		assert.Contains(t, blocks, excerpt(t, analyzer.Name, "wrong"), "the page of %s, Wrong", analyzer.Name)
		assert.Contains(t, blocks, excerpt(t, analyzer.Name, "right"), "the page of %s, Right", analyzer.Name)
	}
}

// excerpt gives the part of a rule's program that its page shows.
func excerpt(t *testing.T, rule, kind string) string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("testdata", "src", rule, kind+".go"))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(source), "// page:"+kind+"\n")
	require.True(t, ok, "%s/%s.go has no page:%s", rule, kind, kind)
	part, _, ok := strings.Cut(rest, "// page:end")
	require.True(t, ok, "%s/%s.go has no page:end", rule, kind)
	return strings.TrimSpace(want.ReplaceAllString(part, ""))
}
