package middleware_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func stored(store *recording, fills ...byte) change {
	return func(cfg *middleware.BrowserConfig) { cfg.Store, cfg.EncryptionKeys = store, keys(fills...) }
}

// assertNoPart asserts that no sixteen characters of secret stand in text, as
// they are or as hexadecimal or base64.
func assertNoPart(t *testing.T, text, secret, where string) {
	t.Helper()
	for i := 0; i+16 <= len(secret); i++ {
		part := secret[i : i+16]
		forms := []string{part, hex.EncodeToString([]byte(part))}
		for skip := range 3 { // where base64's groups of three may begin
			forms = append(forms, base64.RawURLEncoding.EncodeToString([]byte(part[skip:skip+12])))
		}
		for _, form := range forms {
			if strings.Contains(text, form) {
				require.FailNow(t, "a secret surfaced", "%s: character %d on of a secret", where, i)
			}
		}
	}
}

func TestAStoreIsGivenNothingOfUse(t *testing.T) {
	server := mock(t)
	store := newRecording()
	s := newSite(t, server, stored(store, 1))
	v := s.signedIn("ada.lovelace@example.com")
	tokens, ids := []string{v.held().Reveal()}, []string{v.id()}
	v.open("/confidential/merger")
	server.ExpireToken(v.held())
	v.follow("/confidential/merger")
	tokens, ids = append(tokens, v.held().Reveal()), append(ids, v.id())
	v.submit("/auth/logout", nil)
	given := store.everGiven()
	require.NotEmpty(t, given)
	for i := range tokens {
		assertNoPart(t, given, tokens[i], "token")
		assertNoPart(t, given, ids[i], "cookie")
	}
	assertNoPart(t, given, v.email, "e-mail address")
	assertNoPart(t, given, "/confidential/merger", "page")
	assert.Empty(t, store.sessions(), "records were left behind")
}

// The same contents are not to be seen as the same.
func TestRecordsDiffer(t *testing.T) {
	store := newRecording()
	s := offline(t, &service{}, stored(store, 1))
	s.signedIn("user-1@example.com")
	s.signedIn("user-1@example.com")
	all := store.sessions()
	require.Len(t, all, 2)
	one, _, _ := store.Find(all[0])
	other, _, _ := store.Find(all[1])
	assert.NotEqual(t, one[:16], other[:16])
	assert.NotEqual(t, one[len(one)-16:], other[len(other)-16:])
}

func TestKeysAreRotated(t *testing.T) {
	store := newRecording()
	v := offline(t, &service{}, stored(store, 1)).signedIn("user-1@example.com")
	both, only, first := offline(t, &service{}, stored(store, 2, 1)), offline(t, &service{}, stored(store, 2)), v.site
	v.site = both
	v.assertSignedIn("the old key decrypts still")
	fresh := both.signedIn("user-2@example.com")
	v.site, fresh.site = only, only
	v.assertSignedOut("the old key is gone")
	fresh.assertSignedIn("the first key encrypts")
	fresh.site = first
	fresh.assertSignedOut("a replica that was not told of the new key")
	// Nobody's session is lost by being looked at with the wrong keys.
	v.site, fresh.site = both, both
	v.assertSignedIn()
	fresh.assertSignedIn()
}

func TestAWrongKeyIsNoError(t *testing.T) {
	store := newRecording()
	v := offline(t, &service{}, stored(store, 1)).signedIn("user-1@example.com")
	v.site = offline(t, &service{}, stored(store, 2))
	assert.Equal(t, http.StatusUnauthorized, v.fetch("/page").StatusCode)
	assert.Equal(t, "nobody at /public", v.open("/public").body)
	v.sees(v.follow("/page"), "/page")
}

// Whoever can write to the store does not become somebody else by it.
func TestRecordsBelongToTheirIDs(t *testing.T) {
	store := newRecording()
	s := offline(t, &service{}, stored(store, 1))
	one, other := s.signedIn("user-1@example.com"), s.signedIn("user-2@example.com")
	all := store.sessions()
	require.Len(t, all, 2)
	store.swap(all[0], all[1])
	one.assertSignedOut("shown somebody else's")
	other.assertSignedOut("shown somebody else's")
}

