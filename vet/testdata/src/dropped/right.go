package dropped

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// page:right
func storeTheme(w http.ResponseWriter, r *http.Request) {
	session, ok := secureflows.SessionFromContext(r.Context())
	if !ok {
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	if _, err := session.Set(r.Context(), "theme", r.FormValue("theme")); err != nil {
		http.Error(w, "not saved", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// page:end

func existedUnused(ctx context.Context, session *secureflows.Session) error {
	_, err := session.Delete(ctx, "theme")
	return err
}

func joined(ctx context.Context, session *secureflows.Session) (err error) {
	defer func() { err = errors.Join(err, session.Logout(ctx)) }()
	_, err = session.Set(ctx, "seen", true)
	return err
}

func logged(ctx context.Context, session *secureflows.Session) {
	if err := session.Logout(ctx); err != nil {
		slog.WarnContext(ctx, "not signed out", "error", err)
	}
}

func collected(ctx context.Context, session *secureflows.Session) error {
	failed := make(chan error, 1)
	go func() {
		_, err := session.Set(ctx, "seen", true)
		failed <- err
	}()
	return <-failed
}

// nobody is a job that no request waits for.
func nobody(session *secureflows.Session) error {
	_, err := session.Set(context.Background(), "swept", time.Now())
	return err
}

func outlives(r *http.Request, session *secureflows.Session) {
	go func() {
		if _, err := session.Set(context.Background(), "seen", true); err != nil {
			slog.Warn("not noted", "error", err)
		}
	}()
}

func goesOn(r *http.Request, session *secureflows.Session) error {
	limited, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Second)
	defer cancel()
	_, err := session.Set(limited, "seen", true)
	return err
}

func afterTheEnd(ctx context.Context, session *secureflows.Session) error {
	<-ctx.Done()
	limited, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return session.Logout(limited)
}

func cleansUp(ctx context.Context, session *secureflows.Session) {
	defer func() {
		if err := session.Logout(context.Background()); err != nil {
			slog.Warn("not signed out", "error", err)
		}
	}()
	slog.InfoContext(ctx, "working")
}

func atTheEnd(ctx context.Context, session *secureflows.Session) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		if err := session.Logout(context.Background()); err != nil {
			slog.Warn("not signed out", "error", err)
		}
	})
}

func defaultContext(ctx context.Context, session *secureflows.Session) error {
	if ctx == nil {
		ctx = context.Background()
	}
	_, err := session.Payload(ctx)
	return err
}

func atStart(browser *middleware.Browser) error {
	return browser.ValidateRedirects(context.Background())
}

type request struct{ session *secureflows.Session }

func ofOneRequest(session *secureflows.Session) *request { return &request{session} }

func inLocalMap(ids []string, session *secureflows.Session) int {
	all := map[string]*secureflows.Session{}
	for _, id := range ids {
		all[id] = session
	}
	return len(all)
}

// What is global here makes sessions, or works on them, and holds none.
var (
	client  *secureflows.Client
	actions = map[string]func(context.Context, *secureflows.Session) error{"leave": existedUnused}
	queue   = make(chan *secureflows.Session)
)

// audit has calls of the same names.
type audit struct{}

func (audit) Set(ctx context.Context, key string, value any) error { return ctx.Err() }

func anothersSet(r *http.Request, a audit) { _ = a.Set(context.Background(), "seen", true) }

func keepsID(identity secureflows.Identity) { visitors.Store("latest", identity.UserID) }

func returned(ctx context.Context, session *secureflows.Session) (secureflows.Payload, error) {
	return session.Set(ctx, "seen", true)
}

func told(ctx context.Context, session *secureflows.Session, browser *middleware.Browser, w http.ResponseWriter, r *http.Request) {
	if _, err := session.Payload(ctx); err != nil {
		browser.Refuse(w, r, err)
	}
}

func inTurn(ctx context.Context, session *secureflows.Session) error {
	_, err := session.Set(ctx, "first", 1)
	if err == nil {
		_, err = session.Set(ctx, "second", 2)
	}
	return err
}

func kept(ctx context.Context, session *secureflows.Session) (all []error) {
	for _, key := range []string{"a", "b"} {
		_, err := session.Delete(ctx, key)
		all = append(all, err)
	}
	return all
}

func ignoresNotFound(ctx context.Context, session *secureflows.Session) bool {
	_, err := secureflows.Get[string](ctx, session, "theme")
	return errors.Is(err, secureflows.ErrKeyNotFound)
}

// identified drops what cannot fail.
func identified(ctx context.Context) secureflows.Identity {
	identity, _ := secureflows.IdentityFromContext(ctx)
	return identity
}

func urlOnly(client *secureflows.Client, session *secureflows.Session) string {
	to, _ := client.LogoutURL(session.Token(), "https://app.example.com/")
	return to
}

// action is of what works on sessions, and keeps none.
type action[T any] interface{ Do(T) error }

var lastly action[*secureflows.Session]

func doLast(session *secureflows.Session) error { return lastly.Do(session) }

type worker struct{ context context.Context }

// sweep has no request, and the context of its worker.
func sweep(w *worker, session *secureflows.Session) error {
	_, err := session.Delete(w.context, "old")
	return err
}

func scheduled(ctx context.Context, session *secureflows.Session) *time.Timer {
	return time.AfterFunc(time.Minute, func() {
		if _, err := session.Delete(context.Background(), "old"); err != nil {
			slog.Warn("not deleted", "error", err)
		}
	})
}

func inLocalStruct(session *secureflows.Session) string {
	held := struct{ session *secureflows.Session }{session}
	return held.session.String()
}
