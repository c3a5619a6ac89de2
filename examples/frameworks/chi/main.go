// Chi protects the routes of a chi router, whose middleware is that of
// net/http.
package main

import (
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/examples/frameworks/internal/program"
	"github.com/secureflows/secureflows-go/middleware"
)

func main() { program.Main(routes) }

func routes(bearer *middleware.Bearer) http.Handler {
	router := chi.NewRouter()
	router.Group(func(private chi.Router) {
		private.Use(bearer.Require)
		private.Get("/notes/{id}", readNote)
	})
	return router
}

func readNote(w http.ResponseWriter, r *http.Request) {
	caller, _ := secureflows.IdentityFromContext(r.Context())
	fmt.Fprintf(w, "note %s of %s", chi.URLParam(r, "id"), caller.Email)
}
