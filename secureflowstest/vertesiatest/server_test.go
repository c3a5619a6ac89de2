package vertesiatest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/vertesiatest"
)

// login is the URL that an application sends a browser to.
func login(server *vertesiatest.Server, back, state string) string {
	return server.CentralAuth() + "/?" + url.Values{"sts": {server.Origin()}, "redirect_uri": {back}, "state": {state}}.Encode()
}

func TestCentralAuth(t *testing.T) {
	server := demo(t)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	good := login(server, "https://app.example/cb?x=1", "6f1d")
	without := func(name string) string {
		parsed, err := url.Parse(good)
		require.NoError(t, err)
		query := parsed.Query()
		query.Del(name)
		parsed.RawQuery = query.Encode()
		return parsed.String()
	}
	for name, row := range map[string]struct {
		method, url, body string
		header            []string
		status            int
		says              string
	}{
		"the page":                 {"GET", good, "", nil, 200, "<button>Continue</button>"},
		"an STS with a slash":      {"GET", strings.Replace(good, "&sts="+url.QueryEscape(server.Origin()), "&sts="+url.QueryEscape(server.Origin()+"/"), 1), "", nil, 200, "<button>"},
		"no sts":                   {"GET", without("sts"), "", nil, 400, "sts is not " + server.Origin()},
		"another sts":              {"GET", strings.Replace(good, url.QueryEscape(server.Origin()), "https%3A%2F%2Fevil.example", 1), "", nil, 400, "sts is not"},
		"no redirect_uri":          {"GET", without("redirect_uri"), "", nil, 400, "redirect_uri is missing"},
		"no state":                 {"GET", without("state"), "", nil, 400, "state is missing"},
		"a fragment":               {"GET", login(server, "https://app.example/cb#x", "6f1d"), "", nil, 400, "fragment"},
		"a script":                 {"GET", login(server, "javascript:alert(1)", "6f1d"), "", nil, 400, "not an absolute"},
		"a form without state":     {"POST", without("state"), "email=ada%40example.com", form, 400, "state is missing"},
		"a form that is JSON":      {"POST", good, "{}", nil, 400, "not the form"},
		"a form of another site":   {"POST", good, "email=ada%40example.com", append([]string{"Sec-Fetch-Site", "cross-site"}, form...), 400, "not the form"},
		"a person without a user":  {"POST", good, "email=new%40example.com", form, 404, "There is no such user"},
		"an account out of reach":  {"POST", login(server, "https://app.example/cb?a=other", "6f1d"), "email=ada%40example.com", form, 403, "requested_scope_unavailable"},
		"somebody":                 {"POST", good, "email=ada%40example.com", form, 303, ""},
		"signed out, and no where": {"GET", server.CentralAuth() + "/logout", "", nil, 200, "Signed out"},
		"signed out, and back":     {"GET", server.CentralAuth() + "/logout?redirect_uri=https%3A%2F%2Fapp.example%2F", "", nil, 303, ""},
		"signed out, to a script":  {"GET", server.CentralAuth() + "/logout?redirect_uri=javascript:x", "", nil, 400, "not an absolute"},
	} {
		got := ask(t, row.method, row.url, row.body, row.header...)
		assert.Equal(t, row.status, got.status, name)
		assert.Contains(t, got.body, row.says, name)
		assert.Equal(t, row.status == 303, got.header.Get("Location") != "", name)
	}
}

func TestSignIn(t *testing.T) {
	for _, bare := range []bool{false, true} {
		server := demo(t, vertesiatest.Options{BareCentral: bare})
		back := server.SignIn(login(server, "https://app.example/cb?a=acme&p=p1", "a state&x=#"), ada)
		where, fragment, _ := strings.Cut(back, "#")
		assert.Equal(t, "https://app.example/cb?a=acme&p=p1", where)
		values, err := url.ParseQuery(fragment)
		require.NoError(t, err)
		assert.Equal(t, "a state&x=#", values.Get("state"))
		_, claims := open(published(t, server), t, values.Get("token"))
		assert.Equal(t, server.Subject(ada), claims["sub"])
		assert.Equal(t, "p1", claims["project"].(map[string]any)["id"])
		assert.Equal(t, bare, claims["account_roles"] == nil)
	}
	server := vertesiatest.NewServer(t)
	assert.Contains(t, server.SignIn(login(server, "https://app.example/cb", "6f1d"), "new@example.com"), "#token=", "signed up on first use")
}

