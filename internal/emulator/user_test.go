package emulator_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/emulator"
)

const (
	userLogin = "/api/v1/users/login"
	my        = "/api/v1/sessions/my"
	revokeMy  = "/api/v1/sessions/revoke/"

	badUserToken  = `{"status":401,"error":"Invalid user token"}`
	noSelfService = `{"status":403,"error":"Self-service is disabled for this workspace"}`
	noSession     = `{"status":404,"error":"Session not found"}`
)

// closed is a workspace without self-service beside the demo workspace.
func closed() emulator.Config {
	config := twoWorkspaces()
	config.Workspaces = append(config.Workspaces, emulator.Workspace{Name: "closed", DisableSelfService: true})
	return config
}

// user signs in to the self-service of a workspace.
func (s *service) user(email, workspace string) string {
	s.t.Helper()
	got := s.as(s.idToken(email), "POST", userLogin, `{"workspaceName":"`+workspace+`"}`)
	require.Equal(s.t, 200, got.status, got.body)
	var body struct{ AccessToken string }
	require.NoError(s.t, json.Unmarshal([]byte(got.body), &body))
	return body.AccessToken
}

// myPage is an answer of GET /sessions/my.
type myPage struct {
	Items []struct {
		ID, WorkspaceID                                          int64
		ProviderUID, UserEmail, Status                           string
		AppID                                                    *string
		TokenRevision                                            int64
		CreatedAt, UpdatedAt, LastActivityAt, ExpiresAt, EndedAt *time.Time
		CurrentDataSizeBytes, MaxDataSizeBytes                   *int
		Payload                                                  json.RawMessage
	}
	Page, PageSize, TotalItems, TotalPages int
}

func (s *service) my(token, query string) (list myPage) {
	s.t.Helper()
	got := s.as(token, "GET", my+query, "")
	require.Equal(s.t, 200, got.status, got.body)
	require.NoError(s.t, json.Unmarshal([]byte(got.body), &list))
	return list
}

// ids are the sessions of a page, as "1003 1001".
func (p myPage) ids() string {
	var text []string
	for _, item := range p.Items {
		text = append(text, fmt.Sprint(item.ID))
	}
	return strings.Join(text, " ")
}

func TestAUserListsTheirOwnSessions(t *testing.T) {
	s := serve(t, closed())
	token := s.session(ada, `{"<a>":12345678901234567890}`)
	s.session(bob, `{"of":"bob"}`)
	_, err := s.mock.CreateSession("shop", "web", ada)
	require.NoError(t, err)
	revoked := s.session(ada, `{"gone":1}`)
	s.as(revoked, "POST", "/api/v1/sessions/revoke", "")
	s.mock.Advance(time.Second)
	s.as(token, "POST", "/api/v1/sessions/set/b", "1")
	require.NoError(t, s.mock.SetLimits(emulator.Limits{MaxPayloadBytes: 100}))

	list := s.my(s.user(ada, demoWorkspace), "")
	require.Equal(t, "1004 1001", list.ids())
	require.Equal(t, "0 20 2 1", fmt.Sprint(list.Page, " ", list.PageSize, " ", list.TotalItems, " ", list.TotalPages))
	gone, active := list.Items[0], list.Items[1]
	require.Equal(t, "active", active.Status)
	require.Equal(t, `{"<a>":12345678901234567890,"b":1}`, string(active.Payload))
	require.Equal(t, demoApp, *active.AppID)
	require.Equal(t, ada, active.UserEmail)
	require.Equal(t, int64(1), active.WorkspaceID)
	require.Equal(t, len(active.Payload), *active.CurrentDataSizeBytes)
	require.Equal(t, 100, *active.MaxDataSizeBytes)
	require.Nil(t, active.ExpiresAt)
	require.Nil(t, active.EndedAt)
	require.True(t, active.UpdatedAt.After(*active.CreatedAt))
	require.Equal(t, active.UpdatedAt, active.LastActivityAt)
	require.Equal(t, "revoked", gone.Status)
	require.Equal(t, "{}", string(gone.Payload), "the payload of an active session only")
	require.NotNil(t, gone.EndedAt)
	require.Equal(t, active.ProviderUID, gone.ProviderUID)

	shop := s.my(s.user(ada, "shop"), "")
	require.Equal(t, "1003", shop.ids())
	require.Equal(t, int64(2), shop.Items[0].WorkspaceID)
	require.NotNil(t, shop.Items[0].ExpiresAt)
	s.mock.Advance(time.Hour)
	shop = s.my(s.user(ada, "shop"), "")
	require.Equal(t, "expired", shop.Items[0].Status)
	require.Equal(t, "{}", string(shop.Items[0].Payload))
	require.Equal(t, shop.Items[0].ExpiresAt, shop.Items[0].EndedAt)
	ok(t, s.as(s.user("eve@example.com", demoWorkspace), "GET", my, ""), `{"items":[],"page":0,"pageSize":20,"totalItems":0,"totalPages":0}`)
}

