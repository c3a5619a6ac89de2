// Package elsewhere guards nothing itself.
package elsewhere

import (
	"net/http"

	"github.com/secureflows/secureflows-go"
)

func greet(w http.ResponseWriter, r *http.Request) { // want `greet: unknown, 1 for it, 1 reach it`
	secureflows.IdentityFromContext(r.Context())
}

// Routes may be mounted behind a guard.
func Routes() http.Handler { // want `Routes: unknown, 0 for it, 0 reach it`
	mux := http.NewServeMux()
	mux.HandleFunc("/greet", greet)
	return mux
}
