// Package revoke has sign-outs that destroy data, and some that do not.
package revoke

import (
	"context"
	"log"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// page:wrong
func handleLogout(w http.ResponseWriter, r *http.Request) {
	session, ok := secureflows.SessionFromContext(r.Context())
	if !ok {
		http.Error(w, "not signed in", http.StatusUnauthorized)
		return
	}
	if _, err := session.Revoke(r.Context()); err != nil { // want `Revoke on the way of handleLogout`
		log.Print(err)
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// page:end

type site struct {
	browser *middleware.Browser
	session *secureflows.Session
}

// bye says nothing; its route does.
func (s *site) bye(w http.ResponseWriter, r *http.Request) {
	_, err := s.session.Revoke(r.Context()) // want `Revoke on the way of /auth/sign-out`
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

func (s *site) routes(mux *http.ServeMux) {
	mux.Handle("POST /auth/sign-out", s.browser.Require(http.HandlerFunc(s.bye)))
	mux.HandleFunc("POST /signout", func(w http.ResponseWriter, r *http.Request) {
		id, err := s.session.Revoke(r.Context()) // want `Revoke on the way of /signout`
		log.Print(id, err)
	})
}

// end is two calls away from the route, and dropped.
func end(ctx context.Context, session *secureflows.Session) {
	session.Revoke(ctx) // want `Revoke on the way of /account/logout`
}

func leave(w http.ResponseWriter, r *http.Request) {
	if session, ok := secureflows.SessionFromContext(r.Context()); ok {
		end(r.Context(), session)
	}
}

func byRouter(bearer *middleware.Bearer) http.Handler {
	router := chi.NewRouter()
	router.With(bearer.Require).Post("/account/logout", leave)
	return router
}

// destroySession is a name for a helper, and no wish of a person.
func destroySession(ctx context.Context, session *secureflows.Session) error {
	_, err := session.Revoke(ctx) // want `Revoke on the way of SignOut`
	return err
}

// SignOut is called by other packages.
func SignOut(ctx context.Context, session *secureflows.Session) error {
	return destroySession(ctx, session)
}

func logOutLater(ctx context.Context, session *secureflows.Session) {
	defer session.Revoke(ctx) // want `Revoke on the way of logOutLater`
}

func logoutHandler(session *secureflows.Session) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = session.Revoke(r.Context()) // want `Revoke on the way of logoutHandler`
	}
}

func runCommand(ctx context.Context, session *secureflows.Session, command string) error {
	switch command {
	case "logout":
		_, err := session.Revoke(ctx) // want `Revoke on the way of a sign-out`
		return err
	default:
		return nil
	}
}

type command func(context.Context, *secureflows.Session) error

func commands() map[string]command {
	return map[string]command{
		"logout": func(ctx context.Context, session *secureflows.Session) error {
			_, err := session.Revoke(ctx) // want `Revoke on the way of logout`
			return err
		},
	}
}

type ending interface {
	finish(ctx context.Context) error
}

type final struct{ session *secureflows.Session }

func (f final) finish(ctx context.Context) error {
	_, err := f.session.Revoke(ctx) // want `Revoke on the way of signOutBy`
	return err
}

func signOutBy(ctx context.Context, e ending) error { return e.finish(ctx) }
