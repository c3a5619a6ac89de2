package emulator_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

// twoWorkspaces is the demo application and a shop.
func twoWorkspaces() emulator.Config {
	config := demo()
	config.Workspaces = append(config.Workspaces, emulator.Workspace{Name: "shop", Apps: []emulator.App{{ID: "web", PayloadTTL: time.Hour}}})
	return config
}

func TestAnExportSeedsAnotherEmulatorWithTheSamePayloads(t *testing.T) {
	s := serve(t, twoWorkspaces())
	s.session(bob, `{"old":true}`)
	s.session(ada, `{"<&>":"<&> é","n":12345678901234567890,"nested":{"a":[1,null]},"jwt":"eyJhbGciOiJub25lIn0.e30."}`)
	latest := s.session(bob, `{"new":true}`)
	token, err := s.mock.CreateSession("shop", "web", ada)
	require.NoError(t, err)
	ok(t, s.as(token, "POST", "/api/v1/sessions/set/cart", `{"value":[1,2]}`), `{"cart":[1,2]}`)
	_, err = s.mock.CreateSession("shop", "", ada)
	require.NoError(t, err)
	require.NoError(t, s.mock.RevokeSession(s.session(ada, `{"revoked":"data"}`)))
	s.idToken("eve@example.com")

	exported := s.do("GET", "/_emulator/export", "")
	require.Equal(t, 200, exported.status)
	require.NotContains(t, exported.body, "revoked")
	require.NotContains(t, exported.body, latest)
	fresh := serve(t, twoWorkspaces())
	ok(t, fresh.control("seed", exported.body), `{"people":3,"sessions":5}`)
	require.Equal(t, exported.body, fresh.do("GET", "/_emulator/export", "").body)

	payload := func(workspace, app, email string) string {
		t.Helper()
		token, err := fresh.mock.GetOrCreateSession(workspace, app, email)
		require.NoError(t, err)
		return fresh.as(token, "GET", create, "").body
	}
	require.Equal(t, `{"<&>":"<&> é","jwt":"eyJhbGciOiJub25lIn0.e30.","n":12345678901234567890,"nested":{"a":[1,null]}}`,
		payload(demoWorkspace, demoApp, ada))
	require.Equal(t, `{"new":true}`, payload(demoWorkspace, demoApp, bob), "a login goes on with the newest")
	require.Equal(t, `{"cart":[1,2]}`, payload("shop", "web", ada))
	require.Equal(t, `{}`, payload("shop", "web", "eve@example.com"))
	for _, email := range []string{ada, bob, "eve@example.com"} {
		before, err := s.mock.UserID(email)
		require.NoError(t, err)
		after, err := fresh.mock.UserID(email)
		require.NoError(t, err)
		require.Equal(t, before, after, "the order of people keeps their ids")
	}
}

func TestAnExportHasNoTokenOfTheEmulator(t *testing.T) {
	s := serve(t, twoWorkspaces())
	token := s.session(ada, "")
	s.session(ada, `{"`+token+`":"Bearer `+token+`","list":["`+s.idToken(ada)+`."]}`)
	exported := s.do("GET", "/_emulator/export", "").body
	require.NotContains(t, exported, "eyJ")
	require.Contains(t, exported, `"Bearer [REDACTED]"`)
	require.True(t, json.Valid([]byte(exported)))
}

func TestWhatHasExpiredIsNotExported(t *testing.T) {
	s := serve(t, twoWorkspaces())
	_, err := s.mock.CreateSession("shop", "web", ada)
	require.NoError(t, err)
	require.Len(t, s.mock.Export().People[0].Sessions, 1)
	s.mock.Advance(time.Hour)
	require.Empty(t, s.mock.Export().People[0].Sessions)
}

func TestTheSeedOfTheConfigSurvivesAReset(t *testing.T) {
	config := demo()
	config.Seed = emulator.Seed{People: []emulator.SeedPerson{{Email: ada, Sessions: []emulator.SeedSession{
		{Workspace: demoWorkspace, App: demoApp, Payload: []byte(`{"a":1}`)}}}}}
	s := serve(t, config)
	for range 2 {
		token, err := s.mock.GetOrCreateSession(demoWorkspace, demoApp, ada)
		require.NoError(t, err)
		ok(t, s.as(token, "GET", create, ""), `{"a":1}`)
		s.as(token, "POST", "/api/v1/sessions/set/a", "2")
		s.control("seed", `{"people":[{"email":"bob@example.com","sessions":[{"workspace":"demo-workspace"}]}]}`)
		s.mock.Reset()
	}
	require.Len(t, s.mock.Export().People, 2)
	require.Empty(t, s.mock.Export().People[1].Sessions)
}

func TestAMistakeInASeedAddsNoSession(t *testing.T) {
	s := serve(t, twoWorkspaces())
	good := `{"email":"ada@example.com","sessions":[{"workspace":"shop"}]}`
	for body, want := range map[string]string{
		`{"people":[` + good + `,{"email":"x"}]}`:                                                       "people[1].email: this is not an email address",
		`{"people":[` + good + `,{"email":"bob@example.com","sessions":[{"workspace":"x"}]}]}`:          `people[1].sessions[0].workspace "x" is unknown: there is demo-workspace, shop`,
		`{"people":[{"email":"ada@example.com","sessions":[{"workspace":"shop","app":"demo-app"}]}]}`:   `app "demo-app" is not in workspace "shop"`,
		`{"people":[{"email":"ada@example.com","sessions":[{"workspace":"shop","payload":[1]}]}]}`:      "payload is not a JSON object",
		`{"people":[{"email":"ada@example.com","sessions":[{"workspace":"shop","payloads":{}}]}]}`:      "people[0].sessions[0].payloads is unknown",
		`{"people":[{"email":"ada@example.com","sessions":[{"workspace":"shop","sessionToken":"x"}]}]}`: "sessionToken is unknown",
		"": "the body is not understood: it is empty",
	} {
		got := s.control("seed", body)
		require.Equal(t, 400, got.status)
		var form struct{ Error string }
		require.NoError(t, json.Unmarshal([]byte(got.body), &form))
		require.Contains(t, form.Error, want)
	}
	for _, person := range s.mock.Export().People {
		require.Empty(t, person.Sessions)
	}
	require.Equal(t, 405, s.do("GET", "/_emulator/seed", "").status)
	require.Equal(t, 405, s.control("export", "").status)
}
