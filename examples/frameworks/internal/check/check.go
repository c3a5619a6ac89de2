// Package check is the test that the programs of this module share.
package check

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// Routes holds routes to what each framework must not lose: the refusals as the
// middleware writes them, the caller, and the framework's own path parameters.
func Routes(t *testing.T, routes func(*middleware.Bearer) http.Handler) {
	service := secureflowstest.NewServer(t)
	server := httptest.NewServer(routes(middleware.NewBearer(service.Client(), middleware.BearerConfig{})))
	t.Cleanup(server.Close)
	ask := func(token secureflows.Token) (*http.Response, string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/notes/7", nil)
		require.NoError(t, err)
		if !token.IsZero() {
			r.Header.Set("Authorization", "Bearer "+token.Reveal())
		}
		response, err := server.Client().Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response, string(body)
	}
	refused := func(token secureflows.Token, status int) *http.Response {
		response, body := ask(token)
		assert.Equal(t, status, response.StatusCode)
		assert.Equal(t, "application/problem+json", response.Header.Get("Content-Type"))
		assert.NotContains(t, body, "note 7", "the handler ran")
		return response
	}

	anonymous := refused(secureflows.Token{}, http.StatusUnauthorized)
	assert.Equal(t, "Bearer", anonymous.Header.Get("WWW-Authenticate"))

	for _, email := range []string{"ada@example.com", "grace@example.com"} {
		response, body := ask(service.Session(email).Token())
		assert.Equal(t, http.StatusOK, response.StatusCode)
		assert.Equal(t, "note 7 of "+email, body)
	}

	service.Fail(secureflowstest.Fault{Status: http.StatusBadGateway})
	outage := refused(service.Session("lin@example.com").Token(), http.StatusServiceUnavailable)
	assert.NotEmpty(t, outage.Header.Get("Retry-After"))
}
