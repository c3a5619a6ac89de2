package main

import (
	"errors"
	"net/http"
	"strings"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// trouble is what a page about a refusal shows.
type trouble struct {
	Text    string
	Retry   string // where to try again, "" for nowhere
	Label   string // of the link there
	SignOut bool   // still signed in, though this page does not know as whom
}

// refused answers what the Browser does not let through. Status and headers are
// set already; this is the site's way of saying it.
func (s *site) refused(w http.ResponseWriter, r *http.Request, refusal *middleware.Refusal) {
	switch {
	case !wantsPage(r):
		refusal.Write(w)
	case r.Pattern == saveNote:
		unsavedNote(w, r, refusal)
	default:
		title, content := describe(r, refusal)
		show(w, r, refusal.Status(), "trouble", page{Title: title, Content: content})
	}
}

// wantsPage reports whether somebody is going to look at the answer, which is so
// for forms as well as for links.
func wantsPage(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// unsavedNote gives the text back to a visitor whose note met a refusal. Signing
// in happens in another tab, because this one has the text.
func unsavedNote(w http.ResponseWriter, r *http.Request, refusal *middleware.Refusal) {
	text, err := readText(w, r)
	unsaved := draft{Text: text, Limit: maxNoteCharacters}
	content := struct {
		Draft  *draft
		Signin bool
	}{&unsaved, refusal.Status() == http.StatusUnauthorized}
	switch status := refusal.Status(); {
	case text == "" && err != nil:
		_, unsaved.Problem = explain(err)
	case status == http.StatusUnauthorized:
		unsaved.Problem = "Your sign-in has expired, so this note is not saved yet."
	case status == http.StatusForbidden:
		unsaved.Problem = "This workspace is locked over billing, so this note is not saved yet. You are still signed in."
	default:
		unsaved.Problem = "Your notes cannot be reached just now, so this note is not saved yet. You are still signed in."
	}
	show(w, r, refusal.Status(), "unsaved", page{Title: "Not saved yet", Content: content})
}

// describe says what happened, to whoever opened a page.
func describe(r *http.Request, refusal *middleware.Refusal) (title string, content trouble) {
	again := "/notes" // a form is not sent again by a link
	switch {
	case refusal.LoginURL != "": // of a failed sign-in: the page that was asked for
		again = refusal.LoginURL
	case r.Method == http.MethodGet:
		again = r.URL.RequestURI()
	}
	var failed *secureflows.CallbackError
	switch {
	case errors.As(refusal.Err, &failed) && failed.Code == "access_denied":
		return "Sign-in cancelled", trouble{Text: "You are not signed in.", Retry: again, Label: "Sign in"}
	case refusal.Status() == http.StatusUnauthorized:
		return "Please sign in again", trouble{Text: "Your sign-in has ended, and nothing was changed.", Retry: again, Label: "Sign in"}
	case errors.Is(refusal.Err, secureflows.ErrGraceLock):
		return "Locked over billing", trouble{
			Text:  "The workspace of this site is locked over billing. Your notes are safe and you are still signed in.",
			Retry: again, Label: "Try again", SignOut: true,
		}
	case refusal.Status() == http.StatusServiceUnavailable:
		return "Not reachable just now", trouble{
			Text:  "Your notes cannot be reached just now. They are safe and you are still signed in.",
			Retry: again, Label: "Try again", SignOut: true,
		}
	}
	return refusal.Title(), trouble{Text: refusal.Detail(), Retry: "/", Label: "Back to the start"}
}

func (s *site) notFound(w http.ResponseWriter, r *http.Request) {
	show(w, r, http.StatusNotFound, "trouble", page{Title: "Not found", Content: trouble{
		Text: "There is no such page.", Retry: "/", Label: "Back to the start",
	}})
}

func (s *site) crossOrigin(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	show(w, r, http.StatusForbidden, "trouble", page{Title: "Refused", Content: trouble{
		Text: "This form was sent by another site. Nothing was changed.", Retry: "/", Label: "Back to the start",
	}})
}
