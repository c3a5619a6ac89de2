package secureflows_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

// The sets of sentinels an error may carry, each one decision.
var (
	unauthenticated = []string{"ErrSignedOut", "ErrUnauthenticated"}
	tokenExpired    = []string{"ErrSignedOut", "ErrTokenExpired"}
	sessionRevoked  = []string{"ErrSessionRevoked", "ErrSignedOut"}
	sessionNotFound = []string{"ErrSessionNotFound", "ErrSignedOut"}
	keyNotFound     = []string{"ErrKeyNotFound"}
	graceLock       = []string{"ErrGraceLock"}
	forbidden       = []string{"ErrForbidden"}
	sessionLimit    = []string{"ErrSessionLimit"}
	payloadTooLarge = []string{"ErrPayloadTooLarge"}
	rateLimited     = []string{"ErrRateLimited"}
	invalidRequest  = []string{"ErrInvalidRequest"}
	unavailable     = []string{"ErrUnavailable"}
)

const page = "<!DOCTYPE html><html><head><title>Attention Required! | Edge</title></head><body>no</body></html>"

func form(status int, message string) string {
	return fmt.Sprintf(`{"status":%d,"error":%q}`, status, message)
}

func coded(status int, code string) string {
	return fmt.Sprintf(`{"status":%d,"error":"in words","code":%q}`, status, code)
}

// matrixRow is an answer and what it means: for calls with a token, and where
// it differs, for the calls in except and those without a token.
type matrixRow struct {
	name   string
	status int
	body   string
	want   []string
	public []string // nil: want
	except map[string][]string
}

var noOne = map[string][]string(nil)

