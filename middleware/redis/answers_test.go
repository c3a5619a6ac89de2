package redis_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// answers are the keys of those that Redis has.
func (f *fleet) answers() []string { return f.keys("secureflows:answer:*") }

func (f *fleet) keys(pattern string) (keys []string) {
	f.t.Helper()
	found, _ := f.redis.Do("KEYS", pattern).([]any)
	for _, key := range found {
		keys = append(keys, fmt.Sprint(key))
	}
	return keys
}

// shared has a replica ask about a token, and waits until Redis has the answer.
func (f *fleet) shared(r *member, text string) (key string) {
	f.t.Helper()
	before := f.answers()
	r.admits(text)
	var added []string
	eventually(f.t, func() bool {
		added = nil
		for _, key := range f.answers() {
			if !contains(before, key) {
				added = append(added, key)
			}
		}
		return len(added) == 1
	}, "no answer is shared")
	return added[0]
}

func contains(list []string, one string) bool {
	return strings.Contains("\n"+strings.Join(list, "\n")+"\n", "\n"+one+"\n")
}

func TestAFleetAsksOncePerToken(t *testing.T) {
	f := newFleet(t)
	replicas := []*member{f.join(sharing), f.join(sharing), f.join(sharing)}
	for i := range 10 {
		text := fmt.Sprintf("user-%d", i)
		key := f.shared(replicas[i%3], text)
		left, _ := f.redis.Do("PTTL", key).(int64)
		assert.LessOrEqual(t, left, time.Hour.Milliseconds())
		assert.Greater(t, left, (59 * time.Minute).Milliseconds())
		for _, r := range replicas {
			r.admits(text)
		}
		assert.Equal(t, 1, f.service.times(text))
	}
	var shared, missed uint64
	for _, r := range replicas {
		shared, missed = shared+r.Stats().AnswersShared, missed+r.Stats().AnswersMissed
	}
	assert.Equal(t, uint64(20), shared)
	assert.Equal(t, uint64(10), missed)
}

func TestAnswersAreSharedOnRequestOnly(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(), f.join()
	one.admits("abc")
	other.admits("abc")
	one.signOut("abc")
	require.NoError(t, one.Store().Commit("visitor", []byte("x"), in(time.Hour)))
	eventually(t, func() bool { return other.refuses("abc") })
	one.Close()
	other.Close()
	assert.Equal(t, 2, f.service.times("abc")-1)
	assert.ElementsMatch(t, []string{"secureflows:events", "secureflows:record:visitor"}, f.keys("*"))
	assert.Zero(t, one.Stats().AnswersMissed+one.Stats().AnswersShared)
}

// An answer is as old as its question, whichever replica asked.
func TestAnAnswersAgeHoldsAcrossReplicas(t *testing.T) {
	const maxAge = 2 * time.Second
	f := newFleet(t)
	one, other := f.join(sharing, aging(maxAge)), f.join(sharing, aging(maxAge))
	f.shared(one, "abc")
	asked := time.Now()
	eventually(t, func() bool { return time.Since(asked) > maxAge/2 })
	other.admits("abc")
	require.Equal(t, 1, f.service.times("abc"), "not shared")
	f.service.end("abc") // and nobody tells
	for {
		began := time.Now()
		if other.refuses("abc") {
			break
		}
		require.Less(t, began.Sub(asked), maxAge, "an answer was admitted beyond its age")
		time.Sleep(time.Millisecond)
	}
	assert.True(t, one.refuses("abc") || time.Since(asked) < maxAge)
}

func TestFreshAnswersAreAskedFor(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(sharing), f.join(sharing)
	f.shared(one, "abc")
	_, err := other.cache.ResolveWithin(t.Context(), token(t, "abc"), 0)
	require.NoError(t, err)
	assert.Equal(t, 2, f.service.times("abc"), "0 is never answered from Redis")
	f.shared(one, "abd")
	asked := time.Now()
	eventually(t, func() bool { return time.Since(asked) > 300*time.Millisecond })
	_, err = other.cache.ResolveWithin(t.Context(), token(t, "abd"), 200*time.Millisecond)
	require.NoError(t, err)
	assert.Equal(t, 2, f.service.times("abd"), "the shared answer is older than that")
	_, err = f.join(sharing).cache.ResolveWithin(t.Context(), token(t, "abd"), time.Minute)
	require.NoError(t, err)
	assert.Equal(t, 2, f.service.times("abd"), "the shared answer is young enough")
}

