package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/redistest"
)

const aKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

func TestReplicasShareSignIns(t *testing.T) {
	server := redistest.Start(t)
	keys := keysFile(t, aKey)
	v := newVisitor(t)
	v.site = v.replica(server.URL(), keys)
	v.signIn("/notes")
	v.post("/notes", "buy milk")

	first := v.site
	v.site = v.replica(server.URL(), keys)
	assert.Contains(t, v.get("/notes").text, "buy milk")
	v.post("/auth/logout", "")

	v.site = first
	assert.Eventually(t, func() bool { return v.get("/notes").url.Path == "/app/sessions/login" }, 10*time.Second, time.Millisecond)
}

func TestKeysAreReadFromAFile(t *testing.T) {
	keys, err := encryptionKeys(keysFile(t, aKey, "", "  "+strings.Repeat("A", 43)+"=  "))
	require.NoError(t, err)
	require.Len(t, keys, 2)
	assert.Equal(t, byte(31), keys[0][31])

	made, err := encryptionKeys("")
	require.NoError(t, err)
	again, err := encryptionKeys("")
	require.NoError(t, err)
	assert.NotEqual(t, made[0], again[0])

	for said, lines := range map[string][]string{"has no key": {""}, "openssl rand -base64 32": {aKey, "AAAA"}} {
		_, err := encryptionKeys(keysFile(t, lines...))
		assert.ErrorContains(t, err, said)
		assert.NotContains(t, err.Error(), "AAAA")
	}
}

func keysFile(t *testing.T, lines ...string) string {
	file := filepath.Join(t.TempDir(), "keys.txt")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600))
	return file
}
