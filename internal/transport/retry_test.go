package transport

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestRetryAfterAtItsEdges(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "1": time.Second, " 7 ": 7 * time.Second, "007": 7 * time.Second, "-1": 0, "+1": 0, "1.5": 0, "1e3": 0, "0x10": 0,
		"9223372036854775807": maxRetryAfter, "18446744073709551615": maxRetryAfter, "99999999999999999999999999": maxRetryAfter,
		"Sat, 01 Jan 2000 00:00:07 GMT": 7 * time.Second, "Saturday, 01-Jan-00 00:00:07 GMT": 7 * time.Second, "Sat Jan  1 00:00:07 2000": 7 * time.Second,
		"Fri, 31 Dec 1999 23:59:59 GMT": 0, "Fri, 31 Dec 9999 23:59:59 GMT": maxRetryAfter, "soon": 0, "7, 8": 0,
	} {
		header := http.Header{"Retry-After": {value}, "Date": {"Sat, 01 Jan 2000 00:00:00 GMT"}}
		assert.Equal(t, want, RetryAfter(header), value)
	}
}

// Whatever the header says, what is reported is not negative and fits
// arithmetic, and what is waited is no longer than the cap and no shorter than
// asked.
func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{"", "0", "7", "86400", "-1", "18446744073709551616", "Sat, 01 Jan 2000 00:00:07 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "soon"} {
		f.Add(value, "Sat, 01 Jan 2000 00:00:00 GMT", 429)
		f.Add(value, "", 503)
	}
	f.Fuzz(func(t *testing.T, value, date string, status int) {
		asked := RetryAfter(http.Header{"Retry-After": {value}, "Date": {date}})
		assert.GreaterOrEqual(t, asked, time.Duration(0))
		assert.LessOrEqual(t, asked, maxRetryAfter)
		for _, policy := range []Policy{Unsafe, Safe, WhenReady} {
			c := &call{request: Request{Policy: policy}}
			c.answer = Answer{Status: status, RetryAfter: asked}
			c.answer.pause = c.pause(&c.answer)
			wait := backoff(0, 0, 0, &http.Response{Body: (*spent)(&c.answer)})
			assert.Positive(t, wait)
			assert.LessOrEqual(t, wait, longestRetryAfter)
			assert.GreaterOrEqual(t, wait, min(asked, longestRetryAfter))
			c.attempt = 1
			assert.LessOrEqual(t, wait, c.longestWait(), "more than was fitted to the deadline")
		}
	})
}

func TestWaitsGrowToACeiling(t *testing.T) {
	for attempt := range 100 {
		for range 20 {
			wait := backoff(0, 0, attempt, nil)
			assert.GreaterOrEqual(t, wait, exponential(attempt)/2)
			assert.LessOrEqual(t, wait, exponential(attempt))
			assert.LessOrEqual(t, wait, longestWait)
		}
	}
}
