package secureflows_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

const callbackURI = "https://app.example.com/auth/callback?next=%2Fa&b=c d"

func authClient(t *testing.T, adjust ...func(*secureflows.Config)) *secureflows.Client {
	return newClient(t, answering(hang), append(adjust, func(cfg *secureflows.Config) {
		cfg.Workspace, cfg.AppID = "demo & workspace", "demo/app+1"
	})...)
}

const (
	inQuery  = "app_id=demo%2Fapp%2B1"
	workName = "workspace_name=demo+%26+workspace"
	redirect = "redirect_uri=https%3A%2F%2Fapp.example.com%2Fauth%2Fcallback%3Fnext%3D%252Fa%26b%3Dc+d"
	renewing = "session_token=session.token-of_ada~1%2F2%2B3%3D%3D"
)

func TestURLsByteForByte(t *testing.T) {
	client := authClient(t)
	full := secureflows.LoginOptions{RedirectURI: callbackURI, State: "a+b/c=&ü", TTL: 90 * time.Minute, Payload: map[string]any{"a": "<&>"}}
	login, err := client.LoginURL(secureflows.LoginOptions{RedirectURI: callbackURI})
	require.NoError(t, err)
	assert.Equal(t, fakeOrigin+"/app/sessions/login?"+inQuery+"&"+redirect+"&"+workName, login)
	login, err = client.LoginURL(full)
	require.NoError(t, err)
	assert.Equal(t, fakeOrigin+"/app/sessions/login?"+inQuery+"&payload=%7B%22a%22%3A%22%3C%26%3E%22%7D&"+redirect+
		"&state=a%2Bb%2Fc%3D%26%C3%BC&ttl_seconds=5400&"+workName, login)
	full.Payload = nil
	renew, err := client.RenewURL(token(t, sessionText), full)
	require.NoError(t, err)
	assert.Equal(t, fakeOrigin+"/app/sessions/login?"+inQuery+"&"+redirect+"&"+renewing+
		"&state=a%2Bb%2Fc%3D%26%C3%BC&ttl_seconds=5400&"+workName, renew)
	logout, err := client.LogoutURL(token(t, sessionText), "https://app.example.com/bye?a=b c")
	require.NoError(t, err)
	assert.Equal(t, fakeOrigin+"/api/v1/auth/logout?redirect_uri=https%3A%2F%2Fapp.example.com%2Fbye%3Fa%3Db+c&"+renewing, logout)
	complete, err := client.CompleteURL(secureflows.Callback{IDToken: idToken(t, idText)}, full)
	require.NoError(t, err)
	assert.Equal(t, fakeOrigin+"/api/v1/auth/callback?"+inQuery+"&client_"+redirect+
		"&firebaseToken=id.token-of_ada~4%2F5%2B6%3D%3D&state=a%2Bb%2Fc%3D%26%C3%BC&ttl_seconds=5400&"+workName, complete)
}

func TestLoginOptionsThatAreRefused(t *testing.T) {
	for name, options := range map[string]secureflows.LoginOptions{
		"no redirect URI":          {},
		"a path alone":             {RedirectURI: "/auth/callback"},
		"no scheme":                {RedirectURI: "app.example.com/cb"},
		"no host":                  {RedirectURI: "https:///cb"},
		"scheme-relative":          {RedirectURI: "//app.example.com/cb"},
		"javascript":               {RedirectURI: "javascript:alert(1)"},
		"a fragment":               {RedirectURI: "https://app.example.com/#/cb"},
		"an empty fragment":        {RedirectURI: "https://app.example.com/cb#"},
		"a user":                   {RedirectURI: "https://ada@app.example.com/cb"},
		"a line break":             {RedirectURI: "https://app.example.com/cb\r\nX: y"},
		"a TTL under a minute":     {RedirectURI: callbackURI, TTL: 59 * time.Second},
		"a TTL over a week":        {RedirectURI: callbackURI, TTL: 7*24*time.Hour + time.Second},
		"a TTL with half a second": {RedirectURI: callbackURI, TTL: 90*time.Second + time.Millisecond},
		"a negative TTL":           {RedirectURI: callbackURI, TTL: -time.Hour},
		"a payload that is a list": {RedirectURI: callbackURI, Payload: []int{1}},
		"a payload that is a text": {RedirectURI: callbackURI, Payload: "{}"},
		"a payload without JSON":   {RedirectURI: callbackURI, Payload: make(chan int)},
	} {
		client := authClient(t)
		_, login := client.LoginURL(options)
		_, renew := client.RenewURL(token(t, sessionText), options)
		_, complete := client.CompleteURL(secureflows.Callback{IDToken: idToken(t, idText)}, options)
		for _, err := range []error{login, renew, complete} {
			assert.Equal(t, invalidRequest, sentinelsOf(err), name)
			assertHidden(t, err.Error(), name)
		}
		reauth, ok := client.ReauthURL(secureflows.ErrSignedOut, token(t, sessionText), options)
		assert.False(t, ok, name)
		assert.Empty(t, reauth, name)
	}
	for _, ttl := range []time.Duration{0, time.Minute, 7 * 24 * time.Hour} {
		_, err := authClient(t).LoginURL(secureflows.LoginOptions{RedirectURI: callbackURI, TTL: ttl})
		assert.NoError(t, err, ttl)
	}
	client := authClient(t)
	_, err := client.RenewURL(secureflows.Token{}, secureflows.LoginOptions{RedirectURI: callbackURI})
	assert.Equal(t, invalidRequest, sentinelsOf(err), "no token to renew")
	_, err = client.RenewURL(token(t, sessionText), secureflows.LoginOptions{RedirectURI: callbackURI, Payload: map[string]int{}})
	assert.Equal(t, invalidRequest, sentinelsOf(err), "session_token and payload exclude each other")
	_, err = client.CompleteURL(secureflows.Callback{Token: token(t, sessionText)}, secureflows.LoginOptions{RedirectURI: callbackURI})
	assert.Equal(t, invalidRequest, sentinelsOf(err), "nothing to complete")
}

