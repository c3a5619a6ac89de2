package jwtverify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
)

var errDown = errors.New("connection refused")

func TestKnownKeysServeThroughAnOutageOfADay(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		token := lasting(ecKey(), "e1")
		a.accepts(token)
		i.isDown(errDown)
		for passed := time.Duration(0); passed < 24*time.Hour-time.Minute; passed += time.Minute {
			a.accepts(token)
			pass(time.Minute)
		}
		assert.Greater(t, i.fetches(), 1000, "every minute here: recovery must not wait for an hour")
		pass(time.Minute - 1)
		a.accepts(token)
		pass(1)
		a.saysAway(token)
		i.publishes(jwk(ecKey(), "e1"))
		pass(30 * time.Second)
		a.accepts(token)
	})
}

func TestAnUnknownKeyWhileTheIssuerIsAway(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		a.accepts(lasting(ecKey(), "e1"))
		i.isDown(errDown)
		assert.Equal(t, 5*time.Second, a.saysAway(unknown(1)))
		pass(2 * time.Second)
		assert.Equal(t, 3*time.Second, a.saysAway(unknown(1)), "nobody can say yet")
		assert.Equal(t, 2, i.fetches())
		a.accepts(lasting(ecKey(), "e1"))
		i.publishes(jwk(otherEC(), "unknown"))
		pass(3 * time.Second)
		a.accepts(lasting(otherEC(), "unknown"))
		assert.Equal(t, 3, i.fetches(), "there has been no answer for which to cool down")
		a.saysUnknown(lasting(ecKey(), "e1"))
	})
}

// TestAnOutageWithoutKeys: requests do not multiply the load of an issuer that
// is in trouble, and go on soon after.
func TestAnOutageWithoutKeys(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		i.isDown(errDown)
		a := asks(t, i.keys(t))
		var pauses []time.Duration
		last := time.Now()
		for range 1200 {
			before := i.fetches()
			rest := a.saysAway(lasting(ecKey(), "e1"))
			if i.fetches() > before {
				pauses, last = append(pauses, time.Since(last)), time.Now()
			}
			assert.Positive(t, rest)
			assert.LessOrEqual(t, rest, 30*time.Second)
			pass(100 * time.Millisecond)
		}
		assert.Equal(t, []time.Duration{0, 5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second, 30 * time.Second}, pauses)
		i.publishes(jwk(ecKey(), "e1"))
		pass(5*time.Second - 1)
		a.saysAway(lasting(ecKey(), "e1"))
		pass(1)
		a.accepts(lasting(ecKey(), "e1"))
		i.isDown(errDown)
		assert.Equal(t, 5*time.Second, a.saysAway(unknown(1)), "the next outage begins anew")
	})
}

func TestAnIssuerMayAskForAPause(t *testing.T) {
	for value, pause := range map[string]time.Duration{
		"20":                            20 * time.Second,
		"1":                             5 * time.Second,
		"86400":                         time.Minute,
		"-20":                           5 * time.Second,
		"soon":                          5 * time.Second,
		"99999999999999999999":          time.Minute,
		"Sat, 01 Jan 2000 00:00:40 GMT": 40 * time.Second,
		"Sun, 02 Jan 2000 00:00:00 GMT": time.Minute,
		"Sat, 01 Jan 1990 00:00:40 GMT": 5 * time.Second,
	} {
		virtual(t, func(t *testing.T) {
			i := newIssuer("")
			i.status, i.header = http.StatusServiceUnavailable, http.Header{"Retry-After": {value}}
			a := asks(t, i.keys(t))
			assert.Equal(t, pause, a.saysAway(lasting(ecKey(), "e1")), value)
			i.publishes(jwk(ecKey(), "e1"))
			pass(pause - 1)
			assert.EqualValues(t, 1, a.saysAway(lasting(ecKey(), "e1")), value)
			pass(1)
			a.accepts(lasting(ecKey(), "e1"))
		})
	}
}

// badAnswers are outages, and replace nothing.
var badAnswers = map[string]struct {
	status int
	body   func() string
	says   string
}{
	"500":                   {500, usual, "answered 500"},
	"429":                   {429, usual, "answered 429"},
	"401":                   {401, usual, "answered 401"},
	"404":                   {404, usual, "answered 404"},
	"201":                   {201, usual, "answered 201"},
	"204":                   {204, usual, "answered 204"},
	"302":                   {302, usual, "answered 302: a redirect, which is not followed"},
	"nothing":               {200, body(""), "no key set"},
	"a page":                {200, body("<html>sign in to the hotel</html>"), "no key set"},
	"null":                  {200, body("null"), "no key set"},
	"a list":                {200, func() string { return "[" + jwk(ecKey(), "e1") + "]" }, "no key set"},
	"one key":               {200, func() string { return jwk(ecKey(), "e1") }, "no key set"},
	"half of it":            {200, func() string { return usual()[:200] }, "no key set"},
	"no keys":               {200, body(`{"keys":[]}`), "no key set"},
	"keys null":             {200, body(`{"keys":null}`), "no key set"},
	"keys of another type":  {200, body(`{"keys":{}}`), "no key set"},
	"KEYS":                  {200, func() string { return strings.Replace(usual(), "keys", "KEYS", 1) }, "no key set"},
	"keys twice":            {200, func() string { return strings.Replace(usual(), "{", `{"keys":[],`, 1) }, "no key set"},
	"keys of no use":        {200, func() string { return keySet(jwk(wideEC(), "e1"), jwk(smallRSA(), "r1")) }, "no key set"},
	"something behind":      {200, func() string { return usual() + usual() }, "no key set"},
	"1 MiB and a byte more": {200, func() string { return padded(1<<20 + 1) }, "more than 1048576 bytes"},
	"without an end":        {200, func() string { return padded(3 << 20) }, "more than 1048576 bytes"},
}

