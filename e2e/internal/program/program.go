// Package program builds programs of this repository and runs them as processes
// of their own, for as long as a test takes.
//
// A package of tests runs by [Run], or calls [Remove] at its end.
package program

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Run is for TestMain: it runs the tests, and then removes what was built.
func Run(m *testing.M) {
	m.Run()
	Remove()
}

// Remove removes what was built.
func Remove() {
	built.mu.Lock()
	defer built.mu.Unlock()
	for _, directory := range built.directories {
		_ = os.RemoveAll(directory) // a leftover in the temporary directory fails nobody's test
	}
	built.directories = nil
}

var built struct {
	mu          sync.Mutex
	directories []string // guarded by mu
}

// Program is a program of this repository, built when a test first starts it.
type Program struct {
	name string
	path func() (string, error)
}

// New gives the program of a directory, told from the repository's root, which
// may be a module of its own. It is built with the race detector where the tests
// have it.
func New(directory string) *Program { return newProgram(directory, raceDetector) }

// NewPlain is New without the race detector, for tests whose figures are to be
// those of the program.
func NewPlain(directory string) *Program { return newProgram(directory, false) }

func newProgram(directory string, race bool) *Program {
	name := filepath.Base(directory)
	return &Program{name, sync.OnceValues(func() (string, error) {
		target, err := os.MkdirTemp("", "secureflows-e2e-*")
		if err != nil {
			return "", err
		}
		built.mu.Lock()
		built.directories = append(built.directories, target)
		built.mu.Unlock()
		path := filepath.Join(target, name)
		build := exec.Command("go", "build", fmt.Sprintf("-race=%t", race), "-o", path, ".")
		build.Dir = filepath.Join("../..", directory) // tests run in the directory of their package
		if output, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w: %s", err, output)
		}
		return path, nil
	})}
}
