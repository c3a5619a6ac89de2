package replicas_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const canary = "cAnAry of a note that nobody else reads"

// Whoever reads Redis learns nothing of anybody, and finds nothing to use.
func TestRedisIsToldNoSecret(t *testing.T) {
	s := start(t)
	stop := s.redis.Listen()
	kept := [][]byte{s.redis.Dump()}
	secrets, keys := everyKindOfTraffic(t, s, func() { kept = append(kept, s.redis.Dump()) })
	kept = append(kept, s.redis.Dump())
	heard := stop()
	require.NotEmpty(t, kept[len(kept)-1], "nothing is kept in Redis")
	require.Greater(t, bytes.Count(heard, []byte("\n")), 50, "nothing is told to Redis")
	t.Logf("searched %d dumps, the last of %d bytes, and %d bytes of commands for %d secrets", len(kept), len(kept[len(kept)-1]), len(heard), len(secrets))

	for _, secret := range append(secrets, keys...) {
		require.GreaterOrEqual(t, len(secret), 8, "too short to be searched for: %s", secret)
		for i, dump := range kept {
			assert.Empty(t, find(dump, secret), "dump %d has %.12s…", i, secret)
		}
		assert.Empty(t, find(heard, secret), "Redis was told %.12s…", secret)
		for _, each := range s.replicas {
			if secret != canary { // the mock's answers have nothing else that a program may print
				assert.Empty(t, find([]byte(each.Said()), secret), "%s said %.12s…", each.name, secret)
			}
		}
	}
}

// everyKindOfTraffic gives what it has used that is secret. look is called where
// something may be kept for a moment only.
func everyKindOfTraffic(t *testing.T, s *site, look func()) (secrets, keys []string) {
	var everybody []*visitor
	somebody := func() *visitor {
		v := s.visitor(fmt.Sprintf("canary-%d@example.com", len(everybody)))
		everybody = append(everybody, v)
		return v
	}
	stays := somebody()
	stays.signIn(somewhere)
	require.Equal(t, http.StatusSeeOther, stays.submit(somewhere, "/notes", url.Values{"text": {canary}}).status)
	a := stays.navigate(somewhere, "/notes")
	require.Contains(t, a.text, canary)
	look()

	renews := somebody()
	renews.signIn(s.replicas[0])
	s.service.ExpireToken(renews.sessionToken())
	renewal := renews.begin(s.replicas[1], "/notes")
	look() // while the renewal is out
	renews.finish(s.replicas[2], renewal, "/notes")

	leaves := somebody()
	leaves.signIn(somewhere)
	leaves.sees(s.replicas[0])
	leaves.submit(s.replicas[1], signOut, nil)
	look()
	deletes := somebody()
	deletes.signIn(somewhere)
	deletes.submit(somewhere, deleteAll, nil)

	revoked := somebody()
	revoked.signIn(somewhere)
	s.service.RevokeSession(revoked.sessionToken())
	revoked.navigate(somewhere, "/notes")

	twice := somebody()
	callback := twice.consent(twice.begin(somewhere, "/notes"))
	twice.navigate(somewhere, callback)
	assert.Equal(t, http.StatusBadRequest, twice.navigate(somewhere, callback).status, "a return comes twice")
	somebody().begin(somewhere, "/notes?find=canary") // and does not come back

	legacy := somebody()
	begun, err := url.Parse(legacy.begin(somewhere, "/notes"))
	require.NoError(t, err)
	idToken := s.service.IDToken(legacy.email).Reveal()
	a = legacy.navigate(somewhere, "/auth/callback?"+url.Values{"firebaseToken": {idToken}, "state": {begun.Query().Get("state")}}.Encode())
	require.Equal(t, http.StatusSeeOther, a.status, "a legacy return: %v", a)
	look()

	secrets = []string{canary, idToken}
	for _, v := range everybody {
		secrets = append(append(secrets, v.email), v.secrets...)
	}
	for _, secret := range secrets {
		if strings.HasPrefix(secret, "eyJ") { // its signature and claims, also where they are apart
			secrets = append(secrets, strings.Split(secret, ".")[1:]...)
		}
	}
	return secrets, strings.Fields(s.keys[0])
}

// find gives the form in which a secret lies in all, "" where it does not. In
// base64 a text looks different at each of three offsets; the ends depend on what
// is beside it and are left out. A secret that is base64 itself may be there as
// what it stands for.
func find(all []byte, secret string) (form string) {
	plain := []string{secret}
	for _, encoding := range []*base64.Encoding{base64.RawURLEncoding, base64.StdEncoding} {
		if decoded, err := encoding.DecodeString(secret); err == nil && len(decoded) >= 12 {
			plain = append(plain, string(decoded))
		}
	}
	for _, text := range plain {
		forms := map[string]string{
			"clear": text, "hex": hex.EncodeToString([]byte(text)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(text))),
			"percent": url.QueryEscape(text),
		}
		for offset := range 3 {
			padded := append(make([]byte, offset), text...)
			for name, encoding := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
				encoded := encoding.EncodeToString(padded)
				forms[fmt.Sprintf("%s at %d", name, offset)] = encoded[(offset*8+5)/6 : len(padded)*8/6]
			}
		}
		for name, encoded := range forms {
			if bytes.Contains(all, []byte(encoded)) {
				return name
			}
		}
	}
	return ""
}

// The search would find a secret.
func TestASecretWouldBeFound(t *testing.T) {
	secret := "eyJhbGciOiJIUzI1NiJ9-secret"
	for _, beside := range []string{"", "x", "xy", "xyz"} {
		all := beside + secret + "and more"
		for name, text := range map[string]string{
			"clear": all, "hex": hex.EncodeToString([]byte(all)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(all))),
			"base64": base64.StdEncoding.EncodeToString([]byte(all)), "base64url": base64.RawURLEncoding.EncodeToString([]byte(all)),
		} {
			assert.NotEmpty(t, find([]byte("before "+text+" after"), secret), "%s after %q", name, beside)
			assert.Empty(t, find([]byte("before "+text+" after"), "another secret"))
		}
	}
	key := newKey()
	decoded, err := base64.StdEncoding.DecodeString(key)
	require.NoError(t, err)
	assert.NotEmpty(t, find(decoded, key))
}
