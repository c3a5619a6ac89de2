package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// page:right
func (a *api) storeNote(w http.ResponseWriter, r *http.Request) {
	identity, ok := secureflows.IdentityFromContext(r.Context())
	if !ok {
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	_, err := a.db.ExecContext(r.Context(), "INSERT INTO notes VALUES (?, ?)", identity.UserID, r.FormValue("text"))
	if err != nil {
		http.Error(w, "not saved", http.StatusServiceUnavailable)
	}
}

// page:end

// invite stores somebody else's address.
func (a *api) invite(w http.ResponseWriter, r *http.Request) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	_, err := a.db.Exec("INSERT INTO invitations (inviter, email) VALUES (?, ?)", identity.UserID, r.FormValue("email"))
	answer(w, nil, err)
}

// subscribe stores an address, and asks for nobody's data by it.
func subscribe(w http.ResponseWriter, r *http.Request, a *api) {
	_, err := a.db.Exec("INSERT INTO newsletter (email) VALUES (?)", r.FormValue("email"))
	answer(w, nil, err)
}

// share gives a note of one's own to somebody else.
func share(w http.ResponseWriter, r *http.Request, a *api) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	_, err := a.db.Exec("UPDATE notes SET reader = ? WHERE owner = ?", r.FormValue("user_id"), identity.UserID)
	answer(w, nil, err)
}

// anyones is for operators, behind Allow.
func anyones(w http.ResponseWriter, r *http.Request, a *api) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	slog.Info("read by", "operator", identity.UserID)
	rows, err := a.db.Query("SELECT text FROM notes WHERE owner = ?", r.PathValue("userId"))
	answer(w, rows, err)
}

// own has the user in its path for beauty, and holds it against the identity.
func own(w http.ResponseWriter, r *http.Request, a *api) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	user := r.PathValue("userId")
	if user != strconv.FormatInt(identity.UserID, 10) {
		http.Error(w, "not yours", http.StatusForbidden)
		return
	}
	rows, err := a.db.Query("SELECT text FROM notes WHERE owner = ?", user)
	answer(w, rows, err)
}

func (a *api) member(identity secureflows.Identity, tenant string) bool {
	return len(a.notes[fmt.Sprint(identity.UserID, tenant)]) > 0
}

// tenant is one of those the user is a member of.
func tenant(w http.ResponseWriter, r *http.Request, a *api) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	id := r.PathValue("tenantId")
	if !a.member(identity, id) {
		http.Error(w, "not yours", http.StatusForbidden)
		return
	}
	rows, err := a.db.Query("SELECT text FROM notes WHERE tenant = ?", id)
	answer(w, rows, err)
}

// filled has the user from the identity, whatever was in the body.
func filled(w http.ResponseWriter, r *http.Request, a *api) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	var body struct{ UserID, Text string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, "what?", http.StatusBadRequest)
		return
	}
	body.UserID = strconv.FormatInt(identity.UserID, 10)
	_, err := a.db.Exec("INSERT INTO notes VALUES (?, ?)", body.UserID, body.Text)
	answer(w, nil, err)
}

// public is behind no guard: there is no identity to take instead.
func public(w http.ResponseWriter, r *http.Request, a *api) {
	rows, err := a.db.Query("SELECT text FROM public WHERE owner = ?", r.PathValue("userId"))
	answer(w, rows, err)
}

// otherNames are of records, not of people.
func otherNames(w http.ResponseWriter, r *http.Request, a *api) {
	rows, err := a.db.Query("SELECT text FROM notes WHERE id = ?", r.PathValue("noteId"))
	answer(w, rows, err)
}

func logs(w http.ResponseWriter, r *http.Request) {
	slog.Info("asked", "claimed", r.Header.Get("X-User-Id"))
}

func validates(w http.ResponseWriter, r *http.Request) {
	if email := r.FormValue("email"); email == "" || !strings.Contains(email, "@") {
		http.Error(w, "an address, please", http.StatusBadRequest)
	}
}

