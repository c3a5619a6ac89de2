package middleware_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// A token is not kept for somebody who has left before anyone said that it is
// one.
func TestJunkOfThoseWhoLeaveDrivesNobodyOut(t *testing.T) {
	source := &service{}
	s := offline(t, source, silent, func(cfg *middleware.BrowserConfig) { cfg.MaxSessions = 50 })
	honest := s.signedIn("user-1@example.com")
	source.say(func(ctx context.Context, token string) (secureflows.Identity, error) {
		if token == "user-1" {
			return userOf(token), nil
		}
		return secureflows.Identity{}, secureflows.ErrUnauthenticated // the service is well, and refuses junk
	})
	for range 60 {
		begun := answerTo(s, asFromTheWire("/page"))
		r := asFromTheWire(returning("sessionToken", "junk", "state", stateOf(t, begun.Header().Get("Location"))))
		r.AddCookie(begun.Result().Cookies()[0])
		gone, leave := context.WithCancel(r.Context())
		leave()
		s.ServeHTTP(httptest.NewRecorder(), r.WithContext(gone))
	}
	honest.assertSignedIn("somebody without any account has driven them out")
}

func TestResolversThatAreNil(t *testing.T) {
	client, err := secureflows.New(secureflows.Config{Workspace: "w", AppID: "a"})
	require.NoError(t, err)
	for _, resolver := range []middleware.Resolver{(*middleware.Cache)(nil), (*secureflows.Client)(nil)} {
		assert.NotPanics(t, func() {
			_, err := middleware.NewBrowser(client, middleware.BrowserConfig{
				CallbackURL: "http://localhost:8080/callback", AfterLogout: "http://localhost:8080/", Resolver: resolver,
			})
			assert.True(t, errors.Is(err, secureflows.ErrInvalidRequest))
		})
	}
}

// Two sites may share a store and keys.
func TestASessionOfAnotherSiteIsNone(t *testing.T) {
	store := newRecording()
	one := offline(t, &service{}, stored(store, 1))
	other := offline(t, &service{}, stored(store, 1), func(cfg *middleware.BrowserConfig) {
		cfg.CallbackURL, cfg.AfterLogout = "http://admin.localhost:8080/auth/callback", "http://admin.localhost:8080/"
	})
	v := one.signedIn("user-1@example.com")
	w := other.newVisitor("user-1@example.com")
	w.plant(v.cookies())
	w.assertSignedOut("with a token of another application")
}

func TestRefuseOfNothing(t *testing.T) {
	s := offline(t, &service{})
	assert.NotPanics(t, func() { s.browser.Refuse(httptest.NewRecorder(), asFromTheWire("/page"), nil) })
}

type ctxStore struct{ *recording }

func (s ctxStore) FindCtx(ctx context.Context, key string) ([]byte, bool, error) {
	if ctx.Err() != nil {
		return nil, false, ctx.Err()
	}
	return s.Find(key)
}
func (s ctxStore) CommitCtx(ctx context.Context, key string, data []byte, expiry time.Time) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.Commit(key, data, expiry)
}
func (s ctxStore) DeleteCtx(ctx context.Context, key string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.Delete(key)
}
func (s ctxStore) AllCtx(context.Context) (map[string][]byte, error) { return nil, nil }

func TestWhoLeavesBeforeTheStoreWritesCanReload(t *testing.T) {
	store := ctxStore{newRecording()}
	source := &service{}
	s := offline(t, source, func(cfg *middleware.BrowserConfig) { cfg.Store, cfg.EncryptionKeys = store, keys(1) })
	v := s.newVisitor("user-1@example.com")
	returned := v.next(v.begin("/page"))
	r := asFromTheWire(returned)
	for name, value := range v.cookies() {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	gone, leave := context.WithCancel(r.Context())
	source.say(func(_ context.Context, token string) (secureflows.Identity, error) {
		leave()
		return userOf(token), nil
	})
	s.ServeHTTP(httptest.NewRecorder(), r.WithContext(gone))
	source.say(nil)
	answer := v.through(v.open(returned))
	assert.Equal(t, http.StatusOK, answer.StatusCode, answer.body)
}

// A store that does not delete gets nothing new either.
func TestAHalfFailedSignInLeavesNothing(t *testing.T) {
	store := newRecording()
	s := offline(t, &service{}, stored(store, 1))
	v := s.signedIn("user-1@example.com")
	other := s.newVisitor(v.email)
	returned := other.next(other.begin("/page"))
	v.plant(other.cookies()) // a further sign-in of the same browser
	require.Len(t, store.sessions(), 1)
	store.fail(errStore, "delete")
	answer := v.open(returned)
	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	assert.Len(t, store.sessions(), 1, "a token that no cookie belongs to is kept")
}

func TestOneAccountDrivesNobodyOut(t *testing.T) {
	s := offline(t, &service{}, silent, func(cfg *middleware.BrowserConfig) { cfg.MaxSessions = 50; cfg.MaxAge = time.Minute })
	honest := s.signedIn("user-1@example.com")
	for range 60 {
		begun := answerTo(s, asFromTheWire("/page"))
		r := asFromTheWire(returning("sessionToken", "user-2", "state", stateOf(t, begun.Header().Get("Location"))))
		r.AddCookie(begun.Result().Cookies()[0])
		require.Equal(t, http.StatusSeeOther, answerTo(s, r).Code)
	}
	honest.assertSignedIn()
}

// No token can be asked about then, and none is lost.
func TestJunkDuringAnOutage(t *testing.T) {
	source := &service{}
	s := offline(t, source, silent, func(cfg *middleware.BrowserConfig) { cfg.MaxSessions = 50 })
	honest := s.signedIn("user-1@example.com")
	source.say(func(context.Context, string) (secureflows.Identity, error) { return secureflows.Identity{}, errDown })
	for range 60 {
		begun := answerTo(s, asFromTheWire("/page"))
		r := asFromTheWire(returning("sessionToken", "junk", "state", stateOf(t, begun.Header().Get("Location"))))
		r.AddCookie(begun.Result().Cookies()[0])
		answerTo(s, r)
	}
	source.say(nil)
	honest.assertSignedIn()
}

// A database that is full takes no writes, but reads and deletes. It keeps nobody
// out who is signed in, nor in who signs out.
func TestAStoreThatTakesNoWrites(t *testing.T) {
	virtual(t, func(t *testing.T) {
		store := newRecording()
		s := offline(t, &service{}, stored(store, 1))
		v := s.signedIn("user-1@example.com")
		pass(3 * time.Hour)
		store.fail(errStore, "commit") // a database that takes no writes but deletes (or is full)
		v.assertSignedIn()
		a := v.submit("/auth/logout", nil)
		assert.Equal(t, http.StatusSeeOther, a.StatusCode)
	})
}
