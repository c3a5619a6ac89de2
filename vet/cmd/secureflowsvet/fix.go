package main

import (
	"cmp"
	"fmt"
	"go/format"
	"os"
	"slices"
)

// An edit replaces a part of a file.
type edit struct {
	file       string
	start, end int
	text       []byte
}

// fix applies what the findings suggest, and gives the findings that suggest
// nothing or are in each other's way: another run may fix those.
func fix(findings []finding) ([]finding, error) {
	var left []finding
	edits := map[string][]edit{}
	for _, f := range findings {
		if len(f.edits) == 0 || slices.ContainsFunc(f.edits, func(e edit) bool { return overlaps(e, edits[e.file]) }) {
			left = append(left, f)
			continue
		}
		for _, e := range f.edits {
			edits[e.file] = append(edits[e.file], e)
		}
	}
	for name, of := range edits {
		if err := rewrite(name, of); err != nil {
			return nil, err
		}
	}
	return left, nil
}

func overlaps(e edit, others []edit) bool {
	return slices.ContainsFunc(others, func(o edit) bool { return e.start <= o.end && o.start <= e.end })
}

func rewrite(name string, edits []edit) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	source, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(b.start, a.start) })
	for _, e := range edits {
		source = slices.Replace(source, e.start, e.end, e.text...)
	}
	formatted, err := format.Source(source)
	if err != nil {
		return fmt.Errorf("%s: the fixes do not compile: %w", name, err)
	}
	return os.WriteFile(name, formatted, info.Mode())
}