// A Redis that hangs carries out what it was sent when it wakes: an answer that
// was shared before must not look as if it had just been asked for.
func TestAnAnswerThatArrivesLateIsAsOldAsItIs(t *testing.T) {
	const maxAge = 2 * time.Second
	f := newFleet(t)
	one, other := f.join(sharing, hurried, aging(maxAge)), f.join(sharing, hurried, aging(maxAge))
	f.shared(one, "warm-up")
	f.shared(other, "another")
	// Only the writing waits, on its way.
	asked := one.wire.holdRequest("$3\r\nSET")
	one.admits("abc")
	began := time.Now()
	<-asked
	f.service.end("abc") // and nobody tells
	eventually(t, func() bool { return time.Since(began) > maxAge })
	written := f.done("set")
	one.wire.goOn()
	eventually(t, func() bool { return f.done("set") > written }, "it never arrived")
	assert.True(t, other.refuses("abc"), "admitted %v after its end", time.Since(began))
}

// The two readings of an answer and its age are not of two answers.
func TestAnAnswerHasItsOwnAge(t *testing.T) {
	const maxAge = 3 * time.Second
	f := newFleet(t)
	one, two, reader := f.join(sharing, aging(maxAge)), f.join(sharing, aging(maxAge)), f.join(sharing, aging(maxAge), patient)
	f.shared(one, "abc")
	asked := time.Now()
	f.changeEmail("abc", "new@example.com")
	eventually(t, func() bool { return time.Since(asked) > maxAge/2 })
	split := reader.wire.holdRequest("*2\r\n$4\r\nPTTL")
	if reader.wire.times("PTTL") > 0 {
		t.Fatal("the reader has read before")
	}
	read := make(chan string, 1)
	go func() {
		identity, err := reader.cache.Resolve(context.Background(), token(t, "abc"))
		assert.NoError(t, err)
		read <- identity.Email
	}()
	select {
	case <-split:
	case <-time.After(soon):
		t.Skip("the age is not read by itself")
	}
	_, err := two.cache.ResolveWithin(t.Context(), token(t, "abc"), 0)
	require.NoError(t, err)
	eventually(t, func() bool {
		left, _ := f.redis.Do("PTTL", f.answers()[0]).(int64)
		return left > (maxAge - maxAge/4).Milliseconds()
	})
	reader.wire.goOn()
	for email := <-read; email != "new@example.com"; {
		identity, err := reader.cache.Resolve(t.Context(), token(t, "abc"))
		require.NoError(t, err)
		email = identity.Email
		require.True(t, email == "new@example.com" || time.Since(asked) < maxAge+100*time.Millisecond, "an old answer has the age of a new one")
		time.Sleep(time.Millisecond)
	}
}

// changeEmail has the service say something else about a token from now on.
func (f *fleet) changeEmail(text, email string) {
	f.service.mu.Lock()
	defer f.service.mu.Unlock()
	f.service.emails = map[string]string{text: email}
}

func TestAnEndedTokenIsNotAdmittedFromRedis(t *testing.T) {
	f := newFleet(t)
	one, two := f.join(sharing), f.join(sharing)
	for i := range 20 {
		text := fmt.Sprintf("user-%d", i)
		f.shared(one, text)
		f.heard(func() { one.signOut(text) }, one, two)
		assert.True(t, one.refuses(text), "by the one that ended it")
		assert.True(t, two.refuses(text), "by another")
	}
	eventually(t, func() bool { return len(f.answers()) == 0 }, "answers were not withdrawn")
	third := f.join(sharing)
	for i := range 20 {
		assert.True(t, third.refuses(fmt.Sprintf("user-%d", i)), "by one that came later")
	}
}

// One has asked before the token ended, hears nothing, and shares what it was
// told afterwards.
func TestALateAnswerAboutAnEndedTokenIsOfNoUse(t *testing.T) {
	f := newFleet(t)
	slow, one, two := f.join(sharing), f.join(sharing), f.join(sharing)
	arrived, release := slow.asker.holding()
	defer release()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = slow.cache.Resolve(context.Background(), token(t, "abc"))
	}()
	<-arrived
	f.heard(func() { one.signOut("abc") }, two)
	eventually(t, func() bool { return len(f.keys("secureflows:ended:*")) == 1 })
	release()
	<-done
	assert.True(t, one.refuses("abc"))
	assert.True(t, two.refuses("abc"))
	assert.True(t, f.join(sharing).refuses("abc"))
}

// Where events are not heard, Redis itself has to know.
func TestAReplicaThatHearsNothingAsksAboutAnEndedToken(t *testing.T) {
	f := newFleet(t)
	one, deaf := f.join(sharing), f.join(sharing)
	key := f.shared(one, "abc")
	value, _ := f.redis.Do("GET", key).(string)
	deaf.Close()
	one.signOut("abc")
	eventually(t, func() bool { return len(f.keys("secureflows:ended:*")) == 1 && len(f.answers()) == 0 })
	// It comes back, written late by somebody who knew no better.
	f.set(key, value)
	assert.True(t, deaf.refuses("abc"))
	assert.True(t, f.join(sharing).refuses("abc"))
}

