// Package identity has handlers behind a guard, of which some believe the
// request about who makes it.
package identity

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/gorilla/mux"
	"github.com/labstack/echo/v4"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

type note struct {
	Owner, UserID string
	Text          string
}

type api struct {
	db     *sql.DB
	notes  map[string][]note
	visits sync.Map
}

// page:wrong
func (a *api) addNote(w http.ResponseWriter, r *http.Request) {
	var body struct {
		UserID string `json:"userId"`
		Text   string `json:"text"`
	}
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, "no note", http.StatusBadRequest)
		return
	}
	_, err := a.db.ExecContext(r.Context(), "INSERT INTO notes VALUES (?, ?)", body.UserID, body.Text) // want `userId from the request chooses whose data the database is asked for`
	if err != nil {
		http.Error(w, "not saved", http.StatusServiceUnavailable)
	}
}

// page:end

func (a *api) byQuery(w http.ResponseWriter, r *http.Request) {
	rows, err := a.db.QueryContext(r.Context(), "SELECT text FROM notes WHERE owner = ?", r.URL.Query().Get("user_id")) // want `user_id from the request chooses whose data`
	answer(w, rows, err)
}

func (a *api) byPath(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("userId"), 10, 64)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	rows, err := a.notesOf(r.Context(), id)
	answer(w, rows, err)
}

func (a *api) notesOf(ctx context.Context, user int64) (*sql.Rows, error) {
	return a.db.QueryContext(ctx, "SELECT text FROM notes WHERE owner = ?", user) // want `userId from the request chooses whose data`
}

func (a *api) byHeader(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, a.notes[r.Header.Get("X-User-Id")]) // want `X-User-Id from the request chooses whose record is looked up`
}

func (a *api) byForm(w http.ResponseWriter, r *http.Request) {
	user := r.FormValue("uid")
	a.notes[user] = append(a.notes[user], note{Text: r.FormValue("text")}) // want `uid from the request chooses whose record is written` `uid from the request chooses whose record is looked up`
}

func (a *api) byEmail(w http.ResponseWriter, r *http.Request) {
	rows, err := a.db.QueryContext(r.Context(), "SELECT text FROM notes WHERE email = ?", r.FormValue("email")) // want `email from the request chooses whose data`
	answer(w, rows, err)
}

func (a *api) compared(w http.ResponseWriter, r *http.Request) {
	var body struct{ UserID string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, "what?", http.StatusBadRequest)
		return
	}
	for _, n := range a.notes["all"] {
		if n.Owner == body.UserID { // want `UserID from the request is compared to let somebody in`
			fmt.Fprintln(w, n.Text)
		}
	}
}

func (a *api) refused(w http.ResponseWriter, r *http.Request, n *note) {
	if n.UserID != r.URL.Query().Get("userId") { // want `userId from the request is compared to let somebody in`
		http.Error(w, "not yours", http.StatusForbidden)
		return
	}
	fmt.Fprintln(w, n.Text)
}

func (a *api) readRefused(w http.ResponseWriter, r *http.Request) {
	a.refused(w, r, &a.notes["all"][0])
}

func (a *api) visit(w http.ResponseWriter, r *http.Request) {
	a.visits.Store(r.URL.Query().Get("tenantId"), r.UserAgent()) // want `tenantId from the request chooses whose record it is`
}

func (a *api) key(w http.ResponseWriter, r *http.Request) {
	session, ok := secureflows.SessionFromContext(r.Context())
	if !ok {
		return
	}
	profile, err := session.Get(r.Context(), "profile:"+r.URL.Query().Get("userId")) // want `userId from the request chooses a key`
	if err != nil {
		http.Error(w, "none", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, string(profile))
}

func (a *api) prefix(w http.ResponseWriter, r *http.Request) {
	session, ok := secureflows.SessionFromContext(r.Context())
	if !ok {
		return
	}
	notes := secureflows.Collection[note]{Prefix: r.FormValue("workspaceId") + ":"} // want `workspaceId from the request chooses a key`
	if _, err := notes.Put(r.Context(), session, "1", note{}); err != nil {
		http.Error(w, "not saved", http.StatusServiceUnavailable)
	}
}

func (a *api) loose(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		http.Error(w, "what?", http.StatusBadRequest)
		return
	}
	rows, err := a.db.Query("SELECT text FROM notes WHERE tenant = ?", body["tenant_id"]) // want `tenant_id from the request chooses whose data`
	answer(w, rows, err)
}

