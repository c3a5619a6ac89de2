package redis_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/redistest"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/redis"
)

func TestMain(m *testing.M) {
	flag.Parse()
	stop := startExamples()
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		stop()
		os.Exit(code)
	}))
}

// soon is how long anything may take that takes milliseconds on a machine with
// nothing else to do.
const soon = 20 * time.Second

// eventually waits until something is so.
func eventually(t testing.TB, is func() bool, why ...any) {
	t.Helper()
	require.Eventually(t, is, soon, 5*time.Millisecond, why...)
}

// fleet are the replicas of one application, around one Redis and one service.
type fleet struct {
	t       testing.TB
	redis   *redistest.Server
	service *service
}

func newFleet(t testing.TB, args ...string) *fleet {
	t.Helper()
	return &fleet{t: t, redis: redistest.Start(t, args...), service: &service{}}
}

// done is how often Redis has carried out a command.
func (f *fleet) done(command string) int {
	f.t.Helper()
	said, _ := f.redis.Do("INFO", "commandstats").(string)
	_, rest, found := strings.Cut(said, "cmdstat_"+command+":calls=")
	if !found {
		return 0
	}
	calls, _, _ := strings.Cut(rest, ",")
	number, err := strconv.Atoi(calls)
	require.NoError(f.t, err)
	return number
}

// events are the values in the stream, oldest first.
func (f *fleet) events() (values []string) {
	f.t.Helper()
	entries, _ := f.redis.Do("XRANGE", "secureflows:events", "-", "+").([]any)
	for _, entry := range entries {
		fields, _ := entry.([]any)[1].([]any)
		values = append(values, fmt.Sprint(fields[1]))
	}
	return values
}

// dropLastEvent takes the last one away, as a failover may.
func (f *fleet) dropLastEvent() {
	f.t.Helper()
	last, _ := f.redis.Do("XREVRANGE", "secureflows:events", "+", "-", "COUNT", "1").([]any)
	require.Len(f.t, last, 1)
	require.Equal(f.t, int64(1), f.redis.Do("XDEL", "secureflows:events", fmt.Sprint(last[0].([]any)[0])))
}

// member is one of them. The way to Redis that it has is its own.
type member struct {
	*redis.Replicas
	t      testing.TB
	client rueidis.Client
	wire   *wire
	asker  *asker
	cache  *middleware.Cache
	second *middleware.Cache // of some
	log    *journal
}

type change func(*redis.Config)

func aging(maxAge time.Duration) change { return func(config *redis.Config) { config.MaxAge = maxAge } }

func sharing(config *redis.Config) { config.ShareAnswers = true }

// patient waits for a reply that a test holds back.
func patient(config *redis.Config) { config.Timeout = soon }

func keyed(fills ...byte) change {
	return func(config *redis.Config) { config.EncryptionKeys = keysOf(fills...) }
}

func keysOf(fills ...byte) (keys []middleware.EncryptionKey) {
	for _, fill := range fills {
		keys = append(keys, bytes.Repeat([]byte{fill}, 32))
	}
	return keys
}

// join makes a replica that is connected. Unless a change says otherwise it keeps
// what it knows for an hour.
func (f *fleet) join(changes ...change) *member {
	f.t.Helper()
	r := f.start(changes...)
	r.hears()
	return r
}

// start is join for where Redis may be away.
func (f *fleet) start(changes ...change) *member {
	f.t.Helper()
	r := &member{t: f.t, wire: newWire(f.t, f.redis.Addr()), asker: &asker{service: f.service}, log: &journal{}}
	r.client = dial(f.t, r.wire.url())
	// A MaxAge that no test waits for: whatever is noticed was heard. The Timeout is
	// for a machine that does other things as well.
	config := redis.Config{EncryptionKeys: keysOf(1), MaxAge: time.Hour, Timeout: 5 * time.Second, Logger: slog.New(slog.NewTextHandler(r.log, nil))}
	for _, change := range changes {
		change(&config)
	}
	var err error
	r.Replicas, err = redis.New(r.client, config)
	require.NoError(f.t, err)
	f.t.Cleanup(r.Close)
	r.cache = r.NewCache(r.asker, middleware.CacheConfig{RefusalAge: -1})
	return r
}

// dial makes the application's client. It is closed after what is cleaned up
// later than now.
func dial(t testing.TB, url string) rueidis.Client {
	t.Helper()
	var client rueidis.Client
	option, err := rueidis.ParseURL(url)
	require.NoError(t, err)
	eventually(t, func() bool {
		client, err = rueidis.NewClient(option)
		return err == nil
	})
	t.Cleanup(client.Close)
	return client
}