func TestWhatIsSignedOutJustBeforeCloseIsWithdrawn(t *testing.T) {
	f := newFleet(t)
	for round := range 10 {
		one := f.join(sharing)
		text := fmt.Sprintf("user-%d", round)
		f.shared(one, text)
		one.signOut(text)
		one.Close()
		assert.Empty(t, f.answers(), "still there after Close")
		if t.Failed() {
			return
		}
	}
}

// An answer that was changed, cut or moved by whoever can write to Redis.
func TestForgedAnswersAreIgnored(t *testing.T) {
	f := newFleet(t)
	one := f.join(sharing)
	mallory := f.shared(one, "mallory")
	for name, forge := range map[string]func(key, value string){
		"moved":             func(key, _ string) { f.redis.Do("COPY", mallory, key, "REPLACE") },
		"emptied":           func(key, _ string) { f.set(key, "") },
		"a letter":          func(key, _ string) { f.set(key, "x") },
		"cut":               func(key, value string) { f.set(key, value[:len(value)-1]) },
		"cut to the nonce":  func(key, value string) { f.set(key, value[:12]) },
		"longer":            func(key, value string) { f.set(key, value+"\x00") },
		"its first changed": func(key, value string) { f.set(key, string(value[0]^1)+value[1:]) },
		"its last changed":  func(key, value string) { f.set(key, value[:len(value)-1]+string([]byte{value[len(value)-1] ^ 1})) },
		"for ever":          func(key, _ string) { f.redis.Do("PERSIST", key) },
		"plain": func(key, _ string) {
			f.set(key, `{"identity":{"userId":7,"email":"mallory@example.com"},"maxAge":3600000000000}`)
		},
		"a list": func(key, _ string) { f.redis.Do("DEL", key); f.redis.Do("LPUSH", key, "x") },
	} {
		key := f.shared(one, name2token(name))
		value, _ := f.redis.Do("GET", key).(string)
		forge(key, value)
		victim := f.join(sharing)
		victim.admits(name2token(name))
		assert.Equal(t, 2, f.service.times(name2token(name)), "%s: believed", name)
		victim.Close()
	}
}

func name2token(name string) string { return "user-" + strings.ReplaceAll(name, " ", "-") }

func (f *fleet) set(key, value string) { f.redis.Do("SET", key, value, "PX", "3000000") }

// A shared answer that says to be older than its life, or younger than nothing.
func TestALongerLifeThanMaxAgeIsNotTakenFromRedis(t *testing.T) {
	const maxAge = time.Second
	f := newFleet(t)
	one, other := f.join(sharing, aging(maxAge)), f.join(sharing, aging(maxAge))
	key := f.shared(one, "abc")
	f.redis.Do("PEXPIRE", key, "3600000")
	f.service.end("abc")
	began := time.Now()
	for !other.refuses("abc") {
		require.Less(t, time.Since(began), 3*maxAge, "admitted for as long as somebody wrote to Redis")
		time.Sleep(5 * time.Millisecond)
	}
}

// Two caches of different patience share what they can.
func TestACacheOfAShorterAgeKeepsToIt(t *testing.T) {
	f := newFleet(t)
	one, other := f.join(sharing), f.join(sharing)
	short := other.NewCache(other.asker, middleware.CacheConfig{MaxAge: 300 * time.Millisecond, RefusalAge: -1})
	f.shared(one, "abc")
	asked := time.Now()
	eventually(t, func() bool { return time.Since(asked) > 300*time.Millisecond })
	f.service.end("abc")
	_, err := short.Resolve(t.Context(), token(t, "abc"))
	assert.ErrorIs(t, err, secureflows.ErrSignedOut)
}

func TestWithoutRedisTheServiceIsAsked(t *testing.T) {
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t)
			r := f.join(sharing, hurried)
			outage.begin(f, r)
			var all sync.WaitGroup
			began := time.Now()
			for i := range 100 {
				all.Go(func() {
					identity, err := r.cache.Resolve(t.Context(), token(t, fmt.Sprintf("user-%d", i)))
					assert.NoError(t, err)
					assert.Equal(t, userOf(fmt.Sprintf("user-%d", i)), identity)
				})
			}
			all.Wait()
			assert.Less(t, time.Since(began), 10*time.Second)
			outage.end(f, r)
		})
	}
}

func TestNothingIsSharedWithoutMaxAge(t *testing.T) {
	f := newFleet(t)
	r := f.join(sharing, aging(-1))
	r.admits("abc", "abc")
	r.Close()
	assert.Equal(t, 2, f.service.times("abc"))
	assert.Empty(t, f.answers())
}
