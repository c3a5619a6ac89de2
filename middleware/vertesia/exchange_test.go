package vertesia_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
)

const firebaseIssuer = "https://securetoken.google.com/acme"

func firebase() secureflows.IDToken {
	return idToken(sign(rsaKey(), `{"alg":"RS256"}`, `{"iss":"`+firebaseIssuer+`","sub":"f"}`))
}

func withStudio(c *vertesia.Config) { c.Studio = studio }

func TestExchange(t *testing.T) {
	for name, row := range map[string]struct {
		selected vertesia.Selection
		body     string
	}{
		"nothing selected":      {vertesia.Selection{}, `{"type":"user"}`},
		"an account":            {vertesia.Selection{Account: "acme"}, `{"type":"user","account_id":"acme"}`},
		"a project":             {vertesia.Selection{Project: "p1"}, `{"type":"user","project_id":"p1"}`},
		"an account, a project": {vertesia.Selection{Account: "acme", Project: "p1"}, `{"type":"user","account_id":"acme","project_id":"p1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			text := signed().Reveal()
			s := &service{issue: issues(text)}
			got, said, err := resolver(t, s).Exchange(t.Context(), firebase(), row.selected)
			require.NoError(t, err)
			assert.Equal(t, token(text), got)
			assert.Equal(t, "acme", said.Account.ID)
			asked := s.asked("/token/issue")
			require.Len(t, asked, 1)
			assert.Equal(t, row.body, asked[0].body)
			assert.Equal(t, firebase().Reveal()[:40], asked[0].bearer[:40])
			assert.Equal(t, "application/json", asked[0].header.Get("Content-Type"))
		})
	}
}

// The STS decides what a token is for, and the caller reads it from there.
func TestTheSTSDecides(t *testing.T) {
	s := &service{issue: issues(signed("account", map[string]any{"id": "second"}, "project", nil).Reveal())}
	_, said, err := resolver(t, s).Exchange(t.Context(), firebase(), vertesia.Selection{Account: "acme", Project: "p1"})
	require.NoError(t, err)
	assert.Equal(t, "second", said.Account.ID)
	assert.Nil(t, said.Project)
}

func TestRefusalsOfTheSTS(t *testing.T) {
	const portal = " <html><title>Sign in to WiFi</title></html>"
	long := `{"errorCode":"` + strings.Repeat("a", 65) + `"}`
	for name, row := range map[string]struct {
		status int
		body   string
		want   error
		code   string
	}{
		"a credential":          {401, `{"error":"Unauthorized","status":401,"message":"no"}`, secureflows.ErrUnauthenticated, ""},
		"a scope":               {403, `{"error":"Forbidden","message":"m","errorCode":"requested_scope_unavailable"}`, secureflows.ErrForbidden, "requested_scope_unavailable"},
		"no account":            {403, `{"error":"Forbidden","message":"m","errorCode":"no_accessible_account"}`, secureflows.ErrForbidden, "no_accessible_account"},
		"an environment":        {403, `{"errorCode":"restricted_environment"}`, secureflows.ErrForbidden, "restricted_environment"},
		"a token":               {403, `{"errorCode":"token_issuance_forbidden"}`, secureflows.ErrForbidden, "token_issuance_forbidden"},
		"an old STS":            {403, "You have no access to this project", secureflows.ErrForbidden, ""},
		"a message":             {403, `{"message":"no"}`, secureflows.ErrForbidden, ""},
		"nothing said":          {403, "", secureflows.ErrUnavailable, ""},
		"a 403 of a page":       {403, portal, secureflows.ErrUnavailable, ""},
		"a 403 of null":         {403, "null", secureflows.ErrUnavailable, ""},
		"a 403 of nothing":      {403, "{}", secureflows.ErrUnavailable, ""},
		"a 403 of a list":       {403, `["error"]`, secureflows.ErrUnavailable, ""},
		"a 403 cut short":       {403, `{"error":"Forb`, secureflows.ErrUnavailable, ""},
		"a 403 of numbers":      {403, `{"error":403,"message":null}`, secureflows.ErrUnavailable, ""},
		"a 401 of a page":       {401, portal, secureflows.ErrUnavailable, ""},
		"a 401 without a body":  {401, "", secureflows.ErrUnavailable, ""},
		"a 401 in prose":        {401, "Unauthorized", secureflows.ErrUnavailable, ""},
		"a 401 of nothing":      {401, "{}", secureflows.ErrUnavailable, ""},
		"a 401 of null":         {401, `{"error":null}`, secureflows.ErrUnavailable, ""},
		"a 401, a message only": {401, `{"message":"no"}`, secureflows.ErrUnavailable, ""},
		"a 404 of a page":       {404, portal, secureflows.ErrUnavailable, ""},
		"a 404 in prose":        {404, "default backend - 404", secureflows.ErrUnavailable, ""},
		"a 404 of null":         {404, "null", secureflows.ErrUnavailable, ""},
		"a 404 without a body":  {404, "", vertesia.ErrNoUser, ""},
		"a 412 of a page":       {412, portal, secureflows.ErrUnavailable, ""},
		"a 400 of a page":       {400, portal, secureflows.ErrUnavailable, ""},
		"a token for a code":    {403, `{"errorCode":"eyJhbGciOiJSUzI1NiJ9.e30.c2ln"}`, secureflows.ErrForbidden, ""},
		"a long code":           {403, long, secureflows.ErrForbidden, ""},
		"no user":               {404, `{"error":"Not Found","status":404}`, vertesia.ErrNoUser, ""},
		"no user, signed up":    {412, `{"error":"Precondition Failed","status":412}`, vertesia.ErrNoUser, ""},
		"a request of its own":  {400, `{"error":"Bad Request"}`, secureflows.ErrInvalidRequest, ""},
		"too many":              {429, `{}`, secureflows.ErrUnavailable, ""},
		"an error":              {500, `{}`, secureflows.ErrUnavailable, ""},
		"a proxy":               {502, `<html>`, secureflows.ErrUnavailable, ""},
		"an outage":             {503, `{"error":"x","message":"y"}`, secureflows.ErrUnavailable, ""},
		"a slow one":            {504, ``, secureflows.ErrUnavailable, ""},
		"a redirect":            {302, ``, secureflows.ErrUnavailable, ""},
		"somebody else":         {418, `{}`, secureflows.ErrUnavailable, ""},
		"a page":                {200, `<html>`, secureflows.ErrUnavailable, ""},
		"a list":                {200, `[]`, secureflows.ErrUnavailable, ""},
		"no token":              {200, `{"token_type":"Bearer"}`, secureflows.ErrUnavailable, ""},
		"an opaque token":       {200, `{"token":"abc"}`, secureflows.ErrUnavailable, ""},
		"a token of another":    {200, `{"token":"` + signed("iss", "https://evil.example").Reveal() + `"}`, secureflows.ErrUnavailable, ""},
		"a forged one":          {200, `{"token":"` + sign(otherKey(), ec, claims()) + `"}`, secureflows.ErrUnavailable, ""},
		"an expired one":        {200, `{"token":"` + signed("exp", start.Unix()).Reveal() + `"}`, secureflows.ErrUnavailable, ""},
		"one for an agent":      {200, `{"token":"` + signed("type", "agent").Reveal() + `"}`, middleware.ErrNotAllowed, ""},
		"one for other account": {200, `{"token":"` + signed("account", map[string]any{"id": "other"}).Reveal() + `"}`, middleware.ErrNotAllowed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{issue: says(row.status, row.body)}
			got, said, err := resolver(t, s).Exchange(t.Context(), firebase(), vertesia.Selection{Account: "acme", Project: "p1"})
			require.ErrorIs(t, err, row.want)
			assert.True(t, got.IsZero())
			assert.Zero(t, said)
			var refused *vertesia.Error
			if row.status/100 == 4 && !errors.Is(err, secureflows.ErrUnavailable) {
				require.ErrorAs(t, err, &refused)
				assert.Equal(t, row.status, refused.Status)
				assert.Equal(t, row.code, refused.Code)
				assert.Contains(t, refused.Error(), fmt.Sprintf("vertesia: exchange: %d", row.status))
				assert.Contains(t, refused.Error(), row.code)
			}
			if errors.Is(row.want, secureflows.ErrUnavailable) {
				assert.NotErrorIs(t, err, secureflows.ErrSignedOut, "an outage is no sign-out")
			}
			assert.NotContains(t, err.Error(), "eyJ")
			assert.NotContains(t, err.Error(), "project")
			assert.Len(t, s.asked("/token/issue"), 1, "a scope that was refused is not relaxed")
		})
	}
}

func TestRetryAfterIsKept(t *testing.T) {
	s := &service{issue: func(request) reply {
		return reply{status: 503, header: http.Header{"Retry-After": {"42"}}}
	}}
	_, _, err := resolver(t, s).Exchange(t.Context(), firebase(), vertesia.Selection{})
	var facts *secureflows.Error
	require.ErrorAs(t, err, &facts)
	assert.Equal(t, 42*time.Second, facts.RetryAfter)
}

// page is what a proxy or a portal says, by its type alone.
func page(status int) func(request) reply {
	return func(request) reply { return reply{status: status, header: http.Header{"Content-Type": {"text/html"}}} }
}

func TestNewUsers(t *testing.T) {
	made := false
	welcome := func(r request) reply {
		made = true
		return reply{status: 200, body: "{}"}
	}
	issue := func(request) reply {
		if !made {
			return reply{status: 404}
		}
		return issues(signed().Reveal())(request{})
	}
	t.Run("are made, once", func(t *testing.T) {
		made = false
		s := &service{issue: issue, ensure: welcome}
		_, said, err := resolver(t, s, withStudio).Exchange(t.Context(), firebase(), vertesia.Selection{})
		require.NoError(t, err)
		assert.Equal(t, "user:1", said.Subject)
		asked := s.asked("/auth/ensure-user")
		require.Len(t, asked, 1)
		assert.Equal(t, s.asked("/token/issue")[0].bearer, asked[0].bearer)
		assert.Len(t, s.asked("/token/issue"), 2)
	})
	t.Run("are not made without Studio", func(t *testing.T) {
		made = false
		s := &service{issue: issue, ensure: welcome}
		_, _, err := resolver(t, s).Exchange(t.Context(), firebase(), vertesia.Selection{})
		require.ErrorIs(t, err, vertesia.ErrNoUser)
		assert.Empty(t, s.asked("/auth/ensure-user"))
	})
	for name, row := range map[string]struct {
		issue, ensure func(request) reply
		want          error
		status, asked int
	}{
		"still unknown":     {says(404, ""), says(200, ""), vertesia.ErrNoUser, 404, 2},
		"must sign up":      {says(404, ""), says(412, ""), vertesia.ErrNoUser, 412, 1},
		"must be invited":   {says(404, ""), says(403, ""), secureflows.ErrForbidden, 403, 1},
		"a portal of a 401": {says(404, ""), page(401), secureflows.ErrUnavailable, 0, 1},
		"a portal of a 403": {says(404, ""), page(403), secureflows.ErrUnavailable, 0, 1},
		"a portal of a 412": {says(404, ""), page(412), secureflows.ErrUnavailable, 0, 1},
		"a portal of a 200": {says(404, ""), page(200), secureflows.ErrUnavailable, 0, 1},
		"a portal first":    {page(404), says(200, ""), secureflows.ErrUnavailable, 0, 1},
		"the studio is off": {says(404, ""), says(500, ""), secureflows.ErrUnavailable, 0, 1},
		"sign-up at once":   {says(412, ""), says(200, ""), vertesia.ErrNoUser, 412, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := &service{issue: row.issue, ensure: row.ensure}
			_, _, err := resolver(t, s, withStudio).Exchange(t.Context(), firebase(), vertesia.Selection{})
			require.ErrorIs(t, err, row.want)
			var refused *vertesia.Error
			if errors.As(err, &refused) {
				assert.Equal(t, row.status, refused.Status)
			}
			assert.Len(t, s.asked("/token/issue"), row.asked)
			assert.LessOrEqual(t, len(s.asked("/auth/ensure-user")), 1)
		})
	}
}

