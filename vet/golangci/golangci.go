// Package golangci makes the rules a linter of golangci-lint, by its module
// plug-ins: name this package in .custom-gcl.yml, and run golangci-lint custom.
package golangci

import (
	"fmt"
	"slices"

	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"

	"github.com/secureflows/secureflows-go/vet"
)

func init() { register.Plugin("secureflows", New) }

// Settings are those of the linter in .golangci.yml.
type Settings struct {
	// Rules are the ids of those to check; none is all.
	Rules []string `json:"rules"`
}

// New makes the linter from its settings. Settings or rules that there are not
// are an error.
func New(settings any) (register.LinterPlugin, error) {
	decoded, err := register.DecodeSettings[Settings](settings)
	if err != nil {
		return nil, err
	}
	all := vet.Analyzers()
	for _, rule := range decoded.Rules {
		if !slices.ContainsFunc(all, func(a *analysis.Analyzer) bool { return a.Name == rule }) {
			return nil, fmt.Errorf("secureflows: there is no rule %q", rule)
		}
	}
	if len(decoded.Rules) > 0 {
		all = slices.DeleteFunc(all, func(a *analysis.Analyzer) bool { return !slices.Contains(decoded.Rules, a.Name) })
	}
	return plugin(all), nil
}

type plugin []*analysis.Analyzer

// BuildAnalyzers gives the rules.
func (p plugin) BuildAnalyzers() ([]*analysis.Analyzer, error) { return p, nil }

// GetLoadMode says that the rules ask for types.
func (p plugin) GetLoadMode() string { return register.LoadModeTypesInfo }
