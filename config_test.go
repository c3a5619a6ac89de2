package secureflows_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

func TestNewRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		workspace, app, origin string
		says                   []string
	}{
		"no workspace":                     {"", "a", "", []string{"Config.Workspace", "dashboard"}},
		"no app id":                        {"w", "", "", []string{"Config.AppID", "dashboard"}},
		"white space around a name":        {"w\n", "a", "", []string{"Config.Workspace", "dashboard"}},
		"a control character in an app":    {"w", "a\x00b", "", []string{"Config.AppID"}},
		"an origin without a scheme":       {"w", "a", "www.secure-flows.com", []string{"Config.Origin", secureflows.ProductionOrigin}},
		"an origin without a host":         {"w", "a", "https://", []string{"Config.Origin", secureflows.ProductionOrigin}},
		"an origin with a port alone":      {"w", "a", "https://:443", []string{"Config.Origin"}},
		"an origin with half a port":       {"w", "a", "https://service.example:", []string{"Config.Origin"}},
		"an origin of another scheme":      {"w", "a", "ftp://service.example", []string{"Config.Origin"}},
		"an origin that cannot be parsed":  {"w", "a", "https://service example", []string{"Config.Origin"}},
		"an origin with a final slash":     {"w", "a", "https://service.example/", []string{"Config.Origin", "write https://service.example"}},
		"an origin with a path":            {"w", "a", "https://service.example/api", []string{"Config.Origin", "write https://service.example"}},
		"an origin with a query":           {"w", "a", "https://service.example?a=b", []string{"Config.Origin"}},
		"an origin with a question mark":   {"w", "a", "https://service.example?", []string{"Config.Origin"}},
		"an origin with a fragment":        {"w", "a", "https://service.example#a", []string{"Config.Origin"}},
		"an origin with an empty fragment": {"w", "a", "https://service.example#", []string{"Config.Origin"}},
		"http off loopback":                {"w", "a", "http://service.example:8080", []string{"Config.Origin", "https://service.example:8080"}},
		"http to every interface":          {"w", "a", "http://0.0.0.0:8080", []string{"Config.Origin", "https"}},
		"http to a name like loopback":     {"w", "a", "http://localhost.evil.example", []string{"Config.Origin"}},
		"http to an address like loopback": {"w", "a", "http://127.0.0.1.evil.example", []string{"Config.Origin"}},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := secureflows.New(secureflows.Config{Workspace: row.workspace, AppID: row.app, Origin: row.origin})
			assert.Nil(t, client)
			assert.Equal(t, []string{"ErrInvalidRequest"}, sentinelsOf(err))
			for _, words := range row.says {
				assert.ErrorContains(t, err, words)
			}
		})
	}
}

func TestNewDoesNotQuoteAPasswordInTheOrigin(t *testing.T) {
	_, err := secureflows.New(secureflows.Config{Workspace: "w", AppID: "a", Origin: "https://user:hunter2@service.example"})
	require.ErrorIs(t, err, secureflows.ErrInvalidRequest)
	assert.NotContains(t, err.Error(), "hunter2")
}

func TestNewAccepts(t *testing.T) {
	for _, origin := range []string{
		"", "https://service.example", "https://service.example:8443", "HTTPS://SERVICE.example",
		"http://localhost:8787", "http://127.0.0.1", "http://127.8.9.1:1", "http://[::1]:8787",
	} {
		client, err := secureflows.New(secureflows.Config{Workspace: "w", AppID: "a", Origin: origin})
		assert.NoError(t, err, origin)
		assert.NotNil(t, client, origin)
	}
}

func TestTheDefaultOriginIsProduction(t *testing.T) {
	client, err := secureflows.New(secureflows.Config{Workspace: "w", AppID: "a"})
	require.NoError(t, err)
	login, err := client.LoginURL(secureflows.LoginOptions{RedirectURI: "https://app.example/cb"})
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(login, "https://www.secure-flows.com/app/sessions/login?"), login)
}

func TestNewAndSessionPerformNoIO(t *testing.T) {
	t.Setenv("SECUREFLOWS_ORIGIN", "https://evil.example")
	service := answering(reply(200, `{}`))
	client := newClient(t, service)
	session := client.Session(token(t, sessionText))
	_ = session.Token()
	assert.Empty(t, service.requests())
}

// fmt would walk through the client's maps while other calls write to them.
func TestAPrintedClientIsItsName(t *testing.T) {
	client := newClient(t, answering(hang))
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		assert.Equal(t, "secureflows.Client(https://service.example demo-workspace/demo-app)", fmt.Sprintf(format, client))
	}
}

