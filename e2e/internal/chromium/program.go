package chromium

import (
	"testing"

	"github.com/secureflows/secureflows-go/e2e/internal/program"
)

// Program is a program of this repository that a browser visits.
type Program struct{ program *program.Program }

// NewProgram gives the program of a directory, told from the repository's root.
func NewProgram(directory string) *Program { return &Program{program.New(directory)} }

// Start runs the program until the test ends, at a free port by its flag -addr.
// It must end in peace then, and have said no token.
func (p *Program) Start(t *testing.T, arguments ...string) *program.Process {
	t.Helper()
	needsBrowser(t, browser) // before anything is built in vain
	return p.program.Start(t, append([]string{"-addr", "127.0.0.1:0"}, arguments...)...)
}
