// Gorilla protects the routes of a gorilla/mux router, whose middleware is that
// of net/http.
package main

import (
	"fmt"
	"net/http"

	"github.com/gorilla/mux"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/examples/frameworks/internal/program"
	"github.com/secureflows/secureflows-go/middleware"
)

func main() { program.Main(routes) }

func routes(bearer *middleware.Bearer) http.Handler {
	router := mux.NewRouter()
	private := router.NewRoute().Subrouter()
	private.Use(bearer.Require)
	private.HandleFunc("/notes/{id}", readNote).Methods(http.MethodGet)
	return router
}

func readNote(w http.ResponseWriter, r *http.Request) {
	caller, _ := secureflows.IdentityFromContext(r.Context())
	fmt.Fprintf(w, "note %s of %s", mux.Vars(r)["id"], caller.Email)
}
