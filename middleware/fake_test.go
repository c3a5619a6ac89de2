package middleware_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service is a resolver whose answers a test decides, and which counts what it
// is asked. By default every token is good, and that of the user whose number
// it ends with. Like a real one it decides when it is asked, and what it says
// arrives later.
type service struct {
	mu      sync.Mutex    // guards all below
	delay   time.Duration // before each answer
	answer  answer
	asked   map[string]int
	total   int
	running int
	most    int // how many ran at once
}

type answer func(ctx context.Context, token string) (secureflows.Identity, error)

func (s *service) Resolve(ctx context.Context, token secureflows.Token) (secureflows.Identity, error) {
	delay, answer := s.begin(token.Reveal())
	defer s.end()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return secureflows.Identity{}, ctx.Err()
		}
	}
	if answer != nil {
		return answer(ctx, token.Reveal())
	}
	return userOf(token.Reveal()), nil
}

func (s *service) begin(token string) (time.Duration, answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked == nil {
		s.asked = make(map[string]int)
	}
	s.asked[token]++
	s.total++
	s.running++
	s.most = max(s.most, s.running)
	return s.delay, s.answer
}

// slow makes questions from now on take so long.
func (s *service) slow(delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delay = delay
}

// say makes questions from now on be answered so.
func (s *service) say(answer answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

func (s *service) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
}

// calls is how often the service was asked.
func (s *service) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

func (s *service) callsAbout(token string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[token]
}

func (s *service) mostAtOnce() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.most
}

func userOf(token string) secureflows.Identity {
	number, _ := strconv.ParseInt(token[strings.LastIndexByte(token, '-')+1:], 10, 64)
	return secureflows.Identity{UserID: number, Email: token + "@example.com"}
}

// answering makes a service that always answers so.
func answering(identity secureflows.Identity, err error) *service {
	return &service{answer: func(context.Context, string) (secureflows.Identity, error) { return identity, err }}
}

// refusing makes a service that refuses every token.
func refusing() *service { return answering(secureflows.Identity{}, secureflows.ErrUnauthenticated) }

var errDown = errors.New("the database is down")

// bearing is a request with this token.
func bearing(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return r
}

// status is what handler answers r with.
func status(handler http.Handler, r *http.Request) int {
	return answerTo(handler, r).Code
}

func answerTo(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

// whoami answers with the e-mail address of whoever asks, "" for nobody.
var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	_, _ = io.WriteString(w, identity.Email)
})

func token(t testing.TB, text string) secureflows.Token {
	t.Helper()
	token, err := secureflows.NewToken(text)
	require.NoError(t, err)
	return token
}

// virtual runs a test on a clock of its own, which moves when all its
// goroutines wait. Whatever still runs an hour later has leaked, and fails it.
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

// requiring is a route behind a Bearer.
func requiring(resolver middleware.Resolver, cfg middleware.BearerConfig) http.Handler {
	return middleware.NewBearer(resolver, cfg).Require(whoami)
}

// forgetCounts gives back the memory of what was asked.
func (s *service) forgetCounts() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.total = nil, 0
}