func TestLogoutEndsTheSignIn(t *testing.T) {
	server := demo(t)
	page := login(server, "https://app.example/cb", "6f1d")
	signedIn := ask(t, "POST", page, "email=ada%40example.com", "Content-Type", "application/x-www-form-urlencoded")
	cookie, _, _ := strings.Cut(signedIn.header.Get("Set-Cookie"), ";")
	require.NotEmpty(t, cookie)
	assert.Contains(t, ask(t, "GET", page, "", "Cookie", cookie).body, ada)
	out := ask(t, "GET", server.CentralAuth()+"/logout", "", "Cookie", cookie)
	assert.Contains(t, out.header.Get("Set-Cookie"), "Max-Age=0")
	assert.NotContains(t, ask(t, "GET", page, "", "Cookie", cookie).body, ada)
}

func TestHostileTokens(t *testing.T) {
	server := demo(t)
	keys := published(t, server)
	claims := server.Claims(ada)
	genuine, _ := open(keys, t, server.Sign(claims).Reveal())

	unsigned := server.Sign(claims, map[string]any{"alg": "none"}).Reveal()
	assert.True(t, strings.HasSuffix(unsigned, "."))
	head, _, err := verify(t, keys, unsigned)
	assert.Error(t, err)
	assert.Equal(t, header{"none", "JWT", genuine.Kid}, head)

	head, _ = open(keys, t, server.Sign(claims, map[string]any{"alg": "RS256"}).Reveal())
	assert.Equal(t, "RS256", head.Alg)
	head, _, err = verify(t, keys, server.Sign(claims, map[string]any{"kid": "unknown"}).Reveal())
	assert.Error(t, err)
	assert.Equal(t, "unknown", head.Kid)
	head, _, _ = verify(t, keys, server.Sign(claims, map[string]any{"kid": nil, "typ": nil}).Reveal())
	assert.Equal(t, header{Alg: "ES256"}, head)
	head, _, err = verify(t, keys, server.Sign(claims, map[string]any{"alg": "ES384"}).Reveal())
	assert.Error(t, err)
	assert.Equal(t, "ES384", head.Alg)

	// The attack by which a public key is taken for a secret.
	confused := strings.Split(server.Sign(claims, map[string]any{"alg": "HS256"}).Reveal(), ".")
	key := keys[genuine.Kid]
	der, err := x509.MarshalPKIXPublicKey(&ecdsa.PublicKey{Curve: elliptic.P256(), X: number(t, key.X), Y: number(t, key.Y)})
	require.NoError(t, err)
	sum := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	sum.Write([]byte(confused[0] + "." + confused[1]))
	assert.Equal(t, base64.RawURLEncoding.EncodeToString(sum.Sum(nil)), confused[2])
}

func TestUsersKeepTheirSubjects(t *testing.T) {
	server := vertesiatest.NewServer(t)
	before := server.Subject(ada)
	assert.NotEqual(t, before, server.Subject("bob@example.com"))
	server.AddUser(vertesiatest.User{Email: ada, Name: "Ada L.", Memberships: []vertesiatest.Membership{{Account: vertesiatest.AccountID}}})
	assert.Equal(t, before, server.Subject(ada))
	assert.Equal(t, "Ada L.", server.Claims(ada)["name"])
}

func TestWhichTokenArrived(t *testing.T) {
	server := demo(t)
	token, key, foreign := server.Token(ada), server.APIKey("acme", ""), demo(t).Token(ada)
	issue(t, server, token.Reveal(), `{"type":"user"}`)
	issue(t, server, key.Reveal(), "")
	ask(t, "POST", server.Studio()+"/auth/signup", `{"firebaseToken":"`+server.FirebaseToken(ada).Reveal()+`"}`)
	arrived := server.Requests()
	require.Len(t, arrived, 3)
	assert.Equal(t, []secureflows.Token{token}, arrived[0].Tokens)
	assert.Equal(t, server.Origin(), arrived[0].Origin)
	assert.Equal(t, []secureflows.Token{key}, arrived[1].Tokens)
	assert.Len(t, arrived[2].Tokens, 1)
	assert.Equal(t, server.Studio(), arrived[2].Origin)
	assert.True(t, server.Received(token))
	assert.True(t, server.Received(key))
	assert.False(t, server.Received(foreign))
	printed := fmt.Sprintf("%+v %#v", arrived, arrived)
	assert.NotContains(t, printed, token.Reveal())
	assert.NotContains(t, printed, key.Reveal())
}

