package revoke

import (
	"context"
	"errors"
	"log"
	"net/http"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// page:right
func logout(w http.ResponseWriter, r *http.Request, client *secureflows.Client, token secureflows.Token) {
	to, err := client.LogoutURL(token, "https://app.example.com/")
	if err != nil {
		http.Error(w, "try again", http.StatusInternalServerError)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func deleteMyData(w http.ResponseWriter, r *http.Request) {
	session, _ := secureflows.SessionFromContext(r.Context())
	if _, err := session.Revoke(r.Context()); err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

// page:end

func accountRoutes(mux *http.ServeMux, bearer *middleware.Bearer, browser *middleware.Browser) {
	mux.Handle("DELETE /account", bearer.RequireFresh(0)(http.HandlerFunc(gone)))
	mux.Handle("POST /account/close", bearer.Require(http.HandlerFunc(gone)))
	mux.HandleFunc("POST /auth/logout", browser.Logout)
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) { browser.Logout(w, r) })
}

func gone(w http.ResponseWriter, r *http.Request) {
	session, _ := secureflows.SessionFromContext(r.Context())
	id, err := session.Revoke(r.Context())
	log.Print("gone: ", id, err)
}

// logoutAndErase says in its name what a person chose.
func logoutAndErase(ctx context.Context, session *secureflows.Session) error {
	_, err := session.Revoke(ctx)
	return err
}

// signOutAsChosen does it only where the form asks for it.
func signOutAsChosen(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	var err error
	if r.FormValue("erase_my_data") == "yes" {
		_, err = session.Revoke(r.Context())
	} else {
		err = session.Logout(r.Context())
	}
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

// finishAll is called by the sign-out only where it deletes as well.
func finishAll(ctx context.Context, session *secureflows.Session) error {
	_, err := session.Revoke(ctx)
	return err
}

type form struct{ DeleteData bool }

func signOutBy2(ctx context.Context, session *secureflows.Session, f form) error {
	if f.DeleteData {
		return finishAll(ctx, session)
	}
	return session.Logout(ctx)
}

type invitation struct{ id string }

func (i *invitation) Revoke(context.Context) error {
	if i.id == "" {
		return errors.New("no id")
	}
	return nil
}

// revokeInviteOnLogout has another type's Revoke.
func revokeInviteOnLogout(ctx context.Context, i *invitation) error { return i.Revoke(ctx) }

// logOutput is no sign-out.
func logOutput(ctx context.Context, session *secureflows.Session) {
	id, err := session.Revoke(ctx)
	log.Print(id, err)
}

func dispatch(ctx context.Context, session *secureflows.Session, name string) error {
	switch name {
	case "logout":
		return session.Logout(ctx)
	case "delete-account":
		_, err := session.Revoke(ctx)
		return err
	}
	return errors.New("no such command")
}

// allRoutes has a sign-out beside a deletion, written in one function.
func allRoutes(mux *http.ServeMux, session *secureflows.Session) {
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := session.Logout(r.Context()); err != nil {
			log.Print(err)
		}
	})
	mux.HandleFunc("POST /me/erase", func(w http.ResponseWriter, r *http.Request) {
		if _, err := session.Revoke(r.Context()); err != nil {
			log.Print(err)
		}
	})
}