func TestTheListIsPagedSortedAndFiltered(t *testing.T) {
	config := demo()
	config.Workspaces[0].Apps = append(config.Workspaces[0].Apps, emulator.App{ID: "another", PayloadTTL: 2 * time.Hour})
	s := serve(t, config)
	var tokens []string
	for _, app := range []string{demoApp, "another", ""} { // 1001, 1002, 1003
		token, err := s.mock.CreateSession(demoWorkspace, app, ada)
		require.NoError(t, err)
		tokens = append(tokens, token)
		s.mock.Advance(time.Second)
	}
	s.as(tokens[0], "POST", "/api/v1/sessions/set/a", "1")
	s.mock.Advance(time.Second)
	s.as(tokens[1], "GET", create, "")
	s.mock.Advance(time.Second)
	require.NoError(t, s.mock.RevokeSession(tokens[2]))
	user := s.user(ada, demoWorkspace)
	for query, want := range map[string]string{
		"":                                "1003 1002 1001",
		"?dir=asc":                        "1001 1002 1003",
		"?sort=id":                        "1003 1002 1001",
		"?sort=user&dir=asc":              "1001 1002 1003",
		"?sort=app&dir=asc":               "1003 1002 1001",
		"?sort=created&dir=desc":          "1003 1002 1001",
		"?sort=expires&dir=asc":           "1003 1002 1001",
		"?sort=status&dir=asc":            "1001 1002 1003",
		"?sort=lastActivity":              "1002 1001 1003",
		"?sort=updated":                   "1003 1001 1002",
		"?status=active":                  "1002 1001",
		"?status=revoked":                 "1003",
		"?status=expired":                 "",
		"?status=all&app_id=all":          "1003 1002 1001",
		"?app_id=another":                 "1002",
		"?app_id=none":                    "",
		"?q=1002":                         "1002",
		"?q=DEMO":                         "1001",
		"?q=revoked":                      "1003",
		"?q=emulated-uid-1":               "1003 1002 1001",
		"?q=nothing":                      "",
		"?pageSize=2":                     "1003 1002",
		"?pageSize=2&page=1":              "1001",
		"?pageSize=2&page=2":              "",
		"?page=9223372036854775807":       "",
		"?pageSize=2&page=0&status=&dir=": "1003 1002",
		"?pageSize=-5":                    "1003",
	} {
		require.Equal(t, want, s.my(user, query).ids(), query)
	}
	for query, want := range map[string]int{"?pageSize=0": 20, "?pageSize=x": 20, "?pageSize=201": 200, "?pageSize=-1": 1, "?pageSize=200": 200} {
		require.Equal(t, want, s.my(user, query).PageSize, query)
	}
	require.Equal(t, 2, s.my(user, "?pageSize=2&page=7").TotalPages)
	for query, want := range map[string]string{
		"?page=-1": "page must be", "?page=x": "page must be", "?status=Active": "status must be", "?sort=size": "sort must be", "?dir=up": "dir must be",
	} {
		got := s.as(user, "GET", my+query, "")
		require.Equal(t, 400, got.status, query)
		require.Contains(t, got.body, want)
	}
}

func TestAUserRevokesTheirOwnSessionsOnly(t *testing.T) {
	s := serve(t, closed())
	token, theirs := s.session(ada, `{"a":1}`), s.session(bob, `{"b":1}`) // 1001, 1002
	_, err := s.mock.CreateSession("shop", "web", ada)                    // 1003
	require.NoError(t, err)
	user := s.user(ada, demoWorkspace)
	for _, id := range []string{"1002", "1003", "9999", "-1", "0"} {
		refused(t, s.as(user, "POST", revokeMy+id, ""), 404, noSession)
	}
	for _, id := range []string{"x", "1001x", "1.5", "99999999999999999999", "%20", ""} {
		refused(t, s.as(user, "POST", revokeMy+id, ""), 400, `{"status":400,"error":"sessionId must be a number"}`)
	}
	ok(t, s.as(token, "GET", create, ""), `{"a":1}`)
	for range 2 { // revoking what is revoked succeeds
		ok(t, s.as(user, "POST", revokeMy+"1001", ""), `{"revoked":true,"sessionId":1001}`)
	}
	refused(t, s.as(token, "GET", create, ""), 410, revoked410)
	ok(t, s.as(theirs, "GET", create, ""), `{"b":1}`)
	require.Equal(t, "active", s.my(s.user(ada, "shop"), "").Items[0].Status)
}

