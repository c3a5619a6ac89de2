package middleware_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/secureflowstest"
)

func TestAVisitorSignsInAndIsBackOnThePage(t *testing.T) {
	s := newSite(t, mock(t))
	s.guarding("/whose", func(w http.ResponseWriter, r *http.Request) {
		session, ok := secureflows.SessionFromContext(r.Context())
		require.True(t, ok)
		payload, err := session.Payload(r.Context())
		assert.NoError(t, err)
		assert.Empty(t, payload)
		showPage(w, r)
	})
	v := s.newVisitor("ada@example.com")
	answer := v.open("/whose?page=2&q=a%20b+c&empty")
	assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
	assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	assert.Equal(t, "no-referrer", answer.Header.Get("Referrer-Policy"))
	assert.Empty(t, answer.body)
	returned := v.next(answer.Header.Get("Location"))
	answer = v.open(returned)
	assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
	assert.Equal(t, "/whose?page=2&q=a%20b+c&empty", answer.Header.Get("Location"))
	assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	assert.Equal(t, "no-referrer", answer.Header.Get("Referrer-Policy"))
	v.sees(v.through(answer), "/whose?page=2&q=a%20b+c&empty")
	v.assertSignedIn()
	assert.Equal(t, 1, v.logins)
}

func TestAHeadNavigationIsRedirectedLikeAGet(t *testing.T) {
	s := newSite(t, mock(t))
	v := s.newVisitor("ada@example.com")
	answer := v.send(http.MethodHead, "/notes", navigation(), "")
	assert.Equal(t, http.StatusSeeOther, answer.StatusCode)
	v.sees(v.through(answer), "/notes")
}

// Tabs finish in any order, and each is back on its own page.
func TestSeveralTabsSignInAtOnce(t *testing.T) {
	for name, order := range map[string][]int{
		"in order": {0, 1, 2, 3, 4}, "the last first": {4, 3, 2, 1, 0}, "mixed": {2, 0, 4, 1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			v := newSite(t, mock(t)).newVisitor("ada@example.com")
			pages := []string{"/a", "/b?x=1", "/c", "/d", "/e"}
			var logins []string
			states := map[string]bool{}
			for _, page := range pages {
				location := v.begin(page)
				logins = append(logins, location)
				states[stateOf(t, location)] = true
			}
			assert.Len(t, states, len(pages), "each attempt has a state of its own")
			for _, i := range order {
				v.sees(v.finish(logins[i]), pages[i])
			}
			v.assertSignedIn()
		})
	}
}

// Another tab may begin after one has finished, and the oldest still succeeds.
func TestTabsBeginAndFinishInBetween(t *testing.T) {
	v := newSite(t, mock(t)).newVisitor("ada@example.com")
	first, second := v.begin("/first"), v.begin("/second")
	v.sees(v.finish(second), "/second")
	v.sees(v.finish(first), "/first")
}

// The other may have been signed in by somebody else, whose browser it is then.
func TestWhoeverSignsInLastHasTheBrowser(t *testing.T) {
	s := newSite(t, mock(t))
	v := s.newVisitor("ada@example.com")
	first, second := v.begin("/first"), v.begin("/second")
	v.sees(v.finish(first), "/first")
	adas := v.copied()
	v.email = "bob@example.com"
	v.sees(v.finish(second), "/second")
	v.assertSignedIn()
	adas.assertSignedOut("the one before is signed in still")
}

// However many tabs, the cookie that binds them stays one, and small.
func TestTheCookieOfSignInsStaysSmall(t *testing.T) {
	v := offline(t, &service{}).newVisitor("user-1@example.com")
	first := v.begin("/first")
	var last string
	for range 200 {
		last = v.begin("/page?" + strings.Repeat("x", 1500))
	}
	held := v.cookies()
	assert.Len(t, held, 1)
	for name, value := range held {
		assert.Less(t, len(name)+len(value), 1024, name)
	}
	assert.Equal(t, http.StatusOK, v.finish(last).StatusCode)
	v.sees(v.finish(first), "/first")
}

func TestAMissingStateIsRefused(t *testing.T) {
	server := mock(t, secureflowstest.Options{DropState: true})
	s := newSite(t, server, tellsTypes)
	v := s.newVisitor("ada@example.com")
	answer := v.follow("/page")
	assertFailed(t, answer)
	assert.Equal(t, "sign-in-failed", s.lastType())
	assert.Equal(t, 1, v.logins, "begun again by itself")
}

func TestAMissingStateIsAcceptedByAnOptOut(t *testing.T) {
	optOut := func(cfg *middleware.BrowserConfig) { cfg.InsecureAllowMissingState = true }
	server := mock(t, secureflowstest.Options{DropState: true})
	s := newSite(t, server, optOut)
	v := s.newVisitor("ada@example.com")
	v.begin("/first")
	v.sees(v.follow("/last?x=%20y"), "/last?x=%20y")
	v.sees(v.follow("/again"), "/again")
	stranger := s.newVisitor("bob@example.com")
	location := s.newVisitor("bob@example.com").begin("/page")
	stranger.sees(stranger.finish(location), "/")
}