func TestReauthURLForEachError(t *testing.T) {
	const renew, fresh, none = "renew", "fresh", "none"
	for name, row := range map[string]struct {
		err  error
		want string
	}{
		"no error":        {nil, none},
		"signed out":      {secureflows.ErrSignedOut, fresh},
		"unauthenticated": {secureflows.ErrUnauthenticated, fresh},
		"expired":         {secureflows.ErrTokenExpired, renew},
		"revoked":         {secureflows.ErrSessionRevoked, fresh},
		"gone":            {secureflows.ErrSessionNotFound, fresh},
		"a missing key":   {secureflows.ErrKeyNotFound, none},
		"a billing lock":  {secureflows.ErrGraceLock, none},
		"forbidden":       {secureflows.ErrForbidden, none},
		"session limit":   {secureflows.ErrSessionLimit, none},
		"payload limit":   {secureflows.ErrPayloadTooLarge, none},
		"rate limit":      {secureflows.ErrRateLimited, none},
		"a bug":           {secureflows.ErrInvalidRequest, none},
		"an outage":       {secureflows.ErrUnavailable, none},
		"cancelled":       {context.Canceled, none},
		"somebody else's": {errors.New("does not own"), none},
	} {
		for _, err := range []error{row.err, fmt.Errorf("load: %w", row.err), errors.Join(errors.New("other"), row.err)} {
			options := secureflows.LoginOptions{RedirectURI: callbackURI, State: "s", Payload: map[string]int{"a": 1}}
			got, ok := authClient(t).ReauthURL(err, token(t, sessionText), options)
			assert.Equal(t, row.want != none, ok, name)
			assert.Equal(t, row.want != none, got != "", name)
			assert.Equal(t, row.want == renew, strings.Contains(got, renewing), name)
			assert.Equal(t, row.want == fresh, strings.Contains(got, "payload="), name)
			if row.want == fresh {
				assertHidden(t, got, name)
			}
		}
	}
	got, ok := authClient(t).ReauthURL(secureflows.ErrTokenExpired, secureflows.Token{}, secureflows.LoginOptions{RedirectURI: callbackURI})
	assert.True(t, ok, "without a token to renew, a fresh login")
	assert.NotContains(t, got, "session_token")
}

func TestReauthURLAfterARenewalBySomebodyElse(t *testing.T) {
	client := newClient(t, answering(reply(403, form(403, "Firebase user does not own this session"))))
	options := secureflows.LoginOptions{RedirectURI: callbackURI}
	_, _, err := client.RenewSession(context.Background(), idToken(t, idText), token(t, sessionText))
	got, ok := client.ReauthURL(fmt.Errorf("renew: %w", err), token(t, sessionText), options)
	assert.True(t, ok)
	assert.NotContains(t, got, "session_token")
	// The same words on another call are some permission, and sign nobody out.
	_, err = client.Session(token(t, sessionText)).Payload(context.Background())
	_, ok = client.ReauthURL(err, token(t, sessionText), options)
	assert.False(t, ok)
}

