package main

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"github.com/secureflows/secureflows-go"
)

//go:embed pages
var files embed.FS

var pages = template.Must(template.ParseFS(files, "pages/*.html"))

// page is what every page shows, and the Content of this one.
type page struct {
	Title    string
	SignedIn bool
	Email    string // "" where the service does not say
	Content  any
}

// show renders a page in full before any of it is sent, so that a mistake in a
// template is a 500 and not half a page. A 401 is shown as to nobody, though it
// may come from a handler that had a visitor: that sign-in has ended meanwhile.
func show(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	if identity, ok := secureflows.IdentityFromContext(r.Context()); ok && status != http.StatusUnauthorized {
		p.SignedIn, p.Email = true, identity.Email
	}
	var body bytes.Buffer
	if err := pages.ExecuteTemplate(&body, name, p); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // whoever left does not read it
}

// asset serves one of the files that are the same for everybody.
func asset(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=600")
		http.ServeFileFS(w, r, files, "pages/"+name)
	}
}

// home is for everybody.
func (s *site) home(w http.ResponseWriter, r *http.Request) {
	show(w, r, http.StatusOK, "home", page{
		Title: "Notes", Content: struct{ Deleted bool }{r.URL.Query().Has("deleted")},
	})
}

// signedIn is where the link beside an unsaved note leads to, in another tab.
func (s *site) signedIn(w http.ResponseWriter, r *http.Request) {
	show(w, r, http.StatusOK, "signedIn", page{Title: "You are signed in again"})
}
