package vet_test

import (
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/secureflows/secureflows-go/vet"
)

// The wants are of two analyzers, so that both run under one name.
func TestIgnore(t *testing.T) {
	both := &analysis.Analyzer{
		Name: "both",
		Doc:  "runs all rules",
		Run: func(pass *analysis.Pass) (any, error) {
			for _, analyzer := range vet.Analyzers() {
				part := *pass
				part.Analyzer, part.ResultOf = analyzer, map[*analysis.Analyzer]any{}
				for _, required := range analyzer.Requires {
					result, err := required.Run(&part)
					if err != nil {
						return nil, err
					}
					part.ResultOf[required] = result
				}
				if _, err := analyzer.Run(&part); err != nil {
					return nil, err
				}
			}
			return nil, nil
		},
	}
	analysistest.Run(t, "testdata", both, "./src/ignore")
}
