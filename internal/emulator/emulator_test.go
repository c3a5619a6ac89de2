package emulator_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConfigMistakesAreNamed(t *testing.T) {
	with := func(change func(*emulator.Config)) emulator.Config {
		config := demo()
		change(&config)
		return config
	}
	uri := func(uri string) emulator.Config {
		return with(func(c *emulator.Config) { c.Workspaces[0].Apps[0].RedirectURIs = []string{uri} })
	}
	for want, config := range map[string]emulator.Config{
		"ExpiredStatus is 500: it is 410": {ExpiredStatus: 500},
		"PayloadLimitStatus is 400":       {PayloadLimitStatus: 400},
		"CallbackErrors is \"html\"":      {CallbackErrors: "html"},
		"MaxSessions is -1":               {Limits: emulator.Limits{MaxSessions: -1}},
		"MaxPayloadBytes is -1":           {Limits: emulator.Limits{MaxPayloadBytes: -1}},
		"entry 1: this is not an email":   {Users: []string{"ada"}},
		"Name is empty":                   {Workspaces: []emulator.Workspace{{}}},
		`Workspaces has "a" twice`:        {Workspaces: []emulator.Workspace{{Name: "a"}, {Name: "a"}}},
		"ID is empty":                     with(func(c *emulator.Config) { c.Workspaces[0].Apps[0].ID = " " }),
		`Apps has "demo-app" twice`:       with(func(c *emulator.Config) { c.Workspaces[0].Apps = append(c.Workspaces[0].Apps, c.Workspaces[0].Apps[0]) }),
		"PayloadTTL is -1ns":              with(func(c *emulator.Config) { c.Workspaces[0].Apps[0].PayloadTTL = -1 }),
		"not absolute":                    uri("/callback"),
		"runs code":                       uri("javascript:alert(1)"),
		"no host":                         uri("http:///callback"),
		"fragment":                        uri("http://localhost/#"),
		"user name":                       uri("http://a@localhost/"),
		"outside printable ASCII":         uri("http://localhost/é"),
		"does not parse":                  uri("http://local host/"),
	} {
		_, err := emulator.New(config)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "emulator: ")
	}
	_, err := emulator.New(uri("myapp://callback"))
	require.NoError(t, err)
}

func TestTheConfigStaysTheCallers(t *testing.T) {
	config := demo()
	config.Workspaces[0].Apps[0].DisplayName = ""
	s := serve(t, config)
	require.Empty(t, config.Workspaces[0].Apps[0].DisplayName)
	config.Workspaces[0].Apps[0].RedirectURIs[0] = "https://evil.example/"
	s.mock.Workspaces()[0].Apps[0].RedirectURIs[0] = "https://evil.example/"
	refused(t, s.callback("client_redirect_uri", "https://evil.example/"), 400, notAllowlisted)
}

func TestSetUpWithoutHTTP(t *testing.T) {
	config := demo()
	config.Users = []string{ada, bob}
	s := serve(t, config)
	token, err := s.mock.CreateSession(demoWorkspace, demoApp, bob)
	require.NoError(t, err)
	again, err := s.mock.GetOrCreateSession(demoWorkspace, demoApp, " BOB@example.com")
	require.NoError(t, err)
	s.as(token, "POST", "/api/v1/sessions/set/a", "1")
	ok(t, s.as(again, "GET", create, ""), `{"a":1}`)
	ok(t, s.as(again, "GET", readIdentity, ""), `{"userId":2,"email":"bob@example.com"}`)
	userID, err := s.mock.UserID(bob)
	require.NoError(t, err)
	require.EqualValues(t, 2, userID)
	for _, place := range [][3]string{{"x", demoApp, ada}, {demoWorkspace, "x", ada}, {demoWorkspace, demoApp, "ada"}} {
		_, err := s.mock.CreateSession(place[0], place[1], place[2])
		require.Error(t, err)
		_, err = s.mock.GetOrCreateSession(place[0], place[1], place[2])
		require.Error(t, err)
	}
}

func TestTheClockFollowsAndAdvances(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mock, err := emulator.New(demo())
		require.NoError(t, err)
		token, err := mock.CreateSession(demoWorkspace, demoApp, ada)
		require.NoError(t, err)
		status := func() int {
			request := httptest.NewRequest("GET", create, nil)
			request.Header.Set("Authorization", "Bearer "+token)
			recorder := httptest.NewRecorder()
			wrapHandler(mock).ServeHTTP(recorder, request)
			return recorder.Code
		}
		start := mock.Now()
		require.True(t, start.Equal(time.Now()))
		time.Sleep(20 * time.Minute)
		mock.Advance(40*time.Minute - time.Nanosecond)
		mock.Advance(-time.Hour)
		require.Equal(t, http.StatusOK, status())
		mock.Advance(time.Nanosecond)
		require.Equal(t, http.StatusGone, status())
		require.Equal(t, time.Hour, mock.Now().Sub(start))
	})
}

func TestUsersAreNeverMixed(t *testing.T) {
	s := serve(t, demo())
	s.mock.Reset()
	var wait sync.WaitGroup
	failed := make(chan error, 16)
	for user := range 16 {
		wait.Go(func() { failed <- s.life(user) })
	}
	wait.Go(func() {
		for range 50 {
			s.mock.Requests()
			s.mock.Advance(time.Millisecond)
			s.mock.LockBilling(false)
		}
	})
	wait.Wait()
	close(failed)
	for err := range failed {
		require.NoError(t, err)
	}
}

// life is one user at work, who must see nothing but their own.
func (s *service) life(user int) error {
	email := fmt.Sprintf("user%d@example.com", user)
	id, err := s.mock.IDToken(email)
	if err != nil {
		return err
	}
	for round := range 20 {
		token, err := s.mock.GetOrCreateSession(demoWorkspace, demoApp, email)
		if err != nil {
			return err
		}
		bearer := []string{"Authorization", "Bearer " + token}
		s.try("POST", "/api/v1/sessions/set/owner", `"`+email+`"`, bearer...)
		payload, err := s.try("GET", create, "", bearer...)
		if err != nil || payload.body != `{"owner":"`+email+`"}` {
			return errors.Join(err, errors.New(email+" reads "+payload.body))
		}
		identity, err := s.try("GET", readIdentity, "", bearer...)
		want, _ := s.mock.UserID(email)
		if err != nil || identity.body != fmt.Sprintf(`{"userId":%d,"email":"%s"}`, want, email) {
			return errors.Join(err, errors.New(email+" is "+identity.body))
		}
		switch round % 3 {
		case 0:
			_, err = s.try("POST", "/api/v1/auth/logout", "", bearer...)
		case 1:
			_, err = s.try("POST", renewPath(token), "", "Authorization", "Bearer "+id)
		case 2:
			_, err = s.try("POST", "/api/v1/sessions/revoke", "", bearer...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func TestTheLimitHoldsUnderConcurrency(t *testing.T) {
	config := demo()
	config.Limits.MaxSessions = 5
	s := serve(t, config)
	id := s.idToken(ada)
	var wait sync.WaitGroup
	statuses := make(chan int, 40)
	for range 40 {
		wait.Go(func() {
			got, _ := s.try("POST", create, opening(demoWorkspace, demoApp, ""), "Authorization", "Bearer "+id)
			statuses <- got.status
		})
	}
	wait.Wait()
	close(statuses)
	opened := 0
	for status := range statuses {
		if status == http.StatusOK {
			opened++
		}
	}
	require.Equal(t, 5, opened)
}
