package hosted_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/secureflows/secureflows-go/vet/internal/rules/hosted"
)

func TestHosted(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, "../../../testdata", hosted.Analyzer, "./src/hosted")
}
