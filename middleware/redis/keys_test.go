package redis_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/redis"
)

// The steps of a rotation: each replica is next to one of the step before and one
// of the step after.
var rotation = [][]byte{{1}, {1, 2}, {2, 1}, {2}}

func TestEventsAreHeardWhileKeysAreRotated(t *testing.T) {
	f := newFleet(t)
	for step := range len(rotation) - 1 {
		for _, changes := range [][]change{nil, {sharing}} {
			old, next := f.join(append(changes, keyed(rotation[step]...))...), f.join(append(changes, keyed(rotation[step+1]...))...)
			for i, pair := range [][2]*member{{old, next}, {next, old}} {
				text := fmt.Sprintf("user-%d-%d-%d", step, len(changes), i)
				pair[0].admits(text)
				pair[1].admits(text)
				pair[0].signOut(text)
				eventually(t, func() bool { return pair[1].refuses(text) }, "step %d", step)
			}
			old.Close()
			next.Close()
		}
	}
}

// An answer lies under the tag of the first key, and its end is told by whatever
// is another replica's first.
func TestAnEndUnderAnotherKeyEndsSharedAnswers(t *testing.T) {
	f := newFleet(t)
	// The teller does not share answers yet: it takes none away, and only tells.
	teller, hearer := f.join(keyed(1, 2)), f.join(keyed(2, 1), sharing)
	teller.admits("abc")
	f.shared(hearer, "abc")
	f.heard(func() { teller.signOut("abc") }, hearer)
	assert.True(t, hearer.refuses("abc"), "admitted from Redis after its end was heard of")
}

func TestAnswersAreWithdrawnUnderEveryKey(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(keyed(1, 2), sharing), f.join(keyed(2, 1), sharing)
	f.shared(one, "abc")
	f.shared(other, "abc")
	assert.Len(t, f.answers(), 2)
	one.signOut("abc")
	eventually(t, func() bool { return len(f.answers()) == 0 })
	assert.True(t, f.join(keyed(2), sharing).refuses("abc"))
	assert.True(t, f.join(keyed(1), sharing).refuses("abc"))
}

// Which is what two applications on one prefix would be.
func TestWrongKeysHearAndAdmitNothing(t *testing.T) {
	f := newFleet(t)
	one, stranger := f.join(keyed(1), sharing), f.join(keyed(9), sharing)
	key := f.shared(one, "abc")
	f.shared(stranger, "abc")
	assert.Equal(t, 2, f.service.times("abc"), "an answer was read with the wrong key")
	// At the place where the stranger looks.
	for _, other := range f.answers() {
		if other != key {
			f.redis.Do("COPY", key, other, "REPLACE")
		}
	}
	late := f.join(keyed(9), sharing)
	late.admits("abc")
	assert.Equal(t, 3, f.service.times("abc"), "an answer was opened with the wrong key")
	f.heard(func() { one.signOut("abc") }, stranger)
	identity, err := stranger.cache.Resolve(t.Context(), token(t, "abc"))
	assert.NoError(t, err, "an event was understood with the wrong key")
	assert.Equal(t, userOf("abc"), identity)
}

func TestPrefixesKeepApplicationsApart(t *testing.T) {
	f := newFleet(t)
	shop := func(config *redis.Config) { config.Prefix = "shop:" }
	one, other := f.join(sharing, shop), f.join(sharing)
	one.admits("abc")
	other.admits("abc")
	require.NoError(t, one.Store().Commit("visitor", []byte("x"), in(time.Hour)))
	other.finds("visitor", nil)
	one.signOut("abc")
	one.Close()
	other.admits("abc")
	assert.NotEmpty(t, f.keys("shop:*"))
	for _, key := range f.keys("*") {
		assert.Regexp(t, "^(shop|secureflows):(events$|record:|answer:|ended:)", key)
	}
}

