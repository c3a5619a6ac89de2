package productflo_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

const (
	sessionURL = "GET https://api.productflo.io/auth/session"
	logoutURL  = "POST https://api.productflo.io/auth/logout"
)

func TestSessionIsHandedOnAsItIs(t *testing.T) {
	n := newNetwork()
	text := hmacToken(documented())
	session, err := newResolver(t, shared(n)).Session(t.Context(), token(t, text))
	require.NoError(t, err)
	assert.Equal(t, `{"anything":[1]}`, string(session))
	assert.Equal(t, []request{{name: sessionURL, bearer: text}}, n.asked())
}

func TestLogoutEndsTheSession(t *testing.T) {
	for _, status := range []int{200, 202, 204} {
		n := newNetwork()
		n.answers[logoutURL] = answer{status: status, body: "whatever"}
		text := hmacToken(documented())
		require.NoError(t, newResolver(t, shared(n)).Logout(t.Context(), token(t, text)))
		assert.Equal(t, []request{{name: logoutURL, bearer: text}}, n.asked())
	}
}

// refusals are what a status means, whatever the body says.
var refusals = map[string]struct {
	answer answer
	want   error
}{
	"401":           {answer{status: 401, body: `{"error":"expired"}`}, secureflows.ErrUnauthenticated},
	"403":           {answer{status: 403, body: `{"error":"unauthorized"}`}, secureflows.ErrForbidden},
	"429":           {answer{status: 429, header: http.Header{"Retry-After": {"7"}}}, secureflows.ErrUnavailable},
	"500":           {answer{status: 500, body: `{"error":"token expired"}`}, secureflows.ErrUnavailable},
	"503":           {answer{status: 503, header: http.Header{"Retry-After": {"7"}}}, secureflows.ErrUnavailable},
	"404":           {answer{status: 404}, secureflows.ErrUnavailable},
	"400":           {answer{status: 400}, secureflows.ErrUnavailable},
	"redirect":      {answer{status: 307, header: http.Header{"Location": {"https://evil.example/auth/logout"}}}, secureflows.ErrUnavailable},
	"no connection": {answer{err: errors.New("connection refused")}, secureflows.ErrUnavailable},
}

func TestRefusalsOfSessionAndLogout(t *testing.T) {
	for name, test := range refusals {
		n := newNetwork()
		n.answers[sessionURL], n.answers[logoutURL] = test.answer, test.answer
		config := shared(n)
		resolver := newResolver(t, config)
		text := hmacToken(documented())
		_, err := resolver.Session(t.Context(), token(t, text))
		assertDecided(t, err, test.want, name)
		assertDecided(t, resolver.Logout(t.Context(), token(t, text)), test.want, name)
		assertUnquoted(t, err, text)
		assert.Len(t, n.asked(), 2, "a redirect is not followed")

		config.AskSession = true
		w := through(newResolver(t, config), text)
		if test.want == secureflows.ErrUnauthenticated {
			assert.Equal(t, http.StatusUnauthorized, w.Code, name)
			continue
		}
		assert.Equal(t, http.StatusServiceUnavailable, w.Code, name)
		if after := test.answer.header.Get("Retry-After"); after != "" {
			assert.Equal(t, after, w.Header().Get("Retry-After"), name)
		}
	}
}

// assertDecided sees to it that an error is one of those to decide by, and none
// of the others.
func assertDecided(t *testing.T, err, want error, name string) {
	t.Helper()
	for _, sentinel := range []error{
		secureflows.ErrUnauthenticated, secureflows.ErrTokenExpired, secureflows.ErrForbidden, secureflows.ErrUnavailable,
		secureflows.ErrInvalidRequest, middleware.ErrForeignToken, middleware.ErrNotAllowed,
	} {
		assert.Equal(t, errors.Is(want, sentinel), errors.Is(err, sentinel), "%s: %v is %v", name, err, sentinel)
	}
}

// TestAnAnswerWithoutASessionIsAnOutage: nobody is let in by it, or signed out.
func TestAnAnswerWithoutASessionIsAnOutage(t *testing.T) {
	rows := []answer{{status: 204}, {status: 202, body: `{"id":1}`}, {status: 200, body: `{"id":1}`, header: http.Header{"Content-Type": {"text/html"}}}}
	for _, body := range []string{
		"", "<html>", `{"a":`, "null", "false", "0", `""`, "[]", `[{"id":1}]`, "{}", " { } ", `{"user":null}`, `{} {}`,
		`{"session":null}`, `{"session":null,"user":{"id":1}}`, `{"session":false}`, `{"session": { }}`, `{"session":[]}`, `{"session":""}`,
		`{"error":"not logged in"}`, `{"error":{"code":1},"id":1}`, `{"error":"","session":{"id":1}}`,
	} {
		rows = append(rows, answer{status: 200, body: body})
	}
	for _, row := range rows {
		n := newNetwork()
		n.answers[sessionURL] = row
		config := shared(n)
		config.AskSession = true
		resolver := newResolver(t, config)
		_, err := resolver.Session(t.Context(), token(t, hmacToken(documented())))
		assertDecided(t, err, secureflows.ErrUnavailable, row.body)
		identity, err := resolver.Resolve(t.Context(), token(t, hmacToken(documented())))
		assertDecided(t, err, secureflows.ErrUnavailable, row.body)
		assert.Zero(t, identity)
	}
	for _, body := range []string{`{"id":1}`, `{"session":{"id":1}}`, `{"session":"s-1"}`, ` {"user":{"id":1},"error":null}`} {
		n := newNetwork()
		n.answers[sessionURL] = answer{status: 200, body: body}
		session, err := newResolver(t, shared(n)).Session(t.Context(), token(t, hmacToken(documented())))
		require.NoError(t, err, body)
		assert.Equal(t, body, string(session))
	}
}

