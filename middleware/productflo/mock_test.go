package productflo_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/productflo"
	"github.com/secureflows/secureflows-go/secureflowstest/productflotest"
)

// forMock is the plainest Config for the mock.
func forMock(mock *productflotest.Server, algorithm string) productflo.Config {
	config := productflo.Config{WithoutIssuer: true, Origin: mock.Origin(), Now: mock.Now}
	if algorithm == "HS256" {
		config.Secret = must(productflo.NewSecret(mock.Secret()))
	} else {
		config.KeySetURL, config.Algorithms = mock.JWKSURL(), []string{algorithm}
	}
	return config
}

// TestTheMocksPlainTokenIsGood, of somebody of whom nothing was said.
func TestTheMocksPlainTokenIsGood(t *testing.T) {
	for _, algorithm := range []string{"HS256", "ES256", "RS256"} {
		mock := productflotest.NewServer(t, productflotest.Options{Algorithm: algorithm})
		resolver := newResolver(t, forMock(mock, algorithm))
		identity, err := resolver.Resolve(t.Context(), mock.Token("ada@example.com"))
		require.NoError(t, err, algorithm)
		assert.Equal(t, mock.UserID("ada@example.com"), identity.Subject, algorithm)
		_, err = resolver.Login(t.Context(), "ada@example.com", productflotest.Password)
		assert.NoError(t, err, algorithm)
	}
}

// TestWhoseFirstTenantIsAnotherLogsIn to the one of Config.
func TestWhoseFirstTenantIsAnotherLogsIn(t *testing.T) {
	mock := productflotest.NewServer(t)
	mock.AddUser(productflotest.User{Email: "ada@example.com", Tenants: []string{"first", "t-42"}})
	config := forMock(mock, "HS256")
	config.Tenant = "t-42"
	resolver := newResolver(t, config)
	tokens, err := resolver.Login(t.Context(), "ada@example.com", productflotest.Password)
	require.NoError(t, err)
	identity, err := resolver.Resolve(t.Context(), tokens.Access)
	require.NoError(t, err)
	assert.Equal(t, "t-42", identity.Tenant)

	_, err = resolver.Resolve(t.Context(), mock.Token("ada@example.com"))
	assert.ErrorIs(t, err, middleware.ErrNotAllowed, "a token of the first")
}
