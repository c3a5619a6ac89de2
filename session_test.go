package secureflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

func sessionOn(t *testing.T, answers ...answer) (*secureflows.Session, *script) {
	t.Helper()
	service := answering(answers...)
	return newClient(t, service).Session(token(t, sessionText)), service
}

func TestRequestsSayWhatTheContractSays(t *testing.T) {
	for name, want := range map[string]string{
		"create session":        `POST /api/v1/sessions {"workspaceName":"demo-workspace","app_id":"demo-app"}`,
		"get or create session": `POST /api/v1/sessions/get-or-create {"workspaceName":"demo-workspace","app_id":"demo-app"}`,
		"renew session":         `POST /api/v1/sessions/renew/session.token-of_ada~1%2F2+3== `,
		"payload":               `GET /api/v1/sessions `,
		"identity":              `GET /api/v1/sessions/identity `,
		"get":                   `GET /api/v1/sessions/get/theme `,
		"set":                   `POST /api/v1/sessions/set/theme {"value":"dark"}`,
		"delete":                `DELETE /api/v1/sessions/delete/theme `,
		"revoke":                `POST /api/v1/sessions/revoke `,
		"logout":                `POST /api/v1/auth/logout `,
		"search docs":           `GET /api/v1/docs/search?q=q `,
		"validate redirect":     `POST /api/v1/applications/validate-redirect {"appId":"demo-app","redirectUri":"u"}`,
	} {
		op := named(name)[0]
		service := answering(reply(200, op.ok))
		require.NoError(t, op.do(context.Background(), newClient(t, service), demoTokens(t)), name)
		request := service.requests()[0]
		assert.Equal(t, want, fmt.Sprintf("%s %s %s", request.method, request.target, request.body), name)
		bearer := map[int][]string{onSession: {"Bearer " + sessionText}, onIDToken: {"Bearer " + idText}}[op.kind]
		assert.Equal(t, bearer, request.header["Authorization"], name)
		if request.body != "" {
			assert.Equal(t, "application/json", request.header.Get("Content-Type"), name)
		}
	}
}

// The contract has no identity in any request: not in a body, a query or a
// header.
func TestNoRequestSaysWhoTheUserIs(t *testing.T) {
	for _, op := range operations {
		service := answering(reply(200, op.ok))
		require.NoError(t, op.do(context.Background(), newClient(t, service), demoTokens(t)), op.name)
		text := strings.ToLower(fmt.Sprint(service.requests()[0]))
		for _, field := range []string{"userid", "user_id", "workspaceid", "tenant", "email", "uid"} {
			assert.NotContains(t, text, field, op.name)
		}
	}
}

// Stored JSON is nobody's business but the application's.
func TestJSONGoesThroughUnchanged(t *testing.T) {
	for _, text := range []string{
		`9007199254740993`, `-9223372036854775808`, `123456789012345678901234567890`, `1e400`, `0.1`, `1.0`, `-0`,
		`"<script>alert('&amp;')</script>"`, `"\u003c"`, `null`, `true`, `""`, `"ünïcödé \ud83d\ude00"`, `[]`, `{}`,
		`{"b":[1,{"c":null,"a":"<&>"}],"a":9007199254740993}`, `{"value":{"value":1}}`, `"{\"a\":1}"`,
	} {
		session, service := sessionOn(t, reply(200, `{"k":`+text+`}`), reply(200, `{"key":"k","value":`+text+`}`), reply(200, `{"k":`+text+`}`))
		payload, err := session.Set(context.Background(), "k", json.RawMessage(text))
		require.NoError(t, err, text)
		assert.Equal(t, `{"value":`+text+`}`, service.requests()[0].body)
		assert.Equal(t, text, string(payload["k"]))
		raw, err := session.Get(context.Background(), "k")
		require.NoError(t, err)
		assert.Equal(t, text, string(raw))
		payload, err = session.Payload(context.Background())
		require.NoError(t, err)
		assert.Equal(t, text, string(payload["k"]))
	}
}