func TestLogoutURLRefuses(t *testing.T) {
	client := authClient(t)
	_, err := client.LoginURL(secureflows.LoginOptions{RedirectURI: "https://spa.example.com/signed-in?a=b"})
	require.NoError(t, err)
	for name, uri := range map[string]string{
		"nothing":                         "",
		"a path alone":                    "/",
		"another scheme":                  "ftp://app.example.com/",
		"a fragment":                      "https://app.example.com/#a",
		"a callback route":                "https://app.example.com/auth/callback",
		"a callback at the root":          "https://app.example.com/callback",
		"a callback page":                 "https://app.example.com/auth/callback.html",
		"a callback with a slash":         "https://app.example.com/auth/callback/",
		"a callback with a query":         "https://app.example.com/auth/callback?a=b",
		"a callback, escaped":             "https://app.example.com/auth%2Fcallback",
		"a callback, escaped twice":       "https://app.example.com/auth/%2563allback",
		"a callback in capitals":          "https://app.example.com/auth/CallBack",
		"a callback behind a backslash":   `https://app.example.com/auth\callback`,
		"a callback behind dots":          "https://app.example.com/auth/callback/x/..",
		"a callback and a dot":            "https://app.example.com/auth/callback/.",
		"a known redirect URI":            "https://spa.example.com/signed-in?a=b",
		"a known one with another query":  "https://spa.example.com/signed-in?c=d",
		"a known one with a slash":        "https://spa.example.com/signed-in/",
		"a known one with its port":       "https://SPA.example.com:443/signed-in",
		"session_token":                   "https://app.example.com/?session_token=x",
		"session_token in capitals":       "https://app.example.com/?SESSION_TOKEN=x",
		"session_token, escaped":          "https://app.example.com/?session%5Ftoken=x",
		"session_token, escaped twice":    "https://app.example.com/?next=%252Flogin%253Fsession%25255Ftoken%253Dx",
		"session_token within a URL":      "https://app.example.com/?next=https%3A%2F%2Fservice.example%2F%3Fsession_token%3Dx",
		"sessionToken":                    "https://app.example.com/?sessionToken=x",
		"the token itself":                "https://app.example.com/?a=" + sessionText,
		"the token itself, escaped":       "https://app.example.com/?a=" + url.QueryEscape(sessionText),
		"the token itself, escaped twice": "https://app.example.com/?a=" + url.QueryEscape(url.QueryEscape(sessionText)),
	} {
		got, err := client.LogoutURL(token(t, sessionText), uri)
		assert.Equal(t, invalidRequest, sentinelsOf(err), name)
		assert.Empty(t, got, name)
		if err != nil {
			assertHidden(t, err.Error(), name)
		}
	}
	_, err = client.LogoutURL(secureflows.Token{}, "https://app.example.com/")
	assert.Equal(t, invalidRequest, sentinelsOf(err))
	for _, uri := range []string{
		"https://app.example.com/", "https://app.example.com", "https://app.example.com/callbacks", "https://app.example.com/?callback",
		"https://app.example.com/callback/done", "http://localhost:8080/", "https://spa.example.com/", "https://app.example.com/?a=%",
	} {
		_, err = client.LogoutURL(token(t, sessionText), uri)
		assert.NoError(t, err, uri)
	}
}

func TestParseCallback(t *testing.T) {
	parse := func(query string) (secureflows.Callback, error) {
		return secureflows.ParseCallback(httptest.NewRequest("GET", "/auth/callback?"+query, nil))
	}
	got, err := parse("sessionToken=" + url.QueryEscape(sessionText) + "&state=a%2Bb")
	require.NoError(t, err)
	assert.Equal(t, secureflows.Callback{Token: token(t, sessionText), State: "a+b"}, got)
	got, err = parse("firebaseToken=" + url.QueryEscape(idText) + "&state=s")
	require.NoError(t, err)
	assert.Equal(t, secureflows.Callback{IDToken: idToken(t, idText), State: "s"}, got)
	got, err = parse("sessionToken=a.b")
	require.NoError(t, err)
	assert.Empty(t, got.State)
}

func TestParseCallbackRefuses(t *testing.T) {
	secret := url.QueryEscape(sessionText)
	for query, want := range map[string]string{
		"":                                     secureflows.CallbackIncomplete,
		"state=s":                              secureflows.CallbackIncomplete,
		"SESSIONTOKEN=" + secret:               secureflows.CallbackIncomplete,
		"error=access_denied":                  "access_denied",
		"error=access_denied&sessionToken=a.b": "access_denied",
		"sessionToken=a.b&error=x&state=s":     "x",
		"firebaseToken=a.b&error=x":            "x",
		"sessionToken=":                        secureflows.CallbackMalformed,
		"sessionToken=a%20b":                   secureflows.CallbackMalformed,
		"sessionToken=a&sessionToken=b":        secureflows.CallbackMalformed,
		"sessionToken=" + secret + "&sessionToken=" + secret: secureflows.CallbackMalformed,
		"sessionToken=a&state=b&state=c":                     secureflows.CallbackMalformed,
		"sessionToken=" + secret + "%0d%0aX":                 secureflows.CallbackMalformed,
		"sessionToken=%zz" + secret:                          secureflows.CallbackMalformed,
		"a;sessionToken=" + secret:                           secureflows.CallbackMalformed,
		"sessionToken=" + strings.Repeat("a", 16<<10+1):      secureflows.CallbackMalformed,
		"error=a&error=b":                                    secureflows.CallbackMalformed,
		"firebaseToken=" + secret + "%00":                    secureflows.CallbackMalformed,
	} {
		got, err := secureflows.ParseCallback(httptest.NewRequest("GET", "/cb?"+query, nil))
		var failure *secureflows.CallbackError
		require.ErrorAs(t, err, &failure, query)
		assert.Equal(t, want, failure.Code, query)
		assert.Equal(t, secureflows.Callback{}, got, "a refused return gives nothing to go on with")
		assertHidden(t, fmt.Sprintf("%v %+v %#v", err, err, *failure), query)
	}
}

