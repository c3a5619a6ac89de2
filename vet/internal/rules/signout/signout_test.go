package signout_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/secureflows/secureflows-go/vet/internal/rules/signout"
)

func TestSignout(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, "../../../testdata", signout.Analyzer, "./src/signout")
}
