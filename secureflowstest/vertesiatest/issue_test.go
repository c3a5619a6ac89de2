package vertesiatest_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/vertesiatest"
)

func TestTokenAsPublished(t *testing.T) {
	server := demo(t)
	keys := published(t, server)
	before := server.Now().Unix()
	head, claims := open(keys, t, server.Token(ada, vertesiatest.Selection{Account: "acme", Project: "p1"}).Reveal())
	assert.Equal(t, "ES256", head.Alg)
	assert.Equal(t, "JWT", head.Typ)
	exp := claims["exp"].(float64)
	assert.GreaterOrEqual(t, exp, float64(before+3600))
	delete(claims, "exp")
	text, err := json.Marshal(claims)
	require.NoError(t, err)
	subject := server.Subject(ada)
	assert.JSONEq(t, `{
		"sub":"`+subject+`","user_id":"`+strings.TrimPrefix(subject, "user:")+`","name":"Ada","email":"ada@example.com","type":"user",
		"account":{"id":"acme","name":"Acme"},
		"accounts":[{"id":"demo-account","name":"Demo Account"},{"id":"acme","name":"Acme"}],
		"project":{"id":"p1","name":"One","account":"acme"},
		"account_roles":["member"],"project_roles":["reader"],
		"permissions":["content:read"],"apps":["notes"],
		"iss":"`+server.Origin()+`","aud":"mock-audience"}`, string(text))
}

