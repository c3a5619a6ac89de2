package jwtverify_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/jwtverify"
)

var errDown = errors.New("connection refused")

func TestKeysAreFetchedWhenTheyAreFirstNeeded(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		assert.Zero(t, i.fetches(), "a configuration is no reason to ask")
		_ = a.verify("no token")
		_ = a.verify(signers()["HS256"].token())
		assert.Zero(t, i.fetches(), "nor is what cannot be good")
		for range 100 {
			a.accepts(signers()["ES256"].token())
			a.accepts(signers()["RS256"].token())
		}
		require.Equal(t, 1, i.fetches())
		sent := i.requests[0]
		assert.Equal(t, keysURL, sent.URL.String())
		assert.Equal(t, http.MethodGet, sent.Method)
		assert.Empty(t, sent.Header.Get("Authorization"))
		assert.Empty(t, sent.Header.Get("Cookie"))
	})
}

// TestAFloodOfUnknownKeys is 10,000 tokens, one after the other or at once. Of
// those without a key id there are fewer: each is verified.
func TestAFloodOfUnknownKeys(t *testing.T) {
	nameless := func(int) string { return lasting(otherEC(), "") }
	for name, row := range map[string]struct {
		token  func(n int) string
		count  int
		atOnce bool
		warm   bool
	}{
		"in a row":                 {unknown, 10_000, false, false},
		"in a row, keys known":     {unknown, 10_000, false, true},
		"at once":                  {unknown, 10_000, true, false},
		"at once, keys known":      {unknown, 10_000, true, true},
		"nameless":                 {nameless, 500, false, false},
		"nameless, at once, known": {nameless, 500, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			tokens := make([]string, row.count)
			for n := range tokens {
				tokens[n] = row.token(n)
			}
			virtual(t, func(t *testing.T) {
				i := newIssuer(usual())
				i.takes(time.Second)
				a := asks(t, i.keys(t))
				if row.warm {
					a.accepts(signers()["ES256"].token())
				}
				var all sync.WaitGroup
				for _, token := range tokens {
					if !row.atOnce {
						a.saysUnknown(token)
						continue
					}
					all.Go(func() { a.saysUnknown(token) })
				}
				all.Wait()
				assert.LessOrEqual(t, i.fetches(), 2)
				a.accepts(signers()["ES256"].token())
				assert.LessOrEqual(t, i.fetches(), 2, "who is known is not affected")
			})
		})
	}
}

func TestAnUnknownKeyIsLookedForOncePerCooldown(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keysWith(t, jwtverify.KeySetConfig{Cooldown: 10 * time.Second}))
		a.accepts(lasting(ecKey(), "e1"))
		i.publishes(jwk(ecKey(), "e1"), jwk(otherEC(), "e2"))
		a.accepts(lasting(otherEC(), "e2"))
		assert.Equal(t, 2, i.fetches(), "a new key is found at once")
		i.publishes(jwk(ecKey(), "e1"), jwk(otherEC(), "e3"))
		a.saysUnknown(lasting(otherEC(), "e3"))
		pass(10*time.Second - 1)
		a.saysUnknown(lasting(otherEC(), "e3"))
		assert.Equal(t, 2, i.fetches(), "the cooldown is not over")
		pass(1)
		a.accepts(lasting(otherEC(), "e3"))
		assert.Equal(t, 3, i.fetches())
		a.saysUnknown(lasting(otherEC(), "e2"))
		assert.Equal(t, 3, i.fetches(), "a key that the newest answer lacks is gone")
	})
}

// TestATokenThatCausedAFetchIsNotAskedAboutTwice: an answer that is newer than
// the token is final.
func TestATokenThatCausedAFetchIsNotAskedAboutTwice(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		a.saysUnknown(unknown(1))
		assert.Equal(t, 1, i.fetches())
		a.saysUnknown(unknown(2))
		assert.Equal(t, 2, i.fetches(), "the key may have been published since")
		a.saysUnknown(unknown(3))
		assert.Equal(t, 2, i.fetches())
	})
}

// TestATokenThatComesDuringAFetch gets one that began after it.
func TestATokenThatComesDuringAFetch(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		i.takes(time.Second)
		a := asks(t, i.keys(t))
		go a.accepts(lasting(ecKey(), "e1"))
		pass(time.Second / 2) // the answer is on its way, without the new key
		i.publishes(jwk(ecKey(), "e1"), jwk(otherEC(), "e2"))
		a.accepts(lasting(otherEC(), "e2"))
		assert.Equal(t, 2, i.fetches())
	})
}

