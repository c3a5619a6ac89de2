package authreturn_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
)

func TestConfigurationsThatAreRefused(t *testing.T) {
	for name, row := range map[string]struct {
		cfg  authreturn.Config
		says string
	}{
		"plain http":       {authreturn.Config{Origin: "http://authreturn.com"}, "write https"},
		"a path":           {authreturn.Config{Origin: "https://authreturn.com/api"}, "write https://authreturn.com"},
		"a query":          {authreturn.Config{Origin: "https://authreturn.com?x=1"}, "Config.Origin"},
		"a password":       {authreturn.Config{Origin: "https://ada:pass@authreturn.com"}, "user"},
		"no scheme":        {authreturn.Config{Origin: "authreturn.com"}, "absolute"},
		"another scheme":   {authreturn.Config{Origin: "ftp://authreturn.com"}, "absolute"},
		"negative leeway":  {authreturn.Config{Leeway: -1}, "Config.Leeway"},
		"an hour's leeway": {authreturn.Config{Leeway: time.Hour}, "Config.Leeway"},
		"leeway, locally":  {authreturn.Config{Leeway: time.Hour, Secret: must(authreturn.NewSecret([]byte(secret)))}, "Config.Leeway"},
	} {
		t.Run(name, func(t *testing.T) {
			resolver, err := authreturn.New(row.cfg)
			require.ErrorIs(t, err, secureflows.ErrInvalidRequest)
			assert.Contains(t, err.Error(), "authreturn: ")
			assert.Contains(t, err.Error(), row.says)
			assert.Nil(t, resolver)
		})
	}
}

func TestConfigurationsThatWork(t *testing.T) {
	for _, cfg := range []authreturn.Config{
		{}, {Origin: "https://authreturn.com/"}, {Origin: "http://localhost:8080"}, {Origin: "http://[::1]:8080"},
		{Secret: must(authreturn.NewSecret([]byte(secret[:32])))}, {Leeway: 5 * time.Minute},
	} {
		_, err := authreturn.New(cfg)
		require.NoError(t, err)
	}
}

// A secret that the caller wipes afterwards was copied.
func TestTheSecretIsCopied(t *testing.T) {
	key := []byte(secret)
	made, err := authreturn.NewSecret(key)
	require.NoError(t, err)
	clear(key)
	s := remotely(t, func(cfg *authreturn.Config) { cfg.Secret = made })
	_, err = s.Resolve(t.Context(), good(t, nil))
	require.NoError(t, err)
	assert.Empty(t, s.service.requests(), "the service is not asked")
}

func TestHostedURLs(t *testing.T) {
	s := remotely(t)
	login, err := s.LoginURL("https://app.example/auth/call back")
	require.NoError(t, err)
	assert.Equal(t, "https://authreturn.com/auth/login?redirect_uri="+url.QueryEscape("https://app.example/auth/call%20back"), login)
	signup, err := s.SignupURL("http://localhost:8080/x")
	require.NoError(t, err)
	assert.Equal(t, "https://authreturn.com/auth/signup?redirect_uri="+url.QueryEscape("http://localhost:8080/x"), signup)
	for _, callback := range []string{
		"", "/callback", "http://app.example/callback", "https://app.example/callback?x=1", "https://app.example/callback?",
		"https://app.example/callback#x", "https://app.example/callback#", "https://ada@app.example/", "javascript:alert(1)", "https://",
	} {
		for _, build := range []func(string) (string, error){s.LoginURL, s.SignupURL} {
			got, err := build(callback)
			require.ErrorIs(t, err, secureflows.ErrInvalidRequest, callback)
			assert.Empty(t, got)
		}
	}
	assert.Empty(t, s.service.requests())
}
