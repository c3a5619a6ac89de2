package retry_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/secureflows/secureflows-go/vet/internal/rules/retry"
)

func TestRetry(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, "../../../testdata", retry.Analyzer, "./src/retry")
}
