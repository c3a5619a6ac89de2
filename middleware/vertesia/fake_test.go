package vertesia_test

import (
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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	issuer = "https://sts.vertesia.example"
	studio = "https://studio.vertesia.example"
)

var (
	// ecKey is the same in every process, so that what a fuzzer begins with is good.
	ecKey = sync.OnceValue(func() *ecdsa.PrivateKey {
		return must(ecdsa.ParseRawPrivateKey(elliptic.P256(), sum("a key of these tests")))
	})
	otherKey = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func decoded(text string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	return string(raw), err
}

func sum(text string) []byte {
	digest := sha256.Sum256([]byte(text))
	return digest[:]
}

func verifyRSA(digest, signature []byte) error {
	return rsa.VerifyPKCS1v15(&rsaKey().PublicKey, crypto.SHA256, digest, signature)
}

// start is when the tests take place.
var start = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// object spells an object. A change to nil leaves the member out.
func object(base map[string]any, changes ...any) string {
	all := maps.Clone(base)
	for i := 0; i < len(changes); i += 2 {
		if all[changes[i].(string)] = changes[i+1]; changes[i+1] == nil {
			delete(all, changes[i].(string))
		}
	}
	return string(must(json.Marshal(all)))
}

// claims are those of a token that is good at start.
func claims(changes ...any) string {
	return object(map[string]any{
		"iss": issuer, "sub": "user:1", "aud": "shop", "exp": start.Add(time.Hour).Unix(), "type": "user",
		"name": "Ada", "email": "ada@example.com", "user_id": "1",
		"account":       map[string]any{"id": "acme", "name": "Acme"},
		"accounts":      []any{map[string]any{"id": "acme", "name": "Acme"}, map[string]any{"id": "other", "name": "Other"}},
		"account_roles": []string{"member", "billing"},
		"project":       map[string]any{"id": "p1", "name": "One", "account": "acme", "restricted": true},
		"project_roles": []string{"developer"}, "permissions": []string{"content:read"}, "apps": []string{"notes"},
	}, changes...)
}

// sign gives a token with header and claims as they are spelled, signed in the
// manner of the key, whatever the header says.
func sign(key any, header, claims string) string {
	input := encoded(header) + "." + encoded(claims)
	digest := sha256.Sum256([]byte(input))
	var signature []byte
	switch key := key.(type) {
	case []byte:
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(input))
		signature = mac.Sum(nil)
	case *rsa.PrivateKey:
		signature = must(rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:]))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		signature = append(must(r, err).FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	return input + "." + encoded(string(signature))
}

const (
	ec  = `{"alg":"ES256","typ":"JWT","kid":"e"}`
	rs  = `{"alg":"RS256","typ":"JWT","kid":"r"}`
	odd = `{"alg":"ES256","typ":"JWT","kid":"nobody's"}`
)

// signed is a token of the issuer's.
func signed(changes ...any) secureflows.Token { return token(sign(ecKey(), ec, claims(changes...))) }

func token(text string) secureflows.Token { return must(secureflows.NewToken(text)) }

func idToken(text string) secureflows.IDToken { return must(secureflows.NewIDToken(text)) }

// keySet is what the issuer publishes.
func keySet() string {
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	point := must(ecKey().PublicKey.Bytes())
	return object(map[string]any{"keys": []any{
		map[string]any{
			"kty": "EC", "crv": "P-256", "kid": "e", "use": "sig",
			"x": encoded(string(point[1:33])), "y": encoded(string(point[33:])),
		},
		map[string]any{"kty": "RSA", "kid": "r", "n": number(rsaKey().N), "e": number(big.NewInt(int64(rsaKey().E)))},
	}})
}

// request is one that arrived.
type request struct {
	method, url, bearer, body string
	header                    http.Header
}

// reply is what an endpoint says.
type reply struct {
	status int
	body   string
	header http.Header
}

// service answers in place of the network, from the documented endpoints, and
// remembers what it was asked.
type service struct {
	mu       sync.Mutex // guards all below
	down     bool
	requests []request
	issue    func(request) reply // POST /token/issue
	ensure   func(request) reply // POST /auth/ensure-user
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	got := request{r.Method, r.URL.String(), bearer, string(body), r.Header}
	s.requests = append(s.requests, got)
	answer := s.answer(got)
	if answer.header == nil {
		answer.header = http.Header{}
	}
	return &http.Response{
		StatusCode: answer.status, Header: answer.header, Request: r, ProtoMajor: 1, ProtoMinor: 1,
		Body: io.NopCloser(strings.NewReader(answer.body)), ContentLength: int64(len(answer.body)),
	}, nil
}

func (s *service) answer(r request) reply {
	switch {
	case s.down:
		return reply{status: http.StatusServiceUnavailable, body: `{"error":"x","message":"y"}`, header: http.Header{"Retry-After": {"7"}}}
	case r.method == "GET" && r.url == issuer+"/.well-known/jwks":
		return reply{status: http.StatusOK, body: keySet()}
	case r.method == "POST" && r.url == issuer+"/token/issue" && s.issue != nil:
		return s.issue(r)
	case r.method == "POST" && r.url == studio+"/auth/ensure-user" && s.ensure != nil:
		return s.ensure(r)
	}
	return reply{status: http.StatusTeapot}
}

// asked gives what arrived at the paths that end so.
func (s *service) asked(suffix string) (found []request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		if strings.HasSuffix(r.url, suffix) {
			found = append(found, r)
		}
	}
	return found
}

func (s *service) fail(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// issues answers with a token, whoever asks.
func issues(text string) func(request) reply {
	return func(request) reply {
		return reply{status: http.StatusOK, body: object(map[string]any{"token": text, "token_type": "Bearer", "expires_in": 3600})}
	}
}

// says answers with a status and a body.
func says(status int, body string) func(request) reply {
	return func(request) reply { return reply{status: status, body: body} }
}

// config lets in the users of one account.
func config(s *service, changes ...func(*vertesia.Config)) vertesia.Config {
	cfg := vertesia.Config{
		Issuer: issuer, Types: []string{"user"}, Accounts: []string{"acme", "second"}, FirebaseIssuer: firebaseIssuer,
		HTTPClient: &http.Client{Transport: s}, Now: func() time.Time { return start },
	}
	for _, change := range changes {
		change(&cfg)
	}
	return cfg
}

func resolver(t testing.TB, s *service, changes ...func(*vertesia.Config)) *vertesia.Resolver {
	t.Helper()
	r, err := vertesia.New(config(s, changes...))
	require.NoError(t, err)
	return r
}

func at(now time.Time) func(*vertesia.Config) {
	return func(cfg *vertesia.Config) { cfg.Now = func() time.Time { return now } }
}

// roundTripper is one of a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func resolve(r *vertesia.Resolver, text string) error {
	_, err := r.Resolve(context.Background(), token(text))
	return err
}