func (a *api) byChi(w http.ResponseWriter, r *http.Request) {
	rows, err := a.db.Query("SELECT text FROM notes WHERE owner = ?", chi.URLParam(r, "userID")) // want `userID from the request chooses whose data`
	answer(w, rows, err)
}

func (a *api) byGorilla(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, a.notes[mux.Vars(r)["user_id"]]) // want `user_id from the request chooses whose record is looked up`
}

func (a *api) byGin(c *gin.Context) {
	var query struct {
		User string `form:"user_id"`
	}
	if err := c.ShouldBindQuery(&query); err != nil {
		return
	}
	c.JSON(http.StatusOK, a.notes[query.User]) // want `user_id from the request chooses whose record is looked up`
}

func (a *api) byEcho(c echo.Context) error {
	rows, err := a.db.Query("SELECT text FROM notes WHERE owner = ?", c.Param("userId")) // want `userId from the request chooses whose data`
	if err != nil {
		return err
	}
	return rows.Close()
}

// read fills what it is handed.
func read(r *http.Request, into any) error { return json.NewDecoder(r.Body).Decode(into) }

type search struct {
	OwnerID int64 `json:"ownerId"`
}

func (a *api) handed(w http.ResponseWriter, r *http.Request) {
	var s search
	if err := read(r, &s); err != nil {
		http.Error(w, "what?", http.StatusBadRequest)
		return
	}
	rows, err := a.notesOfAnybody(s)
	answer(w, rows, err)
}

func (a *api) notesOfAnybody(s search) (*sql.Rows, error) {
	return a.db.Query("SELECT text FROM notes WHERE owner = ?", s.OwnerID) // want `ownerId from the request chooses whose data`
}

func decode[T any](r *http.Request) (T, error) {
	var into T
	err := json.NewDecoder(r.Body).Decode(&into)
	return into, err
}

type removal struct{ TenantID int }

func (a *api) generic(w http.ResponseWriter, r *http.Request) {
	body, err := decode[removal](r)
	if err != nil {
		http.Error(w, "what?", http.StatusBadRequest)
		return
	}
	_, err = a.db.Exec("DELETE FROM notes WHERE tenant = ?", body.TenantID) // want `TenantID from the request chooses whose data`
	answer(w, nil, err)
}

func answer(w http.ResponseWriter, rows *sql.Rows, err error) {
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	defer rows.Close()
	fmt.Fprintln(w, rows.Next())
}

func (a *api) wrongRoutes(bearer *middleware.Bearer, browser *middleware.Browser, site *http.ServeMux) {
	site.Handle("POST /visit", bearer.Require(http.HandlerFunc(a.visit)))
	site.Handle("POST /form", bearer.Require(http.HandlerFunc(a.byForm)))
	site.Handle("POST /notes", bearer.Require(http.HandlerFunc(a.addNote)))
	site.Handle("GET /notes", bearer.Require(http.HandlerFunc(a.byQuery)))
	site.Handle("GET /notes/{userId}", browser.Require(http.HandlerFunc(a.byPath)))
	site.Handle("GET /header", bearer.Optional(http.HandlerFunc(a.byHeader)))
	site.Handle("GET /email", bearer.RequireFresh(0)(http.HandlerFunc(a.byEmail)))
	site.Handle("GET /compared", bearer.Require(http.HandlerFunc(a.compared)))
	site.Handle("GET /refused", bearer.Require(http.HandlerFunc(a.readRefused)))
	site.Handle("GET /handed", bearer.Require(http.HandlerFunc(a.handed)))
	site.Handle("DELETE /generic", bearer.Require(http.HandlerFunc(a.generic)))
	site.Handle("GET /loose", bearer.Require(http.HandlerFunc(a.loose)))

	router := chi.NewRouter()
	router.Use(bearer.Require)
	router.Get("/{userID}", a.byChi)
	old := mux.NewRouter()
	old.Use(bearer.Require)
	old.HandleFunc("/{user_id}", a.byGorilla)
	engine := gin.New()
	engine.GET("/notes", a.guard(bearer.Require), a.byGin)
	server := echo.New()
	server.GET("/notes/:userId", a.byEcho, echo.WrapMiddleware(bearer.Require))
}

func (a *api) guard(wrap func(http.Handler) http.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { c.Next() })).ServeHTTP(c.Writer, c.Request)
	}
}
