package revoke_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/secureflows/secureflows-go/vet/internal/rules/revoke"
)

func TestRevoke(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, "../../../testdata", revoke.Analyzer, "./src/revoke")
}
