package secureflows_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

// unsafeOps are never sent again once a byte may have reached the service.
var unsafeOps = []string{"create session", "revoke"}

func TestWhatIsSentAgainAfterWhat(t *testing.T) {
	for name, row := range map[string]struct {
		answer       answer
		safe, unsafe int // requests, when two retries are allowed
	}{
		"503":                       {reply(503, form(503, "Not ready")), 3, 1},
		"503 that says when":        {reply(503, form(503, "Not ready"), "Retry-After", "1"), 3, 1},
		"500":                       {reply(500, ""), 3, 1},
		"502 page":                  {reply(502, page), 3, 1},
		"504 page":                  {reply(504, page), 3, 1},
		"524 of the edge":           {reply(524, page), 3, 1},
		"a reset":                   {fail(errReset), 3, 1},
		"an attempt that timed out": {hang, 3, 1},
		"a 200 that broke off":      {replyBody(200, brokenOff(`{"a"`)), 3, 1},
		"a 200 that stalls":         {replyBody(200, stalled(`{"a"`)), 3, 1},
		"a 503 whose body stalls":   {replyBody(503, stalled(`{"a"`)), 3, 1},
		"no connection":             {fail(errRefused), 3, 3},
		"429 of the edge":           {reply(429, "error code: 1015"), 3, 3},
		"429 of the API":            {reply(429, form(429, "Too many requests")), 3, 3},
		"429 without a body":        {reply(429, ""), 3, 3},
		"429 over sessions":         {reply(429, coded(429, "BILLING_SESSION_LIMIT"), "Retry-After", "1"), 1, 1},
		"429 over bytes":            {reply(429, coded(429, "BILLING_PAYLOAD_LIMIT")), 1, 1},
		"429 of billing to come":    {reply(429, coded(429, "BILLING_SOMETHING_NEW")), 1, 1},
		"429 cut before its code":   {replyBody(429, brokenOff(`{"status":429,"error":"too ma`)), 1, 1},
		"401":                       {reply(401, form(401, "Session token expired")), 1, 1},
		"403 without a body":        {reply(403, ""), 1, 1},
		"403 page":                  {reply(403, page, "Retry-After", "1"), 1, 1},
		"404":                       {reply(404, form(404, "gone")), 1, 1},
		"410":                       {reply(410, form(410, "Session expired"), "Retry-After", "1"), 1, 1},
		"410 whose body stalls":     {replyBody(410, stalled("")), 1, 1},
		"413":                       {reply(413, page), 1, 1},
		"400":                       {reply(400, page), 1, 1},
		"302":                       {reply(302, "", "Location", "https://evil.example"), 1, 1},
		"a 200 without an end":      {reply(200, strings.Repeat(" ", 16<<20+1)), 1, 1},
		"a 200 of another's":        {reply(200, page), 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for _, op := range operations {
				synctest.Test(t, func(t *testing.T) {
					service := answering(row.answer)
					err := op.do(context.Background(), newClient(t, service, retries(2), timeout(time.Second)), demoTokens(t))
					if op.name != "logout" {
						assert.Error(t, err, op.name)
					}
					want := row.safe
					if slices.Contains(unsafeOps, op.name) {
						want = row.unsafe
					}
					assert.Len(t, service.requests(), want, op.name)
					assertSameRequests(t, service.requests())
				})
			}
		})
	}
}

// assertSameRequests fails when a repetition differs from the first attempt.
func assertSameRequests(t *testing.T, requests []sent) {
	t.Helper()
	for _, again := range requests[1:] {
		again.at = requests[0].at
		assert.Equal(t, requests[0], again)
	}
}

func TestARetryThatSucceeds(t *testing.T) {
	for _, op := range operations {
		synctest.Test(t, func(t *testing.T) {
			service := answering(reply(429, "", "Retry-After", "2"), fail(errRefused), reply(200, op.ok))
			assert.NoError(t, op.do(context.Background(), newClient(t, service, retries(0)), demoTokens(t)), op.name)
			assert.Len(t, service.requests(), 3)
		})
	}
}

// What a 429 refused was not executed, so a connection that cannot be made
// after it leaves nothing in doubt.
func TestAnUnsafeCallGoesOnAfterARateLimitAndARefusal(t *testing.T) {
	for _, op := range named(unsafeOps...) {
		synctest.Test(t, func(t *testing.T) {
			attempts := 0
			transport, server := inMemory(t, func(w http.ResponseWriter, r *http.Request) {
				attempts++
				if attempts == 1 {
					w.Header().Set("Connection", "close")
					w.WriteHeader(429)
					return
				}
				_, err := w.Write([]byte(op.ok))
				assert.NoError(t, err)
			})
			server.refuse(2) // the second dial
			assert.NoError(t, op.do(context.Background(), newClient(t, transport, retries(3)), demoTokens(t)), op.name)
			assert.Equal(t, 2, attempts)
		})
	}
}

