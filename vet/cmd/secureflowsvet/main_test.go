package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const corpus = "../../testdata"

func TestExitCodes(t *testing.T) {
	t.Chdir(corpus)
	var out, problems bytes.Buffer
	assert.Equal(t, found, run([]string{"./src/tokenleak"}, &out, &problems))
	assert.Contains(t, out.String(), "src/tokenleak/wrong.go:")
	assert.Equal(t, clean, run([]string{"./src/clean"}, &out, &problems))
	assert.Equal(t, clean, run([]string{"-h"}, &out, &problems))
	assert.Equal(t, failed, run([]string{"./src/nowhere"}, &out, &problems))
	assert.Equal(t, failed, run([]string{"-rules", "nonsense", "./src/clean"}, &out, &problems))
}

// What code scanning requires of a SARIF file, as GitHub documents it under
// "SARIF support for code scanning".
func TestSARIF(t *testing.T) {
	t.Chdir(corpus)
	var out, problems bytes.Buffer
	require.Equal(t, found, run([]string{"-sarif", "./src/tokenleak"}, &out, &problems), problems.String())
	var log sarif
	decoder := json.NewDecoder(&out)
	decoder.DisallowUnknownFields()
	require.NoError(t, decoder.Decode(&log))
	assert.NotEmpty(t, log.Schema)
	assert.Equal(t, "2.1.0", log.Version)
	require.Len(t, log.Runs, 1)
	rules := log.Runs[0].Tool.Driver.Rules
	assert.Equal(t, "secureflowsvet", log.Runs[0].Tool.Driver.Name)
	for _, rule := range rules {
		assert.NotEmpty(t, rule.ID)
		assert.NotEmpty(t, rule.ShortDescription.Text)
		assert.NotEmpty(t, rule.FullDescription.Text)
		assert.NotEmpty(t, rule.Help.Text)
		assert.NotEmpty(t, rule.DefaultConfiguration.Level)
	}
	require.NotEmpty(t, log.Runs[0].Results)
	fingerprints := map[string]bool{}
	for _, result := range log.Runs[0].Results {
		assert.Equal(t, result.RuleID, rules[result.RuleIndex].ID)
		assert.NotEmpty(t, result.Message.Text)
		require.Len(t, result.Locations, 1)
		place := result.Locations[0].PhysicalLocation
		assert.Regexp(t, `^src/tokenleak/wrong\w*\.go$`, place.ArtifactLocation.URI)
		assert.Positive(t, place.Region.StartLine)
		assert.GreaterOrEqual(t, place.Region.EndColumn, place.Region.StartColumn)
		fingerprints[result.PartialFingerprints["secureflowsvet/v1"]] = true
	}
	assert.Len(t, fingerprints, len(log.Runs[0].Results))
}

func TestJSONOfNothingIsAnArray(t *testing.T) {
	t.Chdir(corpus)
	var out, problems bytes.Buffer
	require.Equal(t, clean, run([]string{"-json", "./src/clean"}, &out, &problems), problems.String())
	assert.JSONEq(t, "[]", out.String())
}

func TestAsVettool(t *testing.T) {
	tool := filepath.Join(t.TempDir(), "secureflowsvet")
	built, err := exec.Command("go", "build", "-o", tool, ".").CombinedOutput()
	require.NoError(t, err, string(built))
	vetting := exec.Command("go", "vet", "-vettool="+tool, "./src/tokenleak")
	vetting.Dir = corpus
	output, err := vetting.CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(output), "wrong.go:25:", string(output))
}
