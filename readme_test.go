package secureflows_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	gotoken "go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// repository is where links of the documentation may lead, beside relative ones.
const repository = "https://github.com/secureflows/secureflows-go/blob/main/"

// pages are all documentation that is not Go: its text by its path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	texts := read(t, "*.md", "llms.txt", "docs/*.md", "examples/*/*.md", "benchmarks/*.md")
	require.Contains(t, texts, "README.md")
	return texts
}

// read gives the text of the files that match any of the patterns, by its path.
func read(t *testing.T, patterns ...string) map[string]string {
	t.Helper()
	texts := make(map[string]string)
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			texts[file] = string(text)
		}
	}
	return texts
}

// examplesOf are the runnable examples of a package, as one text.
func examplesOf(t *testing.T, dir string) string {
	t.Helper()
	var examples strings.Builder
	for _, text := range read(t, filepath.Join(dir, "example*_test.go")) {
		examples.WriteString(text)
	}
	return examples.String()
}

// blocks are the fenced ones of a language.
func blocks(text, language string) []string {
	var found []string
	for _, block := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```").FindAllStringSubmatch(text, -1) {
		found = append(found, block[1])
	}
	return found
}

// sources are the programs and examples, which are compiled and run.
func sources(t *testing.T) []string {
	t.Helper()
	var texts []string
	for _, text := range read(t, "example*_test.go", "secureflowstest/example*_test.go", "secureflowstest/*/example*_test.go", "middleware/example*_test.go", "middleware/redis/example*_test.go", "examples/*/*.go", "examples/*/*/*.go") {
		texts = append(texts, flush(text))
	}
	return texts
}

// TestReadme holds every Go block of the README, the guides and what agents read
// against the programs and examples of the repository: it must stand in one of
// them, line for line.
func TestReadme(t *testing.T) {
	texts := sources(t)
	for file, page := range pages(t) {
		for _, block := range blocks(page, "go") {
			found := slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, flush(block)) })
			assert.True(t, found, "%s: no example has these lines:\n%s", file, block)
		}
	}
	assert.GreaterOrEqual(t, len(blocks(pages(t)["README.md"], "go")), 6)
}

// flush is text without indentation, so that a block may stand at any depth.
func flush(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return "\n" + strings.TrimSpace(strings.Join(lines, "\n")) + "\n"
}

// TestDocsOfMistakesAreExamples holds the lines that package docs show beside
// common mistakes against the package's examples.
func TestDocsOfMistakesAreExamples(t *testing.T) {
	space := regexp.MustCompile(`[ \t]+`)
	for _, dir := range []string{".", "middleware", "secureflowstest"} {
		examples := flush(space.ReplaceAllString(examplesOf(t, dir), " "))
		_, mistakes, found := strings.Cut(packageDoc(t, dir), "# Common mistakes\n")
		require.True(t, found, dir)
		shown := 0
		for line := range strings.Lines(mistakes) {
			if strings.HasPrefix(line, "# ") {
				break
			}
			if code, isCode := strings.CutPrefix(line, "\t"); isCode {
				shown++
				assert.Contains(t, examples, "\n"+strings.TrimSpace(space.ReplaceAllString(code, " "))+"\n", dir)
			}
		}
		assert.Greater(t, shown, 5, dir)
	}
}

func packageDoc(t *testing.T, dir string) string {
	t.Helper()
	var text string
	for _, parsed := range parse(t, dir) {
		text += parsed.Doc.Text()
	}
	return text
}

// parse gives the files of a package, without its tests.
func parse(t *testing.T, dir string) []*ast.File {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	var parsed []*ast.File
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			syntax, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, parser.ParseComments)
			require.NoError(t, err)
			parsed = append(parsed, syntax)
		}
	}
	return parsed
}

// TestDocsLinks follows the links within the repository, to their headings too.
func TestDocsLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"`)
	for file, page := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(prose(page), -1) {
			target := match[1] + match[2]
			local, absolute := strings.CutPrefix(target, repository)
			if !absolute && strings.Contains(target, "://") {
				continue
			}
			path, anchor, hasAnchor := strings.Cut(local, "#")
			switch {
			case absolute:
			case path == "":
				path = file
			default:
				path = filepath.Join(filepath.Dir(file), path)
			}
			if _, err := os.Stat(path); !assert.NoError(t, err, "%s: %s", file, target) || !hasAnchor {
				continue
			}
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Contains(t, anchors(string(text)), anchor, "%s: %s has no such heading", file, target)
		}
	}
}

// prose is a page without its fenced blocks.
func prose(page string) string {
	return regexp.MustCompile("(?ms)^```.*?^```").ReplaceAllString(page, "")
}

// anchors are what GitHub makes of the headings of a page.
func anchors(page string) []string {
	var found []string
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(prose(page), -1) {
		text := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(heading[1], "$1")
		found = append(found, strings.Map(func(c rune) rune {
			switch {
			case unicode.IsLetter(c), unicode.IsDigit(c), c == '-', c == '_':
				return unicode.ToLower(c)
			case c == ' ':
				return '-'
			default:
				return -1
			}
		}, text))
	}
	return found
}

