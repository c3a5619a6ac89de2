package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/secureflowstest"
)

func faultOn(path string, status int) secureflowstest.Fault {
	return secureflowstest.Fault{Path: path, Status: status}
}

// emptyHome is where a program would leave files.
func emptyHome(t *testing.T) string {
	home := t.TempDir()
	for _, name := range []string{"HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"} {
		t.Setenv(name, home)
	}
	t.Chdir(home)
	return home
}

// The token goes through a login, failures of every kind, a renewal and a
// sign-out, and stands in no output, file, argument or variable of the
// environment. The addresses that open a browser are arguments of its process.
func TestTokenStandsNowhere(t *testing.T) {
	home := emptyHome(t)
	d := newDesk(t)
	d.mock = &mock{d.service}
	for _, status := range []int{429, 502, 403, 404, 500} {
		d.service.Fail(faultOn("/api/v1/sessions/get/theme", status))
	}
	get := "get theme" + enter
	d.atTerminal("whoami", enter, "set theme 1", enter, get, get, get, get, get+enter, get, "lis\t", enter, "-h", enter,
		"expire", enter, get, "y", enter, get, "nonsense", enter, "logout", enter)

	d.run(t.Context(), []string{"login"})

	d.person.trips.Wait()
	require.GreaterOrEqual(t, len(d.person.tokens), 3, "the test looks for nothing")
	seen := map[string]string{
		"standard output": d.out.String(),
		"standard error":  d.notice.String(),
		"the environment": strings.Join(os.Environ(), "\n"),
		"an argument":     strings.Join(append(d.person.opened, os.Args...), "\n"),
	}
	require.NoError(t, filepath.WalkDir(home, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			t.Errorf("the program wrote the file %s", path)
		}
		return err
	}))
	for where, text := range seen {
		for _, token := range d.person.tokens {
			for _, part := range strings.Split(token, ".") {
				assert.NotContains(t, text, part, where)
			}
		}
		assert.NotContains(t, text, "eyJ", where)
	}
}