func TestAnswersOfIssue(t *testing.T) {
	server := demo(t)
	server.AddUser(vertesiatest.User{Email: "lonely@example.com"})
	foreign := demo(t)
	firebase := server.FirebaseToken(ada).Reveal()
	expired := server.Claims(ada)
	expired["exp"] = server.Now().Unix()
	otherIssuer := server.Claims(ada)
	otherIssuer["iss"] = foreign.Origin()
	nobody := server.Claims(ada)
	nobody["sub"] = "user:0"
	const (
		refused = `{"error":"Unauthorized","status":401,"message":"The credential is not accepted"}`
		user    = `{"type":"user"}`
	)
	forbidden := func(code string) string {
		return `{"error":"Forbidden","message":"The token cannot be issued","errorCode":"` + code + `"}`
	}
	bad := func(message string) string {
		return `{"error":"Bad Request","status":400,"message":` + strconv.Quote(message) + `}`
	}
	for name, row := range map[string]struct {
		credential, body string
		status           int
		want             string // "" is a token
	}{
		"a Firebase token":                  {firebase, user, 200, ""},
		"its own token":                     {server.Token(ada).Reveal(), user, 200, ""},
		"an RS256 token of its own":         {server.Token(ada, vertesiatest.Selection{RS256: true}).Reveal(), user, 200, ""},
		"an agent's token":                  {server.Token(ada, vertesiatest.Selection{Type: "agent"}).Reveal(), user, 200, ""},
		"an API key":                        {server.APIKey("acme", "p1").Reveal(), user, 200, ""},
		"an API key without a body":         {server.APIKey("acme", "").Reveal(), "", 200, ""},
		"a project":                         {firebase, `{"type":"user","account_id":"acme","project_id":"p1"}`, 200, ""},
		"a project alone":                   {firebase, `{"type":"user","project_id":"p1"}`, 200, ""},
		"all members":                       {firebase, `{"type":"user","account_id":"acme","project_id":"p1","audience":"x","algorithm":"RS256","expires_at":99999999999,"user_id":"` + strings.TrimPrefix(server.Subject(ada), "user:") + `"}`, 200, ""},
		"no credential":                     {"", user, 401, refused},
		"nonsense":                          {"nonsense", user, 401, refused},
		"its own token, expired":            {server.Sign(expired).Reveal(), user, 401, refused},
		"its own token, of another issuer":  {server.Sign(otherIssuer).Reveal(), user, 401, refused},
		"its own token, of nobody":          {server.Sign(nobody).Reveal(), user, 401, refused},
		"its own token, unsigned":           {server.Sign(server.Claims(ada), map[string]any{"alg": "none"}).Reveal(), user, 401, refused},
		"its own token, by the public key":  {server.Sign(server.Claims(ada), map[string]any{"alg": "HS256"}).Reveal(), user, 401, refused},
		"its own token, of another key":     {server.Sign(server.Claims(ada), map[string]any{"kid": "x"}).Reveal(), user, 401, refused},
		"another STS's token":               {foreign.Token(ada).Reveal(), user, 401, refused},
		"another project's Firebase token":  {foreign.FirebaseToken(ada).Reveal(), user, 401, refused},
		"another STS's key":                 {foreign.APIKey("acme", "").Reveal(), user, 401, refused},
		"a person without a user":           {server.FirebaseToken("new@example.com").Reveal(), user, 404, `{"error":"Not Found","status":404,"message":"There is no such user"}`},
		"a user without an account":         {server.FirebaseToken("lonely@example.com").Reveal(), user, 403, forbidden("no_accessible_account")},
		"a foreign account":                 {firebase, `{"type":"user","account_id":"other"}`, 403, forbidden("requested_scope_unavailable")},
		"an unknown account":                {firebase, `{"type":"user","account_id":"none"}`, 403, forbidden("requested_scope_unavailable")},
		"a project out of reach":            {firebase, `{"type":"user","account_id":"acme","project_id":"p2"}`, 403, forbidden("requested_scope_unavailable")},
		"a project of another account":      {firebase, `{"type":"user","account_id":"demo-account","project_id":"p1"}`, 403, forbidden("requested_scope_unavailable")},
		"an API key in another account":     {server.APIKey("acme", "").Reveal(), `{"type":"user","account_id":"demo-account"}`, 403, forbidden("requested_scope_unavailable")},
		"an API key in another project":     {server.APIKey("acme", "p1").Reveal(), `{"type":"user","project_id":"p2"}`, 403, forbidden("requested_scope_unavailable")},
		"another user's id":                 {firebase, `{"type":"user","user_id":"1"}`, 403, forbidden("token_issuance_forbidden")},
		"for another":                       {firebase, `{"type":"user","on_behalf_of":"1"}`, 403, forbidden("token_issuance_forbidden")},
		"a type that is not issued":         {firebase, `{"type":"agent","on_behalf_of":"1"}`, 403, forbidden("token_issuance_forbidden")},
		"an unknown type":                   {firebase, `{"type":"x"}`, 400, bad("type or algorithm is unknown")},
		"no type":                           {firebase, `{}`, 400, bad("type or algorithm is unknown")},
		"an unknown algorithm":              {firebase, `{"type":"user","algorithm":"HS256"}`, 400, bad("type or algorithm is unknown")},
		"an end that has passed":            {firebase, `{"type":"user","expires_at":1}`, 400, bad("expires_at is past")},
		"a Firebase token without a body":   {firebase, "", 400, bad("the Content-Type is not application/json")},
		"a list":                            {firebase, `[]`, 400, bad("invalid JSON")},
		"two bodies":                        {firebase, `{"type":"user"}{}`, 400, bad("invalid JSON")},
		"an unknown member":                 {firebase, `{"type":"user","accountId":"acme"}`, 400, bad("accountId is unknown: there is type, audience, algorithm, user_id, account_id, project_id, expires_at, on_behalf_of")},
		"a member of another kind":          {firebase, `{"type":"user","account_id":1}`, 400, bad("account_id is a JSON number: write text")},
		"half a second":                     {firebase, `{"type":"user","expires_at":99999999999.5}`, 400, bad("expires_at is a JSON number 99999999999.5: write a whole number")},
		"a credential of two words":         {firebase + " x", user, 401, refused},
		"a credential that is not accepted": {"sk-", user, 401, refused},
	} {
		t.Run(name, func(t *testing.T) {
			got := issue(t, server, row.credential, row.body)
			require.Equal(t, row.status, got.status, got.body)
			if row.want != "" {
				assert.JSONEq(t, row.want, got.body)
				return
			}
			var answer struct {
				Token     string
				TokenType string `json:"token_type"`
				ExpiresIn int64  `json:"expires_in"`
			}
			require.NoError(t, json.Unmarshal([]byte(got.body), &answer))
			assert.Equal(t, "Bearer", answer.TokenType)
			assert.Positive(t, answer.ExpiresIn)
			open(published(t, server), t, answer.Token)
		})
	}
}

