package jwtverify_test

import (
	"bytes"
	"context"
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
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What signs here is written out by hand: a library that verifies what it has
// signed itself shows little.

const (
	issuerURL = "https://issuer.example"
	keysURL   = issuerURL + "/.well-known/jwks"
)

var secret = []byte("a secret of 32 bytes at the least")

var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	otherRSA = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	smallRSA = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 1024)) })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	otherEC  = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	wideEC   = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)) })
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// sign gives a token with header and claims as they are spelled, signed in the
// manner of the key, whatever the header says.
func sign(key any, header, claims string) string {
	input := encoded(header) + "." + encoded(claims)
	return input + "." + encoded(string(signature(key, input)))
}

func signature(key any, input string) []byte {
	digest := sha256.Sum256([]byte(input))
	switch key := key.(type) {
	case []byte:
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(input))
		return mac.Sum(nil)
	case *rsa.PrivateKey:
		return must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:]))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		size := (key.Params().BitSize + 7) / 8
		return append(must(r, err).FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	default:
		return nil
	}
}

// object spells an object. A value of nil leaves the member out of base.
func object(base map[string]any, changes ...any) string {
	all := maps.Clone(base)
	for i := 0; i < len(changes); i += 2 {
		if all[changes[i].(string)] = changes[i+1]; changes[i+1] == nil {
			delete(all, changes[i].(string))
		}
	}
	return string(must(json.Marshal(all)))
}

// start is when virtual time begins.
var start = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func at() time.Time { return start }

// claims are those of a token that is good at start.
func claims(changes ...any) string {
	return object(map[string]any{
		"iss": issuerURL, "sub": "jane", "aud": "shop", "jti": "t1",
		"exp": start.Add(time.Hour).Unix(), "iat": start.Unix(), "nbf": start.Unix(),
	}, changes...)
}

func header(changes ...any) string { return object(map[string]any{"typ": "JWT"}, changes...) }

// A signer signs tokens in one of the three ways.
type signer struct {
	algorithm, id string
	key           any
}

var signers = sync.OnceValue(func() map[string]signer {
	return map[string]signer{
		"HS256": {"HS256", "", secret},
		"ES256": {"ES256", "e1", ecKey()},
		"RS256": {"RS256", "r1", rsaKey()},
	}
})

// token gives one that is good at start but for the changes of its claims.
func (s signer) token(changes ...any) string { return s.with(nil, claims(changes...)) }

// with gives one with changes of its header.
func (s signer) with(changes []any, claims string) string {
	base := header("alg", s.algorithm)
	if s.id != "" {
		base = header("alg", s.algorithm, "kid", s.id)
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(base), &members); err != nil {
		panic(err)
	}
	return sign(s.key, object(members, changes...), claims)
}

// jwk is the public key of a private one.
func jwk(key any, id string, changes ...any) string {
	base := map[string]any{"kid": id}
	if id == "" {
		delete(base, "kid")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		base["kty"], base["n"], base["e"] = "RSA", encoded(string(key.N.Bytes())), encoded(string(big.NewInt(int64(key.E)).Bytes()))
	case *ecdsa.PrivateKey:
		point := must(key.PublicKey.Bytes())[1:]
		base["kty"], base["crv"] = "EC", key.Params().Name
		base["x"], base["y"] = encoded(string(point[:len(point)/2])), encoded(string(point[len(point)/2:]))
	}
	return object(base, changes...)
}