func TestDamagedRecordsSignNobodyIn(t *testing.T) {
	for name, rewrite := range map[string]func([]byte) []byte{
		"emptied":           func([]byte) []byte { return nil },
		"a letter":          func([]byte) []byte { return []byte("x") },
		"cut":               func(data []byte) []byte { return data[:len(data)-1] },
		"cut to the nonce":  func(data []byte) []byte { return data[:12] },
		"longer":            func(data []byte) []byte { return append(data, 0) },
		"its first changed": func(data []byte) []byte { data[0] ^= 1; return data },
		"its last changed":  func(data []byte) []byte { data[len(data)-1] ^= 1; return data },
		"zeroes":            func(data []byte) []byte { return bytes.Repeat([]byte{0}, len(data)) },
		"twice":             func(data []byte) []byte { return append(data, data...) },
	} {
		store := newRecording()
		v := offline(t, &service{}, stored(store, 1)).signedIn("user-1@example.com")
		require.Len(t, store.sessions(), 1)
		store.change(store.sessions()[0], rewrite)
		assert.Equal(t, http.StatusUnauthorized, v.fetch("/page").StatusCode, name)
		v.assertSignedOut(name)
		v.sees(v.follow("/page"), "/page")
	}
}

func TestAStoreThatFailsSignsNobodyOut(t *testing.T) {
	store := newRecording()
	s := offline(t, &service{}, stored(store, 1))
	v := s.signedIn("user-1@example.com")
	store.fail(errStore, "find", "commit", "delete")
	for _, target := range []string{"/page", "/public", "/fresh"} {
		answer := v.open(target)
		assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, target)
		assertPage(t, answer)
		assert.NotEmpty(t, answer.Header.Get("Retry-After"))
		assert.NotContains(t, answer.body, "10.0.0.7")
		answer = v.fetch(target)
		assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, target)
		assert.Equal(t, types+"unavailable", problemIn(t, answer).Type)
		assert.NotContains(t, answer.body, "10.0.0.7")
	}
	assert.Contains(t, s.logged.String(), "10.0.0.7", "the operator is not told")
	store.fail(nil, "find", "commit", "delete")
	v.assertSignedIn()
}

// Who has no cookie has no session either, whatever the store says.
func TestAStoreThatFailsLeavesStrangersAlone(t *testing.T) {
	store := newRecording()
	s := offline(t, &service{}, stored(store, 1))
	store.fail(errStore, "find", "commit", "delete")
	v := s.newVisitor("user-1@example.com")
	assert.Equal(t, "nobody at /public", v.open("/public").body)
	returned := v.next(v.begin("/page"))
	answer := v.open(returned)
	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode, "signed in, and nowhere to keep it")
	assert.NotContains(t, v.cookies(), "secureflows")
	assert.Equal(t, "no-referrer", answer.Header.Get("Referrer-Policy"))
	store.fail(nil, "find", "commit", "delete")
	v.sees(v.follow("/page"), "/page")
}

// A sign-out that could not be kept must not look like one.
func TestASignOutThatIsNotKeptIsNotClaimed(t *testing.T) {
	store := newRecording()
	s := offline(t, &service{}, stored(store, 1))
	v := s.signedIn("user-1@example.com")
	held := v.copied()
	store.fail(errStore, "delete")
	answer := v.submit("/auth/logout", nil)
	store.fail(nil, "delete")
	if answer.StatusCode != http.StatusServiceUnavailable {
		held.assertSignedOut("the session lives on in the store")
	}
}

func TestAStoreThatForgetsSignsOut(t *testing.T) {
	store := newRecording()
	s := offline(t, &service{}, stored(store, 1))
	v := s.signedIn("user-1@example.com")
	for _, key := range store.sessions() {
		require.NoError(t, store.Delete(key))
	}
	v.assertSignedOut()
}

func TestAMemoryOfSCSWorksWithoutKeys(t *testing.T) {
	server := mock(t)
	s := newSite(t, server, func(cfg *middleware.BrowserConfig) { cfg.Store = newMemory() })
	v := s.signedIn("ada@example.com")
	server.ExpireToken(v.held())
	v.sees(v.follow("/page"), "/page")
	server.Fail(secureflowstest.Fault{Status: 503})
	assert.Equal(t, http.StatusServiceUnavailable, v.open("/page").StatusCode)
	v.submit("/auth/logout", nil)
	v.assertSignedOut()
}
