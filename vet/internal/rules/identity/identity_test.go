package identity_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/secureflows/secureflows-go/vet/internal/rules/identity"
)

func TestIdentity(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, "../../../testdata", identity.Analyzer, "./src/identity/...")
}
