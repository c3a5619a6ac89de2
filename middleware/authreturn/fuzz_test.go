package authreturn_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

// hasShape reads a token by another decoder, which is laxer.
func hasShape(token string) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	var objects [2]map[string]any
	for i := range objects {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(text, &objects[i]) != nil {
			return false
		}
	}
	_, hasKey := objects[0]["kid"]
	_, isNumber := objects[1]["user_id"].(float64)
	for _, other := range []string{"iss", "aud", "sub", "jti", "nbf"} {
		if _, has := objects[1][other]; has {
			return false
		}
	}
	return objects[0]["alg"] == "HS256" && !hasKey && isNumber
}

// Nobody is let in by a token that the service has not signed, and it is sent no
// token of another shape than its own.
func FuzzResolve(f *testing.F) {
	for _, text := range []string{
		sign(secret, header, claimsOf(start, nil)), sign("x", header, claimsOf(start, nil)),
		sign(secret, header, `{"user_id":7,"exp":1e300}`), sign(secret, `{"alg":"none"}`, claimsOf(start, nil)),
		sign(secret, header, `{"user_id":9007199254740993,"email":null,"exp":9999999999.5}`),
		sign(secret, header, `{"user_id":7,"user_id":8,"exp":9999999999}`), "..", "a.b.c", "",
	} {
		f.Add(text)
	}
	remote, local := remotely(f), locally(f)
	service := &service{clock: remote.clock}
	f.Fuzz(func(t *testing.T, text string) {
		token, err := secureflows.NewToken(text)
		if err != nil {
			return
		}
		before := len(remote.service.requests())
		_, _, expires, signed := service.open(text)
		for _, s := range []*setup{remote, local} {
			identity, err := s.Resolve(t.Context(), token)
			if err != nil {
				assert.Zero(t, identity)
				require.NotContains(t, err.Error(), text+".")
				continue
			}
			require.True(t, signed, "let in by a token that the service has not signed")
			require.True(t, s.clock.Now().Before(expires), "let in by an expired token")
			require.NotEmpty(t, identity.Subject)
		}
		if len(remote.service.requests()) > before {
			require.True(t, hasShape(text), "another provider's token was sent away")
			remote.service.mu.Lock()
			remote.service.asked = nil
			remote.service.mu.Unlock()
		}
	})
}

// The callback never panics, leads nowhere else, repeats no token, and signs
// nobody in who has not the nonce.
func FuzzCallback(f *testing.F) {
	const nonce = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	token := good(f, nil).Reveal()
	cookie := "__Host-authreturn-begun-ABCDEFGH=" + nonce + ".1772600767.." + encode("/notes")
	f.Add("/auth/callback/"+nonce, "token="+token, cookie)
	f.Add("/auth/callback/"+nonce, "", strings.Replace(cookie, "begun", "ended", 1))
	f.Add("/auth/callback/"+nonce, "token="+token, strings.Replace(cookie, encode("/notes"), encode("//evil.example"), 1))
	f.Add("//evil.example/", "token="+token+"&token=x;%zz", "__Host-authreturn-begun-=..."+cookie)
	f.Add("", "token", "")
	f.Fuzz(func(t *testing.T, path, query, cookies string) {
		site := newSite(t, remotely(t))
		r := &http.Request{
			Method: http.MethodGet, URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{"Cookie": {cookies}},
		}
		w := httptest.NewRecorder()
		site.signIn.Callback(w, r)
		location := w.Header().Get("Location")
		switch w.Code {
		case http.StatusSeeOther:
			onSite := strings.HasPrefix(location, "/") && !strings.HasPrefix(location, "//") && !strings.ContainsAny(location, "\\\t\r\n ")
			require.True(t, onSite || strings.HasPrefix(location, callbackURL+"/"), location)
		case http.StatusBadRequest, http.StatusForbidden, http.StatusServiceUnavailable:
			require.Empty(t, location)
		default:
			require.Fail(t, "an answer of another status", w.Code)
		}
		sent := w.Body.String() + location + strings.Join(w.Header()["Set-Cookie"], "")
		require.NotContains(t, sent, token[:40])
		if len(site.done) > 0 {
			last := path[strings.LastIndexByte(path, '/')+1:]
			require.Contains(t, cookies, last)
			require.Len(t, last, 26)
		}
	})
}

// Wherever Login is told to go on, the visitor stays on the site.
func FuzzPage(f *testing.F) {
	for _, page := range []string{"/notes?x=1", "//evil.example", "/\\evil.example", "https://evil.example", "/\x00", "/%2f/evil"} {
		f.Add(page)
	}
	site := newSite(f, remotely(f))
	token := good(f, nil).Reveal()
	f.Fuzz(func(t *testing.T, page string) {
		site.t = t
		b := site.browser()
		w := httptest.NewRecorder()
		site.signIn.Login(w, httptest.NewRequest(http.MethodGet, "/login", nil), page)
		hosted, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		for _, cookie := range w.Result().Cookies() {
			b.cookies[cookie.Name] = cookie.Value
		}
		location := b.open(hosted.Query().Get("redirect_uri") + "?token=" + token).Header.Get("Location")
		require.Contains(t, []string{"/", page}, location)
		target, err := url.Parse(callbackURL)
		require.NoError(t, err)
		if went, err := target.Parse(location); err == nil {
			require.Equal(t, "app.example", went.Host, location)
			require.Equal(t, "https", went.Scheme)
		}
	})
}
