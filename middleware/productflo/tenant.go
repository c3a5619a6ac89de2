package productflo

import (
	"fmt"
	"net/http"

	"github.com/secureflows/secureflows-go"
)

// tenantHeader names the tenant that a request to ProductFlo is for.
const tenantHeader = "X-Tenant-ID"

// TenantOf gives the tenant whose data a request is for, behind a middleware that
// has found out whose the request is: the one of the token. The header
// X-Tenant-ID, by which ProductFlo's clients choose one, is compared with it, and
// never believed.
//
// The error wraps secureflows.ErrForbidden where the header, or one of several,
// says another tenant; where the token is for none, which is not any; and where it
// is of another provider. It wraps secureflows.ErrUnauthenticated for an anonymous
// request.
func TenantOf(r *http.Request) (string, error) {
	identity, ok := secureflows.IdentityFromContext(r.Context())
	switch {
	case !ok:
		return "", fmt.Errorf("%w: productflo: tenant: the request is anonymous", secureflows.ErrUnauthenticated)
	case identity.Provider != Provider:
		return "", fmt.Errorf("%w: productflo: tenant: the token is of another provider", secureflows.ErrForbidden)
	case identity.Tenant == "":
		return "", fmt.Errorf("%w: productflo: tenant: the token is for none", secureflows.ErrForbidden)
	}
	for _, wish := range r.Header.Values(tenantHeader) {
		if wish != identity.Tenant {
			return "", fmt.Errorf("%w: productflo: tenant: X-Tenant-ID is not the tenant of the token", secureflows.ErrForbidden)
		}
	}
	return identity.Tenant, nil
}
