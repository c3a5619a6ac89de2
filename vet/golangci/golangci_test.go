package golangci_test

import (
	"testing"

	"github.com/golangci/plugin-module-register/register"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/vet"
	_ "github.com/secureflows/secureflows-go/vet/golangci"
)

func TestPlugin(t *testing.T) {
	newLinter, err := register.GetPlugin("secureflows")
	require.NoError(t, err)
	linter, err := newLinter(nil)
	require.NoError(t, err)
	assert.Equal(t, register.LoadModeTypesInfo, linter.GetLoadMode())
	analyzers, err := linter.BuildAnalyzers()
	require.NoError(t, err)
	assert.Len(t, analyzers, len(vet.Analyzers()))

	linter, err = newLinter(map[string]any{"rules": []string{"tokenleak"}})
	require.NoError(t, err)
	analyzers, err = linter.BuildAnalyzers()
	require.NoError(t, err)
	require.Len(t, analyzers, 1)
	assert.Equal(t, "tokenleak", analyzers[0].Name)

	_, err = newLinter(map[string]any{"rules": []string{"nonsense"}})
	require.ErrorContains(t, err, "nonsense")
	_, err = newLinter(map[string]any{"rule": "tokenleak"})
	require.Error(t, err)
}
