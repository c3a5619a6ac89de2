// Package route has routes of every router, and what is said of them.
package route

import (
	"log"
	"net/http"

	"github.com/secureflows/secureflows-go/middleware"
)

type site struct {
	browser *middleware.Browser
	bearer  *middleware.Bearer
}

func (s *site) home(http.ResponseWriter, *http.Request)  {}
func (s *site) notes(http.ResponseWriter, *http.Request) {}

func open(http.ResponseWriter, *http.Request) {}

const callback = "/auth/callback"

func logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.Println(r.Method)
		next.ServeHTTP(w, r)
	})
}

func (s *site) routes(mux *http.ServeMux) {
	page := func(h http.HandlerFunc) http.Handler { return s.browser.Require(h) }
	mux.Handle("GET /home", s.browser.Optional(http.HandlerFunc(s.home)))          // want `GET /home: home behind Browser.Optional\.$`
	mux.Handle("GET /notes", page(s.notes))                                        // want `GET /notes: notes behind Browser.Require\.$`
	mux.Handle("POST /notes", s.bearer.RequireFresh(0)(http.HandlerFunc(s.notes))) // want `POST /notes: notes behind Bearer.RequireFresh\.$`
	mux.HandleFunc("GET "+callback, s.browser.Callback)                            // want `GET /auth/callback: Callback behind nothing\.$`
	mux.Handle("/logged", logged(http.HandlerFunc(open)))                          // want `/logged: logged\$1 open behind nothing\.$`
	mux.Handle("/both", logged(s.bearer.Require(http.HandlerFunc(open))))          // want `/both: logged\$1 open behind Bearer.Require\.$`
	mux.Handle("/strip", http.StripPrefix("/strip", http.HandlerFunc(open)))       // want `/strip: open behind nothing\.$`
	http.HandleFunc("/literal", func(w http.ResponseWriter, _ *http.Request) {})   // want `/literal: routes\$2 behind nothing\.$`
}

func (s *site) below() http.Handler {
	inner := http.NewServeMux()
	inner.HandleFunc("GET /notes", open) // want `GET /api/v1/notes: open behind nothing\.$`
	outer := http.NewServeMux()
	outer.Handle("/api/v1/", http.StripPrefix("/api/v1", inner)) // want `/api/v1/:  behind nothing, opaque`

	private := http.NewServeMux()
	private.HandleFunc("POST /account", open)                                        // want `POST /my/account: open behind Bearer.Require\.$`
	outer.Handle("/my/", s.bearer.Require(http.StripPrefix("/my", logged(private)))) // want `/my/: logged\$1 behind Bearer.Require, opaque`
	return outer
}

// A check of the site's own is something unknown: it may let nobody in.
func (s *site) checked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := s.bearer.Check(r); err != nil {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *site) unknown(mux *http.ServeMux, wrap func(http.Handler) http.Handler) {
	mux.Handle("/checked", s.checked(http.HandlerFunc(open))) // want `/checked: checked\$1 open behind nothing, opaque`
	mux.Handle("/wrapped", wrap(http.HandlerFunc(open)))      // want `/wrapped: open behind nothing, opaque`
}

func (s *site) mounted() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/inner", open) // want `/inner: open behind Bearer.Require\.$`
	return s.bearer.Require(mux)
}
