package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
	"github.com/secureflows/secureflows-go/middleware/productflo"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/productflotest"
	"github.com/secureflows/secureflows-go/secureflowstest/vertesiatest"
)

// TestEveryGuard is the list of who gets in where, for every route and kind of
// token.
func TestEveryGuard(t *testing.T) {
	s := newSystem(t)
	s.link(grace, s.mocks.vertesia.Token(grace)) // the admin has arrived
	moved := s.mocks.authReturn.Token("hopper@example.com")
	s.link("hopper@example.com", moved)

	agent := s.mocks.vertesia.Token(ada, vertesiatest.Selection{Type: "agent"})
	s.mocks.vertesia.AddAccount(vertesiatest.Account{ID: "another"})
	s.mocks.vertesia.AddUser(vertesiatest.User{Email: "eve@example.com", Memberships: []vertesiatest.Membership{{Account: "another", Roles: []string{"admin"}}}})
	s.mocks.productFlo.AddUser(productflotest.User{Email: "eve@example.com", Tenants: []string{"another"}, Role: "admin"})
	s.mocks.productFlo.AddUser(productflotest.User{Email: "none@example.com", Role: "admin"})
	s.mocks.productFlo.AddUser(productflotest.User{Email: "admin@example.com", Tenants: []string{tenant}, Role: "admin"})

	elsewhere := s.mocks.productFlo.Claims("admin@example.com") // a role of the same name
	elsewhere["role"] = []string{"admin"}

	const refused, forbidden, ok = http.StatusUnauthorized, http.StatusForbidden, http.StatusOK
	reads := map[string]int{"GET /me": ok, "GET /notes": ok, "GET /statistics": forbidden, "POST /notes": forbidden, "POST /link": forbidden}
	nothing := map[string]int{"GET /me": refused, "GET /notes": refused, "GET /statistics": refused, "POST /notes": refused, "POST /link": refused}
	notHere := map[string]int{"GET /me": forbidden, "GET /notes": forbidden, "GET /statistics": forbidden, "POST /notes": forbidden, "POST /link": forbidden}
	with := func(base, other map[string]int) map[string]int {
		all := maps.Clone(base)
		maps.Copy(all, other)
		return all
	}
	for name, test := range map[string]struct {
		token secureflows.Token
		want  map[string]int
	}{
		"nobody":                  {secureflows.Token{}, nothing},
		"garbage":                 {bearerToken(t, "garbage"), nothing},
		"AuthReturn":              {s.mocks.authReturn.Token(ada), reads},
		"AuthReturn, moved":       {moved, with(reads, map[string]int{"GET /notes": forbidden})},
		"Vertesia":                {s.mocks.vertesia.Token(ada), reads},
		"Vertesia, admin, moved":  {s.mocks.vertesia.Token(grace), with(reads, map[string]int{"GET /notes": forbidden, "GET /statistics": ok})},
		"Vertesia, agent":         {agent, notHere},
		"Vertesia, other account": {s.mocks.vertesia.Token("eve@example.com"), notHere},
		"ProductFlo":              {s.mocks.productFlo.Token(ada), reads},
		"ProductFlo, admin":       {s.mocks.productFlo.Token("admin@example.com"), reads},
		"ProductFlo, admins":      {s.mocks.productFlo.Sign(elsewhere), reads},
		"ProductFlo, other":       {s.mocks.productFlo.Token("eve@example.com"), notHere},
		"ProductFlo, no tenant":   {s.mocks.productFlo.Token("none@example.com"), notHere},
		"secureFlows":             {s.mocks.secureFlows.Session(ada).Token(), with(reads, map[string]int{"POST /notes": ok, "POST /link": ok})},
		"secureFlows, admin":      {s.mocks.secureFlows.Session(grace).Token(), with(reads, map[string]int{"POST /notes": ok, "GET /statistics": ok, "POST /link": http.StatusConflict})},
	} {
		for route, want := range test.want {
			// The account to link is new each time that a row is to link one.
			body := `{"text": "x"}`
			switch {
			case route == "POST /link" && want == http.StatusConflict:
				body = proven(moved)
			case route == "POST /link":
				body = proven(s.mocks.authReturn.Token(fmt.Sprintf("new%d@example.com", s.database.links())))
			}
			method, path, _ := strings.Cut(route, " ")
			answer := send(s.handler, httptest.NewRequest(method, path, strings.NewReader(body)), test.token)
			assert.Equal(t, want, answer.Code, "%s: %s: %s", name, route, answer.Body)
		}
	}
}

