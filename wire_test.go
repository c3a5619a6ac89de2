package secureflows_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

// TestWire holds the client against the recorded exchanges, whose format
// testdata/wire/README.md describes: it must send exactly the request, and make
// of the answer exactly the result.
func TestWire(t *testing.T) {
	files, err := filepath.Glob("testdata/wire/*.json")
	require.NoError(t, err)
	tested := 0
	for _, file := range files {
		pair := readPair(t, file)
		if !slices.Contains(pair.Sides, "client") {
			continue
		}
		tested++
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), pair.check)
	}
	require.NotZero(t, tested, "no recorded exchange was found")
}

type pair struct {
	About    string          `json:"about"`
	Source   string          `json:"source"`
	Sides    []string        `json:"sides"`
	Given    json.RawMessage `json:"given"`
	Call     wireCall        `json:"call"`
	Request  wireRequest     `json:"request"`
	Response wireResponse    `json:"response"`
	Result   json.RawMessage `json:"result"`
}

type wireCall struct {
	Op          string          `json:"op"`
	Key         string          `json:"key"`
	Value       json.RawMessage `json:"value"`
	Payload     json.RawMessage `json:"payload"`
	Q           string          `json:"q"`
	Limit       int             `json:"limit"`
	RedirectURI string          `json:"redirectUri"`
}

type wireRequest struct {
	Method        string            `json:"method"`
	Target        string            `json:"target"`
	Authorization string            `json:"authorization"`
	Headers       map[string]string `json:"headers"`
	Body          json.RawMessage   `json:"body"`
	Text          *string           `json:"text"`
}

