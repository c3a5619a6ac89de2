package secureflows_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReadme holds every Go block of the README against the programs and
// examples of the repository: it must stand in one of them, line for line, and
// those are compiled and run.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var sources []string
	for _, pattern := range []string{"example*_test.go", "secureflowstest/example*_test.go", "middleware/example*_test.go", "examples/*/*.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			sources = append(sources, flush(string(text)))
		}
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		found := false
		for _, source := range sources {
			found = found || strings.Contains(source, flush(block[1]))
		}
		assert.True(t, found, "no example has these lines:\n%s", block[1])
	}
}

// flush is text without indentation, so that a block may stand at any depth.
func flush(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return "\n" + strings.TrimSpace(strings.Join(lines, "\n")) + "\n"
}
