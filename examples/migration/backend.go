package main

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
	"github.com/secureflows/secureflows-go/middleware/vertesia"
)

// backend is one replica. What it knows beside tokens is in the database.
type backend struct {
	client     *secureflows.Client
	old        []middleware.Resolver
	authReturn *authreturn.Resolver // one of old
	database   *database
	now        func() time.Time
}

// routes says who may do what, all in one place, for the tokens of all four.
func (b *backend) routes() http.Handler {
	all := append(slices.Clip(b.old), b.client) // secureFlows comes last
	bearer := middleware.NewBearer(middleware.FirstOf(all...), middleware.BearerConfig{})

	here := bearer.Allow(hasArrived)
	stillThere := bearer.Allow(b.hasData)
	staff := bearer.Allow(b.isStaff)
	fresh := bearer.RequireFresh(0)

	mux := http.NewServeMux()
	mux.Handle("GET /me", bearer.Require(handler(b.me)))
	mux.Handle("GET /notes", stillThere(b.imported(handler(b.listNotes))))
	mux.Handle("POST /notes", here(b.imported(handler(b.addNote))))
	mux.Handle("GET /statistics", staff(handler(b.statistics)))
	mux.Handle("POST /link", fresh(here(handler(b.link))))
	return mux
}

var errStay = errors.New("sign in to secureFlows for that")

// hasArrived lets in who has a token of secureFlows: the old systems are only
// read, so that nothing is written there which an import has missed.
func hasArrived(caller secureflows.Identity) error {
	if caller.Provider != "" {
		return errStay
	}
	return nil
}

// hasData lets nobody see the old data of an account that has moved.
func (b *backend) hasData(caller secureflows.Identity) error {
	if b.database.isLinked(caller.Person()) {
		return errStay
	}
	return nil
}

// isStaff knows people by their role at Vertesia, and those who have arrived by
// the account that they have linked: tokens of secureFlows say nothing of roles.
// A linked role ends with the token that it was read from, since Vertesia may take
// it away. To be staff for longer, a person links the account anew, or is given a
// role here.
func (b *backend) isStaff(caller secureflows.Identity) error {
	identities := []secureflows.Identity{caller}
	if caller.Provider == "" {
		identities = b.database.linkedTo(caller.UserID)
	}
	for _, identity := range identities {
		if identity.Provider == vertesia.Provider && identity.Roles.Has("admin") && b.now().Before(identity.ExpiresAt) {
			return nil
		}
	}
	return errors.New("not on the staff")
}

// imported has the old accounts of the caller imported before next sees their
// session.
func (b *backend) imported(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := secureflows.IdentityFromContext(r.Context())
		if session, ok := secureflows.SessionFromContext(r.Context()); ok {
			for _, old := range b.database.toImport(caller.UserID) {
				if _, err := middleware.Import(r.Context(), old, session, b.database.load); err != nil {
					refuse(w, fmt.Errorf("import of an account of %s: %w", old.Provider, err))
					return
				}
				b.database.setImported(old.Person(), caller.UserID)
			}
		}
		next.ServeHTTP(w, r)
	})
}