func TestCallbackErrorsAreFitToPrint(t *testing.T) {
	query := url.Values{
		"error":             {strings.Repeat("e", 1000) + sessionText},
		"error_description": {"two\nlines \x1b[31m " + sessionText + " and " + url.QueryEscape(sessionText) + strings.Repeat(" long", 1000)},
		"sessionToken":      {sessionText},
	}
	_, err := secureflows.ParseCallback(httptest.NewRequest("GET", "/cb?"+query.Encode(), nil))
	require.Error(t, err)
	assertHidden(t, err.Error())
	assert.NotContains(t, err.Error(), "\n")
	assert.NotContains(t, err.Error(), "\x1b")
	assert.Less(t, len(err.Error()), 1000)
	assert.True(t, strings.HasPrefix(err.Error(), "secureflows: "))
}

func TestValidateRedirect(t *testing.T) {
	service := answering(
		reply(200, `{"valid":true,"appId":"a","redirectUri":"u","reason":"ok","displayName":"Demo"}`),
		reply(200, `{"valid":false,"appId":"a","redirectUri":"u","reason":"not on the allowlist","displayName":null}`))
	client := newClient(t, service)
	check, err := client.ValidateRedirect(context.Background(), "https://app.example/<cb>&")
	require.NoError(t, err)
	assert.Equal(t, secureflows.RedirectCheck{Valid: true, AppID: "a", RedirectURI: "u", Reason: "ok", DisplayName: "Demo"}, check)
	assert.Equal(t, `{"appId":"demo-app","redirectUri":"https://app.example/<cb>&"}`, service.requests()[0].body)
	assert.Empty(t, service.requests()[0].header["Authorization"])
	check, err = client.ValidateRedirect(context.Background(), "u")
	require.NoError(t, err, "an invalid URI is an answer")
	assert.False(t, check.Valid)
	assert.Equal(t, "not on the allowlist", check.Reason)
}

func TestRedactURL(t *testing.T) {
	escaped := url.QueryEscape(sessionText)
	for _, raw := range []string{
		"https://service.example/api/v1/sessions/renew/" + url.PathEscape(sessionText),
		"https://service.example/api/v1/sessions/renew/" + sessionText + "?a=b",
		"https://gateway.example/proxy/api/v1/sessions/renew/" + url.PathEscape(sessionText),
		"/app/sessions/login?app_id=a&session_token=" + escaped,
		"/app/sessions/login?app_id=a&SESSION_TOKEN=" + escaped,
		"/auth/callback?sessionToken=" + escaped + "&state=s",
		"/auth/callback?firebaseToken=" + escaped,
		"/auth/callback?session%54oken=" + escaped,
		"/auth/callback?a=b;sessionToken=" + escaped,
		"/auth/callback?%zz&sessionToken=" + escaped,
		"/auth/callback?sessionToken%3D" + escaped,
		"/login?next=" + url.QueryEscape("/auth/callback?sessionToken="+escaped),
		"/api/v1/auth/logout?redirect_uri=https%3A%2F%2Fa.example&session_token=" + escaped,
		"https://" + strings.ReplaceAll(sessionText, "/", "") + "@service.example/",
	} {
		u, err := url.Parse(raw)
		require.NoError(t, err, raw)
		before := *u
		assertHidden(t, secureflows.RedactURL(u), raw)
		assert.Equal(t, before, *u, "the URL was changed")
	}
	for _, raw := range []string{
		"https://service.example/api/v1/sessions/get/a%2Fb?q=1&r=a+b", "/a?b=c&d", "/", "https://service.example/api/v1/sessions/renew/",
	} {
		u, err := url.Parse(raw)
		require.NoError(t, err)
		assert.Equal(t, raw, secureflows.RedactURL(u), "nothing to hide")
	}
	u, err := url.Parse("https://s.example/app/sessions/login?app_id=a&session_token=x&state=s")
	require.NoError(t, err)
	assert.Equal(t, "https://s.example/app/sessions/login?app_id=a&session_token=REDACTED&state=s", secureflows.RedactURL(u))
}