// TestLinkingNeedsTwoGoodTokens of one person, each in its place.
func TestLinkingNeedsTwoGoodTokens(t *testing.T) {
	s := newSystem(t)
	session := s.mocks.secureFlows.Session(ada).Token()
	hostile := s.mocks.vertesia.Claims(ada)
	hostile["iss"] = "https://evil.example/.vertesia.io"
	unknown := s.mocks.productFlo.Claims(ada)
	unknown["tenant_id"] = "another"
	for name, test := range map[string]struct {
		body string
		want int
	}{
		"a hostile issuer":       {linking(s.mocks.vertesia.Sign(hostile)), http.StatusBadRequest},
		"no signature":           {linking(s.mocks.vertesia.Sign(s.mocks.vertesia.Claims(ada), map[string]any{"alg": "none"})), http.StatusBadRequest},
		"a session of one's own": {linking(session), http.StatusBadRequest},
		"somebody's session":     {linking(s.mocks.secureFlows.Session(grace).Token()), http.StatusBadRequest},
		"an ID token":            {linking(bearerToken(t, s.mocks.secureFlows.IDToken(ada).Reveal())), http.StatusBadRequest},
		"no token":               {`{}`, http.StatusBadRequest},
		"no JSON":                {`token`, http.StatusBadRequest},
		"an address":             {`{"email": "` + grace + `", "provider": "authreturn", "subject": "1", "userId": 2}`, http.StatusBadRequest},
		"another tenant":         {linking(s.mocks.productFlo.Sign(unknown)), http.StatusForbidden},
		"an agent":               {linking(s.mocks.vertesia.Token(ada, vertesiatest.Selection{Type: "agent"})), http.StatusForbidden},
	} {
		answer := s.post(session, "/link", test.body)
		assert.Equal(t, test.want, answer.Code, "%s: %s", name, answer.Body)
		assert.Zero(t, s.database.links(), name)
	}
	s.link(ada, s.mocks.authReturn.Token(ada), s.mocks.authReturn.Token(ada), s.mocks.vertesia.Token(ada), s.mocks.productFlo.Token(ada))
	assert.Equal(t, 3, s.database.links(), "twice by its owner is once")
	answer := s.post(s.mocks.secureFlows.Session(grace).Token(), "/link", proven(s.mocks.authReturn.Token(ada)))
	assert.Equal(t, http.StatusConflict, answer.Code)
	for _, old := range s.database.linkedTo(s.mocks.secureFlows.UserID(ada)) {
		assert.Contains(t, []string{authreturn.Provider, vertesia.Provider, productflo.Provider}, old.Provider)
	}
}

// TestATokenOfAuthReturnIsNoProof: any other site that signs people in there has
// them, and would have their accounts for good.
func TestATokenOfAuthReturnIsNoProof(t *testing.T) {
	s := newSystem(t)
	replayed := s.mocks.authReturn.Token(ada)
	session := s.mocks.secureFlows.Session(mallory).Token()
	s.mocks.authReturn.Token(mallory)      // who has an account, and its password
	hers := s.mocks.authReturn.Claims(ada) // an address that has changed hands
	hers["email"] = mallory
	for name, test := range map[string]struct {
		body string
		want int
	}{
		"the token alone":         {linking(replayed), http.StatusBadRequest},
		"an empty password":       {linking(replayed, ""), http.StatusBadRequest},
		"a guess":                 {linking(replayed, "a guess"), http.StatusForbidden},
		"a password of mallory's": {proven(s.mocks.authReturn.Sign(hers)), http.StatusForbidden},
	} {
		answer := s.post(session, "/link", test.body)
		assert.Equal(t, test.want, answer.Code, "%s: %s", name, answer.Body)
		assert.Zero(t, s.database.links(), name)
		assert.Empty(t, answer.Header().Get("WWW-Authenticate"), "%s: it is not about the session", name)
		assert.NotContains(t, answer.Body.String(), "a guess", name)
	}
	assert.JSONEq(t, `{}`, s.get(session, "/notes").Body.String())

	s.mocks.authReturn.Fail(secureflowstest.Fault{Path: "/api/login", Status: http.StatusBadGateway})
	s.expectLink(session, proven(replayed), http.StatusServiceUnavailable)
	s.link(ada, replayed) // with the password
	assert.Equal(t, 1, s.database.links())
}

