package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/secureflowstest"
)

func TestTourOfTheMock(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, nil, &out))
	for _, want := range []string{
		"Sign in on the hosted page", "user 1, ada@example.com", "9007199254740993", "call <Bob> & Eve",
		"session token expired", "session_token=REDACTED", "That is all of it.",
	} {
		assert.Contains(t, out.String(), want)
	}
	assert.NotContains(t, out.String(), "eyJ", "a token was printed")
}

func TestTourOfADeployment(t *testing.T) {
	server := secureflowstest.NewServer(t)
	idToken := server.IDToken("grace@example.com")
	args := []string{"-origin", server.Origin(), "-workspace", secureflowstest.Workspace, "-app", secureflowstest.AppID}

	var out bytes.Buffer
	require.NoError(t, run(t.Context(), args, strings.NewReader(idToken.Reveal()+"\n"), &out))

	assert.Contains(t, out.String(), "grace@example.com")
	assert.NotContains(t, out.String(), idToken.Reveal(), "the ID token was printed")
	assert.NotContains(t, out.String(), "eyJ", "a token was printed")
}

func TestTourLeavesOtherSessionsAlone(t *testing.T) {
	server := secureflowstest.NewServer(t)
	session := server.Session("grace@example.com")
	_, err := session.Set(t.Context(), "theme", "dark")
	require.NoError(t, err)

	require.NoError(t, run(t.Context(), []string{"-origin", server.Origin()},
		strings.NewReader(server.IDToken("grace@example.com").Reveal()), &bytes.Buffer{}))

	payload, err := session.Payload(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"theme"}, payload.Keys())
}

func TestMistakesAreNamed(t *testing.T) {
	for name, args := range map[string][]string{
		"Config.Origin": {"-origin", "http://www.secure-flows.com"},
		"ID token":      {"-origin", "https://www.secure-flows.com"},
	} {
		err := run(t.Context(), args, strings.NewReader(""), &bytes.Buffer{})
		assert.ErrorContains(t, err, name)
	}
}