func TestGoValuesAreStoredWithoutEscapes(t *testing.T) {
	for name, row := range map[string]struct {
		value any
		want  string
	}{
		"HTML":             {"<b>&</b>", `"<b>&</b>"`},
		"HTML in a struct": {struct{ A string }{"<&>"}, `{"A":"<&>"}`},
		"HTML in a key":    {map[string]int{"<&>": 1}, `{"<&>":1}`},
		"a large integer":  {int64(9007199254740993), `9007199254740993`},
		"the largest":      {uint64(math.MaxUint64), `18446744073709551615`},
		"nil":              {nil, `null`},
		"a nil pointer":    {(*int)(nil), `null`},
		"bytes of JSON":    {json.RawMessage(`{"a": 1}`), `{"a":1}`},
	} {
		session, service := sessionOn(t, reply(200, `{}`))
		_, err := session.Set(context.Background(), "k", row.value)
		require.NoError(t, err, name)
		assert.Equal(t, `{"value":`+row.want+`}`, service.requests()[0].body, name)
	}
}

type leaky struct{}

func (leaky) MarshalJSON() ([]byte, error) { return nil, errors.New("hunter2 is not JSON") }

func TestValuesThatAreNoJSON(t *testing.T) {
	for name, value := range map[string]any{
		"a channel": make(chan int), "a function": func() {}, "not a number": math.NaN(), "half a raw message": json.RawMessage(`{"hunter2`),
		"a marshaller that fails": leaky{}, "a marshaller below": map[string]any{"hunter2": leaky{}},
	} {
		session, service := sessionOn(t, reply(200, `{}`))
		_, err := session.Set(context.Background(), "k", value)
		assert.Equal(t, invalidRequest, sentinelsOf(err), name)
		assert.NotContains(t, err.Error(), "hunter2", name)
		assert.ErrorContains(t, err, fmt.Sprintf("of type %T ", value), name)
		_, err = newClient(t, service).CreateSession(context.Background(), idToken(t, idText), map[string]any{"a": value})
		assert.Equal(t, invalidRequest, sentinelsOf(err), name)
		assert.NotContains(t, err.Error(), "hunter2", name)
		assert.Empty(t, service.requests(), name)
	}
}

func TestFirstPayloads(t *testing.T) {
	const start = `{"workspaceName":"demo-workspace","app_id":"demo-app"`
	for name, row := range map[string]struct {
		payload any
		want    string // "" is refused
	}{
		"nil":             {nil, start + `}`},
		"a nil map":       {map[string]int(nil), start + `}`},
		"an empty struct": {struct{}{}, start + `}`},
		"a map":           {map[string]any{"a": "<&>"}, start + `,"payload":{"a":"<&>"}}`},
		"raw JSON":        {json.RawMessage(` {"n":9007199254740993}`), start + `,"payload":{"n":9007199254740993}}`},
		"a payload":       {secureflows.Payload{"a": json.RawMessage(`null`)}, start + `,"payload":{"a":null}}`},
		"a text":          {"a", ""},
		"a list":          {[]int{1}, ""},
		"a number":        {7, ""},
	} {
		for _, create := range []func(*secureflows.Client, context.Context, secureflows.IDToken, any) (*secureflows.Session, error){
			(*secureflows.Client).CreateSession, (*secureflows.Client).GetOrCreateSession,
		} {
			service := answering(reply(200, `{"sessionToken":"new.token"}`))
			session, err := create(newClient(t, service), context.Background(), idToken(t, idText), row.payload)
			if row.want == "" {
				assert.Equal(t, invalidRequest, sentinelsOf(err), name)
				assert.Empty(t, service.requests(), name)
				continue
			}
			require.NoError(t, err, name)
			assert.Equal(t, "new.token", session.Token().Reveal())
			assert.Equal(t, row.want, service.requests()[0].body, name)
		}
	}
}

