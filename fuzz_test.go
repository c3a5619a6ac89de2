package secureflows_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

// legal are all the sets of sentinels an answer may end in.
var legal = [][]string{
	unauthenticated, tokenExpired, sessionRevoked, sessionNotFound, keyNotFound, graceLock, forbidden,
	sessionLimit, payloadTooLarge, rateLimited, invalidRequest, unavailable,
}

// Whatever the service answers, an error is one decision, fit to print.
func FuzzErrorBody(f *testing.F) {
	for _, row := range matrix {
		f.Add(row.status, []byte(row.body), "application/json", uint8(5))
	}
	f.Add(403, []byte(`{"error":"Access denied","status":null,"code":{}}`), "text/html", uint8(0))
	f.Fuzz(func(t *testing.T, status int, body []byte, contentType string, which uint8) {
		if status < 200 || status > 999 {
			return
		}
		op := operations[int(which)%len(operations)]
		service := answering(reply(status, string(body), "Content-Type", contentType, "X-Request-Id", string(body), "CF-Ray", contentType))
		err := op.do(context.Background(), newClient(t, service), demoTokens(t))
		if err == nil {
			assert.True(t, status == 200 || op.name == "logout", "%d is no success", status)
			return
		}
		got := sentinelsOf(err)
		assert.True(t, slices.ContainsFunc(legal, func(set []string) bool { return slices.Equal(set, got) }), "%v", got)
		if status >= 500 || status < 300 {
			assert.Equal(t, unavailable, got, "an outage is never a sign-out")
		}
		if op.kind == onNothing {
			assert.NotContains(t, got, "ErrSignedOut")
		}
		assert.Equal(t, status, factsOf(t, err).StatusCode)
		assert.False(t, strings.ContainsFunc(err.Error(), unicode.IsControl), "%q", err.Error())
		assert.Less(t, len(err.Error()), 4096)
		assertHidden(t, err.Error())
	})
}

func FuzzCallbackQuery(f *testing.F) {
	for _, query := range []string{
		"", "sessionToken=a.b&state=s", "firebaseToken=a.b", "error=access_denied&error_description=no&sessionToken=a", "sessionToken=a&sessionToken=b",
		"sessionToken=%zz", "a;b", "sessionToken=a+b", "error=", "state=%00&sessionToken=a",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got, err := secureflows.ParseCallback(&http.Request{URL: &url.URL{RawQuery: query}})
		values, malformed := url.ParseQuery(query)
		if err != nil {
			var failure *secureflows.CallbackError
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, secureflows.Callback{}, got)
			assert.False(t, strings.ContainsFunc(err.Error(), unicode.IsControl))
			assert.Less(t, len(err.Error()), 6*1024)
			return
		}
		assert.NoError(t, malformed)
		assert.False(t, values.Has("error"), "an error passed for a success")
		assert.NotEqual(t, got.Token.IsZero(), got.IDToken.IsZero(), "exactly one")
		if !got.Token.IsZero() {
			assert.Equal(t, values["sessionToken"], []string{got.Token.Reveal()})
		} else {
			assert.Equal(t, values["firebaseToken"], []string{got.IDToken.Reveal()})
		}
		assert.Equal(t, values.Get("state"), got.State)
	})
}

// The server sees exactly one path segment, and it decodes to the key.
func FuzzKey(f *testing.F) {
	for _, key := range []string{"theme", "", ".", "..", "a/b", "../x", "%2F", "%", "?", "#", ";", "+", " ", "\\", "ü", "\xff", "\n", "*", ":", "@", "a%00", "/"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		for op, call := range byKey {
			session, service := fuzzSession(t)
			err := call(session, key)
			if key == "" || key == "." || key == ".." || strings.ContainsFunc(key, unicode.IsControl) {
				assert.ErrorIs(t, err, secureflows.ErrInvalidRequest)
				assert.Empty(t, service.requests())
				continue
			}
			require.Len(t, service.requests(), 1)
			target := service.requests()[0].target
			segment, ok := strings.CutPrefix(target, "/api/v1/sessions/"+op+"/")
			assert.True(t, ok, target)
			assert.False(t, strings.ContainsAny(segment, "/?#\\; \r\n"), target)
			r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n")))
			require.NoError(t, err, target)
			assert.Equal(t, "/api/v1/sessions/"+op+"/"+key, r.URL.Path)
		}
	})
}

func fuzzSession(t *testing.T) (*secureflows.Session, *script) {
	service := answering(reply(503, ""))
	return newClient(t, service).Session(token(t, sessionText)), service
}

func FuzzToken(f *testing.F) {
	for _, text := range []string{"", "a", "a.b-c_d~e+f/g==", "=", "a=b", "a b", "\xff", "Bearer a", "a\n", strings.Repeat("a", 16<<10)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		session, err := secureflows.NewToken(text)
		id, idErr := secureflows.NewIDToken(text)
		assert.Equal(t, err == nil, idErr == nil)
		if err != nil {
			assert.True(t, session.IsZero() && id.IsZero())
			assert.True(t, errors.Is(err, secureflows.ErrInvalidRequest))
			assert.Less(t, len(err.Error()), 256, "the text is not quoted")
			return
		}
		assert.Equal(t, text, session.Reveal())
		assert.LessOrEqual(t, len(text), 16<<10)
		stem := strings.TrimRight(text, "=")
		assert.NotEmpty(t, stem)
		assert.Empty(t, strings.Trim(stem, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"), "RFC 6750 section 2.1")
		assert.Equal(t, "[REDACTED] [REDACTED]", fmt.Sprintf("%v %#v", session, id))
		again, err := secureflows.NewToken(text)
		assert.True(t, err == nil && again == session)
	})
}