// TestDocsNameWhatThereIs finds names of this module in the text that the code
// does not have.
func TestDocsNameWhatThereIs(t *testing.T) {
	packages := map[string]map[string]bool{
		"secureflows": declared(t, "."), "middleware": declared(t, "middleware"), "secureflowstest": declared(t, "secureflowstest"),
	}
	// The mock of whichever service a program leaves.
	packages["old"] = make(map[string]bool)
	for _, of := range []string{"authreturntest", "vertesiatest", "productflotest"} {
		packages[of] = declared(t, "secureflowstest/"+of)
		maps.Copy(packages["old"], packages[of])
	}
	// Each package of a provider has a Config.
	packages["Config"] = maps.Clone(packages["secureflows"])
	for _, provider := range []string{"authreturn", "vertesia", "productflo"} {
		packages[provider] = declared(t, "middleware/"+provider)
		maps.Copy(packages["Config"], packages[provider])
	}
	// By what values are called in the text.
	for owner, of := range map[string]string{
		"client": "secureflows", "Client": "secureflows", "session": "secureflows", "Session": "secureflows", "token": "secureflows",
		"Error": "secureflows", "LoginOptions": "secureflows", "Identity": "secureflows", "Callback": "secureflows",
		"bearer": "middleware", "Bearer": "middleware", "browser": "middleware", "Browser": "middleware", "cache": "middleware", "Cache": "middleware",
		"BearerConfig": "middleware", "BrowserConfig": "middleware", "CacheConfig": "middleware", "Stats": "middleware", "Refusal": "middleware",
		"server": "secureflowstest", "Server": "secureflowstest", "Fault": "secureflowstest", "Options": "secureflowstest",
	} {
		packages[owner] = packages[of]
	}
	name := regexp.MustCompile(`\b(\w+)\.([A-Z]\w*)`)
	code := regexp.MustCompile("`[^`\n]+`")
	for file, page := range pages(t) {
		for _, span := range code.FindAllString(prose(page), -1) {
			for _, match := range name.FindAllStringSubmatch(span, -1) {
				if names, ours := packages[match[1]]; ours {
					assert.True(t, names[match[2]], "%s: there is no %s", file, match[0])
				}
			}
		}
	}
}

// declared are the exported names of a package, fields and methods included.
func declared(t *testing.T, dir string) map[string]bool {
	t.Helper()
	names := make(map[string]bool)
	for _, file := range parse(t, dir) {
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.FuncDecl:
				names[node.Name.Name] = true
				return false
			case *ast.TypeSpec:
				names[node.Name.Name] = true
			case *ast.ValueSpec:
				for _, name := range node.Names {
					names[name.Name] = true
				}
			case *ast.Field:
				for _, name := range node.Names {
					names[name.Name] = true
				}
			}
			return true
		})
	}
	return names
}

// TestDocsHaveEverySentinel keeps the tables of decisions whole.
func TestDocsHaveEverySentinel(t *testing.T) {
	for name := range declared(t, ".") {
		if strings.HasPrefix(name, "Err") && name != "Error" {
			for _, file := range []string{"README.md", "SKILL.md"} {
				assert.Contains(t, pages(t)[file], "`"+name+"`", file)
			}
		}
	}
}

// TestDocsCommands checks shell blocks for programs and flags that are not there,
// without running anything.
func TestDocsCommands(t *testing.T) {
	run := regexp.MustCompile(`go run (?:-C (\S+) )?(\.\S*)(.*)`)
	flag := regexp.MustCompile(`(?:^|\s)-([a-z][a-z-]*)`)
	for file, page := range pages(t) {
		for _, block := range append(blocks(page, "sh"), blocks(page, "console")...) {
			block = strings.ReplaceAll(block, "\\\n", " ")
			for _, match := range run.FindAllStringSubmatch(block, -1) {
				dir := filepath.Join(match[1], match[2])
				text := programText(t, dir)
				if !assert.Contains(t, text, "package main", "%s: %s is no program", file, match[0]) {
					continue
				}
				for _, name := range flag.FindAllStringSubmatch(match[3], -1) {
					if name[1] != "h" {
						assert.Contains(t, text, `"`+name[1]+`"`, "%s: %s has no flag -%s", file, dir, name[1])
					}
				}
			}
		}
	}
}

func programText(t *testing.T, dir string) string {
	t.Helper()
	var text strings.Builder
	for file, source := range read(t, filepath.Join(dir, "*.go")) {
		if !strings.HasSuffix(file, "_test.go") {
			text.WriteString(source)
		}
	}
	return text.String()
}

// TestDocsBegin keeps each package's first sentence a sentence about itself, as
// lists of packages show it.
func TestDocsBegin(t *testing.T) {
	for dir, name := range map[string]string{".": "secureflows", "middleware": "middleware", "secureflowstest": "secureflowstest"} {
		synopsis := new(doc.Package).Synopsis(packageDoc(t, dir))
		assert.Regexp(t, "^Package "+name+" .*[.:]$", synopsis)
	}
}