func TestMaxRetries(t *testing.T) {
	for configured, want := range map[int]int{0: 4, 1: 2, 5: 6, -1: 1, -9: 1} {
		synctest.Test(t, func(t *testing.T) {
			service := answering(reply(503, ""))
			_, err := newClient(t, service, retries(configured)).Session(token(t, sessionText)).Payload(context.Background())
			assert.ErrorIs(t, err, secureflows.ErrUnavailable)
			assert.Equal(t, 503, factsOf(t, err).StatusCode, "giving up keeps the last answer")
			assert.Len(t, service.requests(), want, "MaxRetries %d", configured)
		})
	}
}

func TestRetryAfter(t *testing.T) {
	date := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	for name, row := range map[string]struct {
		headers  func() []string
		min, max time.Duration // of the wait
		facts    time.Duration
	}{
		"seconds": {func() []string { return []string{"Retry-After", "7"} }, 7 * time.Second, 8 * time.Second, 7 * time.Second},
		"a date":  {func() []string { return []string{"Retry-After", date(7 * time.Second)} }, 7 * time.Second, 8 * time.Second, 7 * time.Second},
		"a date, skewed": {func() []string {
			return []string{"Retry-After", date(time.Hour + 7*time.Second), "Date", date(time.Hour)}
		}, 7 * time.Second, 8 * time.Second, 7 * time.Second},
		"the cap":           {func() []string { return []string{"Retry-After", "30"} }, 30 * time.Second, 30 * time.Second, 30 * time.Second},
		"a day":             {func() []string { return []string{"Retry-After", "86400"} }, 30 * time.Second, 30 * time.Second, 24 * time.Hour},
		"a date tomorrow":   {func() []string { return []string{"Retry-After", date(24 * time.Hour)} }, 30 * time.Second, 30 * time.Second, 24 * time.Hour},
		"a date long past":  {func() []string { return []string{"Retry-After", date(-24 * time.Hour)} }, 1, 2 * time.Second, 0},
		"nothing":           {func() []string { return nil }, 1, 2 * time.Second, 0},
		"zero":              {func() []string { return []string{"Retry-After", "0"} }, 1, 2 * time.Second, 0},
		"a negative number": {func() []string { return []string{"Retry-After", "-5"} }, 1, 2 * time.Second, 0},
		"no time at all":    {func() []string { return []string{"Retry-After", "soon"} }, 1, 2 * time.Second, 0},
	} {
		for _, status := range []int{429, 503} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					service := answering(func(r *http.Request) (*http.Response, error) { return reply(status, "", row.headers()...)(r) })
					err := named("set")[0].do(context.Background(), newClient(t, service, retries(1)), demoTokens(t))
					require.Len(t, service.gaps(), 1)
					assert.GreaterOrEqual(t, service.gaps()[0], row.min)
					assert.LessOrEqual(t, service.gaps()[0], row.max)
					assert.InDelta(t, row.facts, factsOf(t, err).RetryAfter, float64(time.Second), "a date is a whole second")
				})
			})
		}
	}
}

func TestAWaitThatDoesNotFitIsNotBegun(t *testing.T) {
	for name, row := range map[string]struct {
		answer answer
		within time.Duration
		want   []string
		status int
		after  time.Duration
	}{
		"429 for longer than there is":  {reply(429, form(429, "slow"), "Retry-After", "10", "X-Request-Id", "r-1"), 5 * time.Second, rateLimited, 429, 10 * time.Second},
		"429 for exactly what there is": {reply(429, form(429, "slow"), "Retry-After", "5", "X-Request-Id", "r-1"), 5 * time.Second, rateLimited, 429, 5 * time.Second},
		"429 for a day":                 {reply(429, form(429, "slow"), "Retry-After", "86400", "X-Request-Id", "r-1"), 29 * time.Second, rateLimited, 429, 24 * time.Hour},
		"503 with hardly any time":      {reply(503, form(503, "slow"), "X-Request-Id", "r-1"), 10 * time.Millisecond, unavailable, 503, 0},
	} {
		for _, op := range operations {
			t.Run(name+"/"+op.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(context.Background(), row.within)
					defer cancel()
					service := answering(row.answer)
					begun := time.Now()
					err := op.do(ctx, newClient(t, service, retries(3)), demoTokens(t))
					assert.Zero(t, time.Since(begun), "at once")
					assert.Equal(t, row.want, sentinelsOf(err))
					assert.NotErrorIs(t, err, context.DeadlineExceeded)
					facts := factsOf(t, err)
					assert.Equal(t, row.status, facts.StatusCode)
					assert.Equal(t, row.after, facts.RetryAfter)
					assert.Equal(t, "slow", facts.Message)
					assert.Equal(t, "r-1", facts.RequestID)
					assert.Len(t, service.requests(), 1)
				})
			})
		}
	}
}

