package peers_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/benchmarks/internal/peers"
)

// TestPeersDoTheSame holds every peer to what is measured: users are told
// apart, and whoever has no good token is refused.
func TestPeersDoTheSame(t *testing.T) {
	all, stop, err := peers.New(3)
	require.NoError(t, err)
	defer stop()
	for _, peer := range all {
		t.Run(peer.Name, func(t *testing.T) {
			seen := ""
			handler := peer.Guard(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				seen = peer.User(r.Context())
			}))
			ask := func(credentials string) int {
				request := httptest.NewRequest(http.MethodGet, "/", nil)
				if credentials != "" {
					request.Header.Set(peer.Header, credentials)
				}
				response := httptest.NewRecorder()
				handler.ServeHTTP(response, request)
				return response.Code
			}
			if peer.Module == "" {
				assert.Equal(t, http.StatusOK, ask(""), "the floor checks nothing")
				assert.Equal(t, peer.Users[0], seen)
				return
			}
			for i, credentials := range peer.Credentials {
				assert.Equal(t, http.StatusOK, ask(credentials))
				assert.Equal(t, peer.Users[i], seen)
			}
			// Not the last character: of a signature's, some bits mean nothing.
			forged := []byte(peer.Credentials[0])
			if at := len(forged) - 10; forged[at] == 'A' {
				forged[at] = 'B'
			} else {
				forged[at] = 'A'
			}
			refusals := []int{http.StatusUnauthorized, http.StatusForbidden} // clerk's is 403
			assert.Contains(t, refusals, ask(string(forged)), "forged credentials")
			assert.Contains(t, append(refusals, http.StatusBadRequest), ask(""), "no credentials") // auth0's is 400
		})
	}
}
