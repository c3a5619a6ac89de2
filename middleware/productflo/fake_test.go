package productflo_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/productflo"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	secret      = []byte("a secret of ProductFlo's, of 38 bytes.")
	otherSecret = []byte("a secret of somebody else, of 39 bytes.")
	ecKey, _    = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	rsaKey, _   = rsa.GenerateKey(rand.Reader, 2048)
)

const (
	issuer    = "https://productflo.example.com"
	keySetURL = "https://keys.example.com/jwks.json"
)

// start is what the clock of the tests shows.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func atStart() time.Time { return start }

type claims map[string]any

// documented are the claims of a token as ProductFlo's documentation lists them.
func documented() claims {
	return claims{
		"sub": "6c1b9f2e-0000-4000-8000-000000000001", "exp": start.Add(time.Hour).Unix(), "iat": start.Unix(),
		"tenant_id": "t-42", "role": "Member", "permissions": []string{"project:read", "project:write"},
	}
}

// with gives a copy in which some are others. nil takes one away.
func (c claims) with(name string, value any) claims {
	c = maps.Clone(c)
	if c[name] = value; value == nil {
		delete(c, name)
	}
	return c
}

func (c claims) text() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// sign makes a token by hand, of any header and claims. key is a secret, or a
// private key; nil leaves the signature empty.
func sign(header, payload string, key any) string {
	text := encode(header) + "." + encode(payload)
	digest := sha256.Sum256([]byte(text))
	var signature []byte
	switch key := key.(type) {
	case []byte:
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(text))
		signature = mac.Sum(nil)
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			panic(err)
		}
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case *rsa.PrivateKey:
		var err error
		if signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:]); err != nil {
			panic(err)
		}
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

const hs256 = `{"alg":"HS256","typ":"JWT"}`

func hmacToken(c claims) string { return sign(hs256, c.text(), secret) }
func es256(c claims) string     { return sign(`{"alg":"ES256","kid":"ec"}`, c.text(), ecKey) }

func token(t testing.TB, text string) secureflows.Token {
	t.Helper()
	token, err := secureflows.NewToken(text)
	require.NoError(t, err)
	return token
}

// keySet is what the public keys look like where they are published.
func keySet() string {
	number := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	set, err := json.Marshal(map[string]any{"keys": []map[string]string{
		{"kty": "EC", "crv": "P-256", "kid": "ec", "x": number(ecKey.X.FillBytes(make([]byte, 32))), "y": number(ecKey.Y.FillBytes(make([]byte, 32)))},
		{"kty": "RSA", "kid": "rsa", "n": number(rsaKey.N.Bytes()), "e": "AQAB"},
	}})
	if err != nil {
		panic(err)
	}
	return string(set)
}

// network is all that the tests can reach: it answers, and remembers who was
// asked what, with which token.
type network struct {
	mu       sync.Mutex // guards the requests
	requests []request
	// answers are by method and URL.
	answers map[string]answer
}

type request struct{ name, bearer, tenant, body string }

type answer struct {
	status int
	body   string
	header http.Header
	err    error
}

func newNetwork() *network {
	return &network{answers: map[string]answer{
		"GET " + keySetURL:                           {status: http.StatusOK, body: keySet()},
		"GET https://api.productflo.io/auth/session": {status: http.StatusOK, body: `{"anything":[1]}`},
		"POST https://api.productflo.io/auth/logout": {status: http.StatusOK},
	}}
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	name := r.Method + " " + r.URL.String()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.requests = append(n.requests, request{name, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), r.Header.Get("X-Tenant-ID"), string(body)})
	given, ok := n.answers[name]
	switch {
	case !ok:
		given.status = http.StatusNotFound
	case given.err != nil:
		return nil, given.err
	}
	w := httptest.NewRecorder()
	maps.Copy(w.Header(), given.header)
	w.WriteHeader(given.status)
	_, _ = w.WriteString(given.body)
	response := w.Result()
	response.Request = r
	return response, nil
}

func (n *network) client() *http.Client { return &http.Client{Transport: n} }

// asked gives the requests so far.
func (n *network) asked() []request {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]request(nil), n.requests...)
}

// shared is a Config with a secret, and public one with a key set, for tokens
// without an issuer.
func shared(n *network) productflo.Config {
	return productflo.Config{Secret: must(productflo.NewSecret(secret)), WithoutIssuer: true, HTTPClient: n.client(), Now: atStart}
}

func public(n *network) productflo.Config {
	return productflo.Config{KeySetURL: keySetURL, Algorithms: []string{"ES256", "RS256"}, WithoutIssuer: true, HTTPClient: n.client(), Now: atStart}
}

// of is a Config for tokens of the issuer.
func of(config productflo.Config) productflo.Config {
	config.Issuer, config.WithoutIssuer = issuer, false
	return config
}

func newResolver(t testing.TB, config productflo.Config) *productflo.Resolver {
	t.Helper()
	r, err := productflo.New(config)
	require.NoError(t, err)
	return r
}

// through sends a request with the token through a Bearer.
func through(resolver middleware.Resolver, text string) *httptest.ResponseRecorder {
	handler := middleware.NewBearer(resolver, middleware.BearerConfig{}).Require(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+text)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// must gives a value that a test cannot do without.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
