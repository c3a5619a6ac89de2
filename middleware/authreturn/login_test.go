package authreturn_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

const password = "canary-password \"of\" Ada"

// loggedIn is the documented answer to a login.
func loggedIn(token string) string {
	return `{"success":true,"token":"` + token + `","user":{"id":7,"email":"ada@example.com"}}`
}

func TestLogin(t *testing.T) {
	both(t, func(t *testing.T, s *setup) {
		fresh := good(t, nil)
		s.service.says(200, loggedIn(fresh.Reveal()))
		token, identity, err := s.Login(t.Context(), "ada@example.com", password)
		require.NoError(t, err)
		assert.Equal(t, fresh, token)
		assert.Equal(t, ada, identity)
		require.Len(t, s.service.requests(), 1, "the service is not asked about what it has just made")
		question := s.service.requests()[0]
		assert.Equal(t, "POST https://authreturn.com/api/login", question.method+" "+question.url)
		assert.JSONEq(t, `{"email":"ada@example.com","password":"canary-password \"of\" Ada"}`, question.body)
		assert.Empty(t, question.header.Get("Authorization"))
	})
}

func TestALoginNeedsBoth(t *testing.T) {
	s := remotely(t)
	for _, given := range [][2]string{{"", password}, {"ada@example.com", ""}} {
		_, _, err := s.Login(t.Context(), given[0], given[1])
		require.ErrorIs(t, err, secureflows.ErrInvalidRequest)
		assert.NotContains(t, err.Error(), "canary")
	}
	assert.Empty(t, s.service.requests())
}

func TestAnswersToALogin(t *testing.T) {
	with := func(name string, value any) string {
		return loggedIn(sign(secret, header, claimsOf(start, map[string]any{name: value})))
	}
	fresh := sign(secret, header, claimsOf(start, nil))
	for name, row := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"refused":               {401, `{"error":"Invalid email or password"}`, secureflows.ErrUnauthenticated},
		"refused as expired":    {401, `{"error":"Token expired"}`, secureflows.ErrUnauthenticated},
		"refused with a page":   {401, `<html>`, secureflows.ErrUnavailable},
		"refused by nobody":     {401, ``, secureflows.ErrUnavailable},
		"a user in capitals":    {200, `{"success":true,"token":"` + fresh + `","User":{"ID":7,"Email":"ada@example.com"}}`, secureflows.ErrUnavailable},
		"two users":             {200, strings.Replace(loggedIn(fresh), "{", `{"user":{"id":8,"email":"x"},`, 1), secureflows.ErrUnavailable},
		"no success":            {200, `{"token":"` + fresh + `","user":{"id":7,"email":"ada@example.com"}}`, secureflows.ErrUnavailable},
		"no token":              {200, `{"success":true,"user":{"id":7,"email":"ada@example.com"}}`, secureflows.ErrUnavailable},
		"what is no token":      {200, loggedIn("a b"), secureflows.ErrUnavailable},
		"another shape":         {200, loggedIn("canary-of-a-token"), secureflows.ErrUnavailable},
		"another provider's":    {200, with("iss", "x"), secureflows.ErrUnavailable},
		"a token of another":    {200, with("user_id", 8), secureflows.ErrUnavailable},
		"an expired token":      {200, with("exp", start.Unix()), secureflows.ErrUnavailable},
		"one without an end":    {200, with("exp", nil), secureflows.ErrUnavailable},
		"nobody":                {200, `{"success":true,"token":"` + fresh + `"}`, secureflows.ErrUnavailable},
		"nobody's address":      {200, `{"success":true,"token":"` + fresh + `","user":{"id":7}}`, secureflows.ErrUnavailable},
		"an id in words":        {200, `{"success":true,"token":"` + fresh + `","user":{"id":"7","email":"ada@example.com"}}`, secureflows.ErrUnavailable},
		"a page":                {200, `<html>`, secureflows.ErrUnavailable},
		"an outage":             {503, ``, secureflows.ErrUnavailable},
		"too many":              {429, ``, secureflows.ErrUnavailable},
		"a redirect":            {307, ``, secureflows.ErrUnavailable},
		"what is not described": {400, `{"error":"canary-of-a-body"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, s *setup) {
				s.service.says(row.status, row.body, "Location", "https://evil.example/")
				token, identity, err := s.Login(t.Context(), "ada@example.com", password)
				require.Error(t, err)
				for _, sentinel := range []error{secureflows.ErrTokenExpired, secureflows.ErrUnauthenticated, secureflows.ErrUnavailable} {
					assert.Equal(t, sentinel == row.want, errors.Is(err, sentinel), "%v: %v", sentinel, err)
				}
				assert.True(t, token.IsZero())
				assert.Zero(t, identity)
				assert.NotContains(t, err.Error(), "canary")
				assertSecret(t, err.Error(), fresh, "the token")
				assert.Len(t, s.service.requests(), 1)
			})
		})
	}
}

// Only whoever has the secret can tell this one.
func TestALoginThatWasForged(t *testing.T) {
	s := locally(t)
	s.service.says(200, loggedIn(sign("another secret of thirty-two bytes", header, claimsOf(start, nil))))
	_, _, err := s.Login(t.Context(), "ada@example.com", password)
	require.ErrorIs(t, err, secureflows.ErrUnavailable)
	assert.NotErrorIs(t, err, secureflows.ErrSignedOut)
}

func TestALoginWithoutAnAnswer(t *testing.T) {
	s := remotely(t)
	s.service.breaks(fmt.Errorf("lost while sending %s", password))
	_, _, err := s.Login(t.Context(), "ada@example.com", password)
	require.ErrorIs(t, err, secureflows.ErrUnavailable)
	assert.NotContains(t, err.Error(), "canary", "the password")

	ctx, leave := context.WithCancel(t.Context())
	leave()
	_, _, err = s.Login(ctx, "ada@example.com", password)
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, secureflows.ErrUnavailable)
}
