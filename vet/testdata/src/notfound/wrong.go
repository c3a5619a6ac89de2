// Package notfound has keys that were never written, and what becomes of them.
package notfound

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// page:wrong
func showTheme(w http.ResponseWriter, r *http.Request) {
	session, _ := secureflows.SessionFromContext(r.Context())
	theme, err := secureflows.Get[string](r.Context(), session, "theme") // want `becomes a failing status`
	if err != nil {
		http.Error(w, "cannot read the theme", http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, theme)
}

// page:end

// LoadTheme hands everything on.
func LoadTheme(ctx context.Context, session *secureflows.Session) (string, error) {
	return secureflows.Get[string](ctx, session, "theme") // want `an error that LoadTheme returns`
}

// LoadVisits wraps it.
func LoadVisits(ctx context.Context, session *secureflows.Session) (int, error) {
	raw, err := session.Get(ctx, "visits") // want `an error that LoadVisits returns`
	if err != nil {
		return 0, fmt.Errorf("load visits: %w", err)
	}
	return len(raw), nil
}

// read is right to hand on what it has; who calls it is not.
func read(ctx context.Context, session *secureflows.Session) (string, error) {
	return secureflows.Get[string](ctx, session, "name") // want `becomes a failing status`
}

func showName(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	name, err := read(r.Context(), session)
	switch {
	case err == nil:
		fmt.Fprintln(w, name)
	case errors.Is(err, secureflows.ErrSignedOut):
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func fail(w http.ResponseWriter, err error) {
	if errors.Is(err, secureflows.ErrGraceLock) {
		http.Error(w, "locked", http.StatusForbidden)
		return
	}
	http.Error(w, "try again", http.StatusBadGateway)
}

func byHelper(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	if _, err := session.Get(r.Context(), "draft"); err != nil { // want `becomes a failing status`
		fail(w, err)
	}
}

func status(err error) int {
	if errors.Is(err, secureflows.ErrSignedOut) {
		return http.StatusUnauthorized
	}
	return http.StatusInternalServerError
}

func byStatus(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	if _, err := session.Get(r.Context(), "draft"); err != nil { // want `becomes a failing status`
		http.Error(w, "no draft", status(err))
	}
}

func byBrowser(browser *middleware.Browser) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, _ := secureflows.SessionFromContext(r.Context())
		color, err := secureflows.Get[string](r.Context(), session, "color") // want `becomes a 503`
		if err != nil {
			browser.Refuse(w, r, err)
			return
		}
		fmt.Fprintln(w, color)
	}
}

var notes = secureflows.Collection[string]{Prefix: "note:"}

func recordFails(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	note, err := notes.Get(r.Context(), session, r.PathValue("id")) // want `becomes a failing status`
	if err != nil {
		http.Error(w, "cannot read the note", http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, note)
}

func byGin(c *gin.Context, session *secureflows.Session) {
	theme, err := secureflows.Get[string](c.Request.Context(), session, "theme") // want `becomes a failing status`
	if err != nil {
		c.AbortWithStatusJSON(http.StatusInternalServerError, gin.H{"error": "try again"})
		return
	}
	c.String(http.StatusOK, theme)
}

func byEcho(c echo.Context) error {
	session, _ := secureflows.SessionFromContext(c.Request().Context())
	theme, err := secureflows.Get[string](c.Request().Context(), session, "theme") // want `becomes a failing status`
	if err != nil {
		return err
	}
	return c.String(http.StatusOK, theme)
}

func echoRoutes(server *echo.Echo) { server.GET("/theme", byEcho) }

func atTheEnd(ctx context.Context, session *secureflows.Session) {
	since, err := secureflows.Get[string](ctx, session, "since") // want `becomes the end of the program`
	if err != nil {
		log.Fatal(err)
	}
	log.Print(since)
}
