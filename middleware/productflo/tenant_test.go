package productflo_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware/productflo"
)

// TestTheHeaderIsAWish: the tenant is the token's, whatever X-Tenant-ID says.
func TestTheHeaderIsAWish(t *testing.T) {
	ours := secureflows.Identity{Provider: productflo.Provider, Subject: "s", Tenant: "t-42"}
	none := secureflows.Identity{Provider: productflo.Provider, Subject: "s"}
	for name, test := range map[string]struct {
		identity *secureflows.Identity
		headers  []string
		want     error
	}{
		"no header":              {&ours, nil, nil},
		"the token's":            {&ours, []string{"X-Tenant-ID: t-42"}, nil},
		"another":                {&ours, []string{"X-Tenant-ID: t-43"}, secureflows.ErrForbidden},
		"in capitals":            {&ours, []string{"X-Tenant-ID: T-42"}, secureflows.ErrForbidden},
		"none is wished for":     {&ours, []string{"X-Tenant-ID: "}, secureflows.ErrForbidden},
		"two, the second wrong":  {&ours, []string{"X-Tenant-ID: t-42", "X-Tenant-ID: t-43"}, secureflows.ErrForbidden},
		"no tenant":              {&none, nil, secureflows.ErrForbidden},
		"no tenant, a wish":      {&none, []string{"X-Tenant-ID: t-42"}, secureflows.ErrForbidden},
		"no tenant, empty wish":  {&none, []string{"X-Tenant-ID: "}, secureflows.ErrForbidden},
		"secureFlows":            {&secureflows.Identity{UserID: 1}, []string{"X-Tenant-ID: t-42"}, secureflows.ErrForbidden},
		"Vertesia's of the name": {&secureflows.Identity{Provider: "vertesia", Tenant: "t-42"}, []string{"X-Tenant-ID: t-42"}, secureflows.ErrForbidden},
		"anonymous":              {nil, []string{"X-Tenant-ID: t-42"}, secureflows.ErrUnauthenticated},
	} {
		r := requestWith("GET", test.headers...)
		if test.identity != nil {
			r = r.WithContext(secureflows.NewContext(r.Context(), *test.identity, nil))
		}
		tenant, err := productflo.TenantOf(r)
		require.ErrorIs(t, err, test.want, name)
		assert.Equal(t, test.want == nil, tenant == "t-42", name)
	}
}
