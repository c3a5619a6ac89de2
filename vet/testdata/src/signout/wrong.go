// Package signout has people who are signed out for no reason, and some who
// have one.
package signout

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/gin-gonic/gin"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// page:wrong
func showNotes(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	payload, err := session.Payload(r.Context())
	if err != nil {
		http.SetCookie(w, &http.Cookie{Name: "session", MaxAge: -1}) // want `an error that may be an outage or a billing lock deletes the cookie`
		http.Redirect(w, r, "/login", http.StatusSeeOther)           // want `sends people to the login`
		return
	}
	_ = payload
}

// page:end

func onLock(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	_, err := session.Identity(r.Context())
	switch {
	case errors.Is(err, secureflows.ErrGraceLock):
		forget(w) // want `a billing lock deletes the cookie`
	case err != nil:
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

func forget(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: "__Host-id", Expires: time.Unix(0, 0)})
}

func onOutage(ctx context.Context, manager *scs.SessionManager, session *secureflows.Session) error {
	_, err := session.Set(ctx, "seen", true)
	if errors.Is(err, secureflows.ErrUnavailable) || errors.Is(err, secureflows.ErrRateLimited) {
		return manager.Destroy(ctx) // want `an outage destroys the sign-in`
	}
	return err
}

func byReauth(w http.ResponseWriter, r *http.Request, client *secureflows.Client, session *secureflows.Session, login secureflows.LoginOptions) {
	if _, err := session.Payload(r.Context()); err != nil {
		to, _ := client.ReauthURL(err, session.Token(), login) // want `reaches ReauthURL, whose ok nobody looks at`
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

func byLogin(w http.ResponseWriter, r *http.Request, client *secureflows.Client, session *secureflows.Session, login secureflows.LoginOptions) {
	if _, err := session.Payload(r.Context()); err != nil {
		to, _ := client.LoginURL(login)
		http.Redirect(w, r, to, http.StatusSeeOther) // want `sends people to the login`
	}
}

// check is a middleware of one's own.
func check(bearer *middleware.Bearer, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := bearer.Check(r); err != nil {
			http.Error(w, "sign in", http.StatusUnauthorized) // want `becomes a 401`
			return
		}
		next.ServeHTTP(w, r)
	})
}

func byGin(c *gin.Context, session *secureflows.Session) {
	_, err := session.Identity(c.Request.Context())
	if err != nil && !errors.Is(err, secureflows.ErrForbidden) {
		c.SetCookie("sid", "", -1, "/", "", true, true) // want `deletes the cookie`
	}
}

func endIt(ctx context.Context, session *secureflows.Session) error {
	if _, err := session.Payload(ctx); err != nil {
		return session.Logout(ctx) // want `signs people out`
	}
	return nil
}

type visitors struct {
	sessions map[string]*secureflows.Session
}

func (v *visitors) ping(ctx context.Context, id string) {
	if _, err := v.sessions[id].Identity(ctx); err != nil {
		delete(v.sessions, id) // want `drops the session`
	}
}

// handle is given the error, and does not ask which.
func handle(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, secureflows.ErrRateLimited) {
		http.Error(w, "slowly", http.StatusTooManyRequests)
		return
	}
	http.Redirect(w, r, "/auth/sign-in", http.StatusSeeOther) // want `sends people to the login`
}

func byHandler(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	if _, err := session.Delete(r.Context(), "draft"); err != nil {
		handle(w, r, err)
	}
}

func onExpiry(ctx context.Context, db *sql.DB, session *secureflows.Session, user int64) error {
	_, err := session.Payload(ctx)
	if errors.Is(err, secureflows.ErrTokenExpired) {
		_, err = db.ExecContext(ctx, "DELETE FROM notes WHERE user_id = ?", user) // want `data is deleted because a token expired`
	}
	return err
}

func deleteUserData(folder string) error { return os.RemoveAll(folder) }

func onSignedOut(ctx context.Context, session *secureflows.Session, folder string) error {
	_, err := session.Payload(ctx)
	if errors.Is(err, secureflows.ErrSignedOut) {
		return deleteUserData(folder) // want `data is deleted because a token expired`
	}
	return err
}

func removeFolder(ctx context.Context, session *secureflows.Session, folder string) {
	if _, err := session.Identity(ctx); errors.Is(err, secureflows.ErrTokenExpired) {
		_ = os.RemoveAll(folder + "/drafts") // want `data is deleted because a token expired`
	}
}
