package tokenparse_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/secureflows/secureflows-go/vet/internal/rules/tokenparse"
)

func TestTokenparse(t *testing.T) {
	analysistest.Run(t, "../../../testdata", tokenparse.Analyzer, "./src/tokenparse")
}
