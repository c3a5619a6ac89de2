package vet

import (
	"golang.org/x/tools/go/analysis"

	"github.com/secureflows/secureflows-go/vet/internal/rules/tokenleak"
	"github.com/secureflows/secureflows-go/vet/internal/rules/tokenparse"
)

// rules are in the order of the table in README.md.
var rules = []*analysis.Analyzer{
	tokenleak.Analyzer,
	tokenparse.Analyzer,
}