// hears waits until the replica hears the others.
func (r *member) hears() {
	r.t.Helper()
	eventually(r.t, func() bool { return r.Stats().Connected }, "not connected")
}

// deaf waits until the replica has noticed that it does not.
func (r *member) deaf() {
	r.t.Helper()
	eventually(r.t, func() bool { return !r.Stats().Connected }, "still connected")
}

// caughtUp waits until the replica has heard whatever was told before now: what
// another replica tells now comes after it.
func (r *member) caughtUp(other *member) {
	r.t.Helper()
	r.learns(other, "catching-up")
}

// learns waits until the replica has forgotten a token because another one was
// told to.
func (r *member) learns(other *member, text string) {
	r.t.Helper()
	r.admits(text)
	before := r.asker.times(text)
	other.cache.Forget(token(r.t, text))
	eventually(r.t, func() bool {
		r.admits(text)
		return r.asker.times(text) > before
	}, "an event did not arrive")
}

// admits asserts that a token is good here.
func (r *member) admits(texts ...string) {
	r.t.Helper()
	for _, text := range texts {
		identity, err := r.cache.Resolve(r.t.Context(), token(r.t, text))
		require.NoError(r.t, err, text)
		require.Equal(r.t, userOf(text), identity)
	}
}

// refuses reports whether a token is no good here.
func (r *member) refuses(text string) bool {
	_, err := r.cache.Resolve(r.t.Context(), token(r.t, text))
	return errors.Is(err, secureflows.ErrSignedOut)
}

// service knows which tokens are good: all but those that have ended.
type service struct {
	mu     sync.Mutex // guards all below
	ended  map[string]error
	asked  map[string]int
	emails map[string]string // that are not those of userOf
}

func (s *service) answer(text string) (secureflows.Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked == nil {
		s.asked = map[string]int{}
	}
	s.asked[text]++
	if err := s.ended[text]; err != nil {
		return secureflows.Identity{}, err
	}
	identity := userOf(text)
	if email, changed := s.emails[text]; changed {
		identity.Email = email
	}
	return identity, nil
}

// end ends tokens, as somebody does elsewhere.
func (s *service) end(texts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.ended = map[string]error{}
	}
	for _, text := range texts {
		s.ended[text] = secureflows.ErrSessionRevoked
	}
}

// times is how often the service was asked about a token.
func (s *service) times(text string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[text]
}

// asker asks the service for one replica, and tells of sign-outs as a client does.
type asker struct {
	service *service

	mu        sync.Mutex // guards all below
	asked     map[string]int
	listeners []func(secureflows.Token)
	hold      func(text string) // before an answer arrives here
}

func (a *asker) Resolve(_ context.Context, token secureflows.Token) (secureflows.Identity, error) {
	text := token.Reveal()
	a.mu.Lock()
	if a.asked == nil {
		a.asked = map[string]int{}
	}
	a.asked[text]++
	hold := a.hold
	a.mu.Unlock()
	identity, err := a.service.answer(text)
	if hold != nil {
		hold(text)
	}
	if err != nil {
		a.tell(token)
	}
	return identity, err
}

func (a *asker) OnSignedOut(listener func(secureflows.Token)) (stop func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listeners = append(a.listeners, listener)
	return func() {}
}

func (a *asker) tell(token secureflows.Token) {
	a.mu.Lock()
	listeners := a.listeners
	a.mu.Unlock()
	for _, listener := range listeners {
		listener(token)
	}
}

// signOut ends a token as the application does on this replica.
func (r *member) signOut(text string) {
	r.asker.service.end(text)
	r.asker.tell(token(r.t, text))
}

// holding makes answers to this replica wait until release is called. arrived is
// told of each.
func (a *asker) holding() (arrived chan string, release func()) {
	arrived, gate := make(chan string, 1000), make(chan struct{})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hold = func(text string) {
		arrived <- text
		<-gate
	}
	return arrived, sync.OnceFunc(func() {
		a.mu.Lock()
		a.hold = nil
		a.mu.Unlock()
		close(gate)
	})
}

func (a *asker) times(text string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked[text]
}

func userOf(text string) secureflows.Identity {
	return secureflows.Identity{UserID: int64(len(text)), Email: text + "@example.com"}
}

func token(t testing.TB, text string) secureflows.Token {
	t.Helper()
	token, err := secureflows.NewToken(text)
	require.NoError(t, err)
	return token
}

// bearing is a request with this token.
func bearing(text string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+text)
	return r
}

func status(handler http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Code
}

var whoami = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	_, _ = io.WriteString(w, identity.Email)
})

// journal is a log that several goroutines write to.
type journal struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// lines counts those of a level.
func (j *journal) lines(level slog.Level) int {
	return strings.Count(j.String(), "level="+level.String())
}