// Opting out is about servers that drop the state, not about wrong ones.
func TestAWrongStateIsRefusedInSpiteOfAnOptOut(t *testing.T) {
	s := offline(t, &service{}, func(cfg *middleware.BrowserConfig) { cfg.InsecureAllowMissingState = true })
	attacker, victim := s.newVisitor("user-1@example.com"), s.newVisitor("user-2@example.com")
	returned := attacker.next(attacker.begin("/page"))
	assertFailed(t, victim.open(returned))
	assertFailed(t, victim.open(returning("sessionToken", "user-1", "state", "x")))
	victim.assertSignedOut()
	attacker.sees(attacker.through(attacker.open(returned)), "/page")
	assertFailed(t, attacker.open(returned), "again")
}

func TestALegacyReturnIsCompleted(t *testing.T) {
	server := mock(t)
	v := newSite(t, server).newVisitor("ada@example.com")
	state := stateOf(t, v.begin("/page?x=1"))
	returned := returning("firebaseToken", server.IDToken("ada@example.com").Reveal(), "state", state)
	answer := v.open(returned)
	require.Equal(t, http.StatusSeeOther, answer.StatusCode, answer.body)
	assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	assert.Equal(t, "no-referrer", answer.Header.Get("Referrer-Policy"))
	location := answer.Header.Get("Location")
	assert.True(t, strings.HasPrefix(location, server.Origin()+"/api/v1/auth/callback?"), "not to the service")
	assertFailed(t, v.open(returned), "twice for one state")
	v.sees(v.through(v.open(v.next(location))), "/page?x=1")
	assertFailed(t, v.open(returned), "twice for one state")
	v.assertSignedIn()
}

func TestALegacyReturnNeedsAStateToo(t *testing.T) {
	server := mock(t)
	s := newSite(t, server)
	attacker, victim := s.newVisitor("mallory@example.com"), s.newVisitor("ada@example.com")
	idToken := server.IDToken("mallory@example.com").Reveal()
	victim.begin("/")
	for _, state := range []string{stateOf(t, attacker.begin("/")), "x", ""} {
		assertFailed(t, victim.open(returning("firebaseToken", idToken, "state", state)))
	}
	assertFailed(t, victim.open(returning("firebaseToken", idToken)))
	victim.assertSignedOut()
}

// A legacy return that comes back as another one would go round for ever.
func TestALegacyReturnIsCompletedOnce(t *testing.T) {
	server := mock(t)
	v := newSite(t, server).newVisitor("ada@example.com")
	idToken := server.IDToken("ada@example.com").Reveal()
	answer := v.open(returning("firebaseToken", idToken, "state", stateOf(t, v.begin("/page"))))
	second := stateOf(t, answer.Header.Get("Location"))
	assertFailed(t, v.open(returning("firebaseToken", idToken, "state", second)))
}

// Replicas that share keys and a store finish each other's sign-ins.
func TestReplicasFinishEachOthersSignIns(t *testing.T) {
	store := newRecording()
	shared := stored(store, 1)
	one, other := offline(t, &service{}, shared), offline(t, &service{}, shared)
	v := one.newVisitor("user-1@example.com")
	returned := v.next(v.begin("/page"))
	v.site = other
	answer := v.open(returned)
	v.site = one
	v.sees(v.through(answer), "/page")
	v.site = other
	v.assertSignedIn()
	// What one has used up is used up for the other.
	before := one.newVisitor("user-1@example.com")
	returned = before.next(before.begin("/page"))
	replayed := before.copied()
	before.sees(before.through(before.open(returned)), "/page")
	replayed.site = other
	assertFailed(t, replayed.open(returned))
	// Also over a change of keys, but not a process with a key of its own.
	v = one.newVisitor("user-1@example.com")
	returned = v.next(v.begin("/page"))
	v.site = offline(t, &service{}, stored(store, 2, 1))
	v.sees(v.through(v.open(returned)), "/page")
	stranger := offline(t, &service{})
	v = one.newVisitor("user-1@example.com")
	returned = v.next(v.begin("/page"))
	v.site = stranger
	assertFailed(t, v.open(returned))
}

// Where no state tells one return from the next, a service that never gives a
// session is asked for one a few times only.
func TestALegacyReturnWithoutStateIsNotCompletedForEver(t *testing.T) {
	virtual(t, func(t *testing.T) {
		s := offline(t, &service{}, func(cfg *middleware.BrowserConfig) { cfg.InsecureAllowMissingState = true })
		v := s.newVisitor("user-1@example.com")
		v.begin("/page")
		answer := v.open(returning("firebaseToken", "id-token"))
		for tries := 0; answer.StatusCode == http.StatusSeeOther && tries < 10; tries++ {
			answer = v.open(returning("firebaseToken", "id-token"))
		}
		assertFailed(t, answer)
	})
}
