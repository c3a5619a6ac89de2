package middleware_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A state is good once, for whoever has the link: even in the very browser, and
// with the cookies as they were.
func TestAStateIsUsedOnce(t *testing.T) {
	s := offline(t, &service{}, tellsTypes)
	v := s.newVisitor("user-1@example.com")
	location := v.begin("/page")
	returned := v.next(location)
	before := v.copied()
	v.sees(v.through(v.open(returned)), "/page")
	assertFailed(t, v.open(returned), "again")
	assert.Equal(t, "sign-in-failed", s.lastType())
	v.assertSignedIn("a stale link signs nobody out")
	assertFailed(t, before.open(returned), "again, with the cookies of before")
	// The last letter of an encoding has bits that nobody reads.
	state := stateOf(t, location)
	for _, letter := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=" {
		assertFailed(t, v.open(returning("sessionToken", "user-1", "state", state[:len(state)-1]+string(letter))), "spelt differently")
	}
	assertFailed(t, v.open(returning("sessionToken", "user-1", "state", state+"=")), "padded")
}

// One who follows a link twice at once signs in once.
func TestAStateIsUsedOnceByManyAtOnce(t *testing.T) {
	s := offline(t, &service{})
	v := s.newVisitor("user-1@example.com")
	returned := v.next(v.begin("/page"))
	answers := make(chan seen, 16)
	for range cap(answers) {
		go func() { answers <- v.copied().open(returned) }()
	}
	succeeded := 0
	for range cap(answers) {
		if answer := <-answers; answer.StatusCode == http.StatusSeeOther {
			succeeded++
		}
	}
	assert.Equal(t, 1, succeeded)
}

// What is used stays used for as long as the state would be good, however many
// others come and go meanwhile.
func TestAUsedStateStaysUsed(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := offline(t, &service{})
		type link struct {
			target string
			held   map[string]string // the cookies of when it was good
		}
		var links []link
		for range 40 {
			v := s.newVisitor("user-1@example.com")
			returned := v.next(v.begin("/page"))
			links = append(links, link{returned, v.cookies()})
			v.sees(v.through(v.open(returned)), "/page")
			pass(15 * time.Second)
			for _, used := range links[max(0, len(links)-20):] {
				again := s.newVisitor("user-1@example.com")
				again.plant(used.held)
				assertFailed(t, again.open(used.target))
			}
		}
	})
}

func TestAStateOfAnotherBrowserIsRefused(t *testing.T) {
	s := offline(t, &service{}, tellsTypes)
	attacker, victim := s.newVisitor("user-1@example.com"), s.newVisitor("user-2@example.com")
	returned := attacker.next(attacker.begin("/page"))
	// Without a sign-in of their own, and with one under way.
	assertFailed(t, victim.open(returned))
	assert.Equal(t, "sign-in-failed", s.lastType())
	victim.assertSignedOut()
	location := victim.begin("/mine")
	assertFailed(t, victim.open(returned))
	victim.sees(victim.finish(location), "/mine")
	// Nor does it swap the session of who is signed in.
	assertFailed(t, victim.open(returned))
	victim.assertSignedIn()
	attacker.sees(attacker.through(attacker.open(returned)), "/page")
}

// The attacker signs in as themselves, and has the victim follow the rest, with
// whatever of a state the attacker can get.
func TestNobodyIsSignedInAsSomebodyElse(t *testing.T) {
	server := mock(t)
	s := newSite(t, server)
	attacker, victim := s.newVisitor("mallory@example.com"), s.newVisitor("ada@example.com")
	returned, err := url.Parse(attacker.next(attacker.begin("/")))
	require.NoError(t, err)
	stolen := returned.Query().Get("sessionToken")
	victims := stateOf(t, victim.begin("/"))
	for name, link := range map[string]string{
		"their return":            returned.String(),
		"without a state":         returning("sessionToken", stolen),
		"with an empty state":     returning("sessionToken", stolen, "state", ""),
		"with a state of no kind": returning("sessionToken", stolen, "state", "x"),
		"with half of the state":  returning("sessionToken", stolen, "state", victims[:len(victims)/2]),
		"with more than it":       returning("sessionToken", stolen, "state", victims+"A"),
		"with a long state":       returning("sessionToken", stolen, "state", strings.Repeat("A", 10_000)),
	} {
		for _, headers := range []http.Header{navigation(), header("Accept", pageTypes)} {
			headers.Set("Sec-Fetch-Site", "cross-site")
			assertFailed(t, victim.send(http.MethodGet, link, headers, ""), name)
		}
		victim.assertSignedOut(name)
	}
	s.client.Session(token(t, stolen)) // good all the while
	_, err = s.client.Session(token(t, stolen)).Identity(t.Context())
	assert.NoError(t, err)
}

