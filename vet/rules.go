package vet

import (
	"golang.org/x/tools/go/analysis"

	"github.com/secureflows/secureflows-go/vet/internal/rules/config"
	"github.com/secureflows/secureflows-go/vet/internal/rules/context"
	"github.com/secureflows/secureflows-go/vet/internal/rules/dropped"
	"github.com/secureflows/secureflows-go/vet/internal/rules/hosted"
	"github.com/secureflows/secureflows-go/vet/internal/rules/identity"
	"github.com/secureflows/secureflows-go/vet/internal/rules/notfound"
	"github.com/secureflows/secureflows-go/vet/internal/rules/retry"
	"github.com/secureflows/secureflows-go/vet/internal/rules/revoke"
	"github.com/secureflows/secureflows-go/vet/internal/rules/signout"
	"github.com/secureflows/secureflows-go/vet/internal/rules/tokenleak"
	"github.com/secureflows/secureflows-go/vet/internal/rules/tokenparse"
)

// rules are in the order of the table in README.md.
var rules = []*analysis.Analyzer{
	config.Analyzer,
	tokenleak.Analyzer,
	revoke.Analyzer,
	identity.Analyzer,
	tokenparse.Analyzer,
	notfound.Analyzer,
	retry.Analyzer,
	hosted.Analyzer,
	signout.Analyzer,
	dropped.Analyzer,
	context.Analyzer,
}