// No kind of token stands in for another.
func TestWhoIsNoUser(t *testing.T) {
	s := serve(t, closed())
	session, id, user := s.session(ada, ""), s.idToken(ada), s.user(ada, demoWorkspace)
	for _, call := range [][2]string{{"GET", my}, {"POST", revokeMy + "1001"}} {
		refused(t, s.do(call[0], call[1], ""), 401, `{"status":401,"error":"Missing Authorization header"}`)
		for _, token := range []string{session, id, user + "x", "x", strings.Replace(user, ".", ".e", 1)} {
			refused(t, s.as(token, call[0], call[1], ""), 401, badUserToken)
		}
	}
	for _, call := range [][2]string{{"GET", create}, {"GET", readIdentity}, {"POST", "/api/v1/sessions/revoke"}, {"POST", "/api/v1/auth/logout"}} {
		require.Equal(t, 401, s.as(user, call[0], call[1], "").status, call)
	}
	for _, path := range []string{create, getOrCreate, userLogin, renewPath(session)} {
		require.Equal(t, 401, s.as(user, "POST", path, opening(demoWorkspace, demoApp, "")).status, path)
		require.Equal(t, 401, s.as(session, "POST", path, opening(demoWorkspace, demoApp, "")).status, path)
	}
	s.mock.Advance(time.Hour)
	refused(t, s.as(user, "GET", my, ""), 401, badUserToken)
	fresh := serve(t, closed())
	refused(t, fresh.as(user, "GET", my, ""), 401, badUserToken)
}

func TestLoginOfUsers(t *testing.T) {
	s := serve(t, closed())
	id := s.idToken(ada)
	refused(t, s.do("POST", userLogin, `{"workspaceName":"shop"}`), 401, `{"status":401,"error":"Missing Authorization header"}`)
	refused(t, s.as("x", "POST", userLogin, `{"workspaceName":"shop"}`), 401, `{"status":401,"error":"Invalid Firebase token"}`)
	for _, body := range []string{"", "{", "[]", "{}", `{"workspaceName":""}`, `{"workspaceName":1}`, `{"workspaceName":null}`} {
		require.Equal(t, 400, s.as(id, "POST", userLogin, body).status, body)
	}
	refused(t, s.as(id, "POST", userLogin, `{"workspaceName":"none"}`), 404, `{"status":404,"error":"Workspace not found"}`)
	refused(t, s.as(id, "POST", userLogin, `{"workspaceName":"closed"}`), 403, noSelfService)
	require.Equal(t, 405, s.as(id, "GET", userLogin, "").status)
	require.Equal(t, 405, s.as(id, "POST", my, "").status)
	require.Equal(t, 405, s.as(id, "GET", revokeMy+"1001", "").status)
	s.mock.Advance(time.Hour)
	require.Equal(t, 401, s.as(id, "POST", userLogin, `{"workspaceName":"shop"}`).status)
}

func TestSelfServiceThatIsDisabled(t *testing.T) {
	s := serve(t, closed())
	s.session(bob, `{"b":1}`)
	user := s.user(bob, demoWorkspace)
	ok(t, s.control("self-service", `{"workspace":"demo-workspace","enabled":false}`), `{"enabled":false}`)
	refused(t, s.as(user, "GET", my, ""), 403, noSelfService)
	refused(t, s.as(user, "POST", revokeMy+"1001", ""), 403, noSelfService)
	refused(t, s.as(s.idToken(bob), "POST", userLogin, `{"workspaceName":"demo-workspace"}`), 403, noSelfService)
	require.Contains(t, s.do("GET", dashboard, "").body, "Self-service is disabled.")
	s.control("self-service", `{"workspace":"demo-workspace","enabled":true}`)
	require.Equal(t, "active", s.my(user, "").Items[0].Status)
	for _, body := range []string{"{}", `{"workspace":"shop"}`, `{"workspace":"x","enabled":true}`} {
		require.Equal(t, 400, s.control("self-service", body).status, body)
	}

	_, err := s.mock.CreateSession("closed", "", ada)
	require.NoError(t, err)
	b := s.signedIn(t, ada)
	require.Contains(t, b.open("/app/self").body, "There are none.", "nor on the page")
	require.Equal(t, 404, b.open("/app/self?revoke=1002").status)
}

// Reading payloads is what a lock keeps from; ending a session is not.
func TestTheGraceLockAndSelfService(t *testing.T) {
	s := serve(t, demo())
	s.session(ada, `{"a":1}`)
	s.mock.LockBilling(true)
	user := s.user(ada, demoWorkspace)
	refused(t, s.as(user, "GET", my, ""), 403, graceLock)
	refused(t, s.as("x", "GET", my, ""), 401, badUserToken)
	ok(t, s.as(user, "POST", revokeMy+"1001", ""), `{"revoked":true,"sessionId":1001}`)
}