// Source: CONTRACT "Errors", DESIGN's table of sentinels and what follows it.
var matrix = []matrixRow{
	{"401 missing", 401, form(401, "Missing Authorization header"), unauthenticated, unavailable, noOne},
	{"401 invalid", 401, form(401, "Invalid session token"), unauthenticated, unavailable, noOne},
	{"401 expired", 401, form(401, "Session token expired"), tokenExpired, unavailable, noOne},
	{"401 empty", 401, "", unauthenticated, unavailable, noOne},
	{"401 page", 401, page, unauthenticated, unavailable, noOne},
	{"403 empty", 403, "", unauthenticated, forbidden, noOne},
	{"403 access denied, older servers'", 403, `{"error":"Access denied"}`, unauthenticated, forbidden, noOne},
	{"403 access denied", 403, form(403, "Access denied"), unauthenticated, forbidden, noOne},
	{"403 grace lock", 403, coded(403, "BILLING_GRACE_LOCK"), graceLock, nil, noOne},
	{"403 not the owner", 403, form(403, "Firebase user does not own this session"), forbidden, nil, noOne},
	{"403 a permission", 403, form(403, "Insufficient role"), forbidden, nil, noOne},
	{"403 page", 403, page, forbidden, nil, noOne},
	{"403 page that says Access denied", 403, "<html><title>Access denied</title>Access denied</html>", forbidden, nil, noOne},
	{"403 text", 403, "Access denied", forbidden, nil, noOne},
	{"403 white space", 403, "\n", forbidden, nil, noOne},
	{"403 empty object", 403, "{}", forbidden, nil, noOne},
	{"403 grace lock in a page", 403, "<p>" + coded(403, "BILLING_GRACE_LOCK"), forbidden, nil, noOne},
	{"403 grace lock of another status", 403, coded(402, "BILLING_GRACE_LOCK"), forbidden, nil, noOne},
	{"403 cut short", 403, `{"status":403,"error":"Access den`, forbidden, nil, noOne},
	{"404 the API's", 404, form(404, "Not here"), sessionNotFound, unavailable, map[string][]string{
		"get": keyNotFound, "create session": invalidRequest, "get or create session": invalidRequest}},
	{"404 session", 404, form(404, "Session not found"), sessionNotFound, unavailable, map[string][]string{
		"create session": invalidRequest, "get or create session": invalidRequest}},
	{"404 page", 404, page, unavailable, nil, noOne},
	{"404 empty", 404, "", unavailable, nil, noOne},
	{"404 text", 404, "default backend - 404", unavailable, nil, noOne},
	{"404 of another program", 404, `{"message":"no Route matched with those values"}`, unavailable, nil, noOne},
	{"404 of another status", 404, form(502, "Key not found"), unavailable, nil, noOne},
	{"404 of a framework", 404, `{"timestamp":"2026-01-01T00:00:00Z","status":404,"error":"Not Found","path":"/api/v1/x"}`, unavailable, nil, noOne},
	{"404 cut short", 404, `{"status":404,"error":"Key not fo`, unavailable, nil, noOne},
	{"404 and more", 404, form(404, "Key not found") + form(404, "Key not found"), unavailable, nil, noOne},
	{"410 expired", 410, form(410, "Session expired"), tokenExpired, unavailable, noOne},
	{"410 revoked", 410, form(410, "Session revoked"), sessionRevoked, unavailable, noOne},
	{"410 superseded", 410, form(410, "Session token superseded"), sessionRevoked, unavailable, noOne},
	{"413 the API's", 413, form(413, "Payload too large (max 2048 bytes)"), payloadTooLarge, nil, noOne},
	{"413 page", 413, page, payloadTooLarge, nil, noOne},
	{"429 session limit", 429, coded(429, "BILLING_SESSION_LIMIT"), sessionLimit, nil, noOne},
	{"429 payload limit", 429, coded(429, "BILLING_PAYLOAD_LIMIT"), payloadTooLarge, nil, noOne},
	{"429 the edge's", 429, "error code: 1015", rateLimited, nil, noOne},
	{"429 without a code", 429, form(429, "Too many requests"), rateLimited, nil, noOne},
	{"429 page", 429, page, rateLimited, nil, noOne},
	{"429 empty", 429, "", rateLimited, nil, noOne},
	{"429 with a code that is a number", 429, `{"status":429,"error":"e","code":1}`, rateLimited, nil, noOne},
	{"400 the API's", 400, form(400, "q is blank"), invalidRequest, nil, noOne},
	{"400 of the docs", 400, `{"error":"q is blank"}`, invalidRequest, nil, noOne},
	{"400 empty", 400, "", invalidRequest, nil, noOne},
	{"405 the API's", 405, form(405, "Method not allowed"), invalidRequest, nil, noOne},
	{"405 page", 405, page, unavailable, nil, noOne},
	{"407 page", 407, page, unavailable, nil, noOne},
	{"500 the API's", 500, form(500, "Internal error"), unavailable, nil, noOne},
	{"500 empty", 500, "", unavailable, nil, noOne},
	{"500 that says expired", 500, form(500, "Session expired"), unavailable, nil, noOne},
	{"501", 501, form(501, "later"), unavailable, nil, noOne},
	{"502 page", 502, page, unavailable, nil, noOne},
	{"503 the API's", 503, form(503, "Not ready"), unavailable, nil, noOne},
	{"504 page", 504, page, unavailable, nil, noOne},
	{"521 the edge's", 521, page, unavailable, nil, noOne},
	{"599 with a billing code", 599, coded(599, "BILLING_GRACE_LOCK"), unavailable, nil, noOne},
	{"201", 201, `{"sessionToken":"a.b","payload":{}}`, unavailable, nil, noOne},
	{"202", 202, "", unavailable, nil, noOne},
	{"204", 204, "", unavailable, nil, noOne},
	{"206", 206, "{}", unavailable, nil, noOne},
	{"302", 302, "", unavailable, nil, noOne},
	{"304", 304, "", unavailable, nil, noOne},
	{"200 page", 200, page, unavailable, nil, noOne},
	{"200 empty", 200, "", unavailable, nil, noOne},
	{"200 null", 200, "null", unavailable, nil, noOne},
	{"200 array", 200, "[]", unavailable, nil, noOne},
	{"200 text", 200, `"true"`, unavailable, nil, noOne},
	{"200 cut short", 200, `{"a":`, unavailable, nil, noOne},
	{"200 and more", 200, `{} {}`, unavailable, nil, noOne},
}

func (row matrixRow) sentinels(op operation) []string {
	if special, ok := row.except[op.name]; ok {
		return special
	}
	if op.kind == onNothing && row.public != nil {
		return row.public
	}
	return row.want
}

// ended reports whether the row says that there is nothing left to log out.
func (row matrixRow) ended(op operation) bool {
	return op.name == "logout" && len(row.want) == 2
}

func TestErrorMatrix(t *testing.T) {
	for _, row := range matrix {
		for _, op := range operations {
			t.Run(row.name+"/"+op.name, func(t *testing.T) {
				service := httpmock.NewMockTransport()
				service.RegisterNoResponder(httpmock.NewStringResponder(row.status, row.body))
				err := op.do(context.Background(), newClient(t, service), demoTokens(t))
				if row.ended(op) {
					require.NoError(t, err)
					return
				}
				row.check(t, op, err)
				assert.Equal(t, 1, service.GetTotalCallCount())
			})
		}
	}
}

