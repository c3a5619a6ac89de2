package main

import (
	"cmp"
	"fmt"
	"go/format"
	"maps"
	"os"
	"slices"

	"golang.org/x/tools/go/analysis"
)

// An edit replaces a part of a file.
type edit struct {
	file       string
	start, end int
	text       string
}

// rounds bounds how often mend fixes and looks again: fixes that were in each
// other's way need one round each.
const rounds = 10

// mend applies what the findings suggest until there is no more, and gives the
// findings that are left, where they are by then.
func mend(analyzers []*analysis.Analyzer, o options, findings []finding) ([]finding, error) {
	for range rounds {
		applied, err := fix(findings)
		if err != nil || applied == 0 {
			return findings, err
		}
		if findings, err = check(analyzers, o.patterns, o.tests); err != nil {
			return nil, fmt.Errorf("after fixes: %w", err)
		}
	}
	return findings, nil
}

// fix applies what the findings suggest, each in whole or not at all: not where
// it is in the way of one before. It gives the number of those it applied, and
// writes no file when any of them could not be.
func fix(findings []finding) (applied int, err error) {
	edits := map[string][]edit{}
	for _, f := range findings {
		if len(f.edits) == 0 || inTheWay(f.edits, edits) {
			continue
		}
		applied++
		for _, e := range f.edits {
			if !slices.Contains(edits[e.file], e) { // an import that two findings ask for
				edits[e.file] = append(edits[e.file], e)
			}
		}
	}
	fixed := map[string][]byte{}
	for name, of := range edits {
		if fixed[name], err = rewritten(name, of); err != nil {
			return 0, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fixed)) {
		info, err := os.Stat(name)
		if err != nil {
			return 0, err
		}
		if err := os.WriteFile(name, fixed[name], info.Mode()); err != nil {
			return 0, err
		}
	}
	return applied, nil
}

// inTheWay reports whether edits touch each other or those of before, but for
// the very same.
func inTheWay(edits []edit, before map[string][]edit) bool {
	for i, e := range edits {
		touches := func(o edit) bool { return e != o && e.file == o.file && e.start <= o.end && o.start <= e.end }
		if slices.ContainsFunc(before[e.file], touches) || slices.ContainsFunc(edits[:i], touches) {
			return true
		}
	}
	return false
}

// rewritten gives a file with the edits made, as gofmt has it.
func rewritten(name string, edits []edit) ([]byte, error) {
	source, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(b.start, a.start) }) // from the end, so that places stay
	for _, e := range edits {
		if e.start > e.end || e.end > len(source) {
			return nil, fmt.Errorf("%s changed while it was looked at", name)
		}
		source = slices.Replace(source, e.start, e.end, []byte(e.text)...)
	}
	formatted, err := format.Source(source)
	if err != nil {
		return nil, fmt.Errorf("%s: a fix is no Go: %w", name, err)
	}
	return formatted, nil
}