func keySet(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

// usual is the key set of most tests.
func usual() string { return keySet(jwk(ecKey(), "e1"), jwk(rsaKey(), "r1")) }

// issuer publishes keys, in memory.
type issuer struct {
	mu       sync.Mutex
	status   int
	body     string
	header   http.Header
	err      error
	latency  time.Duration
	requests []*http.Request
}

func newIssuer(body string) *issuer { return &issuer{status: http.StatusOK, body: body} }

func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	i.requests = append(i.requests, r)
	answer := &http.Response{StatusCode: i.status, Header: i.header.Clone(), Body: io.NopCloser(bytes.NewReader([]byte(i.body))), Request: r}
	latency, err := i.latency, i.err
	i.mu.Unlock()
	if latency > 0 {
		select {
		case <-time.After(latency):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

func (i *issuer) publishes(keys ...string) { i.says(http.StatusOK, keySet(keys...)) }

func (i *issuer) says(status int, body string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.status, i.body, i.err = status, body, nil
}

func (i *issuer) isDown(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.err = err
}

func (i *issuer) takes(latency time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.latency = latency
}

func (i *issuer) fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.requests)
}

// keys gives a KeySet of the issuer.
func (i *issuer) keys(t testing.TB) *jwtverify.KeySet {
	t.Helper()
	return i.keysWith(t, jwtverify.KeySetConfig{})
}

func (i *issuer) keysWith(t testing.TB, cfg jwtverify.KeySetConfig) *jwtverify.KeySet {
	t.Helper()
	cfg.URL, cfg.HTTPClient = keysURL, &http.Client{Transport: i}
	keys, err := jwtverify.NewKeySet(cfg)
	require.NoError(t, err)
	return keys
}

func verifier(t testing.TB, cfg jwtverify.Config) *jwtverify.Verifier {
	t.Helper()
	v, err := jwtverify.New(cfg)
	require.NoError(t, err)
	return v
}

func secretKeys(t testing.TB) jwtverify.Keys {
	t.Helper()
	keys, err := jwtverify.NewSecret(secret)
	require.NoError(t, err)
	return keys
}

// verifiers are one for each signer, at start.
func verifiers(t testing.TB) map[string]*jwtverify.Verifier {
	t.Helper()
	set := newIssuer(usual()).keysWith(t, jwtverify.KeySetConfig{Now: at})
	cfg := jwtverify.Config{Issuer: issuerURL, Audience: []string{"desk", "shop"}, Now: at}
	all := map[string]*jwtverify.Verifier{}
	for name := range signers() {
		cfg.Algorithms, cfg.Keys = []string{name}, set
		if name == "HS256" {
			cfg.Keys = secretKeys(t)
		}
		all[name] = verifier(t, cfg)
	}
	return all
}

// virtual runs a test whose clock starts at start. Nothing may run on for more
// than an hour after its end.
func virtual(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t)
		pass(time.Hour)
	})
}

// pass lets virtual time pass, and everything happen that is due by then.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// asking is a verifier of the issuer's tokens, in virtual time.
type asking struct {
	t *testing.T
	*jwtverify.Verifier
}

func asks(t *testing.T, keys jwtverify.Keys) asking {
	t.Helper()
	return asking{t, verifier(t, jwtverify.Config{Algorithms: []string{"ES256", "RS256"}, Keys: keys, Issuer: issuerURL})}
}

func (a asking) verify(token string) error { return a.during(a.t.Context(), token) }

func (a asking) during(ctx context.Context, token string) error {
	_, err := a.Verify(ctx, token, nil)
	return err
}

func (a asking) accepts(token string) {
	a.t.Helper()
	assert.NoError(a.t, a.verify(token))
}

// saysUnknown demands a refusal for the key that nobody knows.
func (a asking) saysUnknown(token string) {
	a.t.Helper()
	err := a.verify(token)
	assert.ErrorIs(a.t, err, secureflows.ErrUnauthenticated)
	assert.ErrorContains(a.t, err, "no key of the issuer fits")
}

// saysAway demands an outage, and gives how long it is to last.
func (a asking) saysAway(token string) time.Duration {
	a.t.Helper()
	return isAway(a.t, a.verify(token))
}

func isAway(t *testing.T, err error) time.Duration {
	t.Helper()
	require.ErrorIs(t, err, secureflows.ErrUnavailable)
	assert.NotErrorIs(t, err, secureflows.ErrSignedOut)
	assert.NotErrorIs(t, err, context.DeadlineExceeded)
	var facts *secureflows.Error
	require.ErrorAs(t, err, &facts)
	return facts.RetryAfter
}

// unknown is a token whose key nobody knows, so that nobody looks at what stands
// for its signature.
func unknown(n int) string {
	return sign(nil, header("alg", "ES256", "kid", "unknown"+strconv.Itoa(n)), claims()) + encoded(strings.Repeat("x", 64))
}

// lasting is a good token of a key for as long as any test takes.
func lasting(key any, id string) string {
	algorithm := "ES256"
	if _, ok := key.(*rsa.PrivateKey); ok {
		algorithm = "RS256"
	}
	return signer{algorithm, id, key}.token("exp", start.AddDate(1, 0, 0).Unix())
}
