package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// print writes the findings in the form asked for.
func (o options) print(out io.Writer, analyzers []*analysis.Analyzer, findings []finding) error {
	directory, err := os.Getwd()
	if err != nil {
		return err
	}
	for i := range findings {
		findings[i].Start.Filename = relative(directory, findings[i].Start.Filename)
		findings[i].End.Filename = findings[i].Start.Filename
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	switch {
	case o.sarif:
		return encoder.Encode(sarifOf(analyzers, findings))
	case o.json:
		if findings == nil {
			findings = []finding{} // an array, also of nothing
		}
		return encoder.Encode(findings)
	}
	for _, f := range findings {
		if _, err := fmt.Fprintf(out, "%s: %s (%s)\n", f.Start, f.Message, f.Rule); err != nil {
			return err
		}
	}
	return nil
}

// relative gives a path below the directory as seen from there, with slashes,
// as code scanning wants it; any other as it is.
func relative(directory, path string) string {
	short, err := filepath.Rel(directory, path)
	if err != nil || strings.HasPrefix(short, "..") {
		return filepath.ToSlash(path)
	}
	return filepath.ToSlash(short)
}
