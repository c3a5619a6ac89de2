// Package vet has the rules of an integration with secureFlows as analyzers, for
// secureflowsvet and for any other driver of golang.org/x/tools/go/analysis.
//
// It knows the SDK by names and types and does not import it, so that one
// analyser serves programs with any version of it.
package vet

import (
	"golang.org/x/tools/go/analysis"

	"github.com/secureflows/secureflows-go/vet/internal/report"
)

// Analyzers gives one analyzer per rule, and last the one that looks at the
// comments that ignore findings.
func Analyzers() []*analysis.Analyzer {
	var ids []string
	for _, rule := range rules {
		ids = append(ids, rule.Name)
	}
	all := append([]*analysis.Analyzer{}, rules...)
	return append(all, report.Ignores(ids))
}
