package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// callbackPath is where hosted login returns to; the allowlist has it, after
// the site's origin.
const callbackPath = "/auth/callback"

// site is what the handlers share.
type site struct {
	browser *middleware.Browser
}

// newSite gives the whole website. A callback that the service would refuse is
// found here, and not by the first visitor; a service that is away is not held
// against the site, which can start before it. shared is nil for a site of one
// process.
func newSite(ctx context.Context, cfg secureflows.Config, public string, shared *sharing) (http.Handler, error) {
	client, err := secureflows.New(cfg)
	if err != nil {
		return nil, err
	}
	login, err := client.LoginURL(secureflows.LoginOptions{RedirectURI: public + callbackPath})
	if err != nil {
		return nil, err
	}
	s := &site{}
	config := middleware.BrowserConfig{
		CallbackURL:  public + callbackPath,
		AfterLogout:  public + "/",
		ErrorHandler: s.refused,
		Logger:       slog.Default(),
	}
	if shared != nil {
		shared.use(client, &config)
	}
	s.browser, err = middleware.NewBrowser(client, config)
	if err != nil {
		return nil, err
	}
	switch err := s.browser.ValidateRedirects(ctx); {
	case errors.Is(err, secureflows.ErrInvalidRequest):
		return nil, err
	case err != nil:
		slog.WarnContext(ctx, "the allowlist could not be asked", "error", err)
	}

	protection := http.NewCrossOriginProtection()
	if err := protection.AddTrustedOrigin(public); err != nil {
		return nil, err
	}
	protection.SetDenyHandler(http.HandlerFunc(s.crossOrigin))
	return secured(protection.Handler(s.routes()), originOf(login)), nil
}

// routes says who may see what, all in one place.
func (s *site) routes() http.Handler {
	page := func(h http.HandlerFunc) http.Handler { return s.browser.Require(h) }
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", s.browser.Optional(http.HandlerFunc(s.home)))
	mux.Handle("GET /notes", page(s.listNotes))
	mux.Handle(saveNote, page(s.addNote))
	mux.Handle("POST /notes/{id}/delete", page(s.deleteNote))
	mux.Handle("GET /signed-in", page(s.signedIn))
	mux.Handle("GET /delete-all", page(s.confirmDeleteAll))
	mux.Handle("POST /delete-all", s.browser.RequireFresh(0)(http.HandlerFunc(s.deleteAll)))

	mux.HandleFunc("GET "+callbackPath, s.browser.Callback)
	mux.HandleFunc("POST /auth/logout", s.browser.Logout)

	mux.HandleFunc("GET /style.css", asset("style.css"))
	mux.HandleFunc("GET /icon.svg", asset("icon.svg"))
	mux.HandleFunc("GET /", s.notFound)
	return mux
}

// secured sets the headers that every answer has. Forms may lead to the service
// too: a browser applies form-action to redirects as well, and signing out and
// searching with an expired sign-in both redirect there.
func secured(next http.Handler, service string) http.Handler {
	policy := "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' " + service +
		"; base-uri 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// originOf is of a URL that the client has built.
func originOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	return parsed.Scheme + "://" + parsed.Host
}