func TestTheHTTPClientIsUsedAndNeverChanged(t *testing.T) {
	service := answering(reply(302, "", "Location", "https://evil.example/", "Set-Cookie", "a=b"))
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	origin, err := url.Parse(fakeOrigin)
	require.NoError(t, err)
	jar.SetCookies(origin, []*http.Cookie{{Name: "bystander", Value: "1"}})
	redirected := 0
	given := &http.Client{Transport: service, Timeout: time.Minute, Jar: jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { redirected++; return nil }}
	before := *given
	client := newClient(t, service, func(cfg *secureflows.Config) { cfg.HTTPClient = given })
	_, err = client.Session(token(t, sessionText)).Payload(context.Background())
	require.ErrorIs(t, err, secureflows.ErrUnavailable)

	assert.Same(t, before.Transport, given.Transport)
	assert.Equal(t, before.Timeout, given.Timeout)
	assert.Same(t, before.Jar, given.Jar)
	assert.NotNil(t, given.CheckRedirect)
	assert.Len(t, service.requests(), 1, "a redirect was followed")
	assert.Zero(t, redirected)
	assert.Empty(t, service.requests()[0].header["Cookie"], "the jar's cookies belong to somebody else")
	assert.Len(t, jar.Cookies(origin), 1)
}

// Redirects stay unfollowed for every status and every kind of target: the
// credential would go along.
func TestNoRedirectIsFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308, 300, 304} {
		for _, location := range []string{"https://evil.example/", "/elsewhere", "http://service.example:81/", "", "://"} {
			for _, op := range operations {
				service := answering(reply(status, "", "Location", location), reply(200, op.ok))
				err := op.do(context.Background(), newClient(t, service), demoTokens(t))
				assert.Equal(t, []string{"ErrUnavailable"}, sentinelsOf(err), "%s: %d to %q", op.name, status, location)
				assert.Len(t, service.requests(), 1, "%s: %d to %q", op.name, status, location)
			}
		}
	}
}

func TestHTTPClientTimeout(t *testing.T) {
	for name, slow := range map[string]answer{
		"no answer":                hang,
		"a body that stalls":       replyBody(200, stalled(`{"key":"theme",`)),
		"a body that never starts": replyBody(200, stalled("")),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service := answering(slow)
				client := newClient(t, service, timeout(3*time.Second), retries(2))
				begun := time.Now()
				_, err := client.Session(token(t, sessionText)).Get(context.Background(), "theme")
				assert.Equal(t, []string{"ErrUnavailable"}, sentinelsOf(err))
				assert.NotErrorIs(t, err, context.DeadlineExceeded, "that is the caller's own")
				assert.NotErrorIs(t, err, context.Canceled)
				assert.Len(t, service.requests(), 3, "it is an attempt's timeout, not the call's")
				took := time.Since(begun)
				assert.GreaterOrEqual(t, took, 9*time.Second)
				assert.Less(t, took, 10*time.Second)
			})
		})
	}
}

func TestAnAttemptAfterATimeoutHasItsOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := answering(hang, reply(200, `{"key":"theme","value":1}`))
		client := newClient(t, service, timeout(time.Second), retries(1))
		value, err := client.Session(token(t, sessionText)).Get(context.Background(), "theme")
		require.NoError(t, err)
		assert.Equal(t, "1", string(value))
	})
}

func TestWithoutAnHTTPClientAnAttemptEndsAfter30Seconds(t *testing.T) {
	original := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = original })
	synctest.Test(t, func(t *testing.T) {
		http.DefaultTransport = answering(hang)
		client, err := secureflows.New(secureflows.Config{Workspace: "w", AppID: "a", MaxRetries: -1})
		require.NoError(t, err)
		begun := time.Now()
		_, err = client.Session(token(t, sessionText)).Payload(context.Background())
		assert.Equal(t, []string{"ErrUnavailable"}, sentinelsOf(err))
		assert.Equal(t, 30*time.Second, time.Since(begun))
	})
}

