package benchmarks_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
	"github.com/secureflows/secureflows-go/middleware"
)

const (
	providerIssuer   = "https://provider.example"
	providerAudience = "notes"
	providerUsers    = 1000
)

// errOtherUser fails a measurement of what does not tell users apart.
var errOtherUser = errors.New("the token is another user's")

// way is one way to verify tokens of an algorithm: it gives the user of one.
type way struct {
	name   string
	verify func(ctx context.Context, token string) (string, error)
}

// provider signs tokens for users 0, 1, 2 and so on.
type provider struct {
	algorithm string
	method    jwt.SigningMethod
	private   any
	public    any
}

func providers(t testing.TB) []provider {
	t.Helper()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails: crypto/rand
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return []provider{
		{"HS256", jwt.SigningMethodHS256, secret, secret},
		{"ES256", jwt.SigningMethodES256, ecKey, ecKey.Public()},
		{"RS256", jwt.SigningMethodRS256, rsaKey, rsaKey.Public()},
	}
}

func (p provider) token(t testing.TB, user int) string {
	t.Helper()
	now := time.Now()
	token := jwt.NewWithClaims(p.method, jwt.RegisteredClaims{
		Issuer: providerIssuer, Audience: jwt.ClaimStrings{providerAudience}, Subject: strconv.Itoa(user),
		IssuedAt: jwt.NewNumericDate(now.Add(-time.Minute)), ExpiresAt: jwt.NewNumericDate(now.Add(24 * time.Hour)),
	})
	if p.algorithm != "HS256" {
		token.Header["kid"] = "k1"
	}
	text, err := token.SignedString(p.private)
	require.NoError(t, err)
	return text
}

// RoundTrip publishes the key.
func (p provider) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.public, KeyID: "k1", Use: "sig"}}})
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(text)), Request: r}, err
}

func (p provider) ways(t testing.TB) []way {
	t.Helper()
	ours := p.ours(t)
	cache := middleware.NewCache(resolver{ours}, middleware.CacheConfig{MaxAge: 24 * time.Hour})
	all := []way{
		{"secureFlows", func(ctx context.Context, token string) (string, error) {
			registered, err := ours.Verify(ctx, token, nil)
			return registered.Subject, err
		}},
		{"secureFlows-cached", func(ctx context.Context, text string) (string, error) {
			token, err := secureflows.NewToken(text)
			if err != nil {
				return "", err
			}
			identity, err := cache.Resolve(ctx, token)
			return strconv.FormatInt(identity.UserID, 10), err
		}},
		{"golang-jwt", p.golangJWT()},
	}
	if p.algorithm != "HS256" { // go-oidc has none
		all = append(all, way{"go-oidc", p.goOIDC()})
	}
	return all
}

func (p provider) ours(t testing.TB) *jwtverify.Verifier {
	t.Helper()
	cfg := jwtverify.Config{Algorithms: []string{p.algorithm}, Issuer: providerIssuer, Audience: []string{providerAudience}}
	var err error
	if secret, ok := p.public.([]byte); ok {
		cfg.Keys, err = jwtverify.Secret(secret)
	} else {
		cfg.Keys, err = jwtverify.NewKeySet(jwtverify.KeySetConfig{URL: providerIssuer + "/keys", HTTPClient: &http.Client{Transport: p}})
	}
	require.NoError(t, err)
	verifier, err := jwtverify.New(cfg)
	require.NoError(t, err)
	return verifier
}

// resolver is what the packages for providers make of a Verifier.
type resolver struct{ *jwtverify.Verifier }

func (r resolver) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	registered, err := r.Verify(ctx, token.Reveal(), nil)
	if err != nil {
		return secureflows.Identity{}, err
	}
	user, err := strconv.ParseInt(registered.Subject, 10, 64)
	return secureflows.Identity{UserID: user}, err
}

func (p provider) golangJWT() func(context.Context, string) (string, error) {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{p.algorithm}), jwt.WithIssuer(providerIssuer),
		jwt.WithAudience(providerAudience), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	keyOf := func(*jwt.Token) (any, error) { return p.public, nil }
	return func(_ context.Context, token string) (string, error) {
		var claims jwt.RegisteredClaims
		_, err := parser.ParseWithClaims(token, &claims, keyOf)
		return claims.Subject, err
	}
}

func (p provider) goOIDC() func(context.Context, string) (string, error) {
	verifier := oidc.NewVerifier(providerIssuer, &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{p.public}},
		&oidc.Config{ClientID: providerAudience, SupportedSigningAlgs: []string{p.algorithm}})
	return func(ctx context.Context, token string) (string, error) {
		verified, err := verifier.Verify(ctx, token)
		if err != nil {
			return "", err
		}
		return verified.Subject, nil
	}
}

// TestProviders holds each way to telling users apart, and to refusing what is
// forged: a measurement of anything less would be too good.
func TestProviders(t *testing.T) {
	for _, p := range providers(t) {
		for _, way := range p.ways(t) {
			for user := range 2 {
				got, err := way.verify(t.Context(), p.token(t, user))
				require.NoError(t, err, "%s %s", way.name, p.algorithm)
				assert.Equal(t, strconv.Itoa(user), got)
			}
			one, other := p.token(t, 1), p.token(t, 2)
			forged := other[:strings.LastIndexByte(other, '.')] + one[strings.LastIndexByte(one, '.'):]
			_, err := way.verify(t.Context(), forged)
			assert.Error(t, err, "%s %s", way.name, p.algorithm)
		}
	}
}

// BenchmarkProviders measures the verification of a provider's token, all with
// the same tokens and the keys in memory. The cached way has all answers.
func BenchmarkProviders(b *testing.B) {
	for _, p := range providers(b) {
		tokens := make([]string, providerUsers)
		for user := range tokens {
			tokens[user] = p.token(b, user)
		}
		for _, way := range p.ways(b) {
			verify := func(n int) {
				user := n % providerUsers
				got, err := way.verify(context.Background(), tokens[user])
				if err == nil && got != strconv.Itoa(user) {
					err = errOtherUser
				}
				if err != nil {
					b.Error(err)
				}
			}
			for user := range tokens {
				verify(user)
			}
			b.Run(p.algorithm+"/"+way.name+"/serial", func(b *testing.B) {
				b.ReportAllocs()
				for n := 0; b.Loop(); n++ {
					verify(n)
				}
			})
			b.Run(p.algorithm+"/"+way.name+"/parallel", func(b *testing.B) {
				b.ReportAllocs()
				b.RunParallel(func(loop *testing.PB) {
					for n := 0; loop.Next(); n++ {
						verify(n)
					}
				})
			})
		}
	}
}
