package vet_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/checker"
	"golang.org/x/tools/go/packages"

	"github.com/secureflows/secureflows-go/vet"
)

var update = flag.Bool("update", false, "write the tables of README.md instead of comparing them")

// The tables of README.md are made of what the rules find in the corpus, and of
// what the survey found last.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	made := fill(t, string(text), "corpus", corpusTable(t))
	made = fill(t, made, "survey", surveyTable(t))
	if *update {
		require.NoError(t, os.WriteFile("README.md", []byte(made), 0o600))
		return
	}
	assert.Equal(t, made, string(text), "go test . -run TestReadme -update")
}

// fill gives a page with a table between its two comments.
func fill(t *testing.T, page, name, table string) string {
	t.Helper()
	before, rest, ok := strings.Cut(page, "<!-- "+name+" -->\n")
	require.True(t, ok, name)
	_, after, ok := strings.Cut(rest, "<!-- /"+name+" -->")
	require.True(t, ok, name)
	return before + "<!-- " + name + " -->\n" + table + "<!-- /" + name + " -->" + after
}

// A score is what a rule makes of its programs.
type score struct{ violations, found, lookalikes, mistaken int }

func corpusTable(t *testing.T) string {
	t.Helper()
	var table strings.Builder
	table.WriteString("| rule | violations | found | recall | look-alikes | reported | precision |\n|---|--:|--:|--:|--:|--:|--:|\n")
	var sum score
	for _, analyzer := range vet.Analyzers() {
		if analyzer.Name == "ignore" {
			continue
		}
		s := scoreOf(t, analyzer)
		assert.Equal(t, s.violations, s.found, "violations that %s finds", analyzer.Name)
		assert.Zero(t, s.mistaken, "reports of %s where none belongs", analyzer.Name)
		fmt.Fprintf(&table, "| `%s` %s", analyzer.Name, s)
		sum.violations, sum.found = sum.violations+s.violations, sum.found+s.found
		sum.lookalikes, sum.mistaken = sum.lookalikes+s.lookalikes, sum.mistaken+s.mistaken
	}
	fmt.Fprintf(&table, "| all %s", sum)
	return table.String()
}

func (s score) String() string {
	return fmt.Sprintf("| %d | %d | %.2f | %d | %d | %.2f |\n", s.violations, s.found, float64(s.found)/float64(s.violations),
		s.lookalikes, s.mistaken, float64(s.found)/float64(s.found+s.mistaken))
}

// scoreOf runs a rule over its programs. What it reports on a line that wants
// nothing is a mistake.
func scoreOf(t *testing.T, analyzer *analysis.Analyzer) score {
	t.Helper()
	var s score
	s.violations, s.lookalikes = count(t, analyzer.Name)
	reported := reports(t, analyzer)
	files, err := filepath.Glob(filepath.Join("testdata", "src", analyzer.Name, "*.go"))
	require.NoError(t, err)
	nested, err := filepath.Glob(filepath.Join("testdata", "src", analyzer.Name, "*", "*.go"))
	require.NoError(t, err)
	for _, name := range append(files, nested...) {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		absolute, err := filepath.Abs(name)
		require.NoError(t, err)
		for i, line := range strings.Split(string(source), "\n") {
			wanted := wants(line)
			messages := reported[fmt.Sprintf("%s:%d", absolute, i+1)]
			met := 0
			for _, message := range messages {
				at := slices.IndexFunc(wanted, func(want *regexp.Regexp) bool { return want.MatchString(message) })
				if at >= 0 {
					wanted = slices.Delete(wanted, at, at+1)
					met++
				}
			}
			s.found, s.mistaken = s.found+min(met, strings.Count(line, "// want ")), s.mistaken+len(messages)-met
		}
	}
	return s
}

// wants gives what a line of the corpus wants to be reported.
func wants(line string) []*regexp.Regexp {
	var found []*regexp.Regexp
	if _, comment, ok := strings.Cut(line, "// want "); ok {
		for _, quoted := range regexp.MustCompile("`[^`]*`").FindAllString(comment, -1) {
			found = append(found, regexp.MustCompile(strings.Trim(quoted, "`")))
		}
	}
	return found
}

// reports gives what a rule reports in its programs, by file and line.
func reports(t *testing.T, analyzer *analysis.Analyzer) map[string][]string {
	t.Helper()
	const mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
		packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo |
		packages.NeedModule | packages.NeedExportFile
	loaded, err := packages.Load(&packages.Config{Mode: mode, Dir: "testdata"}, "./src/"+analyzer.Name+"/...")
	require.NoError(t, err)
	graph, err := checker.Analyze([]*analysis.Analyzer{analyzer}, loaded, nil)
	require.NoError(t, err)
	found := map[string][]string{}
	for _, action := range graph.Roots {
		require.NoError(t, action.Err)
		for _, diagnostic := range action.Diagnostics {
			position := action.Package.Fset.Position(diagnostic.Pos)
			at := fmt.Sprintf("%s:%d", position.Filename, position.Line)
			found[at] = append(found[at], diagnostic.Message)
		}
	}
	return found
}

// surveyed is what internal/survey keeps of a codebase.
type surveyed struct {
	Module, Version, Framework string
	Lines                      int
	Command, Rules             struct {
		Packages, Broken, Reports int
		Loading, Seconds          float64
		PeakMB                    int `json:"peak_mb"`
	}
}

func surveyTable(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("internal", "survey", "results.json"))
	require.NoError(t, err)
	var all []surveyed
	require.NoError(t, json.Unmarshal(text, &all))
	assert.GreaterOrEqual(t, len(all), 10)
	var table strings.Builder
	table.WriteString("| program | version | framework | packages | left out | lines | reports | loading | rules | peak | per 100,000 lines | command alone |\n" +
		"|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, s := range all {
		assert.Zero(t, s.Command.Reports+s.Rules.Reports, s.Module)
		version, _, _ := strings.Cut(s.Version, "-")
		if version == "v0.0.0" {
			version = s.Version[len("v0.0.0-"):len("v0.0.0-20060102")] // of a module without releases, the day
		}
		per := 100_000 / float64(s.Lines)
		fmt.Fprintf(&table, "| `%s` | %s | %s | %d | %d | %s | %d | %.0f s | %.1f s | %d MB | %.0f s, %.0f MB | %.1f s, %d MB |\n",
			s.Module, version, s.Framework, s.Rules.Packages, s.Rules.Broken, thousands(s.Lines), s.Rules.Reports+s.Command.Reports,
			s.Rules.Loading, s.Rules.Seconds, s.Rules.PeakMB, (s.Rules.Loading+s.Rules.Seconds)*per, float64(s.Rules.PeakMB)*per,
			s.Command.Seconds, s.Command.PeakMB)
	}
	return table.String()
}

func thousands(n int) string { return fmt.Sprintf("%d,%03d", n/1000, n%1000) }
