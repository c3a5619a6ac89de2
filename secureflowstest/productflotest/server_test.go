package productflotest_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
	"github.com/secureflows/secureflows-go/secureflowstest/productflotest"
)

func TestWhichTokenArrived(t *testing.T) {
	server, other := demo(t), demo(t)
	token, foreign := server.Token(ada), other.Token(ada)
	ask(t, server, "GET", "/auth/session", "", "Authorization", "Bearer "+token.Reveal(), "X-Tenant-ID", "acme")
	arrived := server.Requests()
	require.Len(t, arrived, 1)
	assert.Equal(t, []secureflows.Token{token}, arrived[0].Tokens)
	assert.Equal(t, "acme", arrived[0].Header.Get(productflotest.TenantHeader))
	assert.Equal(t, 200, arrived[0].Status)
	assert.True(t, server.Received(token))
	assert.False(t, server.Received(foreign))
	assert.NotContains(t, fmt.Sprintf("%+v %#v", arrived, arrived), token.Reveal())
}

// recorder is a test that notes how it was failed and goes on.
type recorder struct{ failures []string }

func (r *recorder) Helper()        {}
func (r *recorder) Cleanup(func()) {}
func (r *recorder) Fatalf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func TestPrintsHoldNoSecrets(t *testing.T) {
	server := productflotest.NewServer(&recorder{})
	defer server.Close()
	token := server.Token(ada)
	ask(t, server, "POST", "/auth/logout", "", "Authorization", "Bearer "+token.Reveal())
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%s", "%q", "%d"} {
		for _, printed := range []string{fmt.Sprintf(verb, server), fmt.Sprintf(verb, *server)} {
			for _, secret := range []string{
				token.Reveal(), productflotest.Password, string(server.Secret()), fmt.Sprintf("%x", server.Secret()),
				strings.Trim(fmt.Sprint(server.Secret()), "[]"), strings.Trim(fmt.Sprintf("%#v", server.Secret()), "[]byte{}"),
			} {
				require.False(t, strings.Contains(printed, secret), verb)
			}
		}
	}
}

func TestMistakesFailTheTest(t *testing.T) {
	for name, mistake := range map[string]func(*productflotest.Server){
		"UserID: this is not":         func(s *productflotest.Server) { s.UserID("") },
		"Token: this is not":          func(s *productflotest.Server) { s.Token("ada") },
		"Claims: this is not":         func(s *productflotest.Server) { s.Claims("@") },
		"Sign: the claims are not":    func(s *productflotest.Server) { s.Sign(map[string]any{"x": func() {}}) },
		"Sign: 2 options given":       func(s *productflotest.Server) { s.Sign(nil, nil, nil) },
		"AddUser: this is not":        func(s *productflotest.Server) { s.AddUser(productflotest.User{}) },
		"AddUser: a tenant's id":      func(s *productflotest.Server) { s.AddUser(productflotest.User{Email: ada, Tenants: []string{""}}) },
		"AddUser: Permissions are no": func(s *productflotest.Server) { s.AddUser(productflotest.User{Email: ada, Permissions: func() {}}) },
		"JWKSURL: the tokens are":     func(s *productflotest.Server) { s.JWKSURL() },
		"Advance: -1s":                func(s *productflotest.Server) { s.Advance(-time.Second) },
		"Fail: it changes nothing":    func(s *productflotest.Server) { s.Fail(secureflowstest.Fault{}) },
		"Received: the token is":      func(s *productflotest.Server) { s.Received(secureflows.Token{}) },
	} {
		failed := &recorder{}
		server := productflotest.NewServer(failed)
		mistake(server)
		server.Close()
		require.NotEmpty(t, failed.failures, name)
		assert.Contains(t, failed.failures[0], "productflotest: "+name)
	}
	failed := &recorder{}
	productflotest.NewServer(failed, productflotest.Options{Algorithm: "none"}).Close()
	assert.Contains(t, fmt.Sprint(failed.failures), `no Algorithm "none"`)
	failed = &recorder{}
	server := productflotest.NewServer(failed, productflotest.Options{Algorithm: "ES256"})
	assert.Nil(t, server.Secret())
	server.Close()
	assert.Contains(t, fmt.Sprint(failed.failures), "signed by ES256: use JWKSURL")
}

func TestManyAtOnce(t *testing.T) {
	server := demo(t)
	ids := make([]string, 64)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			email := fmt.Sprintf("person%d@example.com", i)
			token := server.Token(email)
			header := []string{"Authorization", "Bearer " + token.Reveal()}
			assert.Equal(t, 200, ask(t, server, "GET", "/auth/session", "", header...).status)
			server.AddUser(productflotest.User{Email: email, Role: "Viewer"})
			assert.Equal(t, 200, ask(t, server, "POST", "/auth/logout", "", header...).status)
			assert.Equal(t, 401, ask(t, server, "GET", "/auth/session", "", header...).status)
			ids[i] = server.UserID(email)
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	assert.Len(t, seen, len(ids))
}