func TestMisconfigurationsAreRefused(t *testing.T) {
	f := newFleet(t)
	client := dial(t, f.redis.URL())
	for field, config := range map[string]redis.Config{
		"EncryptionKeys":    {},
		"EncryptionKeys[0]": {EncryptionKeys: []middleware.EncryptionKey{bytes.Repeat([]byte{7}, 31)}},
		"EncryptionKeys[1]": {EncryptionKeys: append(keysOf(1), bytes.Repeat([]byte{7}, 33))},
		"EncryptionKeys[2]": {EncryptionKeys: append(keysOf(1, 2), nil)},
		"Timeout":           {EncryptionKeys: keysOf(1), Timeout: -1},
		"MaxEntries":        {EncryptionKeys: keysOf(1), MaxEntries: -1},
	} {
		replicas, err := redis.New(client, config)
		assert.Nil(t, replicas, field)
		assert.ErrorIs(t, err, secureflows.ErrInvalidRequest, field)
		assert.ErrorContains(t, err, field)
		assert.ErrorContains(t, err, ": ", "the fix")
		assert.NotContains(t, fmt.Sprint(err), strings.Repeat("7", 3))
	}
	_, err := redis.New(nil, redis.Config{EncryptionKeys: keysOf(1)})
	assert.ErrorIs(t, err, secureflows.ErrInvalidRequest)
	assert.ErrorContains(t, err, "rueidis.NewClient")
}

func TestACacheThatCannotWorkNamesTheFix(t *testing.T) {
	f := newFleet(t)
	r, nothing := f.join(aging(time.Minute)), f.join(aging(-1))
	for name, row := range map[string]struct {
		do   func()
		says []string
	}{
		"no resolver": {func() { r.NewCache(nil, middleware.CacheConfig{}) }, []string{"resolver is nil", "*secureflows.Client"}},
		"a client that is nil": {func() { r.NewCache((*secureflows.Client)(nil), middleware.CacheConfig{}) },
			[]string{"resolver is nil", "*secureflows.Client"}},
		"a longer age": {func() { r.NewCache(r.asker, middleware.CacheConfig{MaxAge: time.Hour}) }, []string{"CacheConfig.MaxAge", "Config.MaxAge"}},
		"an age, where nothing is kept": {func() { nothing.NewCache(r.asker, middleware.CacheConfig{MaxAge: time.Second}) },
			[]string{"CacheConfig.MaxAge", "Config.MaxAge"}},
		"a longer question": {func() { r.NewCache(r.asker, middleware.CacheConfig{Timeout: time.Minute}) }, []string{"CacheConfig.Timeout", "10s"}},
		"less than none":    {func() { r.NewCache(r.asker, middleware.CacheConfig{MaxEntries: -1}) }, []string{"MaxEntries", "leave it 0"}},
	} {
		func() {
			defer func() {
				said := fmt.Sprint(recover())
				for _, word := range row.says {
					assert.Contains(t, said, word, name)
				}
				assert.Regexp(t, "^(redis|middleware): NewCache: ", said, name)
			}()
			row.do()
		}()
	}
}

func TestNothingPrintsKeysOrTokens(t *testing.T) {
	f := newFleet(t)
	secret := middleware.EncryptionKey("secret-secret-secret-secret-secr")
	config := redis.Config{EncryptionKeys: []middleware.EncryptionKey{secret}}
	client := dial(t, f.redis.URL())
	replicas, err := redis.New(client, config)
	require.NoError(t, err)
	defer replicas.Close()
	source := &asker{service: f.service}
	cache := replicas.NewCache(source, middleware.CacheConfig{})
	_, err = cache.Resolve(t.Context(), token(t, "token-token-token-token"))
	require.NoError(t, err)
	require.NoError(t, replicas.Store().Commit("visitor", []byte("record-record-record"), in(time.Hour)))
	_, _, _ = replicas.Store().Find("visitor")
	var said strings.Builder
	text, js := slog.New(slog.NewTextHandler(&said, nil)), slog.New(slog.NewJSONHandler(&said, nil))
	for _, value := range []any{replicas, replicas.Store(), cache, config, &config, replicas.Stats(), map[string]any{"r": replicas, "c": config}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			_, _ = fmt.Fprintf(&said, verb+"\n", value)
		}
		text.Info("x", "value", value)
		js.Info("x", "value", value)
		if encoded, err := json.Marshal(value); err == nil {
			said.Write(encoded)
		}
	}
	for _, word := range []string{"secret-secret", "token-token", "record-record"} {
		part := []byte(word)[:9]
		for _, form := range []string{
			string(part), hex.EncodeToString(part), strings.ToUpper(hex.EncodeToString(part)),
			base64.StdEncoding.EncodeToString(part), strings.Trim(fmt.Sprint(part), "[]"),
			strings.ReplaceAll(strings.Trim(fmt.Sprintf("%#v", part), "[]byte{}"), "}", ""),
		} {
			assert.NotContains(t, said.String(), form, word)
		}
	}
}
