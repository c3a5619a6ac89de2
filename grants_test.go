package secureflows_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
)

func TestGrants(t *testing.T) {
	for _, test := range []struct {
		raw, compact string
		names        []string
	}{
		{raw: ``, compact: ``},
		{raw: `null`, compact: ``},
		{raw: ` [ "reader" , "owner" ] `, compact: `["reader","owner"]`, names: []string{"reader", "owner"}},
		{raw: `[]`, compact: `[]`},
		{raw: `["reader",1]`, compact: `["reader",1]`},
		{raw: `["reader",null]`, compact: `["reader",null]`},
		{raw: `"reader"`, compact: `"reader"`},
		{raw: `{"reader":true}`, compact: `{"reader":true}`},
		{raw: `["\u0072eader"]`, compact: `["\u0072eader"]`, names: []string{"reader"}},
	} {
		grants, err := secureflows.RawGrants(json.RawMessage(test.raw))
		require.NoError(t, err, test.raw)
		assert.Equal(t, test.compact, string(grants.Raw()), test.raw)
		assert.Equal(t, test.compact == "", grants.IsZero(), test.raw)
		assert.Equal(t, test.names, slices.Collect(grants.All()), test.raw)
		assert.Equal(t, slices.Contains(test.names, "reader"), grants.Has("reader"), test.raw)
		assert.False(t, grants.Has(""), test.raw)
	}
	for _, raw := range []string{"reader", `["a"`, ` `, `[]]`} {
		_, err := secureflows.RawGrants(json.RawMessage(raw))
		assert.ErrorIs(t, err, secureflows.ErrInvalidRequest, raw)
	}
	assert.Equal(t, secureflows.Grants{}, secureflows.GrantsOf())
	assert.True(t, secureflows.GrantsOf("a<b", "ü").Has("a<b"))
}

// TestGrantsCannotBeChanged by whoever was given them, or gave them.
func TestGrantsCannotBeChanged(t *testing.T) {
	raw := json.RawMessage(`["reader"]`)
	grants, err := secureflows.RawGrants(raw)
	require.NoError(t, err)
	copy(raw, `["admin!"]`)
	copy(grants.Raw(), `["admin!"]`)
	assert.True(t, grants.Has("reader"))
	assert.False(t, grants.Has("admin!"))
}

// TestIdentitiesStayComparable is what programs written against the two fields
// of before rely on.
func TestIdentitiesStayComparable(t *testing.T) {
	with := func() secureflows.Identity {
		return secureflows.Identity{
			Provider: "vertesia", Subject: "7", Tenant: "acme",
			Roles: secureflows.GrantsOf("reader"), Permissions: secureflows.GrantsOf("read", "write"),
			ExpiresAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		}
	}
	identity, other := with(), with()
	assert.True(t, identity == other)
	other.Roles = secureflows.GrantsOf("owner")
	assert.False(t, identity == other)
	assert.Equal(t, 1, map[secureflows.Identity]int{with(): 1}[with()])
}

func TestIdentityAsJSON(t *testing.T) {
	text, err := json.Marshal(secureflows.Identity{UserID: 7, Email: "ada@example.com"})
	require.NoError(t, err)
	assert.Equal(t, `{"userId":7,"email":"ada@example.com"}`, string(text), "as before")

	whole := secureflows.Identity{
		Email: "ada@example.com", Provider: "productflo", Subject: "u1", Tenant: "t1", Roles: secureflows.GrantsOf("Member"),
		Permissions: secureflows.GrantsOf("read"), ExpiresAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	text, err = json.Marshal(whole)
	require.NoError(t, err)
	var again secureflows.Identity
	require.NoError(t, json.Unmarshal(text, &again))
	assert.True(t, whole == again)
	assert.Error(t, json.Unmarshal([]byte(`{"roles":`), &again))
}

// TestIdentitiesAreKept in sessions that others encode by gob or JSON.
func TestIdentitiesAreKept(t *testing.T) {
	for _, raw := range []string{"", `["read<x","a&b"]`, `{"when":"a>b"}`, "[\"\u2028\"]", `"x"`, "0", "[]", `["\u00e9","é"]`} {
		grants, err := secureflows.RawGrants(json.RawMessage(raw))
		require.NoError(t, err)
		whole := secureflows.Identity{Provider: "old", Subject: "1", Roles: grants, Permissions: grants, ExpiresAt: time.Unix(1700000000, 0).UTC()}

		var again secureflows.Identity
		text, err := json.Marshal(whole)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &again))
		assert.True(t, whole == again, "%s came back as %s", raw, again.Roles)

		again = secureflows.Identity{}
		var stored bytes.Buffer
		require.NoError(t, gob.NewEncoder(&stored).Encode(whole))
		require.NoError(t, gob.NewDecoder(&stored).Decode(&again))
		assert.True(t, whole == again, "%s came back as %s", raw, again.Roles)
	}
	var stored bytes.Buffer
	require.NoError(t, gob.NewEncoder(&stored).Encode(struct {
		UserID int64
		Email  string
	}{7, "ada@example.com"}))
	var read secureflows.Identity
	require.NoError(t, gob.NewDecoder(&stored).Decode(&read))
	assert.Equal(t, secureflows.Identity{UserID: 7, Email: "ada@example.com"}, read, "what was kept before there was more")
}

func TestPerson(t *testing.T) {
	assert.Equal(t, secureflows.Person{Subject: "7"}, secureflows.Identity{UserID: 7, Email: "ada@example.com"}.Person())
	assert.Equal(t, secureflows.Person{Provider: "authreturn", Subject: "7"},
		secureflows.Identity{Provider: "authreturn", Subject: "7", Email: "ada@example.com"}.Person())
	assert.Equal(t, secureflows.Person{}, secureflows.Identity{Email: "ada@example.com"}.Person())
	assert.Equal(t, secureflows.Person{}, secureflows.Identity{Subject: "7"}.Person(), "nobody's, rather than that of user 7")
	assert.Equal(t, secureflows.Person{Provider: "vertesia"}, secureflows.Identity{Provider: "vertesia", UserID: 7}.Person())
}
