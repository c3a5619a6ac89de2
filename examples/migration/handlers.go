package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
	"github.com/secureflows/secureflows-go/middleware/authreturn"
)

// Note is what somebody wrote down.
type Note struct {
	Text string `json:"text"`
}

// Notes are kept one key each.
var Notes = secureflows.Collection[Note]{Prefix: "note:"}

// me says who the token belongs to, in the words of whoever issued it.
func (b *backend) me(r *http.Request) (any, error) {
	identity, _ := secureflows.IdentityFromContext(r.Context())
	return identity, nil
}

// listNotes reads the notes where they are: in the session of those who have
// arrived, and in the old data of the others.
func (b *backend) listNotes(r *http.Request) (any, error) {
	session, ok := secureflows.SessionFromContext(r.Context())
	if !ok {
		caller, _ := secureflows.IdentityFromContext(r.Context())
		return b.database.notes(caller.Person()), nil
	}
	records, err := Notes.All(r.Context(), session)
	if err != nil {
		return nil, err
	}
	notes := map[string]string{}
	for id, note := range records {
		notes[id] = note.Text
	}
	return notes, nil
}

func (b *backend) addNote(r *http.Request) (any, error) {
	session, _ := secureflows.SessionFromContext(r.Context())
	var note Note
	if err := read(r, &note); err != nil {
		return nil, err
	}
	id := rand.Text()
	if _, err := Notes.Put(r.Context(), session, id, note); err != nil {
		return nil, err
	}
	return map[string]string{"id": id}, nil
}

func (b *backend) statistics(*http.Request) (any, error) {
	return map[string]int{"linked": b.database.links()}, nil
}

// link records that the caller, who is signed in to secureFlows, has an account
// at one of the old systems as well: they prove it by a token of that system,
// which is good now, and where that is no proof by the old password too. Both come
// in the body, and go to that system only. A link is for good: who makes one for
// somebody else's account has taken it.
func (b *backend) link(r *http.Request) (any, error) {
	caller, _ := secureflows.IdentityFromContext(r.Context())
	if caller.UserID == 0 {
		return nil, &problem{http.StatusForbidden, "Nobody knows whose this session is."}
	}
	var body struct {
		Token    string `json:"token"`
		Password string `json:"password"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	token, err := secureflows.NewToken(body.Token)
	if err != nil {
		return nil, errOldToken
	}
	old, err := middleware.FirstOf(b.old...).Resolve(r.Context(), token)
	switch {
	case errors.Is(err, secureflows.ErrSignedOut):
		return nil, errOldToken // not a 401, which is about the session
	case errors.Is(err, middleware.ErrNotAllowed):
		return nil, &problem{http.StatusForbidden, "Accounts of this kind do not move here."}
	case err != nil:
		return nil, err
	}
	if err := b.proveOwnership(r.Context(), old, body.Password); err != nil {
		return nil, err
	}
	if !b.database.link(old, caller.UserID) {
		return nil, &problem{http.StatusConflict, "That account has moved to somebody else."}
	}
	return map[string]string{"linked": old.Provider}, nil
}

// proveOwnership asks for more than a token where that says too little. Tokens of
// AuthReturn name no audience: every site that signs people in there is given ones
// that are good here, and could link their accounts to sessions of its own. The old
// password only the person has, and nobody may guess it here for long.
func (b *backend) proveOwnership(ctx context.Context, old secureflows.Identity, password string) error {
	if old.Provider != authreturn.Provider {
		return nil // those tokens are of one account, or one tenant, which is ours
	}
	if password == "" {
		return &problem{http.StatusBadRequest, "The token alone does not show that the account is yours: send its password too."}
	}
	if !b.database.guess(old.Person(), b.now()) {
		return &problem{http.StatusTooManyRequests, "The password of that account was tried too often. Wait an hour."}
	}
	_, owner, err := b.authReturn.Login(ctx, old.Email, password)
	switch {
	case errors.Is(err, secureflows.ErrUnauthenticated), err == nil && owner.Person() != old.Person():
		return &problem{http.StatusForbidden, "That is not the password of the account."}
	}
	return err
}

var errOldToken = &problem{http.StatusBadRequest, "That is no good token of a system that you can come from."}

// maxBodyBytes is enough for the largest token.
const maxBodyBytes = 32 << 10

func read(r *http.Request, v any) error {
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxBodyBytes)).Decode(v); err != nil {
		return &problem{http.StatusBadRequest, "The body is not the JSON that belongs here."}
	}
	return nil
}

// problem is an answer that is no success (RFC 9457).
type problem struct {
	status int
	detail string
}

func (p *problem) Error() string { return p.detail }

// handler is the work of one route; what it returns is answered as JSON.
type handler func(*http.Request) (any, error)

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	result, err := h(r)
	if err != nil {
		refuse(w, err)
		return
	}
	write(w, http.StatusOK, "application/json", result)
}

// refuse answers an error: one of this program's own, or one of a session, whose
// statuses are those of the middleware. An outage is a 503 there.
func refuse(w http.ResponseWriter, err error) {
	var own *problem
	switch {
	case errors.As(err, &own):
	case errors.Is(err, secureflows.ErrPayloadTooLarge):
		own = &problem{http.StatusRequestEntityTooLarge, "There is no room for that."}
	default:
		refusal := middleware.Refusal{Err: err}
		own = &problem{refusal.Status(), refusal.Detail()}
	}
	switch own.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "5")
	case http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "3600")
	}
	write(w, own.status, "application/problem+json", map[string]any{
		"title": http.StatusText(own.status), "status": own.status, "detail": own.detail,
	})
}

func write(w http.ResponseWriter, status int, contentType string, body any) {
	w.Header().Set("Cache-Control", "no-store") // it is somebody's private data
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever left does not read it
}
