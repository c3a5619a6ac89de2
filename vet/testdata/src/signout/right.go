package signout

import (
	"context"
	"database/sql"
	"errors"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// page:right
func showNotesOrExplain(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	_, err := session.Payload(r.Context())
	switch {
	case errors.Is(err, secureflows.ErrSignedOut):
		http.SetCookie(w, &http.Cookie{Name: "session", MaxAge: -1})
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	case errors.Is(err, secureflows.ErrGraceLock):
		http.Error(w, "not available; you are still signed in", http.StatusForbidden)
	case err != nil:
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

func showPage(w http.ResponseWriter, r *http.Request, browser *middleware.Browser, session *secureflows.Session) {
	if _, err := session.Payload(r.Context()); err != nil {
		browser.Refuse(w, r, err) // knows which is which
	}
}

// page:end

func byOK(w http.ResponseWriter, r *http.Request, client *secureflows.Client, session *secureflows.Session, login secureflows.LoginOptions) {
	_, err := session.Payload(r.Context())
	if to, ok := client.ReauthURL(err, session.Token(), login); ok {
		forget(w)
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

func knownReauth(w http.ResponseWriter, r *http.Request, client *secureflows.Client, session *secureflows.Session, login secureflows.LoginOptions) {
	if _, err := session.Payload(r.Context()); errors.Is(err, secureflows.ErrSignedOut) {
		to, _ := client.ReauthURL(err, session.Token(), login)
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

// handleLogout wants people signed out, whatever comes.
func handleLogout(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	if _, err := session.Identity(r.Context()); err != nil {
		forget(w)
		http.Redirect(w, r, "/login", http.StatusSeeOther)
	}
}

// leave signs out even when that fails.
func leave(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	if err := session.Logout(r.Context()); err != nil {
		log.Print(err)
		forget(w)
	}
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func flash(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	if _, err := session.Payload(r.Context()); err != nil {
		http.SetCookie(w, &http.Cookie{Name: "flash", MaxAge: -1})
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

func signedOut(err error) bool {
	return errors.Is(err, secureflows.ErrUnauthenticated) || errors.Is(err, secureflows.ErrTokenExpired) ||
		errors.Is(err, secureflows.ErrSessionRevoked) || errors.Is(err, secureflows.ErrSessionNotFound)
}

func byPredicate(ctx context.Context, manager *scs.SessionManager, session *secureflows.Session) error {
	_, err := session.Identity(ctx)
	if err != nil && signedOut(err) {
		return manager.Destroy(ctx)
	}
	return err
}

func byReauthOf(w http.ResponseWriter, r *http.Request, browser *middleware.Browser, session *secureflows.Session) {
	_, err := session.Payload(r.Context())
	if err != nil && browser.Reauth(w, r, err) {
		return
	}
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

func statusOf(err error) int {
	if errors.Is(err, secureflows.ErrSignedOut) {
		return http.StatusUnauthorized
	}
	return http.StatusServiceUnavailable
}

func byStatus(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	if _, err := session.Payload(r.Context()); err != nil {
		http.Error(w, "sorry", statusOf(err))
	}
}

func byFacts(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	_, err := session.Payload(r.Context())
	var facts *secureflows.Error
	if errors.As(err, &facts) && facts.StatusCode == http.StatusGone {
		forget(w)
	}
}

func notSignedIn(w http.ResponseWriter, r *http.Request) {
	if _, ok := secureflows.SessionFromContext(r.Context()); !ok {
		forget(w)
		http.Error(w, "sign in", http.StatusUnauthorized)
	}
}

// forgetSignIn drops what holds the sign-in, which is over.
func forgetSignIn(ctx context.Context, db *sql.DB, session *secureflows.Session, id, tokenFile string) error {
	_, err := session.Payload(ctx)
	if errors.Is(err, secureflows.ErrTokenExpired) {
		if _, err := db.ExecContext(ctx, "DELETE FROM sessions WHERE id = ?", id); err != nil {
			return err
		}
		return os.Remove(tokenFile)
	}
	return err
}

// undo takes back what it did itself.
func undo(ctx context.Context, db *sql.DB, session *secureflows.Session, id int64) error {
	_, err := session.Set(ctx, "last", id)
	if err != nil {
		_, failed := db.ExecContext(ctx, "DELETE FROM notes WHERE id = ?", id)
		return errors.Join(err, failed)
	}
	return nil
}

func deleteUserFiles(string) error { return nil }

// afterRevoke deletes what the person had deleted at the service.
func afterRevoke(ctx context.Context, session *secureflows.Session, folder string) error {
	_, err := session.Payload(ctx)
	if errors.Is(err, secureflows.ErrSessionRevoked) {
		return deleteUserFiles(folder)
	}
	return err
}

func longLived(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	if _, err := session.Payload(r.Context()); err != nil {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "id", Expires: time.Now().Add(time.Hour)})
	}
}
