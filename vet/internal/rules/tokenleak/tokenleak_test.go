package tokenleak_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/secureflows/secureflows-go/vet/internal/rules/tokenleak"
)

func TestTokenleak(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, "../../../testdata", tokenleak.Analyzer, "./src/tokenleak")
}
