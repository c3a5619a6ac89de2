package notfound_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/secureflows/secureflows-go/vet/internal/rules/notfound"
)

func TestNotfound(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, "../../../testdata", notfound.Analyzer, "./src/notfound")
}