func TestAnswersOfAnotherShapeAreRefused(t *testing.T) {
	for name, bodies := range map[string][]string{
		"create session":        {`{}`, `{"sessionToken":""}`, `{"sessionToken":null}`, `{"sessionToken":7}`, `{"sessionToken":"a b"}`, `{"token":"a"}`},
		"get or create session": {`{}`, `{"sessionToken":"a\nb"}`, `["a"]`},
		"renew session":         {`{}`, `{"sessionToken":"a"}`, `{"payload":{}}`, `{"sessionToken":"a","payload":null}`, `{"sessionToken":"a","payload":[]}`},
		"payload":               {`[]`, `true`, `"{}"`, `{"a":1}{"b":2}`, `{"a":}`},
		"identity":              {`{}`, `{"userId":1}`, `{"email":"a"}`, `{"userId":"1","email":"a"}`, `{"userId":1.5,"email":"a"}`, `{"userId":1,"email":2}`, `{"userId":92233720368547758080,"email":null}`},
		"get":                   {`{}`, `{"key":"theme"}`, `[]`, `1`},
		"set":                   {`true`, `null`, `[]`},
		"delete":                {`"true"`, `1`, `null`, `{}`, ``, `truefalse`, `TRUE`},
		"revoke":                {`{}`, `{"revoked":false,"sessionId":1}`, `{"revoked":true}`, `{"revoked":true,"sessionId":"1"}`, `true`},
		"logout":                {`{}`, `{"loggedOut":false}`, `true`, ``},
		"search docs":           {`{}`, `{"hits":null}`, `{"hits":7}`, `[]`},
		"validate redirect":     {`{}`, `{"valid":"yes"}`, `{"valid":null}`, `true`},
	} {
		for _, body := range bodies {
			op := named(name)[0]
			err := op.do(context.Background(), newClient(t, answering(reply(200, body))), demoTokens(t))
			assert.Equal(t, unavailable, sentinelsOf(err), "%s: %s", name, body)
		}
	}
}

func TestIdentity(t *testing.T) {
	for body, want := range map[string]secureflows.Identity{
		`{"userId":42,"email":"ada@example.com"}`: {UserID: 42, Email: "ada@example.com"},
		`{"userId":9007199254740993,"email":""}`:  {UserID: 9007199254740993},
		`{"userId":null,"email":null}`:            {},
		`{"userId":7,"email":null,"more":[1]}`:    {UserID: 7},
	} {
		session, _ := sessionOn(t, reply(200, body))
		identity, err := session.Identity(context.Background())
		require.NoError(t, err, body)
		assert.Equal(t, want, identity)
	}
	identity, err := newClient(t, answering(reply(200, `{"userId":42,"email":null}`))).Resolve(context.Background(), token(t, sessionText))
	require.NoError(t, err)
	assert.EqualValues(t, 42, identity.UserID)
}

func TestRenewSession(t *testing.T) {
	client := newClient(t, answering(reply(200, `{"sessionToken":"new.token","payload":{"n":9007199254740993}}`)))
	session, payload, err := client.RenewSession(context.Background(), idToken(t, idText), token(t, sessionText))
	require.NoError(t, err)
	assert.Equal(t, "new.token", session.Token().Reveal())
	assert.Equal(t, secureflows.Payload{"n": json.RawMessage("9007199254740993")}, payload)
}

// A token of dots alone is made of allowed characters, and in a path it is a
// folder: another endpoint would be asked.
func TestARenewalStaysInItsPath(t *testing.T) {
	for _, text := range []string{".", ".."} {
		service := answering(reply(200, `{"sessionToken":"new.token","payload":{}}`))
		_, _, err := newClient(t, service).RenewSession(context.Background(), idToken(t, idText), token(t, text))
		assert.Equal(t, invalidRequest, sentinelsOf(err))
		assert.Empty(t, service.requests())
	}
}

