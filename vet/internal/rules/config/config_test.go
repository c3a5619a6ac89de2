package config_test

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/secureflows/secureflows-go/vet/internal/rules/config"
)

func TestConfig(t *testing.T) {
	analysistest.RunWithSuggestedFixes(t, "../../../testdata", config.Analyzer, "./src/config/...")
}
