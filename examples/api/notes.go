package main

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go"
)

// Note is what somebody wrote down. It names no owner: it lies in the owner's
// session, which nobody else's token reaches.
type Note struct {
	ID      string    `json:"id"`
	Text    string    `json:"text"`
	Written time.Time `json:"written"`
}

// Notes are kept one key each.
var Notes = secureflows.Collection[Note]{Prefix: "note:"}

// maxNoteBytes bounds a request's body. How much may be stored in all is up to
// the workspace's plan.
const maxNoteBytes = 16 << 10

func me(r *http.Request, _ *secureflows.Session) (any, error) {
	identity, _ := secureflows.IdentityFromContext(r.Context()) // beside the session
	return identity, nil
}

func listNotes(r *http.Request, session *secureflows.Session) (any, error) {
	all, err := Notes.All(r.Context(), session)
	if err != nil {
		return nil, err
	}
	notes := []Note{} // none is [] in JSON, not null
	for _, note := range all {
		notes = append(notes, note)
	}
	return notes, nil
}

// addNote takes the text from the body, and nothing else: whose the note is,
// the token says.
func addNote(r *http.Request, session *secureflows.Session) (any, error) {
	var body struct {
		Text string `json:"text"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxNoteBytes)).Decode(&body); err != nil {
		return nil, unreadable{err}
	}
	note := Note{ID: rand.Text(), Text: body.Text, Written: time.Now().UTC()}
	if _, err := Notes.Put(r.Context(), session, note.ID, note); err != nil {
		return nil, err
	}
	return created{location: "/notes/" + note.ID, body: note}, nil
}

func readNote(r *http.Request, session *secureflows.Session) (any, error) {
	return Notes.Get(r.Context(), session, r.PathValue("id"))
}

func deleteNote(r *http.Request, session *secureflows.Session) (any, error) {
	existed, err := Notes.Delete(r.Context(), session, r.PathValue("id"))
	if err == nil && !existed {
		err = secureflows.ErrKeyNotFound
	}
	return nil, err
}

// deleteAccount destroys everything the person has stored, which is what they
// asked for. Signing out is the front end's business and destroys nothing.
func deleteAccount(r *http.Request, session *secureflows.Session) (any, error) {
	_, err := session.Revoke(r.Context())
	return nil, err
}