func (row matrixRow) check(t *testing.T, op operation, err error) {
	want := row.sentinels(op)
	assert.Equal(t, want, sentinelsOf(err))
	facts := factsOf(t, err)
	assert.Equal(t, op.name, facts.Op)
	assert.Equal(t, row.status, facts.StatusCode)
	assertText(t, err, want)
	for name, wrapped := range map[string]error{
		"%w": fmt.Errorf("load notes: %w", fmt.Errorf("twice: %w", err)), "Join": errors.Join(errors.New("other"), err),
		"two %w": fmt.Errorf("%w and %w", errors.New("other"), err),
	} {
		assert.Equal(t, want, sentinelsOf(wrapped), name)
		assert.Same(t, facts, factsOf(t, wrapped), name)
	}
}

// advice is a word or two of what each error must tell its reader to do.
var advice = map[string]string{
	"ErrUnauthenticated": "sign in", "ErrTokenExpired": "renew", "ErrSessionRevoked": "sign in afresh",
	"ErrSessionNotFound": "sign in afresh", "ErrKeyNotFound": "use a default", "ErrGraceLock": "keep the token",
	"ErrForbidden": "not a sign-out", "ErrSessionLimit": "tell the user", "ErrPayloadTooLarge": "store less",
	"ErrRateLimited": "try again later", "ErrUnavailable": "says nothing about the user",
}

func assertText(t *testing.T, err error, want []string) {
	t.Helper()
	text := err.Error()
	assert.Equal(t, 1, strings.Count(text, "secureflows"), "the prefix once: %s", text)
	assert.True(t, strings.HasPrefix(text, "secureflows: "+factsOf(t, err).Op+": "), text)
	assert.NotContains(t, text, "://", "a URL")
	assert.NotContains(t, text, "/api/v1", "a URL")
	assert.NotContains(t, text, "\n")
	assertHidden(t, text)
	for _, name := range want {
		assert.Contains(t, text, advice[name])
	}
}

func TestNoAnswerIsUnavailable(t *testing.T) {
	for name, answer := range map[string]answer{
		"reset":                        fail(errReset),
		"refused":                      fail(errRefused),
		"a 200 that broke off":         replyBody(200, brokenOff(`{"sessionToken":"a.b","payload":{}}`)),
		"an empty broken 200":          replyBody(200, brokenOff("")),
		"the transport's own context":  fail(fmt.Errorf("pool: %w", context.Canceled)),
		"the transport's own deadline": fail(context.DeadlineExceeded),
	} {
		for _, op := range operations {
			err := op.do(context.Background(), newClient(t, answering(answer)), demoTokens(t))
			assert.Equal(t, unavailable, sentinelsOf(err), "%s: %s", op.name, name)
			assert.NotErrorIs(t, err, context.Canceled, name)
			assert.NotErrorIs(t, err, context.DeadlineExceeded, name)
			assert.Zero(t, factsOf(t, err).StatusCode, name)
			assertText(t, err, unavailable)
		}
	}
	// A transport may be a client of the service itself.
	ours := fail(fmt.Errorf("sidecar: %w", secureflows.ErrTokenExpired))
	assert.Equal(t, unavailable, sentinelsOf(named("get")[0].do(context.Background(), newClient(t, answering(ours)), demoTokens(t))))
	_, err := newClient(t, answering(fail(errReset))).SearchDocs(context.Background(), "q", 0)
	assert.ErrorIs(t, err, errReset, "the cause is within reach")
}

// An error is an answer by its status, however its body ends.
func TestErrorBodiesThatDoNotEndWell(t *testing.T) {
	for status, want := range map[int][]string{
		401: unauthenticated, 403: forbidden, 404: unavailable, 410: tokenExpired, 413: payloadTooLarge,
		429: rateLimited, 400: invalidRequest, 500: unavailable, 503: unavailable, 302: unavailable,
	} {
		for name, answer := range map[string]answer{
			"empty and broken off": replyBody(status, brokenOff("")),
			"broken off":           replyBody(status, brokenOff(form(status, "x")[:9])),
			"endless":              replyBody(status, endless(form(status, "x")[:9])),
			"endless page":         replyBody(status, endless("<html>")),
			"padded for ever":      replyBody(status, endless(form(status, "Access denied"))),
		} {
			err := named("get")[0].do(context.Background(), newClient(t, answering(answer)), demoTokens(t))
			assert.Equal(t, want, sentinelsOf(err), "%d %s", status, name)
			assert.Equal(t, status, factsOf(t, err).StatusCode, name)
		}
	}
}

