package authreturn_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

func TestRefresh(t *testing.T) {
	both(t, func(t *testing.T, s *setup) {
		old := good(t, nil)
		s.clock.advance(24 * day)
		require.True(t, s.RefreshDue(old))
		fresh, err := s.Refresh(t.Context(), old)
		require.NoError(t, err)
		require.Len(t, s.service.requests(), 1)
		assert.Equal(t, "https://authreturn.com/api/refresh", s.service.requests()[0].url)
		assert.Equal(t, old.Reveal(), s.service.requests()[0].token)
		identity, err := s.Resolve(t.Context(), fresh)
		require.NoError(t, err)
		assert.Equal(t, "7", identity.Subject)
		assert.Equal(t, start.Add(54*day), identity.ExpiresAt)
		_, err = s.Resolve(t.Context(), old)
		require.NoError(t, err, "the old one is as good as before")
		assert.False(t, s.RefreshDue(fresh))
	})
}

// The 7 days begin later by the leeway, and end later, so that clocks which are
// apart do not matter.
func TestWhenARefreshIsAskedFor(t *testing.T) {
	for _, leeway := range []time.Duration{0, time.Minute} {
		both(t, func(t *testing.T, s *setup) {
			token := good(t, nil)
			s.clock.advance(23*day + leeway - time.Nanosecond)
			assert.False(t, s.RefreshDue(token))
			_, err := s.Refresh(t.Context(), token)
			require.ErrorIs(t, err, secureflows.ErrInvalidRequest)
			assert.Contains(t, err.Error(), start.Add(23*day+leeway).Format(time.RFC3339), "from when on")
			s.clock.advance(time.Nanosecond)
			assert.True(t, s.RefreshDue(token))
			require.Empty(t, s.service.requests())
			_, err = s.Refresh(t.Context(), token)
			require.NoError(t, err)
			s.clock.advance(7*day - time.Nanosecond)
			assert.True(t, s.RefreshDue(token))
			s.clock.advance(time.Nanosecond)
			assert.False(t, s.RefreshDue(token))
			_, err = s.Refresh(t.Context(), token)
			require.ErrorIs(t, err, secureflows.ErrTokenExpired)
			assert.Len(t, s.service.requests(), 1)
		}, withLeeway(leeway))
	}
}

func TestRefreshOfWhatIsNoGoodAsksNobody(t *testing.T) {
	for name, row := range refusals(t) {
		if row.asked {
			continue
		}
		t.Run(name, func(t *testing.T) {
			s := remotely(t)
			token := tokenOf(t, row.token)
			assert.False(t, s.RefreshDue(token))
			_, err := s.Refresh(t.Context(), token)
			require.ErrorIs(t, err, row.want)
			assert.Empty(t, s.service.requests())
		})
	}
	_, err := remotely(t).Refresh(t.Context(), secureflows.Token{})
	require.ErrorIs(t, err, middleware.ErrForeignToken)
}

func TestAnswersToARefresh(t *testing.T) {
	at := start.Add(25 * day)
	fresh := func(changes map[string]any) string {
		return `{"success":true,"token":"` + sign(secret, header, claimsOf(at, changes)) + `"}`
	}
	for name, row := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"refused":               {401, `{"error":"Invalid token"}`, secureflows.ErrUnauthenticated},
		"expired":               {401, `{"error":"Token expired"}`, secureflows.ErrTokenExpired},
		"no success":            {200, `{"token":"` + sign(secret, header, claimsOf(at, nil)) + `"}`, secureflows.ErrUnavailable},
		"a failure of 200":      {200, `{"success":false}`, secureflows.ErrUnavailable},
		"no token":              {200, `{"success":true}`, secureflows.ErrUnavailable},
		"what is no token":      {200, `{"success":true,"token":"a b"}`, secureflows.ErrUnavailable},
		"another shape":         {200, `{"success":true,"token":"canary-of-a-token"}`, secureflows.ErrUnavailable},
		"another's":             {200, fresh(map[string]any{"user_id": 8}), secureflows.ErrUnavailable},
		"an older one":          {200, fresh(map[string]any{"exp": start.Add(30*day).Unix() - 1}), secureflows.ErrUnavailable},
		"one without an end":    {200, fresh(map[string]any{"exp": nil}), secureflows.ErrUnavailable},
		"another provider's":    {200, fresh(map[string]any{"iss": "x"}), secureflows.ErrUnavailable},
		"a page":                {200, `<html>`, secureflows.ErrUnavailable},
		"a page of a 401":       {401, `<html>`, secureflows.ErrUnavailable},
		"a 401 of nobody":       {401, ``, secureflows.ErrUnavailable},
		"success in capitals":   {200, `{"Success":true,"Token":"x"}`, secureflows.ErrUnavailable},
		"two tokens":            {200, strings.Replace(fresh(nil), "{", `{"token":"x",`, 1), secureflows.ErrUnavailable},
		"an outage":             {503, ``, secureflows.ErrUnavailable},
		"too many":              {429, ``, secureflows.ErrUnavailable},
		"what is not described": {400, `{"error":"canary-of-a-body"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, s *setup) {
				old := good(t, nil)
				s.clock.advance(25 * day)
				s.service.says(row.status, row.body)
				got, err := s.Refresh(t.Context(), old)
				require.Error(t, err)
				for _, sentinel := range []error{secureflows.ErrTokenExpired, secureflows.ErrUnauthenticated, secureflows.ErrUnavailable} {
					assert.Equal(t, sentinel == row.want, errors.Is(err, sentinel), "%v: %v", sentinel, err)
				}
				assert.True(t, got.IsZero())
				assert.NotContains(t, err.Error(), "canary")
				assertSecret(t, err.Error(), old.Reveal(), "the old token")
				assertSecret(t, err.Error(), sign(secret, header, claimsOf(at, nil)), "the new token")
			})
		})
	}
}

// Only whoever has the secret can tell this one.
func TestARefreshThatWasForged(t *testing.T) {
	s := locally(t)
	s.clock.advance(25 * day)
	s.service.says(200, `{"success":true,"token":"`+sign("another secret of thirty-two bytes", header, claimsOf(s.clock.Now(), nil))+`"}`)
	_, err := s.Refresh(t.Context(), good(t, nil))
	require.ErrorIs(t, err, secureflows.ErrUnavailable)
	assert.NotErrorIs(t, err, secureflows.ErrSignedOut)
}

func TestTheCallerOfARefreshLeaves(t *testing.T) {
	s := remotely(t)
	s.clock.advance(25 * day)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	_, err := s.Refresh(ctx, good(t, nil))
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, secureflows.ErrSignedOut)
}
