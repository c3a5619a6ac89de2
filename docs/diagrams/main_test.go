package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFilesAreWhatTheProgramDraws fails for a diagram that was changed by hand,
// or not drawn again.
func TestFilesAreWhatTheProgramDraws(t *testing.T) {
	for name, draw := range diagrams {
		committed, err := os.ReadFile(name)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(committed, draw().svg()), "%s: run `go run ./docs/diagrams`", name)
	}
}

func TestDiagramsAreWellFormedAndExplained(t *testing.T) {
	for name, draw := range diagrams {
		svg := draw().svg()
		decoder := xml.NewDecoder(bytes.NewReader(svg))
		for {
			_, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, name)
		}
		for _, want := range []string{"<title", "<desc", "prefers-color-scheme: dark"} {
			assert.Contains(t, string(svg), want, name)
		}
	}
}

func TestWrite(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, write(folder))
	for name, draw := range diagrams {
		written, err := os.ReadFile(folder + "/" + name)
		require.NoError(t, err)
		assert.Equal(t, draw().svg(), written, name)
	}
	assert.Error(t, write(folder+"/nowhere"))
}