func TestExchangeRefusesBeforeItSends(t *testing.T) {
	s := &service{issue: issues(signed().Reveal())}
	r := resolver(t, s)
	for name, row := range map[string]struct {
		credential secureflows.IDToken
		selected   vertesia.Selection
		want       error
	}{
		"no ID token":           {secureflows.IDToken{}, vertesia.Selection{}, secureflows.ErrUnauthenticated},
		"secureFlows' own":      {idToken(sign(rsaKey(), `{"alg":"RS256"}`, `{"iss":"https://securetoken.google.com/secureflows"}`)), vertesia.Selection{}, secureflows.ErrUnauthenticated},
		"an API key":            {idToken("sk-of-somebody"), vertesia.Selection{}, secureflows.ErrUnauthenticated},
		"one of another":        {idToken(sign(rsaKey(), `{"alg":"RS256"}`, `{"iss":"`+firebaseIssuer+`2"}`)), vertesia.Selection{}, secureflows.ErrUnauthenticated},
		"an opaque one":         {idToken("opaque"), vertesia.Selection{}, secureflows.ErrUnauthenticated},
		"an account not listed": {firebase(), vertesia.Selection{Account: "other"}, middleware.ErrNotAllowed},
	} {
		_, _, err := r.Exchange(t.Context(), row.credential, row.selected)
		require.ErrorIs(t, err, row.want, name)
		assert.Empty(t, s.requests, name)
	}
	_, _, err := r.Exchange(t.Context(), firebase(), vertesia.Selection{})
	require.NoError(t, err)
}

