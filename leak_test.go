package secureflows_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/secureflows/secureflows-go"
)

// troubles are what the service does, by key; forced is how many connections
// that costs.
var troubles = []struct {
	key    string
	forced int64
	do     http.HandlerFunc
}{
	{"good", 0, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"key":"k","value":1}`) }},
	{"missing", 0, answerWith(404, form(404, "Key not found"))},
	{"expired", 0, answerWith(410, form(410, "Session expired"))},
	{"limited", 0, answerWith(429, "error code: 1015")},
	{"outage", 0, answerWith(503, form(503, "down"))},
	{"page", 0, answerWith(502, page)},
	{"long page", 0, answerWith(500, strings.Repeat(page, 500))},
	{"redirect", 0, answerWith(302, "")},
	{"wrong shape", 0, answerWith(200, page)},
	{"reset", 1, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	{"truncated", 1, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"key":`)
	}},
	{"truncated outage", 1, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(503)
	}},
	{"endless page", 1, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		for err := error(nil); err == nil; {
			_, err = io.WriteString(w, page)
		}
	}},
	{"timeout", 1, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	{"stalled", 1, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}},
}

func answerWith(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func troubledServer(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/sessions/{operation}/{key}", func(w http.ResponseWriter, r *http.Request) {
		for _, trouble := range troubles {
			if trouble.key == r.PathValue("key") {
				trouble.do(w, r)
			}
		}
	})
	return httptest.NewServer(mux)
}

// 2,000 calls over mixed failures from 32 goroutines leave no goroutine, and
// dial no more than the failures force.
func TestNothingLeaks(t *testing.T) {
	const calls, callers = 2000, 32
	running := goleak.IgnoreCurrent()
	server := troubledServer(t)
	var dials, forced, next atomic.Int64
	transport := &http.Transport{MaxIdleConnsPerHost: 2 * callers, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}
	client, err := secureflows.New(secureflows.Config{
		Workspace: "w", AppID: "a", Origin: server.URL, MaxRetries: -1,
		HTTPClient: &http.Client{Transport: transport, Timeout: 250 * time.Millisecond},
	})
	require.NoError(t, err)
	session := client.Session(token(t, sessionText))
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for i := next.Add(1); i <= calls; i = next.Add(1) {
				trouble := troubles[i%int64(len(troubles))]
				cost := trouble.forced
				if callTrouble(t, session, trouble.key) {
					cost = max(cost, 1)
				}
				forced.Add(cost)
			}
		})
	}
	all.Wait()
	// A caller that finds no idle connection dials, and may be served by one
	// that is given back meanwhile: hence as many again as there are callers.
	assert.LessOrEqual(t, dials.Load(), forced.Load()+2*callers, "connections were thrown away")
	assert.Less(t, forced.Load(), int64(calls), "nothing was tested")
	transport.CloseIdleConnections()
	server.Close()
	goleak.VerifyNone(t, running)
}

// callTrouble makes one call and reports whether it was cut off by its timeout,
// which on a busy machine may happen to any.
func callTrouble(t *testing.T, session *secureflows.Session, key string) (cutOff bool) {
	var err error
	if key == "reset" {
		// A GET that is reset on a kept connection, net/http sends again by
		// itself, until a new one is reset too.
		_, err = session.Set(context.Background(), key, 1)
	} else {
		_, err = session.Get(context.Background(), key)
	}
	var facts *secureflows.Error
	switch {
	case err == nil:
		assert.Equal(t, "good", key)
	case !errors.As(err, &facts):
		assert.Fail(t, fmt.Sprintf("%s: %v", key, err))
	default:
		return facts.StatusCode == 0
	}
	return false
}

// Waits, retries and cancellations leave nothing behind either.
func TestRetriesLeakNothing(t *testing.T) {
	running := goleak.IgnoreCurrent()
	synctest.Test(t, func(t *testing.T) {
		client := newClient(t, answering(reply(503, "", "Retry-After", "20")), retries(5), timeout(time.Minute))
		ctx, cancel := context.WithCancel(context.Background())
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() {
				_, err := client.Session(token(t, sessionText)).Payload(ctx)
				assert.ErrorIs(t, err, context.Canceled)
			})
		}
		synctest.Wait() // all of them are waiting for their second attempt
		cancel()
		all.Wait()
	})
	goleak.VerifyNone(t, running)
}