// upstream answers with a header of that name, and is no client.
func upstream(w http.ResponseWriter, r *http.Request, a *api) {
	response, err := http.DefaultClient.Do(r.Clone(r.Context()))
	if err != nil {
		http.Error(w, "try again", http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	fmt.Fprintln(w, a.notes[response.Header.Get("X-User-Id")])
}

// contacts are the user's own, in their own session.
var contacts = secureflows.Collection[string]{Prefix: "contact:"}

func addContact(w http.ResponseWriter, r *http.Request) {
	session, ok := secureflows.SessionFromContext(r.Context())
	if !ok {
		return
	}
	if _, err := contacts.Put(r.Context(), session, r.FormValue("email"), r.FormValue("name")); err != nil {
		http.Error(w, "not saved", http.StatusServiceUnavailable)
	}
}

// counted is a map of this request alone.
func counted(w http.ResponseWriter, r *http.Request) {
	counts := map[string]int{}
	for _, user := range r.URL.Query()["user"] {
		counts[user]++
	}
	counts[r.FormValue("userId")]++
	fmt.Fprintln(w, counts)
}

// ownRows are of the identity; the e-mail address is whom to look for.
func ownRows(w http.ResponseWriter, r *http.Request, a *api) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	rows, err := a.db.Query("SELECT name FROM contacts WHERE email = ? AND owner = ?", r.FormValue("email"), identity.UserID)
	answer(w, rows, err)
}

// retyped is a form that asks for an address twice.
func retyped(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("email") != r.FormValue("emailAgain") {
		http.Error(w, "not the same", http.StatusForbidden)
	}
}

// echoed shows what was searched for.
func echoed(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "nothing found for %q", r.URL.Query().Get("userId"))
}

// counts are no people: the name is one of a statistic.
func counts(w http.ResponseWriter, r *http.Request, a *api) {
	rows, err := a.db.Query("SELECT count(*) FROM notes WHERE day = ?", r.URL.Query().Get("day"))
	answer(w, rows, err)
}

type profile struct{ UserID, Nickname string }

// shown has a field of that name which no request fills.
func shown(w http.ResponseWriter, r *http.Request, a *api) {
	p := profile{Nickname: r.FormValue("nickname")}
	fmt.Fprintln(w, a.notes[p.UserID])
}

func with(a *api, handle func(http.ResponseWriter, *http.Request, *api)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handle(w, r, a) })
}

func rightRoutes(a *api, bearer *middleware.Bearer, site *http.ServeMux) {
	operators := bearer.Allow(func(identity secureflows.Identity) error {
		if identity.UserID != 1 {
			return errors.New("not an operator")
		}
		return nil
	})
	plain := func(w http.ResponseWriter, r *http.Request) { public(w, r, a) }
	site.HandleFunc("GET /public/{userId}", plain)
	site.Handle("GET /notes/of/{userId}", operators(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { anyones(w, r, a) })))
	site.Handle("POST /note", bearer.Require(http.HandlerFunc(a.storeNote)))
	site.Handle("POST /invite", bearer.Require(http.HandlerFunc(a.invite)))
	site.Handle("POST /subscribe", bearer.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { subscribe(w, r, a) })))
	site.Handle("POST /share", bearer.Require(with(a, share)))
	site.Handle("GET /own/{userId}", bearer.Require(with(a, own)))
	site.Handle("GET /tenant/{tenantId}", bearer.Require(with(a, tenant)))
	site.Handle("POST /filled", bearer.Require(with(a, filled)))
	site.Handle("GET /other/{noteId}", bearer.Require(with(a, otherNames)))
	site.Handle("GET /logs", bearer.Require(http.HandlerFunc(logs)))
	site.Handle("GET /validates", bearer.Require(http.HandlerFunc(validates)))
	site.Handle("GET /upstream", bearer.Require(with(a, upstream)))
	site.Handle("POST /contact", bearer.Require(http.HandlerFunc(addContact)))
	site.Handle("GET /counted", bearer.Require(http.HandlerFunc(counted)))
	site.Handle("GET /rows", bearer.Require(with(a, ownRows)))
	site.Handle("GET /retyped", bearer.Require(http.HandlerFunc(retyped)))
	site.Handle("GET /echoed", bearer.Require(http.HandlerFunc(echoed)))
	site.Handle("GET /counts", bearer.Require(with(a, counts)))
	site.Handle("GET /shown", bearer.Require(with(a, shown)))
}