func TestARevokedSessionAnswersWithoutAsking(t *testing.T) {
	session, service := sessionOn(t, reply(200, `{"revoked":true,"sessionId":9007199254740993}`))
	client := newClient(t, service)
	session = client.Session(session.Token())
	id, err := session.Revoke(context.Background())
	require.NoError(t, err)
	assert.EqualValues(t, 9007199254740993, id)
	tokens := demoTokens(t)
	for _, op := range operations {
		if op.kind == onSession && op.name != "logout" || op.name == "renew session" {
			err := op.do(context.Background(), client, tokens)
			assert.Equal(t, sessionRevoked, sentinelsOf(err), op.name)
		}
	}
	assert.NoError(t, session.Logout(context.Background()), "logging out what has ended is no error")
	_, err = client.Resolve(context.Background(), tokens.session)
	assert.ErrorIs(t, err, secureflows.ErrSessionRevoked)
	assert.Len(t, service.requests(), 1, "the service was asked")
	login, ok := client.ReauthURL(secureflows.ErrTokenExpired, tokens.session, secureflows.LoginOptions{RedirectURI: "https://app.example/cb"})
	assert.True(t, ok)
	assert.NotContains(t, login, "session_token", "a renewal after a revocation")

	other := client.Session(token(t, "another.token"))
	_, err = other.Revoke(context.Background())
	assert.NoError(t, err, "only the one session was revoked")
}

func TestARevocationThatFailedRevokesNothing(t *testing.T) {
	session, service := sessionOn(t, reply(503, ""), reply(200, `{"theme":1}`))
	_, err := session.Revoke(context.Background())
	assert.Equal(t, unavailable, sentinelsOf(err))
	_, err = session.Payload(context.Background())
	assert.NoError(t, err)
	assert.Len(t, service.requests(), 2)
}

func TestLogoutOfWhatHasEndedIsNoError(t *testing.T) {
	for name, answer := range map[string]answer{
		"expired": reply(410, form(410, "Session expired")), "expired, newer": reply(401, form(401, "Session token expired")),
		"superseded": reply(410, form(410, "Session revoked")), "gone": reply(404, form(404, "Session not found")),
	} {
		session, _ := sessionOn(t, answer)
		assert.NoError(t, session.Logout(context.Background()), name)
	}
	session, _ := sessionOn(t, reply(403, coded(403, "BILLING_GRACE_LOCK")))
	assert.Equal(t, graceLock, sentinelsOf(session.Logout(context.Background())))
}

func TestAnswersAreBounded(t *testing.T) {
	exact := `{"a":"` + strings.Repeat("x", 16<<20-len(`{"a":""}`)) + `"}`
	session, _ := sessionOn(t, reply(200, exact))
	payload, err := session.Payload(context.Background())
	require.NoError(t, err, "16 MiB are allowed")
	assert.Len(t, payload["a"], 16<<20-6)

	for status, limit := range map[int]int{200: 16 << 20, 401: 64 << 10, 500: 64 << 10, 302: 64 << 10} {
		for _, length := range []int64{-1, 1 << 40} {
			source := &filler{}
			session, _ := sessionOn(t, func(r *http.Request) (*http.Response, error) {
				return response(r, status, io.NopCloser(source), length, nil), nil
			})
			_, err := session.Payload(context.Background())
			assert.Error(t, err)
			assert.GreaterOrEqual(t, source.taken, limit)
			assert.LessOrEqual(t, source.taken, 2*limit, "%d: more was read than is kept", status)
		}
	}
}

func TestASessionIsSafeForConcurrentUse(t *testing.T) {
	client := newClient(t, answering(reply(200, `{"key":"theme","value":1}`)), func(cfg *secureflows.Config) { cfg.HTTPClient.Timeout = time.Minute })
	session := client.Session(token(t, sessionText))
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			for range 20 {
				stop := client.OnSignedOut(func(secureflows.Token) {})
				_, err := session.Get(context.Background(), "theme")
				assert.NoError(t, err)
				_, err = client.LoginURL(secureflows.LoginOptions{RedirectURI: fmt.Sprintf("https://app.example/cb/%d", i)})
				assert.NoError(t, err)
				_, _ = client.Session(token(t, fmt.Sprintf("t%d", i))).Revoke(context.Background())
				_ = fmt.Sprint(session, client)
				stop()
			}
		})
	}
	all.Wait()
}
