// Package context has handlers that ask the context for whoever is signed in.
package context

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"
	"github.com/labstack/echo/v4"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// page:wrong
func home(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context()) // want `IdentityFromContext finds nobody here`
	fmt.Fprintf(w, "Hello, %s", identity.Email)
}

func pages(browser *middleware.Browser) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", browser.Optional(http.HandlerFunc(home))) // anybody may come
	return mux
}

// page:end

func theme(w http.ResponseWriter, r *http.Request) {
	session, _ := secureflows.SessionFromContext(r.Context()) // want `SessionFromContext finds nobody here`
	value, err := secureflows.GetOr(r.Context(), session, "theme", "light")
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, value)
}

// The route that somebody added for a test was never taken out.
func secret(w http.ResponseWriter, r *http.Request) {
	identity, ok := secureflows.IdentityFromContext(r.Context()) // want `finds nobody here`
	_ = ok
	fmt.Fprintln(w, identity.UserID)
}

func caller(ctx context.Context) int64 {
	identity, _ := secureflows.IdentityFromContext(ctx) // want `finds nobody here`
	return identity.UserID
}

func notes(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "notes of", caller(r.Context())) }

func who(ctx context.Context) (secureflows.Identity, bool) {
	return secureflows.IdentityFromContext(ctx)
}

func greeting(w http.ResponseWriter, r *http.Request) {
	identity, _ := who(r.Context()) // want `IdentityFromContext finds nobody here`
	fmt.Fprintln(w, "Hello,", identity.Email)
}

func byGin(c *gin.Context) {
	identity, _ := secureflows.IdentityFromContext(c.Request.Context()) // want `finds nobody here`
	c.String(http.StatusOK, identity.Email)
}

func byEcho(c echo.Context) error {
	session, _ := secureflows.SessionFromContext(c.Request().Context()) // want `finds nobody here`
	payload, err := session.Payload(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, payload)
}

func byGorilla(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context()) // want `finds nobody here`
	fmt.Fprintln(w, mux.Vars(r)["id"], identity.UserID)
}

func outside(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context()) // want `finds nobody here`
	fmt.Fprintln(w, chi.URLParam(r, "id"), identity.UserID)
}

func wrongRoutes(bearer *middleware.Bearer) {
	http.Handle("GET /theme", bearer.Optional(http.HandlerFunc(theme)))
	http.Handle("GET /secret", bearer.Require(http.HandlerFunc(secret)))
	http.HandleFunc("GET /debug/secret", secret)
	http.HandleFunc("GET /notes", notes)
	http.HandleFunc("GET /greeting", greeting)
	http.HandleFunc("GET /literal", func(w http.ResponseWriter, r *http.Request) {
		identity, _ := secureflows.IdentityFromContext(r.Context()) // want `finds nobody here`
		fmt.Fprintln(w, identity.UserID)
	})

	engine := gin.New()
	engine.GET("/hello", byGin)
	engine.Use(forGin(bearer.Require)) // too late for the route above

	server := echo.New()
	server.GET("/payload", byEcho)
	server.Group("/private", echo.WrapMiddleware(bearer.Require))

	old := mux.NewRouter()
	old.HandleFunc("/notes/{id}", byGorilla).Methods(http.MethodGet)
	old.PathPrefix("/private").Subrouter().Use(bearer.Require)

	router := chi.NewRouter()
	router.Get("/notes/{id}", outside)
	router.Group(func(private chi.Router) { private.Use(bearer.Require) })
}

func forGin(wrap func(http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		wrap(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			c.Request = r
			c.Next()
		})).ServeHTTP(c.Writer, c.Request)
	}
}