func TestOneFetchForAllWhoWait(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		i.takes(3 * time.Second)
		a := asks(t, i.keys(t))
		token := lasting(ecKey(), "e1")
		first, leave := context.WithCancelCause(t.Context())
		var all sync.WaitGroup
		all.Go(func() { assert.Equal(t, context.Canceled, a.during(first, token), "as it is") })
		synctest.Wait()
		for range 100 {
			all.Go(func() { a.accepts(token) })
		}
		all.Go(func() {
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			assert.Equal(t, context.DeadlineExceeded, a.during(short, token), "as it is")
			assert.Equal(t, time.Second, time.Since(start))
		})
		pass(time.Second / 2)
		leave(errors.New("gone"))
		all.Wait()
		assert.Equal(t, 1, i.fetches(), "the one who came first has left, and nobody minds")
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestAContextThatHasEndedCausesNoFetch(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		assert.Equal(t, context.Canceled, a.during(ended, lasting(ecKey(), "e1")))
		assert.Zero(t, i.fetches())
		a.accepts(lasting(ecKey(), "e1"))
		assert.NoError(t, a.during(ended, lasting(ecKey(), "e1")), "what needs no waiting has an answer")
	})
}

func TestAFetchEndsAfter10Seconds(t *testing.T) {
	for name, client := range map[string]*http.Client{"of the caller's own": {}, "with a longer timeout": {Timeout: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				i := newIssuer(usual())
				i.takes(24 * time.Hour)
				client := &http.Client{Transport: i, Timeout: client.Timeout}
				keys, err := jwtverify.NewKeySet(jwtverify.KeySetConfig{URL: keysURL, HTTPClient: client})
				require.NoError(t, err)
				asks(t, keys).saysAway(lasting(ecKey(), "e1"))
				assert.Equal(t, 10*time.Second, time.Since(start))
			})
		})
	}
}

// carried must not reach the issuer with a fetch.
type carried struct{}

func TestAFetchKnowsNothingOfTheRequestThatCausedIt(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		assert.NoError(t, a.during(context.WithValue(t.Context(), carried{}, "secret"), lasting(ecKey(), "e1")))
		assert.Nil(t, i.requests[0].Context().Value(carried{}))
	})
}

func TestKeysAreFetchedAnewInTheBackground(t *testing.T) {
	for name, row := range map[string]struct{ configured, maxAge time.Duration }{
		"by default":    {0, time.Hour},
		"as configured": {5 * time.Minute, 5 * time.Minute},
		"once a day":    {24*time.Hour - 1, 24*time.Hour - 1},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				i := newIssuer(usual())
				a := asks(t, i.keysWith(t, jwtverify.KeySetConfig{MaxAge: row.configured}))
				a.accepts(lasting(ecKey(), "e1"))
				pass(row.maxAge - 1)
				a.accepts(lasting(ecKey(), "e1"))
				synctest.Wait()
				assert.Equal(t, 1, i.fetches(), "they are not old yet")
				pass(1)
				i.takes(time.Second / 2)
				before := time.Now()
				for range 10 {
					a.accepts(lasting(ecKey(), "e1"))
				}
				assert.Zero(t, time.Since(before), "nobody waits")
				pass(time.Second)
				assert.Equal(t, 2, i.fetches())
				pass(row.maxAge - time.Second - 1)
				a.accepts(lasting(ecKey(), "e1"))
				synctest.Wait()
				assert.Equal(t, 2, i.fetches(), "age counts from when they were asked for")
				pass(1)
				a.accepts(lasting(ecKey(), "e1"))
				synctest.Wait()
				assert.Equal(t, 3, i.fetches())
			})
		})
	}
}

func TestAWithdrawnKeyIsDropped(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		a.accepts(lasting(rsaKey(), "r1"))
		i.publishes(jwk(ecKey(), "e1"))
		pass(time.Hour)
		a.accepts(lasting(rsaKey(), "r1")) // and has them fetched anew
		synctest.Wait()
		a.saysUnknown(lasting(rsaKey(), "r1"))
		a.accepts(lasting(ecKey(), "e1"))
	})
}

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
		"99999999999999999999":          5 * time.Second,
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
	"302":                   {302, usual, "answered 302: redirects are not followed"},
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
	"1 MiB and a byte more": {200, func() string { return padded(1<<20 + 1) }, "more than 1 MiB"},
	"without an end":        {200, func() string { return padded(3 << 20) }, "more than 1 MiB"},
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

// TestAnErrorOfTheClientIsText: what it wraps was not said about the caller.
func TestAnErrorOfTheClientIsText(t *testing.T) {
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
			assert.ErrorContains(t, err, cause.Error())
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
type elsewhere struct{ asked []string }

func (e *elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	e.asked = append(e.asked, r.URL.String())
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
		assert.False(t, followed)
		assert.NotNil(t, client.Jar)
		_ = client.CheckRedirect(nil, nil)
		assert.True(t, followed, "it is the caller's still")
	})
}

