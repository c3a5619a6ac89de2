package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

const (
	callbackPath = "/auth/callback"
	logoutPath   = "/auth/logout"
)

// answer is what an operation says, through whatever door.
type answer struct {
	UserID  int64             `json:"userId"`
	Email   string            `json:"email"`
	Value   string            `json:"value,omitempty"` // "" is none
	Payload map[string]string `json:"payload,omitempty"`
	Existed bool              `json:"existed,omitempty"`
}

// newSite is the application under test: the same routes for programs with a
// bearer token and for browsers.
func newSite(client *secureflows.Client, origin string, outputs *outputs) (http.Handler, error) {
	logger := debugLogger(outputs)
	browser, err := middleware.NewBrowser(client, middleware.BrowserConfig{
		CallbackURL: origin + callbackPath, AfterLogout: origin + "/bye", Logger: logger,
	})
	if err != nil {
		return nil, err
	}
	bearer := middleware.NewBearer(client, middleware.BearerConfig{Realm: "soak", RedirectURI: origin + callbackPath})
	mux := http.NewServeMux()
	routes(mux, "/api", bearer.Require, bearer.RequireFresh(0), func(w http.ResponseWriter, r *http.Request, err error) {
		(&middleware.Refusal{Err: err}).Write(w)
	})
	routes(mux, "/web", browser.Require, browser.RequireFresh(0), browser.Refuse)
	mux.HandleFunc("GET "+callbackPath, browser.Callback)
	mux.HandleFunc("POST "+logoutPath, browser.Logout)
	mux.HandleFunc("GET /bye", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("bye")) })
	return mux, nil
}

type guard = func(http.Handler) http.Handler

func routes(mux *http.ServeMux, prefix string, require, fresh guard, refuse func(http.ResponseWriter, *http.Request, error)) {
	for pattern, op := range map[string]string{
		"GET /me": opMe, "GET /fresh": opFresh, "GET /payload": opPayload,
		"GET /get": opGet, "POST /set": opSet, "POST /delete": opDelete,
	} {
		method, path := pattern[:len(pattern)-len(op)-1], pattern[len(pattern)-len(op)-1:]
		guarded := require
		if op == opFresh {
			guarded = fresh
		}
		mux.Handle(method+prefix+path, guarded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			identity, _ := secureflows.IdentityFromContext(r.Context())
			session, _ := secureflows.SessionFromContext(r.Context())
			said, err := perform(r.Context(), session, call{op: op, key: r.FormValue("key"), value: r.FormValue("value")})
			if err != nil {
				refuse(w, r, err)
				return
			}
			said.UserID, said.Email = identity.UserID, identity.Email
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(said) // whoever left does not read it
		})))
	}
}

// perform makes a call with the session of whoever asked.
func perform(ctx context.Context, session *secureflows.Session, c call) (said answer, err error) {
	switch c.op {
	case opGet:
		said.Value, err = secureflows.GetOr(ctx, session, c.key, "")
	case opSet:
		var payload secureflows.Payload
		if payload, err = session.Set(ctx, c.key, c.value); err == nil {
			said.Payload, err = texts(payload)
		}
	case opDelete:
		said.Existed, err = session.Delete(ctx, c.key)
	case opPayload:
		var payload secureflows.Payload
		if payload, err = session.Payload(ctx); err == nil {
			said.Payload, err = texts(payload)
		}
	case opMe, opFresh: // the middleware has done it
	}
	return said, err
}

// texts is a payload whose values are all texts.
func texts(payload secureflows.Payload) (map[string]string, error) {
	values := make(map[string]string, len(payload))
	for key, raw := range payload {
		var value string
		if err := json.Unmarshal(raw, &value); err != nil {
			return nil, errors.New("a stored value is no text")
		}
		values[key] = value
	}
	return values, nil
}
