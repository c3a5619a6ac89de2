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
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
	"github.com/secureflows/secureflows-go/middleware/productflo"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
)

const (
	providerIssuer   = "https://provider.example"
	providerAudience = "notes"
	providerUsers    = 1000
)

// errOtherUser fails a measurement of what does not tell users apart.
var errOtherUser = errors.New("the token is another user's")

// way is one way to find out whose a token is.
type way struct {
	name    string
	resolve func(ctx context.Context, token string) (string, error)
}

// provider signs tokens for users 1, 2, 3 and so on, as the one of that name does.
type provider struct {
	name, algorithm string
	private, public any
	claims          func(user int) jwt.MapClaims
	resolver        func(p provider) (middleware.Resolver, error)
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
		{"authreturn", "HS256", secret, secret, authReturnClaims, authReturn},
		{"vertesia", "ES256", ecKey, ecKey.Public(), vertesiaClaims, vertesiaResolver},
		{"vertesia", "RS256", rsaKey, rsaKey.Public(), vertesiaClaims, vertesiaResolver},
		{"productflo", "HS256", secret, secret, productFloClaims, productFlo},
	}
}

func authReturnClaims(user int) jwt.MapClaims {
	return jwt.MapClaims{"user_id": user, "email": "ada@example.com"}
}

func authReturn(p provider) (middleware.Resolver, error) {
	secret, err := authreturn.NewSecret(p.public.([]byte))
	if err != nil {
		return nil, err
	}
	return authreturn.New(authreturn.Config{Secret: secret})
}

func vertesiaClaims(user int) jwt.MapClaims {
	account := map[string]string{"id": "a1", "name": "Acme"}
	return jwt.MapClaims{
		"iss": providerIssuer, "aud": providerAudience, "sub": strconv.Itoa(user), "name": "Ada", "email": "ada@example.com",
		"type": "user", "account": account, "accounts": []any{account}, "account_roles": []string{"member"},
		"project": map[string]string{"id": "p1", "name": "Notes", "account": "a1"}, "apps": []string{},
	}
}

func vertesiaResolver(p provider) (middleware.Resolver, error) {
	return vertesia.New(vertesia.Config{
		Issuer: providerIssuer, Audience: []string{providerAudience}, Types: []string{"user"}, Accounts: []string{"a1"},
		HTTPClient: &http.Client{Transport: p},
	})
}

func productFloClaims(user int) jwt.MapClaims {
	return jwt.MapClaims{
		"iss": providerIssuer, "aud": providerAudience, "sub": strconv.Itoa(user), "tenant_id": "t1", "role": "Member",
		"permissions": []string{"notes:read"},
	}
}

func productFlo(p provider) (middleware.Resolver, error) {
	secret, err := productflo.NewSecret(p.public.([]byte))
	if err != nil {
		return nil, err
	}
	return productflo.New(productflo.Config{
		Secret: secret, Issuer: providerIssuer, Audience: []string{providerAudience}, Tenant: "t1",
	})
}

func (p provider) token(t testing.TB, user int) string {
	t.Helper()
	now := time.Now()
	claims := p.claims(user)
	claims["iat"], claims["exp"] = now.Add(-time.Minute).Unix(), now.Add(24*time.Hour).Unix()
	token := jwt.NewWithClaims(jwt.GetSigningMethod(p.algorithm), claims)
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
	ours, err := p.resolver(p)
	require.NoError(t, err)
	all := []way{
		{"secureFlows", by(ours)},
		{"secureFlows-cached", by(middleware.NewCache(ours, middleware.CacheConfig{MaxAge: 24 * time.Hour}))},
		{"golang-jwt", p.golangJWT()},
	}
	if p.algorithm != "HS256" { // go-oidc has none
		all = append(all, way{"go-oidc", p.goOIDC()})
	}
	return all
}

func by(resolver middleware.Resolver) func(context.Context, string) (string, error) {
	return func(ctx context.Context, text string) (string, error) {
		token, err := secureflows.NewToken(text)
		if err != nil {
			return "", err
		}
		identity, err := resolver.Resolve(ctx, token)
		return identity.Subject, err
	}
}

// providerToken is what the other libraries decode a token into.
type providerToken struct {
	jwt.RegisteredClaims
	UserID int    `json:"user_id"`
	Email  string `json:"email"`
}

func (c *providerToken) user() string {
	if c.Subject == "" {
		return strconv.Itoa(c.UserID)
	}
	return c.Subject
}

func (p provider) golangJWT() func(context.Context, string) (string, error) {
	options := []jwt.ParserOption{jwt.WithValidMethods([]string{p.algorithm}), jwt.WithExpirationRequired(), jwt.WithIssuedAt()}
	if p.claims(1)["iss"] != nil {
		options = append(options, jwt.WithIssuer(providerIssuer), jwt.WithAudience(providerAudience))
	}
	parser := jwt.NewParser(options...)
	keyOf := func(*jwt.Token) (any, error) { return p.public, nil }
	return func(_ context.Context, token string) (string, error) {
		var claims providerToken
		_, err := parser.ParseWithClaims(token, &claims, keyOf)
		return claims.user(), err
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
		var claims providerToken
		err = verified.Claims(&claims)
		return claims.user(), err
	}
}

// TestProviders holds each way to telling users apart, and to refusing what is
// forged: a measurement of anything less would be too good.
func TestProviders(t *testing.T) {
	for _, p := range providers(t) {
		for _, way := range p.ways(t) {
			for user := 1; user <= 2; user++ {
				got, err := way.resolve(t.Context(), p.token(t, user))
				require.NoError(t, err, "%s %s %s", way.name, p.name, p.algorithm)
				assert.Equal(t, strconv.Itoa(user), got)
			}
			one, other := p.token(t, 1), p.token(t, 2)
			forged := other[:strings.LastIndexByte(other, '.')] + one[strings.LastIndexByte(one, '.'):]
			_, err := way.resolve(t.Context(), forged)
			assert.Error(t, err, "%s %s %s", way.name, p.name, p.algorithm)
		}
	}
}

// BenchmarkProviders measures how long it takes to find out whose token of
// another provider it is, all with the same tokens and the keys in memory. The
// cached way has all answers.
func BenchmarkProviders(b *testing.B) {
	for _, p := range providers(b) {
		tokens := make([]string, providerUsers)
		for user := range tokens {
			tokens[user] = p.token(b, user+1)
		}
		for _, way := range p.ways(b) {
			verify := func(n int) {
				user := n % providerUsers
				got, err := way.resolve(context.Background(), tokens[user])
				if err == nil && got != strconv.Itoa(user+1) {
					err = errOtherUser
				}
				if err != nil {
					b.Error(err)
				}
			}
			for user := range tokens {
				verify(user)
			}
			b.Run(p.name+"-"+p.algorithm+"/"+way.name+"/serial", func(b *testing.B) {
				b.ReportAllocs()
				for n := 0; b.Loop(); n++ {
					verify(n)
				}
			})
			b.Run(p.name+"-"+p.algorithm+"/"+way.name+"/parallel", func(b *testing.B) {
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
