package middleware_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// canary stands for a token. No eight characters in a row of it may surface.
const canary = "cAnAry/1.Qm9zc2Vz+dG8gYmUg~a2VwdCBz_ZWNyZXQgZm9y-ZXZlcg.Kx7wPz2Vn8LrT4yB=="

// private is what the answers may show as little: of the user, and of the
// inside of the program.
var private = []string{"ada@example.com", "424242", "postgres://"}

func assertNoCanary(t *testing.T, text, where string) {
	t.Helper()
	for i := 0; i+8 <= len(canary); i++ {
		if strings.Contains(text, canary[i:i+8]) {
			t.Fatalf("%s: %q of the token in %.500s", where, canary[i:i+8], text)
		}
	}
}

// everythingOf is all that travels of an answer.
func everythingOf(w *httptest.ResponseRecorder) string {
	return fmt.Sprintf("%d %v %s", w.Code, w.Result().Header, w.Body)
}

// listening catches what the process logs while a test runs.
func listening(t *testing.T) *bytes.Buffer {
	var logged bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})))
	writer := log.Writer()
	log.SetOutput(&logged)
	t.Cleanup(func() { slog.SetDefault(before); log.SetOutput(writer) })
	return &logged
}

func TestCanaryThroughEveryRefusal(t *testing.T) {
	logged := listening(t)
	requests := map[string]func(*http.Request){
		"the token":     func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+canary) },
		"twice":         func(r *http.Request) { r.Header["Authorization"] = []string{"Bearer " + canary, "Bearer " + canary} },
		"garbled":       func(r *http.Request) { r.Header.Set("Authorization", "Bearer \""+canary+"\"") },
		"no scheme":     func(r *http.Request) { r.Header.Set("Authorization", canary) },
		"other scheme":  func(r *http.Request) { r.Header.Set("Authorization", "Basic "+canary) },
		"in the query":  func(r *http.Request) { r.URL.RawQuery = url.Values{"access_token": {canary}}.Encode() },
		"in a cookie":   func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "session", Value: canary}) },
		"from a source": func(r *http.Request) { r.Header.Set("Sec-WebSocket-Protocol", canary) },
		"garbled there": func(r *http.Request) { r.Header.Set("Sec-WebSocket-Protocol", canary+",") },
	}
	source := func(r *http.Request) (string, bool) {
		text := r.Header.Get("Sec-WebSocket-Protocol")
		return text, text != ""
	}
	client := secureflowstest.NewServer(t).Client()
	for _, row := range answers {
		// An error that tells all there is to tell.
		err := fmt.Errorf("postgres://app:pw@db refused %s of ada@example.com (user 424242): %w", canary, row.err)
		bearer := middleware.NewBearer(answering(secureflows.Identity{UserID: 424242, Email: "ada@example.com"}, err), middleware.BearerConfig{
			Realm: "notes", RedirectURI: secureflowstest.RedirectURI, Client: client, TokenSource: source,
		})
		for how, prepare := range requests {
			for name, route := range map[string]http.Handler{
				"require": bearer.Require(unreachable(t)), "fresh": bearer.RequireFresh(0)(unreachable(t)),
				"allow":    bearer.Allow(func(secureflows.Identity) error { return nil })(unreachable(t)),
				"optional": bearer.Optional(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) })),
			} {
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				prepare(r)
				text := everythingOf(answerTo(route, r))
				assertNoCanary(t, text, row.name+", "+how+", "+name)
				for _, secret := range private {
					assert.NotContains(t, text, secret)
				}
			}
		}
		assertNoCanary(t, fmt.Sprintf("%v %+v %#v %+v", bearer, bearer, bearer, bearer.Stats()), row.name)
	}
	assertNoCanary(t, logged.String(), "log")
	assert.Empty(t, logged.String(), "this package does not log")
}

