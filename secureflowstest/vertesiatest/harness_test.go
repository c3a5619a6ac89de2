package vertesiatest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/secureflows/secureflows-go/secureflowstest/vertesiatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ada = "ada@example.com"

// reply is an answer with its body read.
type reply struct {
	status int
	header http.Header
	body   string
}

// ask sends one request and follows no redirect. Headers are given in pairs; a
// body is JSON unless they say otherwise.
func ask(t *testing.T, method, url, body string, header ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return reply{response.StatusCode, response.Header, string(text)}
}

// issue asks for a token with the credential.
func issue(t *testing.T, server *vertesiatest.Server, credential, body string) reply {
	t.Helper()
	return ask(t, http.MethodPost, server.Origin()+"/token/issue", body, "Authorization", "Bearer "+credential)
}

// jwk has the members of both kinds of key.
type jwk struct{ Kty, Kid, Alg, Use, Crv, X, Y, N, E string }

func published(t *testing.T, server *vertesiatest.Server) map[string]jwk {
	t.Helper()
	got := ask(t, http.MethodGet, server.Origin()+"/.well-known/jwks", "")
	require.Equal(t, 200, got.status)
	require.Equal(t, "application/json", got.header.Get("Content-Type"))
	var set struct{ Keys []jwk }
	require.NoError(t, json.Unmarshal([]byte(got.body), &set))
	keys := map[string]jwk{}
	for _, key := range set.Keys {
		require.NotContains(t, keys, key.Kid)
		keys[key.Kid] = key
	}
	return keys
}

func number(t *testing.T, text string) *big.Int {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	require.NoError(t, err)
	return new(big.Int).SetBytes(b)
}

type header struct{ Alg, Typ, Kid string }

// open verifies a token by hand, with the published keys, and gives its header
// and claims. It shares nothing with what signed it.
func open(keys map[string]jwk, t *testing.T, token string) (header, map[string]any) {
	t.Helper()
	head, claims, err := verify(t, keys, token)
	require.NoError(t, err)
	return head, claims
}

func verify(t *testing.T, keys map[string]jwk, token string) (head header, claims map[string]any, err error) {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	decode := func(part string, into any) {
		text, err := base64.RawURLEncoding.DecodeString(part)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, into))
	}
	decode(parts[0], &head)
	decode(parts[1], &claims)
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	require.NoError(t, err)
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	key, known := keys[head.Kid]
	switch {
	case !known || key.Alg != head.Alg || key.Use != "sig":
		return head, claims, fmt.Errorf("no key %q for %q", head.Kid, head.Alg)
	case key.Kty == "RSA" && head.Alg == "RS256":
		public := &rsa.PublicKey{N: number(t, key.N), E: int(number(t, key.E).Int64())}
		return head, claims, rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature)
	case key.Kty == "EC" && head.Alg == "ES256" && key.Crv == "P-256" && len(signature) == 64:
		public := &ecdsa.PublicKey{Curve: elliptic.P256(), X: number(t, key.X), Y: number(t, key.Y)}
		if ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
			return head, claims, nil
		}
	}
	return head, claims, fmt.Errorf("the signature is not of key %q", head.Kid)
}

// tokenIn takes the token out of an answer of /token/issue.
func tokenIn(t *testing.T, got reply) string {
	t.Helper()
	require.Equal(t, 200, got.status, got.body)
	var answer struct{ Token string }
	require.NoError(t, json.Unmarshal([]byte(got.body), &answer))
	return answer.Token
}

// recorder is a test that notes how it was failed and goes on.
type recorder struct{ failures []string }

func (r *recorder) Helper()        {}
func (r *recorder) Cleanup(func()) {}
func (r *recorder) Fatalf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// demo is a mock with a second account, in which Ada reaches one of two
// projects.
func demo(t *testing.T, options ...vertesiatest.Options) *vertesiatest.Server {
	t.Helper()
	server := vertesiatest.NewServer(t, options...)
	server.AddAccount(vertesiatest.Account{ID: "acme", Name: "Acme", Projects: []vertesiatest.Project{{ID: "p1", Name: "One"}, {ID: "p2", Name: "Two"}}})
	server.AddAccount(vertesiatest.Account{ID: "other", Name: "Other", Projects: []vertesiatest.Project{{ID: "p3", Name: "Three"}}})
	server.AddUser(vertesiatest.User{
		Email: ada, Name: "Ada", Claims: map[string]any{"permissions": []string{"content:read"}, "apps": []string{"notes"}},
		Memberships: []vertesiatest.Membership{
			{Account: vertesiatest.AccountID, Roles: []string{"owner"}, ProjectRoles: []string{"developer"}},
			{Account: "acme", Roles: []string{"member"}, Projects: []string{"p1"}, ProjectRoles: []string{"reader"}},
		},
	})
	return server
}