func TestATamperedStateIsRefused(t *testing.T) {
	s := offline(t, &service{})
	v := s.newVisitor("user-1@example.com")
	location := v.begin("/page")
	state := stateOf(t, location)
	for i := range len(state) - 1 {
		letter := "A"
		if state[i] == 'A' {
			letter = "B"
		}
		assertFailed(t, v.open(returning("sessionToken", "user-1", "state", state[:i]+letter+state[i+1:])), "letter %d", i)
	}
	v.sees(v.finish(location), "/page")
}

func TestATamperedCookieBindsNothing(t *testing.T) {
	s := offline(t, &service{})
	v := s.newVisitor("user-1@example.com")
	returned := v.next(v.begin("/page"))
	for name, value := range v.cookies() {
		for _, other := range []string{"", "x", value[1:], value[:len(value)-1], strings.ToUpper(value), strings.Repeat("A", len(value))} {
			victim := s.newVisitor("user-1@example.com")
			victim.plant(map[string]string{name: other})
			assertFailed(t, victim.open(returned), "%s=%s", name, other)
		}
		// Another browser's cookie in place of one's own.
		stranger := s.newVisitor("user-1@example.com")
		stranger.begin("/")
		assertFailed(t, stranger.open(returned))
	}
	v.sees(v.through(v.open(returned)), "/page")
}

// What is encrypted for one thing is not taken for another.
func TestCookieAndStateAreNotInterchangeable(t *testing.T) {
	store := newRecording()
	s := offline(t, &service{}, stored(store, 1))
	v := s.signedIn("user-1@example.com")
	state := stateOf(t, s.newVisitor("user-1@example.com").begin("/page"))
	for name, value := range v.cookies() {
		assertFailed(t, v.open(returning("sessionToken", "user-1", "state", value)), name)
		other := s.newVisitor("user-1@example.com")
		other.plant(map[string]string{name: state})
		assertFailed(t, other.open(returning("sessionToken", "user-1", "state", state)), name)
	}
	for _, key := range store.sessions() {
		record, _, err := store.Find(key)
		require.NoError(t, err)
		assertFailed(t, v.open(returning("sessionToken", "user-1", "state", string(record))))
	}
}

// The state is not readable: it says which page, and is logged on the way.
func TestAStateShowsNothing(t *testing.T) {
	v := offline(t, &service{}).newVisitor("user-1@example.com")
	state := stateOf(t, v.begin("/confidential/merger?with=initech"))
	assert.Regexp(t, `^[A-Za-z0-9_-]+$`, state)
	for _, text := range []string{"confidential", "initech", "Y29uZmlkZW50", "L2NvbmZpZGVud", "bmZpZGVudGlh"} {
		assert.NotContains(t, state, text)
	}
	for name, value := range v.cookies() {
		assert.NotContains(t, value, "Y29uZmlkZW50", name)
	}
}

func TestAStateLastsFiveMinutes(t *testing.T) {
	for after, good := range map[time.Duration]bool{
		0: true, 4*time.Minute + 55*time.Second: true, 5*time.Minute + time.Second: false, time.Hour: false,
	} {
		t.Run(after.String(), func(t *testing.T) {
			virtual(t, func(t *testing.T) {
				v := offline(t, &service{}).newVisitor("user-1@example.com")
				returned, held := v.next(v.begin("/page")), v.cookies()
				pass(after)
				v.plant(held) // a browser that keeps cookies for longer than it is told to
				answer := v.open(returned)
				if good {
					v.sees(v.through(answer), "/page")
					return
				}
				assertFailed(t, answer)
				v.assertSignedOut()
			})
		})
	}
}

// A cookie that is renewed by each tab does not prolong the states before.
func TestEachTabHasItsOwnFiveMinutes(t *testing.T) {
	virtual(t, func(t *testing.T) {
		v := offline(t, &service{}).newVisitor("user-1@example.com")
		first := v.next(v.begin("/first"))
		pass(4 * time.Minute)
		second := v.next(v.begin("/second"))
		pass(2 * time.Minute)
		assertFailed(t, v.open(first))
		v.sees(v.through(v.open(second)), "/second")
	})
}