func TestTheCallersOwnEndIsTheContexts(t *testing.T) {
	why := errors.New("the user closed the page")
	for name, row := range map[string]struct {
		answer answer
		want   error
		limit  func(context.Context) (context.Context, context.CancelFunc)
	}{
		"deadline before an answer":    {hang, context.DeadlineExceeded, within(time.Second)},
		"deadline in a 200's body":     {replyBody(200, stalled("{")), context.DeadlineExceeded, within(time.Second)},
		"deadline in an error's body":  {replyBody(404, stalled("{")), context.DeadlineExceeded, within(time.Second)},
		"cancelled before an answer":   {hang, context.Canceled, cancelledAfter(time.Second, nil)},
		"cancelled with a cause":       {hang, context.Canceled, cancelledAfter(time.Second, why)},
		"cancelled in an error's body": {replyBody(503, stalled("x")), context.Canceled, cancelledAfter(time.Second, nil)},
		"cancelled before the call":    {hang, context.Canceled, cancelledAfter(0, why)},
		"deadline before the call":     {hang, context.DeadlineExceeded, within(-1)},
	} {
		for _, op := range operations {
			t.Run(name+"/"+op.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := row.limit(context.Background())
					defer cancel()
					service := answering(row.answer)
					err := op.do(ctx, newClient(t, service, retries(3), timeout(time.Minute)), demoTokens(t))
					assert.ErrorIs(t, err, row.want)
					assert.Empty(t, sentinelsOf(err))
					assert.Equal(t, op.name, factsOf(t, err).Op)
					if strings.HasSuffix(name, "before the call") {
						assert.Empty(t, service.requests())
					}
					if cause := context.Cause(ctx); errors.Is(cause, why) {
						assert.ErrorIs(t, err, why)
					}
				})
			})
		}
	}
}

func within(d time.Duration) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, d) }
}

func cancelledAfter(d time.Duration, why error) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(ctx)
		if d == 0 {
			cancel(why)
		} else {
			time.AfterFunc(d, func() { cancel(why) })
		}
		return ctx, func() { cancel(nil) }
	}
}

// errgroup cancels the other calls with the first one's error as the cause.
// What that error says of its own token, it does not say of theirs.
func TestACancellationTakesNoSentinelFromItsCause(t *testing.T) {
	for name, sentinel := range sentinels {
		cause := errors.Join(errors.New("first"), sentinel)
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause)
		client := newClient(t, answering(hang))
		var told []secureflows.Token
		client.OnSignedOut(func(token secureflows.Token) { told = append(told, token) })
		session := client.Session(token(t, sessionText))

		_, err := secureflows.GetOr(ctx, session, "theme", "light")
		assert.ErrorIs(t, err, context.Canceled, "%s became a default value", name)
		assert.ErrorIs(t, err, cause, name)
		assert.Empty(t, sentinelsOf(err), name)
		assert.Empty(t, told, "%s signed another user out", name)
		_, ok := client.ReauthURL(err, session.Token(), secureflows.LoginOptions{RedirectURI: "https://app.example/cb"})
		assert.False(t, ok, name)
		assert.ErrorIs(t, session.Logout(ctx), context.Canceled, "%s became a logout that never happened", name)
	}
}

func TestEveryRequestNamesTheClientAndItself(t *testing.T) {
	seen := map[string]bool{}
	for _, op := range operations {
		service := answering(reply(200, op.ok))
		require.NoError(t, op.do(context.Background(), newClient(t, service), demoTokens(t)), op.name)
		header := service.requests()[0].header
		assert.Regexp(t, regexp.MustCompile(`^secureflows-go/\S+ \(go.+\)$`), header.Get("User-Agent"), op.name)
		id := header.Get("X-Request-Id")
		assert.NotEmpty(t, id, op.name)
		assert.False(t, seen[id], "the request id %s was used twice", id)
		seen[id] = true
	}
}

func TestErrorRequestID(t *testing.T) {
	for name, row := range map[string]struct {
		headers []string
		want    string // "" is the client's own
	}{
		"the service's": {[]string{"X-Request-Id", "srv-1", "CF-Ray", "ray-2"}, "srv-1"},
		"the edge's":    {[]string{"CF-Ray", "ray-2"}, "ray-2"},
		"nobody's":      {nil, ""},
	} {
		for _, answer := range []answer{reply(404, `{"status":404,"error":"gone"}`, row.headers...), reply(200, `no`, row.headers...)} {
			service := answering(answer)
			_, err := newClient(t, service).Session(token(t, sessionText)).Payload(context.Background())
			want := row.want
			if want == "" {
				want = service.requests()[0].header.Get("X-Request-Id")
			}
			assert.Equal(t, want, factsOf(t, err).RequestID, name)
			assert.ErrorContains(t, err, want, name)
		}
	}
	service := answering(fail(errReset))
	_, err := newClient(t, service).Session(token(t, sessionText)).Payload(context.Background())
	assert.Equal(t, service.requests()[0].header.Get("X-Request-Id"), factsOf(t, err).RequestID, "no answer")
}
