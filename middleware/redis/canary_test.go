package redis_test

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

// forms are how a secret may be written. Of base64 it is what is the same
// wherever the secret begins.
func forms(secret string) (forms []string) {
	forms = append(forms, secret, hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))))
	for skip := range min(3, len(secret)) {
		rest := []byte(secret[skip:])
		rest = rest[:len(rest)/3*3]
		if len(rest) < 6 {
			continue
		}
		forms = append(forms, base64.StdEncoding.EncodeToString(rest), base64.URLEncoding.EncodeToString(rest))
	}
	return append(forms, base32.StdEncoding.EncodeToString([]byte(secret[:len(secret)/5*5])))
}

// assertSecret asserts that no twelve characters of a secret are in text.
func assertSecret(t *testing.T, text, secret, what string) {
	t.Helper()
	require.GreaterOrEqual(t, len(secret), 12, what)
	for i := 0; i+12 <= len(secret); i++ {
		for _, form := range forms(secret[i : i+12]) {
			if strings.Contains(text, form) {
				require.FailNow(t, "a secret surfaced", "%s: %q", what, form)
			}
		}
	}
}

func TestTheSearchFinds(t *testing.T) {
	const secret = "canary-canary-canary"
	for _, form := range forms(secret) {
		assert.NotEmpty(t, form)
	}
	for skip := range 3 {
		text := base64.StdEncoding.EncodeToString([]byte("abc"[:skip] + secret))
		found := false
		for i := 0; i+12 <= len(secret); i++ {
			for _, form := range forms(secret[i : i+12]) {
				found = found || strings.Contains(text, form)
			}
		}
		assert.True(t, found, "after %d", skip)
	}
}

// Everything that replicas do for visitors, while everything that they say to
// Redis is written down.
func TestRedisSeesNoSecret(t *testing.T) {
	f, server := newFleet(t), secureflowstest.NewServer(t)
	heard := f.redis.Listen()
	sites := f.sites(server, 2, sharing)
	v := newVisitor(t, server, "ada.lovelace@analytical-engine.example")
	var dumps strings.Builder
	dump := func() { dumps.Write(f.redis.Dump()) }
	v.signIn(sites[0], sites[1])
	token := sites[0].token()
	session := server.Client().Session(token)
	_, err := session.Set(t.Context(), "canary-payload-key", "canary-payload-value")
	require.NoError(t, err)
	eventually(t, func() bool { return len(f.answers()) > 0 })
	dump()
	server.ExpireToken(token)
	f.forgetAll(sites)
	f.redis.Do("DEL", f.answers()[0])
	answer := v.open(sites[0], "/page/canary-of-a-page")
	require.Equal(t, http.StatusSeeOther, answer.StatusCode)
	v.open(sites[1], v.hosted(answer))
	v.sees(sites[0])
	renewed := sites[0].token()
	require.NotEqual(t, token.Reveal(), renewed.Reveal())
	dump()
	v.keep(ask(sites[1], http.MethodPost, "/auth/logout", v.cookies()))
	eventually(t, func() bool { return v.isOut(sites[0]) })
	for _, s := range sites {
		s.Close()
	}
	dump()
	all := dumps.String() + string(heard())
	require.Contains(t, all, "secureflows:answer:", "the search searches nothing")
	require.Contains(t, all, "secureflows:record:")
	for what, secret := range map[string]string{
		"a token": token.Reveal(), "a renewed token": renewed.Reveal(), "an e-mail address": v.email,
		"a payload's key": "canary-payload-key", "a payload": "canary-payload-value", "a page": "/page/canary-of-a-page",
		"an encryption key": string(keysOf(1)[0]),
	} {
		assertSecret(t, all, secret, what)
	}
	for _, cookie := range strings.Fields(v.seen.String()) {
		assertSecret(t, all, cookie, "a cookie")
	}
}

func (s *site) token() secureflows.Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

// Equal answers are not to be seen as equal, nor is one token as that of another
// application.
func TestRedisSeesNoSameness(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(sharing), f.join(keyed(2), sharing)
	first := f.shared(one, "abc")
	before, _ := f.redis.Do("GET", first).(string)
	f.redis.Do("DEL", first)
	third := f.join(sharing)
	assert.Equal(t, first, f.shared(third, "abc"))
	after, _ := f.redis.Do("GET", first).(string)
	assert.NotEqual(t, before[:16], after[:16])
	assert.NotEqual(t, before[len(before)-16:], after[len(after)-16:])
	assert.NotEqual(t, first, f.shared(other, "abc"))
	one.signOut("abc")
	eventually(t, func() bool { return third.refuses("abc") })
}
