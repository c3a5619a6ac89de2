package productflo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/productflo"
)

const loginURL = "POST https://api.productflo.io/auth/login"

// loggedIn is the answer of ProductFlo's reference to a login.
func loggedIn(access string) string {
	return fmt.Sprintf(`{"user":{"id":"u","role":"authenticated"},"session":{"access_token":%q,"token_type":"bearer","expires_in":3600,"refresh_token":"r-1"}}`, access)
}

func TestLoginGivesTheTokensOfTheSession(t *testing.T) {
	n := newNetwork()
	text := hmacToken(documented())
	n.answers[loginURL] = answer{status: 200, body: loggedIn(text)}
	tokens, err := newResolver(t, shared(n)).Login(t.Context(), "ada@example.com", "pass word\"")
	require.NoError(t, err)
	assert.Equal(t, productflo.Tokens{Access: token(t, text), Refresh: token(t, "r-1")}, tokens)
	require.Len(t, n.asked(), 1)
	assert.Empty(t, n.asked()[0].bearer)
	assert.JSONEq(t, `{"email":"ada@example.com","password":"pass word\""}`, n.asked()[0].body)
}

// TestLoginIsForTheTenantOfConfig, which may not be the first of the person's.
func TestLoginIsForTheTenantOfConfig(t *testing.T) {
	for _, tenant := range []string{"", "t-42"} {
		n := newNetwork()
		n.answers[loginURL] = answer{status: 200, body: loggedIn(hmacToken(documented()))}
		config := shared(n)
		config.Tenant = tenant
		_, err := newResolver(t, config).Login(t.Context(), "ada@example.com", "secret")
		require.NoError(t, err)
		require.Len(t, n.asked(), 1)
		assert.Equal(t, tenant, n.asked()[0].tenant)
	}
}

func TestLoginIsRefused(t *testing.T) {
	for name, test := range refusals {
		n := newNetwork()
		n.answers[loginURL] = test.answer
		_, err := newResolver(t, shared(n)).Login(t.Context(), "ada@example.com", "a-long-password")
		assertDecided(t, err, test.want, name)
		assertUnquoted(t, err, "a-long-password")
	}
	n := newNetwork()
	for _, credentials := range [][2]string{{"", "secret"}, {"ada@example.com", ""}} {
		_, err := newResolver(t, shared(n)).Login(t.Context(), credentials[0], credentials[1])
		assertDecided(t, err, secureflows.ErrInvalidRequest, "empty")
	}
	assert.Empty(t, n.asked())
}

// TestLoginTakesNoOtherAnswer: what is not documented is an outage, and no wrong
// password.
func TestLoginTakesNoOtherAnswer(t *testing.T) {
	good := hmacToken(documented())
	for body, reason := range map[string]string{
		`{"token":"` + good + `"}`:                          "a token at the top",
		`{"user":{},"token":"` + good + `","session":null}`: "a token at the top",
		`{"user":{}}`:                                                    "without a session",
		`{"session":{"token_type":"bearer"}}`:                            "cannot be one",
		`{"session":{"access_token":"` + good + `"}}`:                    "no bearer token",
		`{"session":{"access_token":"` + good + `","token_type":"mac"}}`: "no bearer token",
		`{"session":{"access_token":"` + good + `","token_type":"bearer","refresh_token":"a b"}}`: "cannot be one",
		`{"session":7}`: "documented",
		`<html>`:        "documented",
		``:              "documented",
		loggedIn(sign(hs256, documented().text(), otherSecret)):     "signature",
		loggedIn(hmacToken(documented().with("exp", start.Unix()))): "not one that Config accepts",
		loggedIn("opaque"): "not one that Config accepts",
	} {
		n := newNetwork()
		n.answers[loginURL] = answer{status: 200, body: body}
		tokens, err := newResolver(t, shared(n)).Login(t.Context(), "ada@example.com", "secret")
		assertDecided(t, err, secureflows.ErrUnavailable, body)
		assert.ErrorContains(t, err, reason)
		assert.Zero(t, tokens)
		assertUnquoted(t, err, good)
	}
}