type wireResponse struct {
	Status    int               `json:"status"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	Text      *string           `json:"text"`
	TypeOnly  []string          `json:"typeOnly"`
	Truncated bool              `json:"truncated"`
}

// placeholders are what the client side puts in for each; the tokens hold every
// character that is escaped somewhere.
var placeholders = map[string]string{
	"{sessionToken}":    "old-token.part/two+three==",
	"{newSessionToken}": "new-token.part/two+three==",
	"{idToken}":         "id-token.part~two",
	"{email}":           "ada@example.com",
	"{userId}":          "42",
	"{sessionId}":       "123",
}

// fill puts the placeholders in, escaped for their place.
func fill(text string, escape func(string) string) string {
	for name, value := range placeholders {
		text = strings.ReplaceAll(text, name, escape(value))
	}
	return text
}

func asIs(text string) string { return text }

// fillJSON puts the placeholders into JSON, where a string that is nothing but
// the placeholder of a number stands for that number.
func fillJSON(raw json.RawMessage) json.RawMessage {
	text := string(raw)
	for _, number := range []string{"{userId}", "{sessionId}"} {
		text = strings.ReplaceAll(text, `"`+number+`"`, placeholders[number])
	}
	return json.RawMessage(fill(text, asIs))
}

func readPair(t *testing.T, file string) *pair {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var p pair
	require.NoError(t, decoder.Decode(&p), file)
	return &p
}

func (p *pair) check(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		p.Request.compare(t, r)
		p.Response.write(t, w)
	}))
	defer server.Close()
	client, err := secureflows.New(secureflows.Config{
		Workspace: "demo-workspace", AppID: "demo-app", Origin: server.URL, MaxRetries: -1,
	})
	require.NoError(t, err)
	got, err := p.Call.make(t, client)
	assert.Equal(t, 1, requests, "requests sent")
	p.compareResult(t, got, err)
}

func (want wireRequest) compare(t *testing.T, r *http.Request) {
	assert.Equal(t, want.Method, r.Method)
	path, query, _ := strings.Cut(want.Target, "?")
	gotPath, gotQuery, _ := strings.Cut(r.RequestURI, "?")
	assert.Equal(t, fill(path, url.PathEscape), gotPath)
	wantValues, err := url.ParseQuery(fill(query, url.QueryEscape))
	assert.NoError(t, err)
	gotValues, err := url.ParseQuery(gotQuery)
	assert.NoError(t, err)
	assert.Equal(t, wantValues, gotValues)
	var wantAuthorization []string
	if want.Authorization != "" {
		wantAuthorization = []string{fill(want.Authorization, asIs)}
	}
	assert.Equal(t, wantAuthorization, r.Header["Authorization"])
	for name, value := range want.Headers {
		assert.Equal(t, value, r.Header.Get(name), name)
	}
	body, err := io.ReadAll(r.Body)
	assert.NoError(t, err)
	switch {
	case want.Text != nil:
		assert.Equal(t, strings.TrimSuffix(fill(*want.Text, asIs), "\n"), strings.TrimSuffix(string(body), "\n"))
	case want.Body != nil:
		assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
		assertSameJSON(t, fillJSON(want.Body), body)
	default:
		assert.Empty(t, body)
	}
}

func (answer wireResponse) write(t *testing.T, w http.ResponseWriter) {
	for name, value := range answer.Headers {
		w.Header().Set(name, fill(value, url.QueryEscape))
	}
	body := []byte(fillJSON(answer.Body))
	if answer.Text != nil {
		body = []byte(fill(*answer.Text, asIs))
	}
	if answer.Truncated {
		w.Header().Set("Content-Length", fmt.Sprint(len(body)+100))
	}
	w.WriteHeader(answer.Status)
	_, err := w.Write(body)
	if answer.Status != http.StatusNoContent {
		assert.NoError(t, err)
	}
}

// make has the client do what the pair says, and gives the result in the form
// of the pairs.
func (c wireCall) make(t *testing.T, client *secureflows.Client) (any, error) {
	ctx := context.Background()
	session := client.Session(token(t, placeholders["{sessionToken}"]))
	idToken, err := secureflows.NewIDToken(placeholders["{idToken}"])
	require.NoError(t, err)
	switch c.Op {
	case "createSession", "getOrCreateSession":
		return c.create(ctx, client, idToken)
	case "renewSession":
		renewed, payload, err := client.RenewSession(ctx, idToken, session.Token())
		if err != nil {
			return nil, err
		}
		return map[string]any{"sessionToken": renewed.Token().Reveal(), "payload": payload}, nil
	case "payload":
		return session.Payload(ctx)
	case "identity":
		return session.Identity(ctx)
	case "get":
		return session.Get(ctx, c.Key)
	case "set":
		return session.Set(ctx, c.Key, c.Value)
	case "delete":
		return session.Delete(ctx, c.Key)
	case "revoke":
		return session.Revoke(ctx)
	case "logout":
		return nil, session.Logout(ctx)
	case "searchDocs":
		return client.SearchDocs(ctx, c.Q, c.Limit)
	case "validateRedirect":
		return client.ValidateRedirect(ctx, c.RedirectURI)
	default:
		require.FailNow(t, "unknown op "+c.Op)
		return nil, nil
	}
}

func (c wireCall) create(ctx context.Context, client *secureflows.Client, idToken secureflows.IDToken) (any, error) {
	create := client.CreateSession
	if c.Op == "getOrCreateSession" {
		create = client.GetOrCreateSession
	}
	var payload any
	if c.Payload != nil {
		payload = c.Payload
	}
	session, err := create(ctx, idToken, payload)
	if err != nil {
		return nil, err
	}
	return map[string]string{"sessionToken": session.Token().Reveal()}, nil
}

// compareResult holds value or error against the pair's result.
func (p *pair) compareResult(t *testing.T, got any, err error) {
	var refusal struct {
		Error             []string `json:"error"`
		Status            *int     `json:"status"`
		Code              *string  `json:"code"`
		Message           *string  `json:"message"`
		RequestID         *string  `json:"requestId"`
		RetryAfterSeconds *float64 `json:"retryAfterSeconds"`
	}
	if json.Unmarshal(p.Result, &refusal) != nil || refusal.Error == nil {
		require.NoError(t, err)
		text, err := json.Marshal(got)
		require.NoError(t, err)
		assertSameJSON(t, fillJSON(p.Result), text)
		return
	}
	require.Error(t, err)
	assert.ElementsMatch(t, refusal.Error, sentinelsOf(err))
	var facts *secureflows.Error
	require.ErrorAs(t, err, &facts)
	if refusal.Status != nil {
		assert.Equal(t, *refusal.Status, facts.StatusCode)
	}
	if refusal.Code != nil {
		assert.Equal(t, *refusal.Code, facts.Code)
	}
	if refusal.Message != nil {
		assert.Equal(t, *refusal.Message, facts.Message)
	}
	if refusal.RequestID != nil {
		assert.Equal(t, *refusal.RequestID, facts.RequestID)
	}
	if refusal.RetryAfterSeconds != nil {
		assert.InDelta(t, *refusal.RetryAfterSeconds, facts.RetryAfter.Seconds(), 0)
	}
}

// sentinels are all the package has, by name.
var sentinels = map[string]error{
	"ErrSignedOut": secureflows.ErrSignedOut, "ErrUnauthenticated": secureflows.ErrUnauthenticated,
	"ErrTokenExpired": secureflows.ErrTokenExpired, "ErrSessionRevoked": secureflows.ErrSessionRevoked,
	"ErrSessionNotFound": secureflows.ErrSessionNotFound, "ErrKeyNotFound": secureflows.ErrKeyNotFound,
	"ErrGraceLock": secureflows.ErrGraceLock, "ErrForbidden": secureflows.ErrForbidden,
	"ErrSessionLimit": secureflows.ErrSessionLimit, "ErrPayloadTooLarge": secureflows.ErrPayloadTooLarge,
	"ErrRateLimited": secureflows.ErrRateLimited, "ErrInvalidRequest": secureflows.ErrInvalidRequest,
	"ErrUnavailable": secureflows.ErrUnavailable,
}

func sentinelsOf(err error) []string {
	names := []string{}
	for name, sentinel := range sentinels {
		if errors.Is(err, sentinel) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// assertSameJSON compares JSON with its numbers as they are written.
func assertSameJSON(t *testing.T, want, got []byte) {
	t.Helper()
	assert.Equal(t, parseJSON(t, want), parseJSON(t, got))
}

func parseJSON(t *testing.T, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	require.NoError(t, decoder.Decode(&value), "%s", text)
	return value
}

func token(t testing.TB, text string) secureflows.Token {
	t.Helper()
	token, err := secureflows.NewToken(text)
	require.NoError(t, err)
	return token
}
