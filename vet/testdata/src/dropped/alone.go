package dropped

import (
	"context"
	"net/http"

	"github.com/secureflows/secureflows-go"
)

// Without this call the file would import context in vain: there is no fix.
func alone(r *http.Request, session *secureflows.Session) error {
	return session.Logout(context.Background()) // want `context.Background at Logout`
}