func TestWhichKeysOfASetAreUsed(t *testing.T) {
	es, rs := jwk(ecKey(), "e1"), jwk(rsaKey(), "r1")
	for name, row := range map[string]struct {
		keys  []string
		token string
		good  bool
	}{
		"fitting":                             {[]string{jwk(ecKey(), "e1", "use", "sig", "alg", "ES256", "key_ops", []string{"verify"})}, lasting(ecKey(), "e1"), true},
		"of another use":                      {[]string{jwk(ecKey(), "e1", "use", "enc"), rs}, lasting(ecKey(), "e1"), false},
		"of other operations":                 {[]string{jwk(ecKey(), "e1", "key_ops", []string{"sign"}), rs}, lasting(ecKey(), "e1"), false},
		"of no operations":                    {[]string{jwk(ecKey(), "e1", "key_ops", []string{}), rs}, lasting(ecKey(), "e1"), false},
		"for another algorithm":               {[]string{jwk(rsaKey(), "r1", "alg", "PS256"), es}, lasting(rsaKey(), "r1"), false},
		"for an algorithm of others":          {[]string{jwk(rsaKey(), "r1", "alg", "ES256"), es}, lasting(rsaKey(), "r1"), false},
		"for encryption":                      {[]string{jwk(rsaKey(), "r1", "alg", "RSA-OAEP"), es}, lasting(rsaKey(), "r1"), false},
		"an RSA key for ES256":                {[]string{jwk(rsaKey(), "e1")}, lasting(ecKey(), "e1"), false},
		"an EC key for RS256":                 {[]string{jwk(ecKey(), "r1")}, lasting(rsaKey(), "r1"), false},
		"an RSA key of 1024 bits":             {[]string{jwk(smallRSA(), "r1"), es}, lasting(smallRSA(), "r1"), false},
		"P-384":                               {[]string{jwk(wideEC(), "e1"), rs}, lasting(wideEC(), "e1"), false},
		"another id":                          {[]string{jwk(ecKey(), "e1x"), rs}, lasting(ecKey(), "e1"), false},
		"an id in capitals":                   {[]string{jwk(ecKey(), "E1"), rs}, lasting(ecKey(), "e1"), false},
		"a key without an id":                 {[]string{jwk(ecKey(), ""), rs}, lasting(ecKey(), "e1"), false},
		"a private key":                       {[]string{jwk(ecKey(), "e1", "d", encoded(string(must(ecKey().Bytes())))), rs}, lasting(ecKey(), "e1"), false},
		"a key with a member twice":           {[]string{strings.Replace(es, "{", `{"kid":"e0",`, 1), rs}, lasting(ecKey(), "e1"), false},
		"an unknown type beside":              {[]string{`{"kty":"QUANTUM","kid":"q"}`, es}, lasting(ecKey(), "e1"), true},
		"an unknown curve beside":             {[]string{jwk(ecKey(), "x", "crv", "P-999"), es}, lasting(ecKey(), "e1"), true},
		"a broken key beside":                 {[]string{`{"kty":"RSA","kid":"q","n":"!"}`, es}, lasting(ecKey(), "e1"), true},
		"a point off the curve beside":        {[]string{jwk(ecKey(), "x", "y", encoded(strings.Repeat("y", 32))), es}, lasting(ecKey(), "e1"), true},
		"no object beside":                    {[]string{`5`, `null`, `[]`, es}, lasting(ecKey(), "e1"), true},
		"a symmetric key":                     {[]string{`{"kty":"oct","kid":"h1","k":"` + encoded(string(secret)) + `"}`, es}, signer{"HS256", "h1", secret}.token(), false},
		"one id for two algorithms":           {[]string{jwk(rsaKey(), "k"), jwk(ecKey(), "k")}, lasting(ecKey(), "k"), true},
		"one id for two algorithms (2)":       {[]string{jwk(rsaKey(), "k"), jwk(ecKey(), "k")}, lasting(rsaKey(), "k"), true},
		"one id for two keys":                 {[]string{jwk(otherEC(), "k"), jwk(ecKey(), "k")}, lasting(ecKey(), "k"), true},
		"one id for two keys, neither":        {[]string{jwk(otherEC(), "k"), jwk(ecKey(), "k", "use", "enc")}, lasting(ecKey(), "k"), false},
		"no id, one key of the kind":          {[]string{rs, es}, lasting(ecKey(), ""), true},
		"no id, one key of the kind (2)":      {[]string{rs, es}, lasting(rsaKey(), ""), true},
		"no id, another of use":               {[]string{jwk(otherEC(), "e2", "use", "enc"), es}, lasting(ecKey(), ""), true},
		"no id, two keys of the kind":         {[]string{es, jwk(otherEC(), "e2")}, lasting(ecKey(), ""), false},
		"no id, none of the kind":             {[]string{rs}, lasting(ecKey(), ""), false},
		"no id, the only one does not fit":    {[]string{jwk(otherEC(), "e2")}, lasting(ecKey(), ""), false},
		"an id that is empty, one key":        {[]string{es}, signer{"ES256", "x", ecKey()}.with([]any{"kid", ""}, claims()), true},
		"a key without an id, without any":    {[]string{jwk(ecKey(), "")}, lasting(ecKey(), ""), true},
		"the right id and the wrong key":      {[]string{jwk(otherEC(), "e1")}, lasting(ecKey(), "e1"), false},
		"the id of a key of another provider": {[]string{es, jwk(otherEC(), "e2")}, lasting(otherEC(), "e1"), false},
	} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				err := asks(t, newIssuer(keySet(row.keys...)).keys(t)).verify(row.token)
				if row.good {
					assert.NoError(t, err)
				} else {
					assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
				}
			})
		})
	}
}