func TestWhatIsIssued(t *testing.T) {
	server := demo(t)
	firebase := server.FirebaseToken(ada).Reveal()
	ask := func(credential, body string) (header, map[string]any) {
		return open(published(t, server), t, tokenIn(t, issue(t, server, credential, body)))
	}
	_, claims := ask(firebase, `{"type":"user"}`)
	assert.Equal(t, vertesiatest.AccountID, claims["account"].(map[string]any)["id"])
	assert.NotContains(t, claims, "project")
	assert.NotContains(t, claims, "project_roles")
	assert.Equal(t, []any{"owner"}, claims["account_roles"])
	assert.Equal(t, vertesiatest.Audience, claims["aud"])

	end := server.Now().Add(5 * time.Minute).Unix()
	head, claims := ask(firebase, fmt.Sprintf(`{"type":"user","project_id":"p1","algorithm":"RS256","audience":"my-api","expires_at":%d}`, end))
	assert.Equal(t, "RS256", head.Alg)
	assert.Equal(t, "my-api", claims["aud"])
	assert.EqualValues(t, end, claims["exp"])
	assert.Equal(t, map[string]any{"id": "p1", "name": "One", "account": "acme"}, claims["project"])

	_, claims = ask(server.APIKey("acme", "p1").Reveal(), "")
	assert.Equal(t, "apikey", claims["type"])
	assert.NotContains(t, claims, "email")
	assert.NotContains(t, claims, "user_id")

	// A token that was issued stays what it is, and is exchanged for another.
	bare := server.Token(ada, vertesiatest.Selection{Account: "acme", Bare: true})
	_, claims = open(published(t, server), t, bare.Reveal())
	for _, name := range []string{"account_roles", "project_roles", "permissions", "apps"} {
		assert.NotContains(t, claims, name)
	}
	_, claims = ask(bare.Reveal(), `{"type":"user","account_id":"acme"}`)
	assert.Equal(t, []any{"member"}, claims["account_roles"])
}

func TestTypes(t *testing.T) {
	server := demo(t)
	keys := published(t, server)
	subjects := map[any]bool{}
	for _, kind := range []string{"user", "oauth_access", "group", "apikey", "service_account", "agent", "schedule"} {
		_, claims := open(keys, t, server.Token(ada, vertesiatest.Selection{Account: "acme", Project: "p1", Type: kind}).Reveal())
		assert.Equal(t, kind, claims["type"])
		assert.Equal(t, kind == "user", claims["email"] != nil, kind)
		assert.Equal(t, kind == "user" || kind == "agent", claims["user_id"] != nil, kind)
		subjects[claims["sub"]] = true
	}
	assert.Len(t, subjects, 7)
	assert.Contains(t, subjects, "service_account:acme:p1:1")
}

func TestOptionsOfIssue(t *testing.T) {
	t.Run("RS256", func(t *testing.T) {
		server := demo(t, vertesiatest.Options{RS256: true})
		head, _ := open(published(t, server), t, server.Token(ada).Reveal())
		assert.Equal(t, "RS256", head.Alg)
		head, _ = open(published(t, server), t, tokenIn(t, issue(t, server, server.Token(ada).Reveal(), `{"type":"user","algorithm":"ES256"}`)))
		assert.Equal(t, "ES256", head.Alg)
	})
	t.Run("plain text", func(t *testing.T) {
		server := demo(t, vertesiatest.Options{PlainForbidden: true})
		got := issue(t, server, server.Token(ada).Reveal(), `{"type":"user","account_id":"other"}`)
		assert.Equal(t, 403, got.status)
		assert.Equal(t, "text/plain; charset=utf-8", got.header.Get("Content-Type"))
		assert.Equal(t, "The token cannot be issued", got.body)
	})
	t.Run("life", func(t *testing.T) {
		for _, life := range []time.Duration{0, time.Minute} {
			server := demo(t, vertesiatest.Options{TokenTTL: life})
			token := server.Token(ada).Reveal()
			if life == 0 {
				life = time.Hour
			}
			server.Advance(life - 10*time.Second)
			assert.Equal(t, 200, issue(t, server, token, `{"type":"user"}`).status)
			server.Advance(10 * time.Second)
			assert.Equal(t, 401, issue(t, server, token, `{"type":"user"}`).status)
		}
	})
}

