package purpose_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/secureflows/secureflows-go/vet/internal/purpose"
)

func TestWords(t *testing.T) {
	assert.Equal(t, []string{"sign", "out", "url", "of"}, purpose.Words("signOutURLOf"))
	assert.Equal(t, []string{"get", "auth", "log", "out"}, purpose.Words("GET /auth/log-out"))
	assert.Empty(t, purpose.Words("/{$}"))
}

func TestSignsOut(t *testing.T) {
	for _, text := range []string{"logout", "handleLogout", "SignOut", "/auth/sign-out", "log_out", "POST /logout/{$}", "signOutEverywhere"} {
		assert.True(t, purpose.SignsOut(text), text)
	}
	for _, text := range []string{"logOutput", "catalogue", "/blogs/outer", "signOutputs", "login", ""} {
		assert.False(t, purpose.SignsOut(text), text)
	}
}

func TestSignsIn(t *testing.T) {
	assert.True(t, purpose.SignsIn("/auth/sign-in"))
	assert.True(t, purpose.SignsIn("/login"))
	assert.False(t, purpose.SignsIn("/blog/inside"))
}

func TestDeletes(t *testing.T) {
	assert.True(t, purpose.Deletes("logoutAndDelete"))
	assert.True(t, purpose.Deletes("DELETE /account"))
	assert.False(t, purpose.Deletes("logout"))
	assert.False(t, purpose.Deletes("destroySession"))
}
