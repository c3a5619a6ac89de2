package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTheChangelogTellsEveryChange is the check itself.
func TestTheChangelogTellsEveryChange(t *testing.T) {
	var said strings.Builder
	ok, err := run(nil, "..", &said)
	require.NoError(t, err)
	assert.True(t, ok, said.String())
}

const (
	before = `package shop

// Till is somebody's.
type Till struct {
	Owner string
	sum   int
}

func (t *Till) Add(coins int) {}
func Open(owner string) *Till { return &Till{Owner: owner} }
func Keep[T any](thing T) T   { return thing }

const Coins = 3

type secret struct{}

func (secret) Reveal() string { return "" }

type Token struct{ secret }
type Closer interface{ Close() error }
`
	changelogStart = "# Changelog\n\n## [Unreleased]\n\n"
	changelogEnd   = "\n\n## [1.0.0]\n\n- `Till`, `Till.Add`, `Till.Owner`, `Open`, `Keep`, `Coins`, `Token`, `Token.Reveal`, `Closer`, `Closer.Close`, `Basket`\n"
)

func TestChangesMustBeTold(t *testing.T) {
	for name, c := range map[string]struct {
		old, now string
		says     string // "" is nothing to tell
	}{
		"nothing changes":                   {},
		"what is not exported changes":      {old: "sum   int", now: "total int64"},
		"a parameter gets another name":     {old: "Add(coins int)", now: "Add(cents int)"},
		"a function changes":                {old: "Open(owner string)", now: "Open(owner string, _ int)", says: "`Open`"},
		"a generic function changes":        {old: "Keep[T any]", now: "Keep[T comparable]", says: "`Keep`"},
		"a function goes":                   {old: "func Open(", now: "func open(", says: "`Open`"},
		"a function comes":                  {old: "const Coins", now: "func Close() {}\nconst Coins", says: "`Close`"},
		"a constant's value changes":        {old: "Coins = 3", now: "Coins = 4", says: "`Coins`"},
		"a field changes its type":          {old: "Owner string", now: "Owner any", says: "`Till.Owner`"},
		"a field gets a tag":                {old: "Owner string", now: "Owner string `json:\"o\"`", says: "`Till.Owner`"},
		"a method goes":                     {old: "(t *Till) Add", now: "(t *Till) add", says: "`Till.Add`"},
		"a method of what is embedded goes": {old: ") Reveal()", now: ") reveal()", says: "`Token.Reveal`"},
		"a method takes the value":          {old: "(t *Till) Add", now: "(t Till) Add", says: "`Till.Add`"},
		"an interface gets a method":        {old: "Close() error", now: "Close() error; Flush()", says: "`Closer.Flush`"},
		"a type comes":                      {old: "const Coins", now: "type Basket struct{ Apples int }\nfunc (Basket) Empty() {}\nconst Coins", says: "`Basket`"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			put(t, root, "go.mod", "module example.com/shop\n\ngo 1.25.0\n")
			put(t, root, "shop.go", before)
			put(t, root, "CHANGELOG.md", changelogStart+changelogEnd)
			require.NoError(t, os.Mkdir(filepath.Join(root, "api"), 0o755))
			ok, err := run([]string{"-release"}, root, nil)
			require.NoError(t, err)
			require.True(t, ok)

			require.Contains(t, before, c.old)
			put(t, root, "shop.go", strings.Replace(before, c.old, c.now, 1))
			var said strings.Builder
			ok, err = run(nil, root, &said)
			require.NoError(t, err)
			assert.Equal(t, c.says == "", ok)
			assert.Contains(t, said.String(), c.says)

			put(t, root, "CHANGELOG.md", changelogStart+"- Changed "+c.says+changelogEnd)
			said.Reset()
			ok, err = run(nil, root, &said)
			require.NoError(t, err)
			assert.True(t, ok, said.String())
		})
	}
}

func TestAPackageThatComesOrGoesMustBeTold(t *testing.T) {
	var said strings.Builder
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "api"), 0o755))
	put(t, root, "api/gone.txt", "func Gone()\n")
	ok, err := check(&said, root, map[string][]string{"fresh": {"func Fresh()"}}, changelogStart)
	require.NoError(t, err)
	assert.False(t, ok)
	assert.Contains(t, said.String(), "fresh: + func Fresh()")
	assert.Contains(t, said.String(), "gone: - func Gone()")
}

func put(t *testing.T, root, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o600))
}
