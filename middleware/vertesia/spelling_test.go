package vertesia_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
)

// spellings lead to the issuer, and are not what Config.Issuer says.
func spellings() []string {
	return []string{
		issuer + "/", issuer + "//", issuer + ":443", issuer + ":443/", issuer + ":", strings.ToUpper(issuer),
		"HTTPS://sts.vertesia.example", "https://STS.Vertesia.example/", "Https://Sts.Vertesia.Example:443",
	}
}

// An issuer in another spelling lets nobody in, and its token goes to nobody else.
func TestTheIssuerInAnotherSpelling(t *testing.T) {
	for _, spelled := range spellings() {
		s := &service{}
		_, err := resolver(t, s).Resolve(t.Context(), signed("iss", spelled))
		require.ErrorIs(t, err, secureflows.ErrUnauthenticated, spelled)
		require.NotErrorIs(t, err, middleware.ErrForeignToken, spelled)
		assert.ErrorContains(t, err, "Config.Issuer in another spelling", spelled)
		assert.Empty(t, s.requests, spelled)

		// Where it is the tokens', it is compared to the letter as well.
		slash := resolver(t, &service{}, func(c *vertesia.Config) { c.Issuer = issuer + "/" })
		if spelled != issuer+"/" {
			require.ErrorIs(t, resolve(slash, signed("iss", spelled).Reveal()), secureflows.ErrUnauthenticated, spelled)
		}
		require.NoError(t, resolve(slash, signed("iss", issuer+"/").Reveal()))
	}
}

// Of plain http, which is for a mock, the port is another.
func TestTheIssuerOfAMockInAnotherSpelling(t *testing.T) {
	r := resolver(t, &service{}, func(c *vertesia.Config) { c.Issuer = "http://localhost" })
	assert.NotErrorIs(t, resolve(r, signed("iss", "http://LOCALHOST:80/").Reveal()), middleware.ErrForeignToken)
	assert.ErrorIs(t, resolve(r, signed("iss", "http://localhost:443").Reveal()), middleware.ErrForeignToken)
}

// What leads elsewhere is another provider's.
func TestAnotherPlaceIsAnotherIssuer(t *testing.T) {
	for _, other := range []string{
		issuer + ":444", "http://sts.vertesia.example", "http://sts.vertesia.example:80", "http://sts.vertesia.example:443", issuer + "/x",
		issuer + "?", issuer + "?a", issuer + "#", issuer + "/#x", "https://@sts.vertesia.example", "https://ada@sts.vertesia.example",
		issuer + ".", "//sts.vertesia.example", "sts.vertesia.example", "https:sts.vertesia.example", issuer + "%2f", " " + issuer, "",
		"https://sts.eu1.vertesia.example", "https://evil.example/sts.vertesia.example", "https://sts.vertesia.example\\@evil.example",
	} {
		s := &service{}
		require.ErrorIs(t, resolve(resolver(t, s), signed("iss", other).Reveal()), middleware.ErrForeignToken, other)
		assert.Empty(t, s.requests, other)
	}
}

// A claim that nobody decides by may be of any type: Vertesia may change it, and
// that is no reason to sign everybody out.
func TestClaimsOfAnotherTypeThatDecideNothing(t *testing.T) {
	r := resolver(t, &service{})
	extra := []any{
		"picture", "https://p.example", "tags", []string{"t"}, "ui_restrictions", []string{"u"}, "scopes", []string{"s"},
		"groups", []any{"g"}, "endpoints", "api.vertesia.example", "service_caller", map[string]any{"id": "svc"}, "trusted_request_identity", true,
	}
	good, err := r.Verify(t.Context(), signed(extra...))
	require.NoError(t, err)
	for claim, left := range map[string]func(*vertesia.Claims){
		"user_id":                  func(c *vertesia.Claims) { c.UserID = "" },
		"picture":                  func(c *vertesia.Claims) { c.Picture = "" },
		"accounts":                 func(c *vertesia.Claims) { c.Accounts = nil },
		"apps":                     func(c *vertesia.Claims) { c.Apps = nil },
		"scopes":                   func(c *vertesia.Claims) { c.Scopes = nil },
		"tags":                     func(c *vertesia.Claims) { c.Tags = nil },
		"ui_restrictions":          func(c *vertesia.Claims) { c.UIRestrictions = nil },
		"trusted_request_identity": func(c *vertesia.Claims) { c.TrustedRequestIdentity = false },
		"groups":                   nil, "endpoints": nil, "service_caller": nil, // carried as they are
	} {
		for _, odd := range []string{`{"x":1}`, `["a",7]`, `[{"id":"acme"},{"id":7}]`, `7`, `null`} {
			got, err := r.Verify(t.Context(), signed(append(slices.Clip(extra), claim, json.RawMessage(odd))...))
			require.NoError(t, err, "%s %s", claim, odd)
			want := good
			switch claim {
			case "groups":
				want.Groups = json.RawMessage(odd)
			case "endpoints":
				want.Endpoints = json.RawMessage(odd)
			case "service_caller":
				want.ServiceCaller = json.RawMessage(odd)
			default:
				left(&want)
			}
			assert.Equal(t, want, got, "%s %s: and all else is as it was", claim, odd)
		}
	}
}

// What decides who somebody is, or what they may do, is as documented or refused.
func TestClaimsOfAnotherTypeThatDecide(t *testing.T) {
	r := resolver(t, &service{})
	for _, claim := range []string{
		"sub", "type", "account", "aud", "exp", "account_roles", "project_roles", "permissions", "project", "email", "name",
	} {
		for _, odd := range []string{`{"id":7}`, `["a",7]`, `true`} {
			got, err := r.Verify(t.Context(), signed(claim, json.RawMessage(odd)))
			require.ErrorIs(t, err, secureflows.ErrUnauthenticated, "%s %s", claim, odd)
			assert.Zero(t, got)
		}
	}
}
