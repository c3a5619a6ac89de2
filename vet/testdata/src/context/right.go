package context

import (
	"errors"
	"fmt"
	"log"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"
	"github.com/labstack/echo/v4"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// page:right
func welcome(w http.ResponseWriter, r *http.Request) {
	identity, ok := secureflows.IdentityFromContext(r.Context())
	if !ok {
		fmt.Fprint(w, "Hello, stranger")
		return
	}
	fmt.Fprintf(w, "Hello, %s", identity.Email)
}

func account(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context()) // behind Require, there is somebody
	fmt.Fprintln(w, identity.Email)
}

func rightPages(browser *middleware.Browser) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", browser.Optional(http.HandlerFunc(welcome)))
	mux.Handle("GET /account", browser.Require(http.HandlerFunc(account)))
	return mux
}

// page:end

func nilSession(w http.ResponseWriter, r *http.Request) {
	session, _ := secureflows.SessionFromContext(r.Context())
	if session == nil {
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	fmt.Fprintln(w, session)
}

func zeroUser(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	if identity.UserID == 0 {
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	fmt.Fprintln(w, identity.Email)
}

// unregistered is a handler of routes that are in another package.
func unregistered(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	fmt.Fprintln(w, identity.Email)
}

func onlyOK(w http.ResponseWriter, r *http.Request) {
	if _, ok := secureflows.IdentityFromContext(r.Context()); !ok {
		http.Error(w, "sign in", http.StatusUnauthorized)
	}
}

// signedIn is a guard of the application's own, behind Optional.
func signedIn(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, ok := secureflows.IdentityFromContext(r.Context()); !ok {
			http.Error(w, "sign in", http.StatusUnauthorized)
			return
		}
		next(w, r)
	}
}

func behindOwnGuard(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	fmt.Fprintln(w, identity.Email)
}

func behindUnknown(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	fmt.Fprintln(w, identity.Email)
}

func stats(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	fmt.Fprintln(w, "operator", identity.UserID)
}

func erase(w http.ResponseWriter, r *http.Request) {
	session, _ := secureflows.SessionFromContext(r.Context())
	if _, err := session.Revoke(r.Context()); err != nil {
		http.Error(w, "not deleted", http.StatusServiceUnavailable)
	}
}

func ginNotes(c *gin.Context) {
	identity, _ := secureflows.IdentityFromContext(c.Request.Context())
	c.String(http.StatusOK, identity.Email)
}

func echoNotes(c echo.Context) error {
	identity, _ := secureflows.IdentityFromContext(c.Request().Context())
	return c.String(http.StatusOK, identity.Email)
}

func chiNotes(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	fmt.Fprintln(w, identity.Email)
}

func muxNotes(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	fmt.Fprintln(w, identity.Email)
}

func mountedNotes(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	fmt.Fprintln(w, identity.Email)
}

func adapt(handle func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
		}
	})
}

func adaptedOpen(w http.ResponseWriter, r *http.Request) error { return nil }

func adaptedNotes(w http.ResponseWriter, r *http.Request) error {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	_, err := fmt.Fprintln(w, identity.Email)
	return err
}

func accessLog(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.Println(r.Method, r.URL.Path)
		next.ServeHTTP(w, r)
	})
}

func rightRoutes(bearer *middleware.Bearer, unknown func(http.Handler) http.Handler) {
	http.HandleFunc("GET /nil", nilSession)
	http.HandleFunc("GET /zero", zeroUser)
	http.HandleFunc("GET /ok", onlyOK)
	http.Handle("GET /own", bearer.Optional(signedIn(behindOwnGuard)))
	http.Handle("GET /unknown", unknown(http.HandlerFunc(behindUnknown)))
	http.Handle("GET /stats", accessLog(bearer.Allow(func(identity secureflows.Identity) error {
		if identity.UserID != 1 {
			return errors.New("not the operator")
		}
		return nil
	})(http.HandlerFunc(stats))))
	http.Handle("POST /erase", bearer.RequireFresh(0)(http.HandlerFunc(erase)))

	http.Handle("GET /adapted/open", adapt(adaptedOpen))
	http.Handle("GET /adapted/notes", bearer.Require(adapt(adaptedNotes)))

	engine := gin.New()
	engine.Use(gin.Recovery(), forGin(bearer.Require))
	engine.Group("/api").GET("/notes", ginNotes)

	server := echo.New()
	server.GET("/notes", echoNotes)
	server.Use(echo.WrapMiddleware(bearer.Require)) // echo looks it up for each request

	router := chi.NewRouter()
	router.Route("/api", func(api chi.Router) {
		api.Use(bearer.Require)
		api.With(accessLog).Get("/notes", chiNotes)
	})

	old := mux.NewRouter()
	old.HandleFunc("/notes", muxNotes).Methods(http.MethodGet)
	old.Use(bearer.Require) // so does gorilla/mux

	inner := http.NewServeMux()
	inner.HandleFunc("/notes", mountedNotes)
	http.Handle("/mounted/", http.StripPrefix("/mounted", bearer.Require(accessLog(inner))))
}
