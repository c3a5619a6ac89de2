package authreturn_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secret = "canary-secret-of-the-service-0001"
	day    = 24 * time.Hour
)

var start = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// clock is one that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: start} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// sign gives the JWT of these texts, by HMAC and by hand.
func sign(key, header, claims string) string {
	text := encode(header) + "." + encode(claims)
	return text + "." + base64.RawURLEncoding.EncodeToString(mac(key, text))
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func mac(key, text string) []byte {
	sum := hmac.New(sha256.New, []byte(key))
	io.WriteString(sum, text)
	return sum.Sum(nil)
}

const header = `{"alg":"HS256","typ":"JWT"}`

// claimsOf are those of a token of 30 days; changes with a nil value leave one
// out.
func claimsOf(from time.Time, changes map[string]any) string {
	claims := map[string]any{"user_id": 7, "email": "ada@example.com", "iat": from.Unix(), "exp": from.Add(30 * day).Unix()}
	for name, value := range changes {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// good is a token that the service has just made.
func good(t testing.TB, changes map[string]any) secureflows.Token {
	t.Helper()
	return tokenOf(t, sign(secret, header, claimsOf(start, changes)))
}

func tokenOf(t testing.TB, text string) secureflows.Token {
	t.Helper()
	token, err := secureflows.NewToken(text)
	require.NoError(t, err)
	return token
}

// asked is one request that went out.
type asked struct {
	method, url, token, body string
	header                   http.Header
}

// service is AuthReturn as it is documented, in memory. What a test puts into
// answer is what it says instead.
type service struct {
	clock *clock

	mu     sync.Mutex
	asked  []asked
	answer func() (*http.Response, error)
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var form struct{ Token string }
	_ = json.Unmarshal(body, &form)
	s.mu.Lock()
	if s.asked = append(s.asked, asked{r.Method, r.URL.String(), form.Token, string(body), r.Header.Clone()}); len(s.asked) > 20_000 {
		s.asked = nil // of a benchmark
	}
	answer := s.answer
	s.mu.Unlock()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if answer != nil {
		return answer()
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /api/verify":
		return s.verify(form.Token)
	case "POST /api/refresh":
		return s.refresh(form.Token)
	default:
		return nil, errors.New("a path that is not documented")
	}
}

// open gives the claims of a token that the service has signed.
func (s *service) open(token string) (userID json.Number, email string, expires time.Time, ok bool) {
	dot := strings.LastIndexByte(token, '.')
	if dot < 0 || base64.RawURLEncoding.EncodeToString(mac(secret, token[:dot])) != token[dot+1:] {
		return "", "", time.Time{}, false
	}
	_, payload, _ := strings.Cut(token[:dot], ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	var claims struct {
		UserID json.Number `json:"user_id"`
		Email  string
		Exp    float64
	}
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return "", "", time.Time{}, false
	}
	return claims.UserID, claims.Email, time.Unix(int64(claims.Exp), 0), true
}

func (s *service) verify(token string) (*http.Response, error) {
	id, email, expires, ok := s.open(token)
	switch {
	case !ok:
		return respond(401, `{"valid":false,"error":"Invalid token"}`)
	case !s.clock.Now().Before(expires):
		return respond(401, `{"valid":false,"error":"Token expired"}`)
	}
	address, _ := json.Marshal(email)
	return respond(200, `{"valid":true,"user":{"id":`+id.String()+`,"email":`+string(address)+`}}`)
}

func (s *service) refresh(token string) (*http.Response, error) {
	id, email, expires, ok := s.open(token)
	left := expires.Sub(s.clock.Now())
	if !ok || left <= 0 || left > 7*day {
		return respond(401, `{"error":"Invalid token"}`)
	}
	fresh := sign(secret, header, claimsOf(s.clock.Now(), map[string]any{"user_id": id, "email": email}))
	return respond(200, `{"success":true,"token":"`+fresh+`"}`)
}

func respond(status int, body string, header ...string) (*http.Response, error) {
	response := &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(bytes.NewReader([]byte(body))),
	}
	for i := 0; i < len(header); i += 2 {
		response.Header.Set(header[i], header[i+1])
	}
	return response, nil
}

// says makes the service answer everything so.
func (s *service) says(status int, body string, header ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = func() (*http.Response, error) { return respond(status, body, header...) }
}

// breaks ends every request without an answer.
func (s *service) breaks(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = func() (*http.Response, error) { return nil, err }
}

func (s *service) requests() []asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]asked(nil), s.asked...)
}

// setup is a Resolver in front of a service, and the clock of both.
type setup struct {
	*authreturn.Resolver
	service *service
	clock   *clock
}

func remotely(t testing.TB, change ...func(*authreturn.Config)) *setup {
	t.Helper()
	c := newClock()
	s := &setup{service: &service{clock: c}, clock: c}
	cfg := authreturn.Config{HTTPClient: &http.Client{Transport: s.service}, Now: c.Now}
	for _, each := range change {
		each(&cfg)
	}
	var err error
	s.Resolver, err = authreturn.New(cfg)
	require.NoError(t, err)
	return s
}

func withSecret(cfg *authreturn.Config) { cfg.Secret = must(authreturn.NewSecret([]byte(secret))) }

func withLeeway(d time.Duration) func(*authreturn.Config) {
	return func(cfg *authreturn.Config) { cfg.Leeway = d }
}

func locally(t testing.TB, change ...func(*authreturn.Config)) *setup {
	t.Helper()
	return remotely(t, append(change, withSecret)...)
}

// must gives a value that a test cannot do without.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