// TestAPageIsNoWordOfProductFlo, whatever its status: a portal's says nothing
// about a token, and ends no session.
func TestAPageIsNoWordOfProductFlo(t *testing.T) {
	const page = "<html><title>Sign in to WiFi</title></html>"
	for _, status := range []int{200, 202, 401, 403, 404, 407} {
		for _, row := range []answer{
			{status: status, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}},
			{status: status, header: http.Header{"Content-Type": {"text/html"}}, body: `{"id":1}`},
			{status: status, body: page},
		} {
			n := newNetwork()
			n.answers[sessionURL], n.answers[logoutURL], n.answers[loginURL] = row, row, row
			resolver := newResolver(t, shared(n))
			bearer := token(t, hmacToken(documented()))
			_, err := resolver.Session(t.Context(), bearer)
			assertDecided(t, err, secureflows.ErrUnavailable, "session")
			assertDecided(t, resolver.Logout(t.Context(), bearer), secureflows.ErrUnavailable, "logout")
			expired := token(t, hmacToken(documented().with("exp", start.Unix()-1)))
			assertDecided(t, resolver.Logout(t.Context(), expired), secureflows.ErrUnavailable, "logout, expired")
			_, err = resolver.Login(t.Context(), "ada@example.com", "secret")
			assertDecided(t, err, secureflows.ErrUnavailable, "login")
		}
	}
}

// TestWhatIsNotGoodIsNotSent: but for a logout with a token that only expired.
func TestWhatIsNotGoodIsNotSent(t *testing.T) {
	n := newNetwork()
	resolver := newResolver(t, shared(n))
	for _, text := range []string{
		sign(hs256, documented().text(), otherSecret), hmacToken(documented().with("exp", nil)),
		sign(hs256, documented().with("exp", start.Unix()-1).text(), otherSecret),
	} {
		_, err := resolver.Session(t.Context(), token(t, text))
		assertDecided(t, err, secureflows.ErrUnauthenticated, text)
		assertDecided(t, resolver.Logout(t.Context(), token(t, text)), secureflows.ErrUnauthenticated, text)
	}
	expired := hmacToken(documented().with("exp", start.Unix()-1))
	_, err := resolver.Session(t.Context(), token(t, expired))
	assertDecided(t, err, secureflows.ErrTokenExpired, "expired")
	require.Empty(t, n.asked())

	require.NoError(t, resolver.Logout(t.Context(), token(t, expired)))
	n.answers[logoutURL] = answer{status: 401}
	assertDecided(t, resolver.Logout(t.Context(), token(t, expired)), secureflows.ErrTokenExpired, "expired")
	assert.Equal(t, []request{{name: logoutURL, bearer: expired}, {name: logoutURL, bearer: expired}}, n.asked())
}

// TestA401WithinTheLeewayIsAnExpiry: ProductFlo's clock says what this one does.
func TestA401WithinTheLeewayIsAnExpiry(t *testing.T) {
	n := newNetwork()
	n.answers[sessionURL] = answer{status: 401}
	config := shared(n)
	config.Leeway = time.Minute
	resolver := newResolver(t, config)
	_, err := resolver.Session(t.Context(), token(t, hmacToken(documented().with("exp", start.Unix()))))
	assertDecided(t, err, secureflows.ErrTokenExpired, "at exp")
	_, err = resolver.Session(t.Context(), token(t, hmacToken(documented().with("exp", start.Unix()+1))))
	assertDecided(t, err, secureflows.ErrUnauthenticated, "before exp")
}

func TestALogoutCountsWhereProductFloIsAsked(t *testing.T) {
	n := newNetwork()
	config := shared(n)
	local := newResolver(t, config)
	config.AskSession = true
	asking := newResolver(t, config)
	bearer := token(t, hmacToken(documented()))
	_, err := asking.Resolve(t.Context(), bearer)
	require.NoError(t, err)
	n.answers[sessionURL] = answer{status: 401}
	_, err = asking.Resolve(t.Context(), bearer)
	assertDecided(t, err, secureflows.ErrUnauthenticated, "asking")
	_, err = local.Resolve(t.Context(), bearer)
	assert.NoError(t, err, "as documented: nobody is asked")
}

func TestTheOriginIsTheOneOfConfig(t *testing.T) {
	n := newNetwork()
	n.answers["GET https://productflo.example.com/auth/session"] = answer{status: 200, body: `{"id":1}`}
	config := shared(n)
	config.Origin = "https://productflo.example.com/"
	_, err := newResolver(t, config).Session(t.Context(), token(t, hmacToken(documented())))
	require.NoError(t, err)
}
