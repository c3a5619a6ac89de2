package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/secureflows/secureflows-go"
)

// Note is what somebody wrote down. It names no owner: it lies in the owner's
// session, which nobody else's sign-in reaches.
type Note struct {
	Text    string    `json:"text"`
	Written time.Time `json:"written"`
}

// Notes are kept one key each.
var Notes = secureflows.Collection[Note]{Prefix: "note:"}

const (
	saveNote = "POST /notes" // the pattern of the one form with a text to lose

	maxNoteCharacters = 2000
	maxFormBytes      = 64 << 10
)

// draft is a note on its way: what the form shows.
type draft struct {
	Text    string
	Problem string // why it is not saved, "" for a new one
	Limit   int
}

// notesPage is what the list shows.
type notesPage struct {
	Draft draft
	Find  string
	Notes []listedNote // newest first
}

type listedNote struct {
	ID string
	Note
}

// session is the visitor's. All handlers that call it are behind Require.
func session(r *http.Request) *secureflows.Session {
	session, ok := secureflows.SessionFromContext(r.Context())
	if !ok {
		panic("website: this route is not behind the middleware: see routes")
	}
	return session
}

func (s *site) listNotes(w http.ResponseWriter, r *http.Request) {
	s.showNotes(w, r, http.StatusOK, draft{})
}

func (s *site) showNotes(w http.ResponseWriter, r *http.Request, status int, unsaved draft) {
	all, err := Notes.All(r.Context(), session(r))
	if err != nil {
		s.browser.Refuse(w, r, err) // before anything is written
		return
	}
	unsaved.Limit = maxNoteCharacters
	content := notesPage{Draft: unsaved, Find: r.URL.Query().Get("find")}
	for id, note := range all {
		if strings.Contains(strings.ToLower(note.Text), strings.ToLower(content.Find)) {
			content.Notes = append(content.Notes, listedNote{id, note})
		}
	}
	slices.SortStableFunc(content.Notes, func(a, b listedNote) int { return b.Written.Compare(a.Written) })
	show(w, r, status, "notes", page{Title: "Your notes", Content: content})
}

func (s *site) addNote(w http.ResponseWriter, r *http.Request) {
	text, err := readText(w, r)
	if err == nil {
		_, err = Notes.Put(r.Context(), session(r), rand.Text(), Note{Text: text, Written: time.Now().UTC()})
	}
	if err == nil {
		http.Redirect(w, r, "/notes", http.StatusSeeOther)
		return
	}
	status, problem := explain(err)
	if problem == "" { // nothing that the visitor can mend in the form
		s.browser.Refuse(w, r, err)
		return
	}
	s.showNotes(w, r, status, draft{Text: text, Problem: problem})
}

// rejected is what a visitor can mend, in words for them.
type rejected string

func (r rejected) Error() string { return string(r) }

// readText gives the text of the form, also where it is rejected.
func readText(w http.ResponseWriter, r *http.Request) (string, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxFormBytes)
	if err := r.ParseForm(); err != nil {
		return "", err
	}
	text := strings.ReplaceAll(r.PostForm.Get("text"), "\r\n", "\n") // forms send lines that way
	switch length := utf8.RuneCountInString(text); {
	case strings.TrimSpace(text) == "":
		return text, rejected("There is nothing in this note yet.")
	case length > maxNoteCharacters:
		return text, rejected(fmt.Sprintf("This note is too long: it has %d characters, and may have %d.", length, maxNoteCharacters))
	}
	return text, nil
}

// explain chooses the answer to an error that belongs beside the form; the
// problem is "" for one that does not.
func explain(err error) (status int, problem string) {
	var tooLong *http.MaxBytesError
	var words rejected
	switch {
	case errors.As(err, &words):
		return http.StatusUnprocessableEntity, string(words)
	case errors.As(err, &tooLong):
		return http.StatusRequestEntityTooLarge, "This note is far too long. Go back to find its text, and save it in parts."
	case errors.Is(err, secureflows.ErrPayloadTooLarge):
		return http.StatusRequestEntityTooLarge, "There is no room for this note. Delete another one, or write a shorter one."
	case errors.Is(err, secureflows.ErrSessionLimit):
		return http.StatusTooManyRequests, "Too many people are writing notes at present. Try again later."
	case errors.Is(err, secureflows.ErrInvalidRequest):
		return http.StatusUnprocessableEntity, "This note cannot be saved as it is."
	}
	return 0, ""
}

// deleteNote succeeds for a note that is gone already, as in a second tab.
func (s *site) deleteNote(w http.ResponseWriter, r *http.Request) {
	_, err := Notes.Delete(r.Context(), session(r), r.PathValue("id"))
	switch {
	case errors.Is(err, secureflows.ErrInvalidRequest): // the id in the path
		s.notFound(w, r)
	case err != nil:
		s.browser.Refuse(w, r, err)
	default:
		http.Redirect(w, r, "/notes", http.StatusSeeOther)
	}
}

func (s *site) confirmDeleteAll(w http.ResponseWriter, r *http.Request) {
	show(w, r, http.StatusOK, "deleteAll", page{Title: "Delete all my data"})
}

// deleteAll destroys everything the visitor has stored here, which is what they
// asked for and confirmed. Signing out destroys nothing.
func (s *site) deleteAll(w http.ResponseWriter, r *http.Request) {
	if _, err := session(r).Revoke(r.Context()); err != nil {
		s.browser.Refuse(w, r, err)
		return
	}
	http.Redirect(w, r, "/?deleted", http.StatusSeeOther)
}
