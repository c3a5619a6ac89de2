package vet

import (
	"golang.org/x/tools/go/analysis"

	"github.com/secureflows/secureflows-go/vet/internal/rules/config"
	"github.com/secureflows/secureflows-go/vet/internal/rules/context"
	"github.com/secureflows/secureflows-go/vet/internal/rules/dropped"
	"github.com/secureflows/secureflows-go/vet/internal/rules/identity"
	"github.com/secureflows/secureflows-go/vet/internal/rules/tokenleak"
)

// rules are in the order of the table in README.md.
var rules = []*analysis.Analyzer{
	config.Analyzer,
	tokenleak.Analyzer,
	identity.Analyzer,
	dropped.Analyzer,
	context.Analyzer,
}
