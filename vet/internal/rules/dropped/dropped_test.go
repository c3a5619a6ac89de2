package dropped_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/secureflows/secureflows-go/vet/internal/rules/dropped"
)

func TestDropped(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, "../../../testdata", dropped.Analyzer, "./src/dropped/...")
}
