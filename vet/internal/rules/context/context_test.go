package context_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/secureflows/secureflows-go/vet/internal/rules/context"
)

func TestContext(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, "../../../testdata", context.Analyzer, "./src/context/...")
}
