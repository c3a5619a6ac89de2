package emulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

func TestKeysAreDecodedOnce(t *testing.T) {
	s := serve(t, demo())
	for _, key := range []string{
		"plain", "note:1", "a/b", "a%2Fb", "%", "%25", "../x", "..%2F..", "a b", "a+b", "é😀", "?q=1", "#", "a;b", "a\nb", "\x00", "//", "a\\b", `"`,
	} {
		t.Run(key, func(t *testing.T) {
			token := s.session(ada, "")
			segment := url.PathEscape(key)
			name, err := json.Marshal(key)
			require.NoError(t, err)
			require.Equal(t, 200, s.as(token, "POST", "/api/v1/sessions/set/"+segment, "1").status)
			var payload map[string]int
			require.NoError(t, json.Unmarshal([]byte(s.as(token, "GET", create, "").body), &payload))
			require.Equal(t, map[string]int{key: 1}, payload)
			ok(t, s.as(token, "GET", "/api/v1/sessions/get/"+segment, ""), `{"key":`+string(name)+`,"value":1}`)
			ok(t, s.as(token, "DELETE", "/api/v1/sessions/delete/"+segment, ""), `true`)
		})
	}
}

func TestKeysThatAreNone(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, "")
	for segment, want := range map[string]string{
		"":       "Key is missing",
		"..":     "Key is a dot segment",
		"%2e%2E": "Key is a dot segment",
		".":      "Key is a dot segment",
		"%ff":    "Key is not percent-encoded UTF-8",
	} {
		refused(t, s.as(token, "GET", "/api/v1/sessions/get/"+segment, ""), 400, `{"status":400,"error":"`+want+`"}`)
		refused(t, s.as(token, "POST", "/api/v1/sessions/set/"+segment, "1"), 400, `{"status":400,"error":"`+want+`"}`)
	}
	refused(t, s.as(token, "GET", "/api/v1/sessions/get/a/b", ""), 404, `{"status":404,"error":"Not found"}`)
}

func TestWhatASetStores(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, "")
	for body, want := range map[string]string{
		`{"value":"x"}`:                  `"x"`,
		`{"value":null}`:                 `null`,
		`null`:                           `null`,
		`{"value":{"value":1}}`:          `{"value":1}`,
		`{"value":1,"more":2}`:           `{"value":1,"more":2}`,
		`{"Value":1}`:                    `{"Value":1}`,
		`{}`:                             `{}`,
		` 9007199254740993 `:             `9007199254740993`,
		`{"value":-1.0e+10}`:             `-1.0e+10`,
		`{"value":18446744073709551616}`: `18446744073709551616`,
		`"\u00e9<"`:                      `"\u00e9<"`,
		`[1, 2]`:                         `[1, 2]`,
		`true`:                           `true`,
	} {
		ok(t, s.as(token, "POST", "/api/v1/sessions/set/k", body), `{"k":`+want+`}`)
		ok(t, s.as(token, "GET", "/api/v1/sessions/get/k", ""), `{"key":"k","value":`+want+`}`)
	}
	for body, want := range map[string]string{
		"":              "Request body is missing",
		"{":             "Request body is not valid JSON",
		`{"value":1} x`: "Request body is not valid JSON",
		`1 2`:           "Request body is not valid JSON",
		"\"\xff\"":      "Request body is not valid JSON",
		"\ufeff1":       "Request body is not valid JSON",
	} {
		refused(t, s.as(token, "POST", "/api/v1/sessions/set/k", body), 400, `{"status":400,"error":"`+want+`"}`)
	}
	refused(t, s.as(token, "POST", "/api/v1/sessions/set/k", strings.Repeat(" ", 9<<20)), 413, `{"status":413,"error":"Request body too large"}`)
}

func TestUnknownPathsAndMethods(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, "")
	for _, path := range []string{"/api", "/api/", "/api/v1", "/api/v1/sessions/", "/api/v1/sessions/get", "/api/v2/sessions", "/api/v1//sessions", "/api/v1/auth/callback/x"} {
		got := s.as(token, "GET", path, "")
		refused(t, got, 404, `{"status":404,"error":"Not found"}`)
		require.Equal(t, "*", got.header.Get("Access-Control-Allow-Origin"))
	}
	for path, allow := range map[string]string{
		create:                       "GET, HEAD, OPTIONS, POST",
		"/api/v1/sessions/set/k":     "OPTIONS, POST",
		"/api/v1/sessions/delete/k":  "DELETE, OPTIONS",
		"/api/v1/auth/logout":        "GET, HEAD, OPTIONS, POST",
		"/api/v1/sessions/renew/tok": "OPTIONS, POST",
	} {
		got := s.as(token, "PATCH", path, "")
		refused(t, got, 405, `{"status":405,"error":"Method not allowed"}`)
		require.Equal(t, allow, got.header.Get("Allow"))
	}
}

func TestHEADIsGETWithoutTheBody(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, `{"a":1}`)
	got := s.as(token, "HEAD", create, "")
	require.Equal(t, 200, got.status)
	require.Equal(t, "7", got.header.Get("Content-Length"))
	require.Empty(t, got.body)
	require.Equal(t, 404, s.as(token, "HEAD", "/api/v1/sessions/get/b", "").status)
	require.Equal(t, 405, s.as(token, "HEAD", "/api/v1/sessions/set/b", "").status)
}

// FuzzKeys sends paths as a raw client may, and checks that whatever is stored
// is stored under the key that a URL parser reads from the path.
func FuzzKeys(f *testing.F) {
	for _, seed := range []string{"a", "a%2Fb", "%25", "..", "..%2F", "%zz", "a/b", "a?b", "%00", "é", "%ff", "a#b", "//"} {
		f.Add(seed, `{"value":1}`)
	}
	mock, err := emulator.New(emulator.Config{})
	require.NoError(f, err)
	handler := wrapHandler(mock)
	f.Fuzz(func(t *testing.T, segment, body string) {
		address, err := url.Parse("http://host/api/v1/sessions/set/" + segment)
		if err != nil {
			t.Skip()
		}
		mock.Reset()
		token, err := mock.CreateSession(demoWorkspace, demoApp, ada)
		require.NoError(t, err)
		send := func(method, path, body string) *httptest.ResponseRecorder {
			request := httptest.NewRequest(method, "http://host/", io.NopCloser(strings.NewReader(body)))
			request.URL, request.ContentLength = &url.URL{Path: unescaped(path), RawPath: path}, int64(len(body))
			request.Header.Set("Authorization", "Bearer "+token)
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, request)
			return recorder
		}
		path := address.EscapedPath()
		got := send(http.MethodPost, path, body)
		require.True(t, json.Valid(got.Body.Bytes()), got.Body)
		var payload map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(send(http.MethodGet, create, "").Body.Bytes(), &payload))
		if got.Code != http.StatusOK {
			require.Empty(t, payload)
			return
		}
		key := strings.TrimPrefix(unescaped(path), "/api/v1/sessions/set/")
		require.True(t, utf8.ValidString(key))
		require.Len(t, payload, 1)
		require.Contains(t, payload, key)
	})
}

func unescaped(path string) string {
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return path
	}
	return decoded
}