// A transport made by hand seldom sets ContentLength; 0 is no promise.
func TestAnAnswerIsReadWhateverItsLengthSays(t *testing.T) {
	lengthless := func(status int, body string) answer {
		return func(r *http.Request) (*http.Response, error) {
			response, err := reply(status, body)(r)
			response.ContentLength = 0
			return response, err
		}
	}
	err := named("get")[0].do(context.Background(), newClient(t, answering(lengthless(403, coded(403, "BILLING_GRACE_LOCK")))), demoTokens(t))
	assert.Equal(t, graceLock, sentinelsOf(err))
	assert.NoError(t, named("get")[0].do(context.Background(), newClient(t, answering(lengthless(200, `{"key":"k","value":1}`))), demoTokens(t)))
}

func TestSentinelsByThemselves(t *testing.T) {
	for name, sentinel := range sentinels {
		want := []string{name}
		switch name {
		case "ErrUnauthenticated", "ErrTokenExpired", "ErrSessionRevoked", "ErrSessionNotFound":
			want = append(want, "ErrSignedOut")
		}
		assert.ElementsMatch(t, want, sentinelsOf(sentinel), "bare")
		assert.ElementsMatch(t, want, sentinelsOf(fmt.Errorf("resolve: %w", sentinel)), "wrapped")
		assert.True(t, strings.HasPrefix(sentinel.Error(), "secureflows: "))
	}
}

func TestTheFactsOfAnError(t *testing.T) {
	service := answering(reply(429, `{"status":429,"error":"Slow down","code":"EDGE"}`, "Retry-After", "7", "X-Request-Id", "r-1"))
	err := named("get")[0].do(context.Background(), newClient(t, service), demoTokens(t))
	facts := factsOf(t, err)
	assert.Equal(t, "get 429 EDGE Slow down r-1 7s", fmt.Sprint(
		facts.Op, " ", facts.StatusCode, " ", facts.Code, " ", facts.Message, " ", facts.RequestID, " ", facts.RetryAfter))
	for _, words := range []string{"429", "EDGE", "Slow down", "r-1", "7s"} {
		assert.ErrorContains(t, err, words)
	}
}

// What an error means is decided by what the service said, not by what is left
// of it when the token is taken out: fakes use tokens such as "token".
func TestShortTokensChangeNoDecision(t *testing.T) {
	for _, text := range []string{"token", "e", "s", "expired", "revoked", "Session", "denied", "BILLING", "_LOCK"} {
		for _, row := range matrix {
			op := named("payload")[0]
			tokens := tokens{token(t, text), idToken(t, text)}
			err := op.do(context.Background(), newClient(t, answering(reply(row.status, row.body))), tokens)
			if assert.Error(t, err) {
				assert.Equal(t, row.sentinels(op), sentinelsOf(err), "%s with the token %q", row.name, text)
			}
		}
	}
	client := newClient(t, answering(reply(403, form(403, "Firebase user does not own this session"))))
	_, _, err := client.RenewSession(context.Background(), idToken(t, "own"), token(t, "not"))
	_, ok := client.ReauthURL(err, token(t, "not"), secureflows.LoginOptions{RedirectURI: "https://app.example/cb"})
	assert.True(t, ok)
}

func TestMessagesFitOneLine(t *testing.T) {
	long := strings.Repeat("long ", 10_000)
	for _, body := range []string{
		`{"status":500,"error":"` + long + `","code":"` + long + `"}`, "<title>" + long + "</title>",
		`{"status":500,"error":"two\nlines\u001b[31m\u0000\u0085\u202e"}`, "{\"status\":500,\"error\":\"\xff\xfe\"}",
	} {
		service := answering(reply(500, body, "X-Request-Id", strings.Repeat("i", 10_000)))
		err := named("get")[0].do(context.Background(), newClient(t, service), demoTokens(t))
		assert.Less(t, len(err.Error()), 2048)
		assert.NotContains(t, err.Error(), "\n")
		assert.NotContains(t, err.Error(), "\x1b")
		assert.NotContains(t, err.Error(), "\u0085")
		assert.NotContains(t, err.Error(), "\u202e", "a direction that hides what follows")
		assert.True(t, strings.ToValidUTF8(err.Error(), "") == err.Error(), "invalid UTF-8")
	}
}
