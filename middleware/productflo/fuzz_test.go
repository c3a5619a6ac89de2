package productflo_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/productflo"
)

// FuzzResolve: nothing is accepted but the one token that was signed, whatever is
// made of its parts, and nobody is asked about anything but a key.
func FuzzResolve(f *testing.F) {
	n := newNetwork()
	good := hmacToken(documented())
	resolvers := []*productflo.Resolver{newResolver(f, shared(n)), newResolver(f, public(n))}
	goodEC := es256(documented())
	for _, seed := range []string{
		good, goodEC, good + "A", strings.ToUpper(good), sign(`{"alg":"none"}`, documented().text(), nil),
		sign(hs256, documented().text(), otherSecret), sign(`{"alg":"HS256","kid":"ec"}`, documented().text(), []byte(keySet())),
		sign(hs256, `{"sub":"eve",`+documented().text()[1:], nil), "a.b.c", "..",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		bearer, err := secureflows.NewToken(text)
		if err != nil {
			return
		}
		for _, resolver := range resolvers {
			identity, err := resolver.Resolve(t.Context(), bearer)
			if text == good || text == goodEC {
				continue
			}
			require.ErrorIs(t, err, secureflows.ErrSignedOut)
			require.Zero(t, identity)
		}
		for _, request := range n.asked() {
			require.Equal(t, "GET "+keySetURL, request.name)
		}
	})
}

// FuzzClaims: whatever ProductFlo signs, nobody is let in but the person and the
// tenant that another decoder finds there too.
func FuzzClaims(f *testing.F) {
	config := shared(newNetwork())
	config.Tenant = "t-42"
	resolver := newResolver(f, config)
	for _, seed := range []string{
		documented().text(), documented().with("tenant_id", nil).text(), `{"sub":"a","SUB":"b","exp":1e300,"role":1}`,
		strings.Replace(documented().text(), "{", `{"tenant_id":"t-1",`, 1), `{"\u0073ub":"a"}`, "[]", "null", "{}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		bearer, err := secureflows.NewToken(sign(hs256, payload, secret))
		if err != nil {
			return
		}
		identity, err := resolver.Resolve(t.Context(), bearer)
		if err != nil {
			require.Zero(t, identity)
			return
		}
		var said map[string]any
		require.NoError(t, json.Unmarshal([]byte(payload), &said))
		assert.Equal(t, said["sub"], identity.Subject)
		assert.Equal(t, said["tenant_id"], identity.Tenant)
		assert.NotContains(t, said, "iss")
		assert.True(t, identity.ExpiresAt.After(start.Add(-time.Second)))
	})
}

// FuzzCookieSource: a request that says it is of another site has no token, but
// for a page that is opened.
func FuzzCookieSource(f *testing.F) {
	source, err := productflo.CookieSource("pf", "https://app.example.com")
	require.NoError(f, err)
	f.Add("POST", "cross-site", "https://evil.example", "cors", "empty")
	f.Add("GET", "same-site", "https://app.example.com", "cors", "empty")
	f.Add("GET", "", "https://app.example.com.evil.example", "websocket", "empty")
	f.Add("HEAD", "cross-site", "", "navigate", "document")
	f.Fuzz(func(t *testing.T, method, site, origin, mode, destination string) {
		r := requestWith(http.MethodGet, "Cookie: pf=abc")
		r.Method = method
		for name, value := range map[string]string{"Sec-Fetch-Site": site, "Origin": origin, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		_, ok := source(r)
		page := (method == http.MethodGet || method == http.MethodHead) && mode == "navigate" && destination == "document"
		if own := site == "same-origin" || site == "none"; own || page || origin == "https://app.example.com" {
			assert.True(t, ok)
		} else if site != "" {
			assert.False(t, ok)
		}
	})
}