func TestNewcomers(t *testing.T) {
	for name, row := range map[string]struct {
		kind                   vertesiatest.Newcomers
		issued, ensured, after int
	}{
		"welcome": {vertesiatest.NewcomersWelcome, 404, 200, 200},
		"sign-up": {vertesiatest.NewcomersSignUp, 412, 412, 412},
		"invited": {vertesiatest.NewcomersInvited, 404, 403, 404},
	} {
		t.Run(name, func(t *testing.T) {
			server := vertesiatest.NewServer(t, vertesiatest.Options{Newcomers: row.kind})
			token := server.FirebaseToken(ada).Reveal()
			ensure := func(token string) int {
				return ask(t, "POST", server.Studio()+"/auth/ensure-user", "", "Authorization", "Bearer "+token).status
			}
			assert.Equal(t, row.issued, issue(t, server, token, `{"type":"user"}`).status)
			assert.Equal(t, row.ensured, ensure(token))
			assert.Equal(t, row.after, issue(t, server, token, `{"type":"user"}`).status)
			server.AddUser(vertesiatest.User{Email: ada, Memberships: []vertesiatest.Membership{{Account: vertesiatest.AccountID}}})
			assert.Equal(t, 200, ensure(token), "who is a user stays one")
			assert.Equal(t, 200, issue(t, server, token, `{"type":"user"}`).status)

			assert.Equal(t, 401, ensure("nonsense"))
			assert.Equal(t, 401, ensure(server.Token(ada).Reveal()), "a token of the STS")
			server.Advance(time.Hour)
			assert.Equal(t, 401, ensure(token), "expired")
			assert.Equal(t, 401, issue(t, server, token, `{"type":"user"}`).status, "expired")
		})
	}
}

func TestKeys(t *testing.T) {
	server := demo(t)
	first := published(t, server)
	assert.Len(t, first, 2)
	old := server.Token(ada)
	server.RotateKeys()
	both := published(t, server)
	assert.Len(t, both, 4)
	fresh := server.Token(ada)
	open(both, t, old.Reveal())
	open(both, t, fresh.Reveal())
	_, _, err := verify(t, first, fresh.Reveal())
	assert.Error(t, err, "the new key is another")
	assert.Equal(t, 200, issue(t, server, old.Reveal(), `{"type":"user"}`).status)

	server.RemoveOldKeys()
	last := published(t, server)
	assert.Len(t, last, 2)
	open(last, t, fresh.Reveal())
	_, _, err = verify(t, last, old.Reveal())
	assert.Error(t, err, "the old key is gone")
	assert.Equal(t, 401, issue(t, server, old.Reveal(), `{"type":"user"}`).status)
}

func TestOtherPathsAndMethods(t *testing.T) {
	server := vertesiatest.NewServer(t)
	for target, status := range map[string]int{
		"GET " + server.Origin() + "/token/issue":            405,
		"POST " + server.Origin() + "/.well-known/jwks":      405,
		"GET " + server.Origin() + "/":                       404,
		"POST " + server.Origin() + "/auth/ensure-user":      404,
		"GET " + server.Studio() + "/auth/ensure-user":       405,
		"POST " + server.Studio() + "/auth/signup":           404,
		"POST " + server.CentralAuth() + "/token/issue":      404,
		"PUT " + server.CentralAuth() + "/":                  405,
		"POST " + server.CentralAuth() + "/logout":           405,
		"GET " + server.CentralAuth() + "/.well-known/jwks":  404,
		"OPTIONS " + server.Origin() + "/token/issue":        405,
		"GET " + server.Origin() + "/.well-known/jwks/":      404,
		"GET " + server.Origin() + "/.well-known/jwks.json":  404,
		"GET " + server.CentralAuth() + "/logout/elsewhere":  404,
		"POST " + server.Origin() + "/token/refresh":         404,
		"POST " + server.Origin() + "/token/issue?x=ignored": 401,
	} {
		method, url, _ := strings.Cut(target, " ")
		assert.Equal(t, status, ask(t, method, url, "").status, target)
	}
}

func TestFaultsHaveTheFormOfTheSTS(t *testing.T) {
	server := vertesiatest.NewServer(t)
	for status, want := range map[int]string{
		401: `{"error":"Unauthorized","status":401,"message":"injected fault"}`,
		403: `{"error":"Forbidden","message":"injected fault","errorCode":"token_issuance_forbidden"}`,
		503: `{"error":"Service Unavailable","message":"injected fault"}`,
	} {
		server.Fail(secureflowstest.Fault{Path: "/token/issue", Status: status, RetryAfter: 3 * time.Second})
		assert.Equal(t, 200, ask(t, "GET", server.Origin()+"/.well-known/jwks", "").status, "another path")
		got := issue(t, server, server.Token(ada).Reveal(), `{"type":"user"}`)
		assert.Equal(t, status, got.status)
		assert.Equal(t, "3", got.header.Get("Retry-After"))
		assert.JSONEq(t, want, got.body)
	}
}
