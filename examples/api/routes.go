package main

import (
	"errors"
	"net/http"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// routes says who may do what, all in one place.
func routes(client *secureflows.Client, operator int64, frontEnd string) http.Handler {
	bearer := middleware.NewBearer(client, middleware.BearerConfig{RedirectURI: frontEnd})
	operators := bearer.Allow(func(caller secureflows.Identity) error {
		if operator == 0 || caller.UserID != operator {
			return errors.New("not the operator")
		}
		return nil
	})
	statistics := func(*http.Request, *secureflows.Session) (any, error) { return bearer.Stats(), nil }

	mux := http.NewServeMux()
	mux.Handle("GET /me", bearer.Require(handler(me)))
	mux.Handle("GET /notes", bearer.Require(handler(listNotes)))
	mux.Handle("POST /notes", bearer.Require(handler(addNote)))
	mux.Handle("GET /notes/{id}", bearer.Require(handler(readNote)))
	mux.Handle("DELETE /notes/{id}", bearer.Require(handler(deleteNote)))
	mux.Handle("GET /statistics", operators(handler(statistics)))
	mux.Handle("DELETE /account", bearer.RequireFresh(0)(handler(deleteAccount)))
	return mux
}