func TestASecondFactorIsTheApplicationsToSend(t *testing.T) {
	n := newNetwork()
	n.answers[loginURL] = answer{status: 200, body: `{"user":{},"challenge":"c-1"}`}
	config := shared(n)
	refused := errors.New("no such code")
	config.SecondFactor = func(_ context.Context, challenge json.RawMessage, code string) (productflo.Tokens, error) {
		switch code {
		case "123456":
			assert.JSONEq(t, `{"user":{},"challenge":"c-1"}`, string(challenge))
			return productflo.Tokens{Access: token(t, hmacToken(documented()))}, nil
		case "forged":
			return productflo.Tokens{Access: token(t, sign(hs256, documented().text(), otherSecret))}, nil
		case "none":
			return productflo.Tokens{}, nil
		}
		return productflo.Tokens{}, refused
	}
	resolver := newResolver(t, config)
	_, err := resolver.Login(t.Context(), "ada@example.com", "secret")
	var challenge *productflo.ChallengeError
	require.ErrorAs(t, err, &challenge)
	assertDecided(t, err, nil, "a challenge is neither a sign-out nor an outage")

	tokens, err := resolver.SecondFactor(t.Context(), challenge.Answer(), "123456")
	require.NoError(t, err)
	assert.Equal(t, hmacToken(documented()), tokens.Access.Reveal())
	for _, code := range []string{"forged", "none"} {
		tokens, err = resolver.SecondFactor(t.Context(), challenge.Answer(), code)
		assertDecided(t, err, secureflows.ErrUnavailable, code)
		assert.Zero(t, tokens)
	}
	_, err = resolver.SecondFactor(t.Context(), challenge.Answer(), "000000")
	require.ErrorIs(t, err, refused)
	_, err = resolver.SecondFactor(t.Context(), challenge.Answer(), "")
	assertDecided(t, err, secureflows.ErrInvalidRequest, "no code")

	n.answers[loginURL] = answer{status: 200, body: `{"token":"abc"}`}
	_, err = resolver.Login(t.Context(), "ada@example.com", "secret")
	assertDecided(t, err, secureflows.ErrUnavailable, "the quickstart's token is no challenge")
}

// TestWithoutAFunctionThereIsNoRequest: the wire format is not published, and not
// guessed.
func TestWithoutAFunctionThereIsNoRequest(t *testing.T) {
	n := newNetwork()
	resolver := newResolver(t, shared(n))
	_, err := resolver.Refresh(t.Context(), productflo.Tokens{Access: token(t, hmacToken(documented())), Refresh: token(t, "r-1")})
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "Config.Refresh")
	_, err = resolver.SecondFactor(t.Context(), json.RawMessage(`{}`), "123456")
	require.ErrorIs(t, err, errors.ErrUnsupported)
	assert.ErrorContains(t, err, "Config.SecondFactor")
	assert.Empty(t, n.asked())
}

func TestRefreshIsForTheSamePerson(t *testing.T) {
	later := documented().with("exp", start.Unix()+7200)
	fresh := map[string]productflo.Tokens{
		"rotating": {Access: token(t, hmacToken(later)), Refresh: token(t, "r-2")},
		"keeping":  {Access: token(t, hmacToken(later))},
		"else":     {Access: token(t, hmacToken(later.with("sub", "eve")))},
		"forged":   {Access: token(t, sign(hs256, later.text(), otherSecret))},
		"dead":     {Access: token(t, hmacToken(later.with("exp", start.Unix())))},
		"none":     {},
	}
	refused := fmt.Errorf("used up: %w", secureflows.ErrUnauthenticated)
	var called []string
	config := shared(newNetwork())
	config.Refresh = func(_ context.Context, refresh secureflows.Token) (productflo.Tokens, error) {
		called = append(called, refresh.Reveal())
		tokens, known := fresh[refresh.Reveal()]
		if !known {
			return productflo.Tokens{}, refused
		}
		return tokens, nil
	}
	resolver := newResolver(t, config)
	refresh := func(c claims, name string) (productflo.Tokens, error) {
		return resolver.Refresh(t.Context(), productflo.Tokens{Access: token(t, hmacToken(c)), Refresh: token(t, name)})
	}
	for _, exp := range []int64{3600, 0, -90000} { // live, and expired
		tokens, err := refresh(documented().with("exp", start.Unix()+exp), "rotating")
		require.NoError(t, err)
		assert.Equal(t, fresh["rotating"], tokens)
	}
	tokens, err := refresh(documented(), "keeping")
	require.NoError(t, err)
	assert.Equal(t, token(t, "keeping"), tokens.Refresh)
	for _, name := range []string{"else", "forged", "dead", "none"} {
		tokens, err := refresh(documented(), name)
		assertDecided(t, err, secureflows.ErrUnavailable, name)
		assert.Zero(t, tokens)
	}
	_, err = refresh(documented(), "unknown")
	require.ErrorIs(t, err, refused)

	called = nil
	_, err = resolver.Refresh(t.Context(), productflo.Tokens{Access: token(t, hmacToken(documented()))})
	assertDecided(t, err, secureflows.ErrInvalidRequest, "no refresh token")
	_, err = resolver.Refresh(t.Context(), productflo.Tokens{Access: token(t, sign(hs256, documented().text(), otherSecret)), Refresh: token(t, "rotating")})
	assertDecided(t, err, secureflows.ErrUnauthenticated, "a forged token")
	assert.Empty(t, called, "nothing is sent for either")
}

// TestNewTokensDuringAnOutageOfTheKeys are neither good nor bad.
func TestNewTokensDuringAnOutageOfTheKeys(t *testing.T) {
	n := newNetwork()
	n.answers["GET "+keySetURL] = answer{status: 503}
	n.answers[loginURL] = answer{status: 200, body: loggedIn(es256(documented()))}
	_, err := newResolver(t, public(n)).Login(t.Context(), "ada@example.com", "secret")
	assertDecided(t, err, secureflows.ErrUnavailable, "keys")
	assert.NotContains(t, err.Error(), "not one that Config accepts")
}
