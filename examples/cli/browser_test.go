package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBrowserIsOpened(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the opener of this test is a script named xdg-open")
	}
	tools := t.TempDir()
	t.Setenv("PATH", tools)
	assert.ErrorContains(t, openBrowser("http://127.0.0.1/"), "xdg-open")

	opened := filepath.Join(tools, "opened")
	script := "#!/bin/sh\necho \"$#\" \"$1\" > " + opened + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(tools, "xdg-open"), []byte(script), 0o700))
	require.NoError(t, openBrowser("http://127.0.0.1/go/x?a=b&c=d;e"))
	text, err := os.ReadFile(opened)
	require.NoError(t, err)
	assert.Equal(t, "1 http://127.0.0.1/go/x?a=b&c=d;e\n", string(text))
}