func body(text string) func() string { return func() string { return text } }

func padded(size int) string { return usual() + strings.Repeat(" ", size-len(usual())) }

func TestAnAnswerThatIsNoKeySet(t *testing.T) {
	for name, row := range badAnswers {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				i := newIssuer(usual())
				a := asks(t, i.keys(t))
				a.accepts(lasting(ecKey(), "e1"))
				i.says(row.status, row.body())
				a.saysAway(unknown(1))
				a.accepts(lasting(ecKey(), "e1"))
				a.accepts(lasting(rsaKey(), "r1"))

				cold := asks(t, i.keys(t))
				err := cold.verify(lasting(ecKey(), "e1"))
				isAway(t, err)
				assert.ErrorContains(t, err, row.says)
				assert.NotContains(t, err.Error(), "hotel", "the answer is not quoted")
				var facts *secureflows.Error
				require.ErrorAs(t, err, &facts)
				assert.Equal(t, row.status, facts.StatusCode)
			})
		})
	}
}

func TestAKeySetOf1MiB(t *testing.T) {
	virtual(t, func(t *testing.T) {
		asks(t, newIssuer(padded(1<<20)).keys(t)).accepts(lasting(ecKey(), "e1"))
	})
}

// TestAnErrorOfTheClientIsNoneOfTheCallers: what it wraps was not said about them.
func TestAnErrorOfTheClientIsNoneOfTheCallers(t *testing.T) {
	for name, cause := range map[string]error{
		"an end of a context": context.Canceled,
		"a sign-out":          fmt.Errorf("proxy: %w", secureflows.ErrTokenExpired),
	} {
		virtual(t, func(t *testing.T) {
			i := newIssuer(usual())
			i.isDown(cause)
			keys, err := jwtverify.NewKeySet(jwtverify.KeySetConfig{URL: keysURL + "?apikey=hunter2", HTTPClient: &http.Client{Transport: i}})
			require.NoError(t, err)
			err = asks(t, keys).verify(lasting(ecKey(), "e1"))
			isAway(t, err)
			assert.NotErrorIs(t, err, cause, name)
			assert.ErrorContains(t, err, "before there was an answer", name)
			assert.NotContains(t, err.Error(), "hunter2")
		})
	}
}

// panics is a transport with a mistake.
type panics struct{}

func (panics) RoundTrip(*http.Request) (*http.Response, error) { panic("a mistake") }

func TestAPanicOfTheClientReachesThoseWhoWait(t *testing.T) {
	virtual(t, func(t *testing.T) {
		keys, err := jwtverify.NewKeySet(jwtverify.KeySetConfig{URL: keysURL, HTTPClient: &http.Client{Transport: panics{}}})
		require.NoError(t, err)
		a := asks(t, keys)
		assert.PanicsWithValue(t, "a mistake", func() { _ = a.verify(lasting(ecKey(), "e1")) })
		a.saysAway(lasting(ecKey(), "e1"))
	})
}

// elsewhere redirects, and notes who comes after it.
type elsewhere struct{ asked, cookies []string }

func (e *elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	e.asked, e.cookies = append(e.asked, r.URL.String()), append(e.cookies, r.Header["Cookie"]...)
	return &http.Response{StatusCode: 307, Header: http.Header{"Location": {"https://evil.example/keys"}}, Body: http.NoBody, Request: r}, nil
}

func TestTheCallersClientIsNotChanged(t *testing.T) {
	virtual(t, func(t *testing.T) {
		e, followed := &elsewhere{}, false
		jar := must(cookiejar.New(nil))
		jar.SetCookies(must(url.Parse(keysURL)), []*http.Cookie{{Name: "session", Value: "jane"}})
		client := &http.Client{Transport: e, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { followed = true; return nil }}
		keys, err := jwtverify.NewKeySet(jwtverify.KeySetConfig{URL: keysURL, HTTPClient: client})
		require.NoError(t, err)
		asks(t, keys).saysAway(lasting(ecKey(), "e1"))
		assert.Equal(t, []string{keysURL}, e.asked)
		assert.Empty(t, e.cookies)
		assert.False(t, followed)
		assert.NotNil(t, client.Jar)
		_ = client.CheckRedirect(nil, nil)
		assert.True(t, followed, "it is the caller's still")
	})
}

// TestAClockThatIsSetBack brings back no outage that is over.
func TestAClockThatIsSetBack(t *testing.T) {
	i, now := newIssuer(usual()), start
	a := asks(t, i.keysWith(t, jwtverify.KeySetConfig{Now: func() time.Time { return now }}))
	i.isDown(errDown)
	a.saysAway(unknown(1))
	i.publishes(jwk(ecKey(), "e1"))
	now = start.Add(10 * time.Second)
	a.saysUnknown(unknown(1))
	now = start.Add(-time.Hour)
	a.saysUnknown(unknown(1))
	a.saysUnknown(unknown(1))
	assert.Equal(t, 3, i.fetches())
}
