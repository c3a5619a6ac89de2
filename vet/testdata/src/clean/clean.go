// Package clean keeps every rule.
package clean

import (
	"net/http"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

func routes(bearer *middleware.Bearer) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /theme", bearer.Require(http.HandlerFunc(theme)))
	return mux
}

func theme(w http.ResponseWriter, r *http.Request) {
	session, ok := secureflows.SessionFromContext(r.Context())
	if !ok {
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	theme, err := secureflows.GetOr(r.Context(), session, "theme", "light")
	if err != nil {
		http.Error(w, "not just now", http.StatusServiceUnavailable)
		return
	}
	_, _ = w.Write([]byte(theme))
}
