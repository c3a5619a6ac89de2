package signin_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go/internal/signin"
)

func attempts(names signin.Names) signin.Attempts {
	return signin.NewAttempts(names, &url.URL{Scheme: "http", Host: "localhost"}, func() time.Time { return time.Unix(1e9, 0) })
}

func carrying(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	return r
}

// begin gives the nonce of an attempt, and its cookie.
func begin(t *testing.T, a signin.Attempts) (nonce string, cookie *http.Cookie) {
	t.Helper()
	w := httptest.NewRecorder()
	nonce = a.Begin(w, carrying(), "/notes")
	require.Len(t, w.Result().Cookies(), 1)
	return nonce, w.Result().Cookies()[0]
}

// Without __Host- another server of the machine can plant one.
func TestACookieOfTheSameNameHidesNoAttempt(t *testing.T) {
	a := attempts(signin.Names{Begun: "x", Ended: "x-ended"})
	nonce, cookie := begin(t, a)
	found, err := a.Take(httptest.NewRecorder(), carrying(&http.Cookie{Name: cookie.Name, Value: "planted"}, cookie), nonce)
	require.NoError(t, err)
	assert.Equal(t, "/notes", found.Page)
}

func TestNoMoreThanFiftyCookiesAreLookedAt(t *testing.T) {
	a := attempts(signin.Names{Begun: "x", Ended: "x-ended"})
	nonce, cookie := begin(t, a)
	var nonsense []*http.Cookie
	for i := range 50 {
		nonsense = append(nonsense, &http.Cookie{Name: "x-" + strings.Repeat("A", i), Value: "nonsense"})
	}
	w := httptest.NewRecorder()
	a.Begin(w, carrying(slices.Repeat(nonsense, 2)...), "/")
	assert.Len(t, w.Result().Cookies(), 51, "those that are taken back, and the new one")
	_, err := a.Take(w, carrying(append(nonsense[:49:49], cookie)...), nonce)
	require.NoError(t, err)
	_, err = a.Take(w, carrying(append(nonsense, cookie)...), nonce)
	require.ErrorIs(t, err, signin.ErrNoAttempt)
}

// What could not have come from here takes nobody's room.
func TestNonsenseGoes(t *testing.T) {
	const good = "AAAAAAAAAAAAAAAAAAAAAAAAAA"
	for _, value := range []string{"", "x", "..", good, good + ".1000000000.Lw", "A.1000000000..Lw", good + ".now..Lw", good + ".1000000000..L", good + ".1000000000...Lw"} {
		w := httptest.NewRecorder()
		attempts(signin.Names{Begun: "x", Ended: "x-ended"}).Begin(w, carrying(&http.Cookie{Name: "x-AAAAAAAA", Value: value}), "/")
		assert.Len(t, w.Result().Cookies(), 2, value)
	}
	w := httptest.NewRecorder()
	attempts(signin.Names{Begun: "x", Ended: "x-ended"}).Begin(w, carrying(&http.Cookie{Name: "x-AAAAAAAA", Value: good + ".1000000000..Lw"}), "/")
	assert.Len(t, w.Result().Cookies(), 1)
}

// An application may have two providers.
func TestFlowsLeaveEachOtherAlone(t *testing.T) {
	one, other := attempts(signin.Names{Begun: "x-begun", Ended: "x-ended"}), attempts(signin.Names{Begun: "y", Ended: "y-ended"})
	nonce, cookie := begin(t, one)
	second, otherCookie := begin(t, other)
	for _, a := range []signin.Attempts{one, other} {
		w := httptest.NewRecorder()
		a.Begin(w, carrying(cookie, otherCookie, &http.Cookie{Name: "-theirs", Value: "x"}), "/")
		assert.Len(t, w.Result().Cookies(), 1, "nothing is taken back")
	}
	_, err := one.Take(httptest.NewRecorder(), carrying(otherCookie), second)
	require.ErrorIs(t, err, signin.ErrNoAttempt)
	_, err = other.Take(httptest.NewRecorder(), carrying(cookie), nonce)
	require.ErrorIs(t, err, signin.ErrNoAttempt)
}

// What has ended must not pass for a sign-in that is waited for.
func TestAnEndIsNoAttempt(t *testing.T) {
	a := attempts(signin.Names{Begun: "x-begun", Ended: "x-ended"})
	nonce, cookie := begin(t, a)
	_, err := a.TakeEnd(httptest.NewRecorder(), carrying(cookie), nonce)
	require.ErrorIs(t, err, signin.ErrNoAttempt)

	w := httptest.NewRecorder()
	a.End(w, signin.Attempt{Nonce: nonce, Page: "/notes", Outcome: "failed"})
	cookie = w.Result().Cookies()[0]
	_, err = a.Take(httptest.NewRecorder(), carrying(cookie), nonce)
	require.ErrorIs(t, err, signin.ErrNoAttempt)
	ended, err := a.TakeEnd(httptest.NewRecorder(), carrying(cookie), nonce)
	require.NoError(t, err)
	assert.Equal(t, "failed", ended.Outcome)
}