// No provider is told the token of another: which ID tokens are Vertesia's to see,
// only the Config can say.
func TestExchangeNeedsToKnowWhoseIDTokensItSends(t *testing.T) {
	s := &service{issue: issues(signed().Reveal())}
	r := resolver(t, s, func(c *vertesia.Config) { c.FirebaseIssuer = "" })
	_, _, err := r.Exchange(t.Context(), firebase(), vertesia.Selection{})
	require.ErrorIs(t, err, secureflows.ErrInvalidRequest)
	assert.ErrorContains(t, err, "Config.FirebaseIssuer is empty: write ")
	assert.NotErrorIs(t, err, secureflows.ErrSignedOut)
	assert.Empty(t, s.requests)

	_, _, err = r.Switch(t.Context(), signed(), vertesia.Selection{})
	require.NoError(t, err, "a token of Vertesia's own is told by its issuer")
}

func TestSwitch(t *testing.T) {
	second := signed("account", map[string]any{"id": "second"})
	s := &service{issue: issues(second.Reveal())}
	// From an account that is not let in, too: that is what it may be for.
	from := signed("account", map[string]any{"id": "other"})
	got, said, err := resolver(t, s).Switch(t.Context(), from, vertesia.Selection{Account: "second"})
	require.NoError(t, err)
	assert.Equal(t, second, got)
	assert.Equal(t, "second", said.Account.ID)
	asked := s.asked("/token/issue")
	require.Len(t, asked, 1)
	assert.Equal(t, from.Reveal(), asked[0].bearer)
	assert.Equal(t, `{"type":"user","account_id":"second"}`, asked[0].body)
}

func TestSwitchRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		from     secureflows.Token
		selected vertesia.Selection
		want     error
	}{
		"no token":              {secureflows.Token{}, vertesia.Selection{}, secureflows.ErrUnauthenticated},
		"an expired token":      {signed("exp", start.Unix()), vertesia.Selection{}, secureflows.ErrTokenExpired},
		"a foreign token":       {signed("iss", "https://evil.example"), vertesia.Selection{}, middleware.ErrForeignToken},
		"a forged token":        {token(sign(otherKey(), ec, claims())), vertesia.Selection{}, secureflows.ErrUnauthenticated},
		"an agent":              {signed("type", "agent"), vertesia.Selection{}, middleware.ErrNotAllowed},
		"an account not listed": {signed(), vertesia.Selection{Account: "other"}, middleware.ErrNotAllowed},
	} {
		s := &service{issue: issues(signed().Reveal())}
		_, _, err := resolver(t, s).Switch(t.Context(), row.from, row.selected)
		require.ErrorIs(t, err, row.want, name)
		assert.Empty(t, s.asked("/token/issue"), "%s: the STS was asked", name)
	}
	s := &service{issue: issues(signed("sub", "user:2").Reveal())}
	_, _, err := resolver(t, s).Switch(t.Context(), signed(), vertesia.Selection{})
	require.ErrorIs(t, err, secureflows.ErrUnavailable, "the token of somebody else")
}

func TestAnExchangeThatIsGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &service{issue: func(request) reply { cancel(); return issues(signed().Reveal())(request{}) }}
	_, _, err := resolver(t, s).Exchange(ctx, firebase(), vertesia.Selection{})
	require.ErrorIs(t, err, context.Canceled)
	assert.NotErrorIs(t, err, secureflows.ErrUnavailable)
}