func TestPrintsHoldNoSecrets(t *testing.T) {
	server := vertesiatest.NewServer(&recorder{})
	defer server.Close()
	token, key, firebase := server.Token(ada), server.APIKey(vertesiatest.AccountID, ""), server.FirebaseToken(ada)
	issue(t, server, token.Reveal(), `{"type":"user"}`)
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s", "%q", "%d"} {
		for _, printed := range []string{fmt.Sprintf(verb, server), fmt.Sprintf(verb, *server)} {
			for _, secret := range []string{token.Reveal(), key.Reveal(), firebase.Reveal()} {
				require.False(t, strings.Contains(printed, secret), verb)
			}
			require.False(t, strings.Contains(printed, "PrivateKey"), verb)
		}
	}
}

func TestMistakesFailTheTest(t *testing.T) {
	for name, mistake := range map[string]func(*vertesiatest.Server){
		"Subject: this is not":                          func(s *vertesiatest.Server) { s.Subject("") },
		"Token: this is not":                            func(s *vertesiatest.Server) { s.Token("ada") },
		"Token: 2 options given":                        func(s *vertesiatest.Server) { s.Token(ada, vertesiatest.Selection{}, vertesiatest.Selection{}) },
		"Token: the selection is refused":               func(s *vertesiatest.Server) { s.Token(ada, vertesiatest.Selection{Account: "x"}) },
		`Token: there is no type "x"`:                   func(s *vertesiatest.Server) { s.Token(ada, vertesiatest.Selection{Type: "x"}) },
		"Claims: the selection is refused":              func(s *vertesiatest.Server) { s.Claims(ada, vertesiatest.Selection{Project: "x"}) },
		"Sign: the claims are not":                      func(s *vertesiatest.Server) { s.Sign(map[string]any{"x": func() {}}) },
		"Sign: the header is not":                       func(s *vertesiatest.Server) { s.Sign(nil, map[string]any{"x": func() {}}) },
		"FirebaseToken: this is not":                    func(s *vertesiatest.Server) { s.FirebaseToken("") },
		`APIKey: there is no account "x"`:               func(s *vertesiatest.Server) { s.APIKey("x", "") },
		`APIKey: the account "demo-account" has no pro`: func(s *vertesiatest.Server) { s.APIKey(vertesiatest.AccountID, "x") },
		"AddAccount: the account or a project":          func(s *vertesiatest.Server) { s.AddAccount(vertesiatest.Account{}) },
		"AddUser: this is not":                          func(s *vertesiatest.Server) { s.AddUser(vertesiatest.User{}) },
		`AddUser: there is no account "x"`: func(s *vertesiatest.Server) {
			s.AddUser(vertesiatest.User{Email: ada, Memberships: []vertesiatest.Membership{{Account: "x"}}})
		},
		"Advance: -1s":                                     func(s *vertesiatest.Server) { s.Advance(-time.Second) },
		"Fail: it changes nothing":                         func(s *vertesiatest.Server) { s.Fail(secureflowstest.Fault{}) },
		"Received: the token is":                           func(s *vertesiatest.Server) { s.Received(secureflows.Token{}) },
		"SignIn: the URL is not":                           func(s *vertesiatest.Server) { s.SignIn("https://internal-auth.vertesia.app/?sts=x", ada) },
		"SignIn: this is not":                              func(s *vertesiatest.Server) { s.SignIn(login(s, "https://app.example", "1"), "") },
		"SignIn: the hosted page answers 400 Bad Request:": func(s *vertesiatest.Server) { s.SignIn(login(s, "https://app.example", ""), ada) },
	} {
		failed := &recorder{}
		server := vertesiatest.NewServer(failed)
		mistake(server)
		server.Close()
		require.NotEmpty(t, failed.failures, name)
		assert.Contains(t, failed.failures[0], "vertesiatest: "+name)
	}
	failed := &recorder{}
	vertesiatest.NewServer(failed, vertesiatest.Options{TokenTTL: -1}).Close()
	assert.Contains(t, fmt.Sprint(failed.failures), "TokenTTL -1ns is negative")
}

func TestManyAtOnce(t *testing.T) {
	server := demo(t)
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			email := fmt.Sprintf("person%d@example.com", i)
			token := server.Token(email)
			fresh := tokenIn(t, issue(t, server, token.Reveal(), `{"type":"user"}`))
			_, claims := open(published(t, server), t, fresh)
			assert.Equal(t, server.Subject(email), claims["sub"])
			server.AddAccount(vertesiatest.Account{ID: email})
			server.AddUser(vertesiatest.User{Email: email, Memberships: []vertesiatest.Membership{{Account: email}}})
			if i%16 == 0 {
				server.RotateKeys() // two keys for RS256 are slow to make
			}
			assert.True(t, server.Received(token))
		})
	}
	all.Wait()
}