// TestANamelessKeyIsReplaced: without key ids, only a signature that does not
// fit tells that the key is another now.
func TestANamelessKeyIsReplaced(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(keySet(jwk(ecKey(), "")))
		a := asks(t, i.keys(t))
		a.accepts(lasting(ecKey(), ""))
		i.publishes(jwk(otherEC(), ""))
		a.accepts(lasting(otherEC(), ""))
		assert.Equal(t, 2, i.fetches())
		a.saysUnknown(lasting(ecKey(), ""))
		assert.Equal(t, 2, i.fetches())
	})
}

// TestABadSignatureOfAKnownKeyCausesNoFetch, however often.
func TestABadSignatureOfAKnownKeyCausesNoFetch(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		a := asks(t, i.keys(t))
		for range 100 {
			assert.ErrorContains(t, a.verify(lasting(otherEC(), "e1")), "signature does not fit")
		}
		assert.Equal(t, 1, i.fetches())
	})
}

func TestMisconfiguredKeySets(t *testing.T) {
	for says, cfg := range map[string]jwtverify.KeySetConfig{
		"no absolute URL":            {},
		"no absolute URL: ":          {URL: "/keys"},
		"no absolute URL: w":         {URL: "issuer.example/keys"},
		"no absolute URL: wr":        {URL: "https:issuer.example"},
		"no absolute URL: wri":       {URL: "https:///keys"},
		"no absolute URL: writ":      {URL: "https://issuer.example:port/keys"},
		"has credentials":            {URL: "https://admin:hunter2@issuer.example/keys"},
		"or a fragment":              {URL: "https://issuer.example/keys#1"},
		"is not https":               {URL: "http://issuer.example/keys"},
		"is not https, ":             {URL: "http://localhost.evil.example/keys"},
		"is not https, so":           {URL: "http://127.0.0.1.evil.example/keys"},
		"is not https, so ":          {URL: "http://10.0.0.1/keys"},
		"is not https, so t":         {URL: "ftp://localhost/keys"},
		"MaxAge is -1ns":             {URL: keysURL, MaxAge: -1},
		"MaxAge is 24h0m0.000000001": {URL: keysURL, MaxAge: 24*time.Hour + 1},
		"Cooldown is negative":       {URL: keysURL, Cooldown: -1},
	} {
		_, err := jwtverify.NewKeySet(cfg)
		assert.ErrorIs(t, err, secureflows.ErrInvalidRequest, says)
		assert.ErrorContains(t, err, says)
		assert.NotContains(t, err.Error(), "hunter2")
	}
	for _, good := range []string{keysURL, "http://localhost:8080/keys", "http://127.0.0.1:8080/keys", "http://[::1]:8080/keys", "HTTPS://issuer.example/keys?x=1"} {
		_, err := jwtverify.NewKeySet(jwtverify.KeySetConfig{URL: good})
		assert.NoError(t, err, good)
	}
}

// TestOneKeySetForMany is of use with the race detector.
func TestOneKeySetForMany(t *testing.T) {
	virtual(t, func(t *testing.T) {
		i := newIssuer(usual())
		i.takes(50 * time.Millisecond)
		a := asks(t, i.keysWith(t, jwtverify.KeySetConfig{MaxAge: time.Second, Cooldown: time.Second}))
		tokens := []string{lasting(ecKey(), "e1"), lasting(rsaKey(), "r1"), unknown(1)}
		var all sync.WaitGroup
		for n := range 60 {
			all.Go(func() {
				for range 20 {
					err := a.verify(tokens[n%3])
					if n%3 == 2 {
						assert.ErrorIs(t, err, secureflows.ErrUnauthenticated)
					} else {
						assert.NoError(t, err)
					}
					time.Sleep(100 * time.Millisecond)
				}
			})
		}
		all.Wait()
		assert.LessOrEqual(t, i.fetches(), 6)
	})
}
