package notfound

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"github.com/secureflows/secureflows-go"
)

// page:right
var theme = secureflows.Key[string]{Name: "theme", Default: "light"}

func showThemeOrDefault(w http.ResponseWriter, r *http.Request) {
	session, _ := secureflows.SessionFromContext(r.Context())
	value, err := theme.Get(r.Context(), session) // "light" while it was never written
	if err != nil {
		http.Error(w, "cannot read the theme", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, value)
}

func showDraft(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	draft, err := secureflows.Get[string](r.Context(), session, "draft")
	if err != nil && !errors.Is(err, secureflows.ErrKeyNotFound) {
		http.Error(w, "cannot read the draft", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, draft)
}

// page:end

func withDefault(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	size, err := secureflows.GetOr(r.Context(), session, "size", 12)
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, size)
}

func bySwitch(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	name, err := secureflows.Get[string](r.Context(), session, "name")
	switch {
	case errors.Is(err, secureflows.ErrKeyNotFound):
		name = "nobody"
	case err != nil:
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, name)
}

func missing(err error) bool {
	return errors.Is(err, secureflows.ErrKeyNotFound) || errors.Is(err, secureflows.ErrInvalidRequest)
}

func byPredicate(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	if _, err := session.Get(r.Context(), "draft"); err != nil && !missing(err) {
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

func byVariable(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	_, err := session.Get(r.Context(), "draft")
	none := errors.Is(err, secureflows.ErrKeyNotFound)
	if err != nil && !none {
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

// known turns what is normal into nothing.
func known(err error) error {
	if errors.Is(err, secureflows.ErrKeyNotFound) {
		return nil
	}
	return err
}

func byCleaner(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	_, err := session.Get(r.Context(), "draft")
	if err = known(err); err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

// Find gives secureflows.ErrKeyNotFound for what was never written.
func Find(ctx context.Context, session *secureflows.Session, key string) (string, error) {
	return secureflows.Get[string](ctx, session, key)
}

func load(ctx context.Context, session *secureflows.Session) (string, error) {
	value, err := secureflows.Get[string](ctx, session, "name")
	if err != nil {
		return "", fmt.Errorf("load: %w", err)
	}
	return value, nil
}

func toldByCaller(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	value, err := load(r.Context(), session)
	if errors.Is(err, secureflows.ErrKeyNotFound) {
		value, err = "nobody", nil
	}
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, value)
}

func answerTo(err error) int {
	switch {
	case errors.Is(err, secureflows.ErrKeyNotFound):
		return http.StatusNotFound
	case errors.Is(err, secureflows.ErrSignedOut):
		return http.StatusUnauthorized
	default:
		return http.StatusServiceUnavailable
	}
}

func toldByStatus(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	if _, err := notes.Get(r.Context(), session, r.PathValue("id")); err != nil {
		http.Error(w, "no such note", answerTo(err))
	}
}

// noRecord answers 404, which is right for an id that somebody asked for.
func noRecord(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	note, err := notes.Get(r.Context(), session, r.PathValue("id"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	fmt.Fprintln(w, note)
}

// Note is of a collection, where there may be none.
func Note(ctx context.Context, session *secureflows.Session, id string) (string, error) {
	return notes.Get(ctx, session, id)
}

// WriteAndRead knows that the key is there.
func WriteAndRead(ctx context.Context, session *secureflows.Session) (int, error) {
	if _, err := session.Set(ctx, "visits", 1); err != nil {
		return 0, err
	}
	return secureflows.Get[int](ctx, session, "visits")
}

func byFacts(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	_, err := session.Get(r.Context(), "draft")
	var facts *secureflows.Error
	if errors.As(err, &facts) && facts.StatusCode == http.StatusNotFound {
		err = nil
	}
	if err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

func goOn(ctx context.Context, session *secureflows.Session) string {
	name, err := secureflows.Get[string](ctx, session, "name")
	if err != nil {
		log.Print(err)
		return "somebody"
	}
	return name
}

func oneOf(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	_, err := session.Get(r.Context(), "invitation")
	switch {
	case errors.Is(err, secureflows.ErrKeyNotFound), errors.Is(err, secureflows.ErrForbidden):
		http.Error(w, "you were not invited", http.StatusForbidden)
	case err != nil:
		http.Error(w, "try again", http.StatusServiceUnavailable)
	}
}

type page func(context.Context, *secureflows.Session) (string, error)

func (p page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	session, _ := secureflows.SessionFromContext(r.Context())
	text, err := p(r.Context(), session)
	http.Error(w, text, answerTo(err))
}

// Greeting is called by its value.
func Greeting(ctx context.Context, session *secureflows.Session) (string, error) {
	return secureflows.Get[string](ctx, session, "greeting")
}

func pages(mux *http.ServeMux) { mux.Handle("/greeting", page(Greeting)) }

// fallback fails because of another error.
func fallback(w http.ResponseWriter, r *http.Request, session *secureflows.Session) {
	value, err := secureflows.Get[string](r.Context(), session, "name")
	if err != nil {
		stored, failed := load(r.Context(), session)
		if failed != nil && !errors.Is(failed, secureflows.ErrKeyNotFound) {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		value = stored
	}
	fmt.Fprintln(w, value)
}

// needed ends the program, and says what has to be written first.
func needed(ctx context.Context, session *secureflows.Session) string {
	name, err := secureflows.Get[string](ctx, session, "name")
	if errors.Is(err, secureflows.ErrKeyNotFound) {
		log.Fatal("no name yet: run the command setup first")
	}
	return name
}
