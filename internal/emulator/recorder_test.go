package emulator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

func TestRequestsAreRecorded(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, "")
	s.as(token, "POST", "/api/v1/sessions/set/a%2Fb?x=1", `{"value":"v"}`)
	s.do("GET", "/api/none", "", "X-Test", "yes")
	s.do("OPTIONS", create, "")
	s.fault(emulator.Fault{Drop: true})
	_, err := s.try("GET", create, "")
	require.Error(t, err)
	s.do("POST", "/_emulator/billing", `{"locked":false}`) // not the service's

	got := s.mock.Requests()
	require.Len(t, got, 5)
	require.Equal(t, []int{200, 200, 404, 204, 0}, []int{got[0].Status, got[1].Status, got[2].Status, got[3].Status, got[4].Status})
	set := got[1]
	require.Equal(t, "POST", set.Method)
	require.Equal(t, "/api/v1/sessions/set/a%2Fb", set.Path)
	require.Equal(t, "x=1", set.Query)
	require.Equal(t, `{"value":"v"}`, set.Body)
	require.Equal(t, "Bearer [REDACTED]", set.Header.Get("Authorization"))
	require.Equal(t, "yes", got[2].Header.Get("X-Test"))
	require.WithinDuration(t, s.mock.Now(), set.Time, 1e9*60)

	set.Header.Set("X-Test", "changed by the caller")
	require.Empty(t, s.mock.Requests()[1].Header.Get("X-Test"))
}

func TestTheRecordIsBounded(t *testing.T) {
	s := serve(t, demo())
	for i := range 1010 {
		s.do("GET", fmt.Sprintf("/api/%d", i), strings.Repeat("x", 5<<10))
	}
	got := s.mock.Requests()
	require.Len(t, got, 1000)
	require.Equal(t, "/api/10", got[0].Path)
	require.Equal(t, "/api/1009", got[999].Path)
	require.Len(t, got[0].Body, 4<<10)
}

// Tokens of the service, and ones that are none of any known shape.
func TestNoTokenIsRecordedOrLogged(t *testing.T) {
	var log bytes.Buffer
	config := demo()
	config.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := serve(t, config)
	id, token := s.idToken(ada), s.session(ada, "")
	cookie := "secureflows_signin=" + token
	for _, secret := range []string{token, id, "canary-5f0e9c1d7b~opaque", "eyJcanary5f0e9c1d7b.eyJ.sig"} {
		escaped := url.QueryEscape(secret)
		inside := url.QueryEscape("https://app.example/?session_token=" + escaped)
		for _, path := range []string{
			create, renewPath(secret), renewPath(url.PathEscape(secret)), renewPath("%" + fmt.Sprintf("%02x", secret[0]) + secret[1:]),
			renewPath(secret) + "/more", "/api/v1/auth/logout?session_token=" + escaped + "&redirect_uri=" + inside,
			"/api/v1/auth/callback?firebaseToken=" + escaped + "&session_token=" + escaped, "/callback?sessionToken=" + escaped,
			"/app/sessions/login?session_token=" + escaped + "&redirect_uri=" + inside, "/api/v1/sessions/get/" + url.PathEscape(secret),
			"/x?sessionToken=" + secret + "&other=" + escaped, "/?%73ession_token=" + escaped, "/?session_token=%zz" + escaped,
			"/_emulator/" + url.PathEscape(secret), "/_emulator/expire",
		} {
			for _, body := range []string{
				"", `{"sessionToken":"` + secret + `"}`, `{"value":"` + secret + `"}`, "session_token=" + escaped, secret,
				strings.Repeat("x", 64<<10-20-len(secret)/2) + " " + secret,
			} {
				s.do("POST", path, body, "Authorization", "Bearer "+secret, "Cookie", cookie, "X-Session-Token", secret,
					"Referer", s.server.URL+"/app/sessions/login?session_token="+escaped, "X-Other", "it is "+secret)
			}
		}
		for _, header := range []string{secret, "Bearer" + secret, "bearer  " + secret, "Token " + secret} {
			s.do("GET", create, "", "Authorization", header)
		}
		require.NotEmpty(t, s.mock.Requests())
		record, err := json.Marshal(s.mock.Requests())
		require.NoError(t, err)
		served := s.do("GET", "/_emulator/requests", "").body
		// A part of a token is a secret as well: its signature, or its end.
		for _, part := range []string{secret, secret[len(secret)/2:], secret[:len(secret)/2]} {
			require.NotContains(t, string(record), part)
			require.NotContains(t, served, part)
			require.NotContains(t, log.String(), part)
		}
		s.mock.Reset()
		log.Reset()
	}
}

func renewPath(token string) string { return "/api/v1/sessions/renew/" + token }

func TestErrorsOfTheEmulatorShowNoToken(t *testing.T) {
	s := serve(t, demo())
	token := s.session(ada, "")
	s.mock.Reset()
	other := token[:len(token)-1]
	for _, err := range []error{
		s.mock.ExpireToken(token), s.mock.ExpireToken(other), s.mock.RevokeSession(token), s.mock.RevokeSession(other),
		func() error { _, err := s.mock.IDToken(token); return err }(),
		s.mock.AddFault(emulator.Fault{Path: token, Status: 500}),
	} {
		require.Error(t, err)
		require.NotContains(t, err.Error(), other[len(other)-20:])
		require.NotContains(t, err.Error(), other[:40])
	}
	for _, name := range []string{"expire", "id-token", "faults", "limits"} {
		for _, body := range []string{`{"sessionToken":"` + token + `"}`, `{"` + token + `":1}`, `{"email":"` + token + `"}`, token} {
			got := s.do("POST", "/_emulator/"+name, body)
			require.Equal(t, http.StatusBadRequest, got.status, got.body)
			require.NotContains(t, got.body, other[len(other)-20:])
		}
	}
}

func TestOneLogLinePerRequest(t *testing.T) {
	var log bytes.Buffer
	config := demo()
	config.Logger = slog.New(slog.NewJSONHandler(&log, nil))
	s := serve(t, config)
	line := func() (line struct {
		Msg, Method, Path, Query, Email string
		Status, Session, User           int
		Duration                        *int64
	}) {
		t.Helper()
		require.Equal(t, 1, bytes.Count(log.Bytes(), []byte("\n")), log.String())
		require.NoError(t, json.Unmarshal(log.Bytes(), &line))
		require.NotNil(t, line.Duration)
		log.Reset()
		return line
	}
	s.do("GET", create+"?q=1", "")
	got := line()
	require.Equal(t, "request GET /api/v1/sessions q=1 401", fmt.Sprint(got.Msg, " ", got.Method, " ", got.Path, " ", got.Query, " ", got.Status))
	require.Zero(t, got.Session)
	require.Zero(t, got.User)

	token := s.session(ada, "")
	got = line()
	require.Equal(t, "1001 1 ada@example.com", fmt.Sprint(got.Session, " ", got.User, " ", got.Email), "whom the token is for")
	s.as(token, "GET", create, "")
	require.NotContains(t, log.String(), "fault")
	require.Equal(t, 1001, line().Session)
	s.control("billing", `{"locked":false}`)
	require.Equal(t, "/_emulator/billing", line().Path)
	s.do("GET", "/_emulator/requests", "")
	require.Empty(t, log.String(), "reads of the emulator's own are for the debug level")
}

func TestTheLogNamesAFault(t *testing.T) {
	var log bytes.Buffer
	config := demo()
	config.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s := serve(t, config)
	s.fault(emulator.Fault{Status: 503})
	s.do("GET", create, "")
	require.Contains(t, log.String(), " fault=true")
}