func TestCanaryThroughAllow(t *testing.T) {
	bearer := middleware.NewBearer(&service{}, middleware.BearerConfig{})
	w := answerTo(bearer.Allow(func(secureflows.Identity) error { return errors.New(canary + private[0]) })(unreachable(t)), bearing(canary))
	assert.Equal(t, http.StatusForbidden, w.Code)
	assertNoCanary(t, everythingOf(w), "allow")
	assert.NotContains(t, everythingOf(w), private[0])
}

// Through the client, whose errors may be printed, and what this package makes
// of them.
func TestCanaryThroughTheClient(t *testing.T) {
	logged := listening(t)
	echo := `{"status":%d,"error":"refused ` + canary + `","code":"` + canary + `"}`
	for _, fault := range []secureflowstest.Fault{
		{Status: 400}, {Status: 401}, {Status: 403}, {Status: 404}, {Status: 410}, {Status: 429}, {Status: 500}, {Status: 503},
		{Status: 302}, {Status: 204, EmptyBody: true}, {Status: 200}, {Drop: true}, {Truncate: true},
	} {
		server := secureflowstest.NewServer(t)
		cfg := server.Config()
		cfg.Logger = slog.Default()
		client, err := secureflows.New(cfg)
		require.NoError(t, err)
		if fault.Status != 0 && !fault.EmptyBody {
			fault.Body = fmt.Sprintf(echo, fault.Status)
			fault.Header = http.Header{"X-Request-Id": {canary}, "Location": {"http://evil.example/" + canary}}
		}
		fault.Times = 10
		server.Fail(fault)
		cache := middleware.NewCache(client, middleware.CacheConfig{})
		var refusals []*middleware.Refusal
		bearer := middleware.NewBearer(cache, middleware.BearerConfig{ErrorHandler: func(w http.ResponseWriter, _ *http.Request, refusal *middleware.Refusal) {
			refusals = append(refusals, refusal)
			refusal.Write(w)
		}})
		where := fmt.Sprint(fault.Status)
		assertNoCanary(t, everythingOf(answerTo(bearer.Require(unreachable(t)), bearing(canary))), where)
		require.Len(t, refusals, 1)
		err = refusals[0].Err
		slog.Error("refused", "error", err, "refusal", refusals[0])
		assertNoCanary(t, fmt.Sprintf("%v %+v %#v %v %+v %v %+v", err, err, err, refusals[0], *refusals[0], cache, bearer), where)
		_, err = cache.Resolve(t.Context(), token(t, canary))
		assertNoCanary(t, fmt.Sprintf("%v %+v %#v", err, err, err), where)
	}
	assert.NotEmpty(t, logged.String())
	assertNoCanary(t, logged.String(), "log")
}

// What a program is likely to print in trouble: its context, its request's
// context, the cache while others use it.
func TestCanaryInWhatIsPrinted(t *testing.T) {
	cache := middleware.NewCache(everybody{}, middleware.CacheConfig{})
	bearer := middleware.NewBearer(cache, middleware.BearerConfig{Client: secureflowstest.NewServer(t).Client()})
	handler := bearer.Require(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		session, ok := secureflows.SessionFromContext(r.Context())
		assert.True(t, ok)
		for _, value := range []any{r.Context(), struct{ inside context.Context }{r.Context()}, []any{r.Context()}, session, *session, cache, bearer, struct{ C *middleware.Cache }{cache}} {
			assertNoCanary(t, fmt.Sprintf("%v %+v %#v %s %d %q", value, value, value, value, value, value), "printed")
		}
		ctx, stop := context.WithTimeout(r.Context(), time.Hour)
		defer stop()
		assertNoCanary(t, fmt.Sprint(ctx), "a context below")
	}))
	for range 2 {
		assert.Equal(t, http.StatusOK, status(handler, bearing(canary)))
	}
	assert.NotContains(t, fmt.Sprintf("%+v %#v", cache, cache), "@example.com")
}