// Whatever a call does, it is over when its context is.
func TestNoRetryOutlastsTheDeadline(t *testing.T) {
	for seconds := range 20 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(seconds)*300*time.Millisecond)
			defer cancel()
			begun := time.Now()
			_ = named("payload")[0].do(ctx, newClient(t, answering(reply(503, "")), retries(100)), demoTokens(t))
			assert.LessOrEqual(t, time.Since(begun), time.Duration(seconds)*300*time.Millisecond)
		})
	}
}

func TestWaitsAreSpreadAndGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plain, asked := map[time.Duration]bool{}, map[time.Duration]bool{}
		var first, last time.Duration
		for range 50 {
			service := answering(reply(503, ""))
			_ = named("payload")[0].do(context.Background(), newClient(t, service, retries(3)), demoTokens(t))
			gaps := service.gaps()
			plain[gaps[0]] = true
			first, last = first+gaps[0], last+gaps[2]
			service = answering(reply(503, "", "Retry-After", "5"))
			_ = named("payload")[0].do(context.Background(), newClient(t, service, retries(1)), demoTokens(t))
			asked[service.gaps()[0]] = true
		}
		assert.Greater(t, len(plain), 40, "no jitter")
		assert.Greater(t, len(asked), 40, "no jitter where the service said when")
		assert.Greater(t, last, 2*first, "waits do not grow")
	})
}

func TestSearchDocsWaitsForTheIndex(t *testing.T) {
	for name, row := range map[string]struct {
		configured int
		headers    []string
		requests   int
		least      time.Duration
	}{
		"by default":             {0, nil, 3, 5 * time.Second},
		"with more retries":      {10, nil, 3, 5 * time.Second},
		"with one":               {1, nil, 2, 5 * time.Second},
		"with none":              {-1, nil, 1, 0},
		"when told to come soon": {0, []string{"Retry-After", "1"}, 3, 5 * time.Second},
		"when told to wait":      {0, []string{"Retry-After", "9"}, 3, 9 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			service := answering(reply(503, `{"error":"not ready"}`, row.headers...))
			_, err := newClient(t, service, retries(row.configured)).SearchDocs(context.Background(), "q", 0)
			assert.Equal(t, unavailable, sentinelsOf(err), name)
			assert.Len(t, service.requests(), row.requests, name)
			for _, gap := range service.gaps() {
				assert.GreaterOrEqual(t, gap, row.least, name)
				assert.Less(t, gap, row.least+time.Second, name)
			}
		})
	}
}

func TestADeleteWhoseAnswerWasLost(t *testing.T) {
	for name, row := range map[string]struct {
		lost answer
		want bool
	}{
		"reset":                {fail(errReset), true},
		"timed out":            {hang, true},
		"broke off":            {replyBody(200, brokenOff("tr")), true},
		"a gateway lost it":    {reply(502, page), true},
		"a gateway gave up":    {reply(504, page), true},
		"the edge gave up":     {reply(524, page), true},
		"never sent":           {fail(errRefused), false},
		"refused for the rate": {reply(429, ""), false},
	} {
		synctest.Test(t, func(t *testing.T) {
			service := answering(row.lost, reply(200, "false"))
			existed, err := newClient(t, service, retries(3), timeout(time.Second)).Session(token(t, sessionText)).Delete(context.Background(), "k")
			assert.NoError(t, err, name)
			assert.Equal(t, row.want, existed, name)
		})
	}
	existed, err := newClient(t, answering(reply(200, "false"))).Session(token(t, sessionText)).Delete(context.Background(), "k")
	assert.NoError(t, err)
	assert.False(t, existed, "nothing was lost")
}

func TestTheCallerMayStopWaiting(t *testing.T) {
	for _, op := range operations {
		synctest.Test(t, func(t *testing.T) {
			service := answering(reply(429, "", "Retry-After", "20"))
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(3*time.Second, cancel)
			begun := time.Now()
			err := op.do(ctx, newClient(t, service, retries(3)), demoTokens(t))
			assert.Equal(t, 3*time.Second, time.Since(begun))
			assert.ErrorIs(t, err, context.Canceled, op.name)
			assert.Empty(t, sentinelsOf(err), op.name)
			assert.ErrorContains(t, err, "429", "what it was waiting for")
			assert.Len(t, service.requests(), 1, op.name)
		})
	}
}
