package peers

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	jwtmiddleware "github.com/auth0/go-jwt-middleware/v2"
	"github.com/auth0/go-jwt-middleware/v2/validator"
	"github.com/clerk/clerk-sdk-go/v2"
	clerkhttp "github.com/clerk/clerk-sdk-go/v2/http"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-chi/jwtauth/v5"
	"github.com/golang-jwt/jwt/v5"
)

// What the tokens say; issuer is one that every peer accepts.
const (
	issuer   = "https://clerk.example.com"
	audience = "notes"
)

// signedPeers check the signature of a JWT for each request. All that use the
// same algorithm get the same tokens, and their keys from memory.
func signedPeers(users []string) ([]*Peer, error) {
	withHMAC, err := hmacPeers(users)
	if err != nil {
		return nil, err
	}
	withRSA, err := rsaPeers(users)
	if err != nil {
		return nil, err
	}
	all := append(withHMAC, withRSA...)
	for _, peer := range all {
		peer.Header, peer.Users = authorization, users
		peer.Name = strings.ReplaceAll(peer.Name, " ", "-")
	}
	return all, nil
}

// hmacPeers get tokens of few claims, and longer ones, to be compared with opaque
// tokens of that length.
func hmacPeers(users []string) (all []*Peer, err error) {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails: crypto/rand
	byAuth0, err := auth0(validator.HS256, secret)
	if err != nil {
		return nil, err
	}
	for _, length := range []int{208, 400} {
		tokens, err := sign(users, jwt.SigningMethodHS256, secret, length)
		if err != nil {
			return nil, err
		}
		for _, peer := range []Peer{*golangJWT("HS256", secret), *byAuth0, *jwtAuth("HS256", secret, nil)} {
			peer.Credentials, peer.Does = tokens, "checks an HMAC"
			peer.Name = fmt.Sprintf("%s/token=%d", peer.Label, length)
			all = append(all, &peer)
		}
	}
	return all, nil
}

// rsaPeers get tokens of few claims: with the signature, those have over 500 bytes.
func rsaPeers(users []string) ([]*Peer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	tokens, err := sign(users, jwt.SigningMethodRS256, key, 0)
	if err != nil {
		return nil, err
	}
	byAuth0, err := auth0(validator.RS256, key.Public())
	if err != nil {
		return nil, err
	}
	all := []*Peer{
		golangJWT("RS256", key.Public()), byAuth0, jwtAuth("RS256", key, key.Public()),
		goOIDC(key.Public()), clerkSDK(key.Public()),
	}
	for _, peer := range all {
		peer.Credentials, peer.Does = tokens, "checks an RSA signature"
		peer.Name = peer.Label
	}
	return all, nil
}

// claims are what the tokens say: the registered ones, and as much of a scope as
// makes them as long as they are wanted.
type claims struct {
	jwt.RegisteredClaims
	Scope string `json:"scope,omitempty"`
}

// sign makes a token for each user, on all processors, of at least length bytes
// and at most three more.
func sign(users []string, method jwt.SigningMethod, key any, length int) ([]string, error) {
	values := make([]string, len(users))
	errs := make([]error, len(users))
	now := time.Now()
	var workers sync.WaitGroup
	for worker := range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := worker; i < len(users); i += runtime.GOMAXPROCS(0) {
				said := claims{RegisteredClaims: jwt.RegisteredClaims{
					Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: users[i],
					IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(24 * time.Hour)),
				}}
				text, err := jwt.NewWithClaims(method, said).SignedString(key)
				for err == nil && len(text) < length {
					// Three bytes become four characters, and a claim takes eleven.
					said.Scope += strings.Repeat("x", max(1, (length-len(text))*3/4-11))
					text, err = jwt.NewWithClaims(method, said).SignedString(key)
				}
				values[i], errs[i] = "Bearer "+text, err
			}
		})
	}
	workers.Wait()
	return values, errors.Join(errs...)
}

// withUser is the middleware for the packages that have none: check gives the
// user of a token.
func withUser(check func(ctx context.Context, token string) (string, error)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			token, ok := strings.CutPrefix(r.Header.Get(authorization), "Bearer ")
			if !ok {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			user, err := check(r.Context(), token)
			if err != nil {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, user)))
		})
	}
}

func golangJWT(algorithm string, key any) *Peer {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{algorithm}), jwt.WithIssuer(issuer), jwt.WithAudience(audience))
	keyOf := func(*jwt.Token) (any, error) { return key, nil }
	return &Peer{
		Label: "golang-jwt " + algorithm, Module: "github.com/golang-jwt/jwt/v5", User: userOf,
		Guard: withUser(func(_ context.Context, token string) (string, error) {
			var claims jwt.RegisteredClaims
			_, err := parser.ParseWithClaims(token, &claims, keyOf)
			return claims.Subject, err
		}),
	}
}

func auth0(algorithm validator.SignatureAlgorithm, key any) (*Peer, error) {
	keyOf := func(context.Context) (any, error) { return key, nil }
	checker, err := validator.New(keyOf, algorithm, issuer, []string{audience})
	if err != nil {
		return nil, err
	}
	return &Peer{
		Label: "auth0 " + string(algorithm), Module: "github.com/auth0/go-jwt-middleware/v2",
		Guard: jwtmiddleware.New(checker.ValidateToken).CheckJWT,
		User: func(ctx context.Context) string {
			return ctx.Value(jwtmiddleware.ContextKey{}).(*validator.ValidatedClaims).RegisteredClaims.Subject
		},
	}, nil
}

func jwtAuth(algorithm string, signKey, verifyKey any) *Peer {
	auth := jwtauth.New(algorithm, signKey, verifyKey)
	return &Peer{
		Label: "jwtauth " + algorithm, Module: "github.com/go-chi/jwtauth/v5",
		Guard: func(next http.Handler) http.Handler {
			return jwtauth.Verifier(auth)(jwtauth.Authenticator(auth)(next))
		},
		User: func(ctx context.Context) string {
			token, _, _ := jwtauth.FromContext(ctx) // there is one: Authenticator let it through
			return token.Subject()
		},
	}
}

func goOIDC(key crypto.PublicKey) *Peer {
	verifier := oidc.NewVerifier(issuer, &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{key}}, &oidc.Config{ClientID: audience})
	return &Peer{
		Label: "go-oidc RS256", Module: "github.com/coreos/go-oidc/v3", User: userOf,
		Guard: withUser(func(ctx context.Context, token string) (string, error) {
			verified, err := verifier.Verify(ctx, token)
			if err != nil {
				return "", err
			}
			return verified.Subject, nil
		}),
	}
}

func clerkSDK(key crypto.PublicKey) *Peer {
	parsed := &clerk.JSONWebKey{Key: key, Algorithm: "RS256"}
	return &Peer{
		Label: "clerk RS256", Module: "github.com/clerk/clerk-sdk-go/v2",
		// In place of the option JSONWebKey, which would parse PEM for each
		// request.
		Guard: clerkhttp.RequireHeaderAuthorization(func(params *clerkhttp.AuthorizationParams) error {
			params.JWK = parsed
			return nil
		}),
		User: func(ctx context.Context) string {
			claims, _ := clerk.SessionClaimsFromContext(ctx)
			return claims.Subject
		},
	}
}