// TestPasswordsCannotBeGuessed with a replayed token, by however many sessions.
func TestPasswordsCannotBeGuessed(t *testing.T) {
	s := newSystem(t)
	replayed := s.mocks.authReturn.Token(ada)
	for n := range guessesPerHour {
		session := s.mocks.secureFlows.Session(fmt.Sprintf("mallory%d@example.com", n)).Token()
		s.expectLink(session, linking(replayed, fmt.Sprint("a guess ", n)), http.StatusForbidden)
	}
	session := s.mocks.secureFlows.Session(mallory).Token()
	answer := s.post(session, "/link", proven(replayed))
	assert.Equal(t, http.StatusTooManyRequests, answer.Code, answer.Body)
	assert.Equal(t, "3600", answer.Header().Get("Retry-After"))
	s.link(alan, s.mocks.authReturn.Token(alan)) // is somebody else

	s.mocks.vertesia.Advance(time.Hour) // whose clock is the backend's
	s.link(ada, replayed)
}

// TestALinkCanBeUndone, and the account is its owner's then.
func TestALinkCanBeUndone(t *testing.T) {
	s := newSystem(t)
	s.link(grace, s.mocks.vertesia.Token(grace))
	s.link(mallory, s.mocks.productFlo.Token(ada))
	s.link(alan, s.mocks.authReturn.Token(alan))
	stolen := secureflows.Person{Provider: productflo.Provider, Subject: s.mocks.productFlo.UserID(ada)}
	s.get(s.mocks.secureFlows.Session(mallory).Token(), "/notes") // imports it
	s.expectLink(s.mocks.secureFlows.Session(ada).Token(), proven(s.mocks.productFlo.Token(ada)), http.StatusConflict)

	require.True(t, s.database.unlink(stolen))
	assert.False(t, s.database.unlink(stolen), "once")
	s.database.setImported(stolen, s.mocks.secureFlows.UserID(mallory)) // of a request that was under way
	s.link(ada, s.mocks.productFlo.Token(ada))
	s.database.setImported(stolen, s.mocks.secureFlows.UserID(mallory))
	assert.JSONEq(t, `{"p1": "review the plan"}`, s.get(s.mocks.secureFlows.Session(ada).Token(), "/notes").Body.String())
	assert.Equal(t, 3, s.database.links())
	for _, email := range []string{grace, alan, ada} {
		assert.Len(t, s.database.linkedTo(s.mocks.secureFlows.UserID(email)), 1, email)
	}
	assert.Len(t, s.database.toImport(s.mocks.secureFlows.UserID(grace)), 1, "nobody else's is taken for imported")
	s.link(alan, s.mocks.authReturn.Token(alan)) // is still his
	s.expectLink(s.mocks.secureFlows.Session(mallory).Token(), proven(s.mocks.authReturn.Token(alan)), http.StatusConflict)
}

// TestALinkedRoleEndsWithItsToken, since Vertesia may have taken it away.
func TestALinkedRoleEndsWithItsToken(t *testing.T) {
	s := newSystem(t)
	session := s.mocks.secureFlows.Session(grace).Token()
	s.link(grace, s.mocks.vertesia.Token(grace))
	assert.Equal(t, http.StatusOK, s.get(session, "/statistics").Code)
	s.mocks.vertesia.Advance(time.Hour)
	assert.Equal(t, http.StatusForbidden, s.get(session, "/statistics").Code)
	s.link(grace, s.mocks.vertesia.Token(grace))
	assert.Equal(t, http.StatusOK, s.get(session, "/statistics").Code, "linked anew")

	s.mocks.vertesia.AddUser(vertesiatest.User{Email: grace, Memberships: []vertesiatest.Membership{{Account: vertesiatest.AccountID}}})
	s.link(grace, s.mocks.vertesia.Token(grace))
	assert.Equal(t, http.StatusForbidden, s.get(session, "/statistics").Code, "without the role")
}

// expectLink has a link answered so.
func (s *system) expectLink(session secureflows.Token, body string, want int) {
	s.t.Helper()
	answer := s.post(session, "/link", body)
	assert.Equal(s.t, want, answer.Code, answer.Body)
}

// TestAnEndedSessionLinksNothing, though the cache may still know it.
func TestAnEndedSessionLinksNothing(t *testing.T) {
	s := newSystem(t)
	session := s.mocks.secureFlows.Session(ada).Token()
	assert.Equal(t, http.StatusOK, s.get(session, "/me").Code)
	s.mocks.secureFlows.RevokeSession(session)
	assert.Equal(t, http.StatusUnauthorized, s.post(session, "/link", proven(s.mocks.authReturn.Token(ada))).Code)
	assert.Zero(t, s.database.links())
}
