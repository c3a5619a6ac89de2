package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// listed is what the go command says of a package.
type listed struct {
	ImportPath, Name, Dir, Export string
	GoFiles                       []string
	Module                        *struct{ Main bool }
}

// load adds the features of each public package of the module in dir, if there is
// one, by the package's name.
func load(packages map[string][]string, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); os.IsNotExist(err) {
		return nil
	}
	all, err := list(dir)
	if err != nil {
		return err
	}
	exports := make(map[string]string)
	for _, p := range all {
		exports[p.ImportPath] = p.Export
	}
	files := token.NewFileSet()
	imports := importer.ForCompiler(files, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
	for _, p := range all {
		if p.Module == nil || !p.Module.Main || p.Name == "main" || strings.Contains(p.ImportPath+"/", "/internal/") {
			continue
		}
		if _, taken := packages[p.Name]; taken {
			return fmt.Errorf("two public packages are named %s, and the list is named after them", p.Name)
		}
		checked, err := typecheck(files, p, types.Config{Importer: imports})
		if err != nil {
			return err
		}
		packages[p.Name] = features(checked)
	}
	return nil
}

// list asks the go command for the packages and what they import, compiled.
func list(dir string) ([]listed, error) {
	command := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Name,Dir,Export,GoFiles,Module", "./...")
	command.Dir = dir
	var stderr bytes.Buffer
	command.Stderr = &stderr
	text, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.Bytes())
	}
	var all []listed
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var p listed
		if err := decoder.Decode(&p); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
}

func typecheck(files *token.FileSet, p listed, config types.Config) (*types.Package, error) {
	var parsed []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(files, filepath.Join(p.Dir, name), nil, 0)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, file)
	}
	return config.Check(p.ImportPath, files, parsed, nil)
}
