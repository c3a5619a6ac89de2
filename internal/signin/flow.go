package signin

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/secureflows/secureflows-go/internal/answer"
	"github.com/secureflows/secureflows-go/internal/transport"
)

// Flow is how the sign-ins of a provider end: where they do not succeed, at a URL
// in which there is nothing of a token.
type Flow struct {
	Attempts

	Provider string
	Logger   *slog.Logger // nil is silence
	// KindOf sorts the errors that a sign-in ends with, into Kinds or Unknown.
	KindOf func(error) *Kind
	Kinds  []*Kind
	// EndURL is where the end of the attempt of a nonce is shown. An attempt
	// without one is called "unknown".
	EndURL func(nonce string) string
	// Handler writes what is shown there. nil is a plain page.
	Handler func(http.ResponseWriter, *http.Request, Failure)
}

// Report tells the operator of an error, in which an application may have quoted
// the tokens.
func (f *Flow) Report(r *http.Request, err error, tokens ...string) {
	if r.Context().Err() == nil { // what comes of somebody leaving is not worth it
		f.log(r, slog.LevelWarn, err.Error(), tokens...)
	}
}

func (f *Flow) log(r *http.Request, level slog.Level, text string, tokens ...string) {
	if f.Logger != nil {
		f.Logger.Log(r.Context(), level, f.Provider+": a sign-in failed", "error", transport.Clean(text, 1024, tokens...))
	}
}

// Fail reports an error, and sends the browser to its end. What kind of end it is
// lies in a cookie meanwhile. nonce is what the browser came back with, and begun
// the attempt, if there was one.
func (f *Flow) Fail(w http.ResponseWriter, r *http.Request, nonce string, begun Attempt, err error, tokens ...string) {
	f.Report(r, err, tokens...)
	f.leave(w, nonce, begun, outcomeOf(f.KindOf(err), retryAfter(err)))
}

func (f *Flow) leave(w http.ResponseWriter, nonce string, begun Attempt, outcome string) {
	if !IsNonce(nonce) {
		nonce = "unknown"
	} else if begun.Nonce != "" {
		begun.Outcome = outcome
		f.End(w, begun)
	}
	answer.Redirect(w, f.EndURL(nonce))
}

// ShowEnd answers where Fail sends browsers.
func (f *Flow) ShowEnd(w http.ResponseWriter, r *http.Request, nonce string) {
	ended, err := f.TakeEnd(w, r, nonce)
	if err != nil {
		ended = Attempt{Page: "/"}
	}
	kind, wait := endOf(ended.Outcome, f.Kinds)
	f.show(w, r, kind, wait, ended.Page)
}

// Refuse answers a request in whose URL there is nothing of a token.
func (f *Flow) Refuse(w http.ResponseWriter, r *http.Request, err error, page string) {
	f.Report(r, err)
	f.show(w, r, f.KindOf(err), retryAfter(err), PageOf(page))
}

func (f *Flow) show(w http.ResponseWriter, r *http.Request, kind *Kind, wait time.Duration, page string) {
	answer.KeepPrivate(w.Header())
	if kind.Status == http.StatusServiceUnavailable {
		if wait <= 0 {
			wait = answer.DefaultRetryAfter
		}
		answer.SetRetryAfter(w.Header(), min(wait, maxRetryAfter))
	}
	if f.Handler == nil {
		answer.RefusalPage{Title: kind.Title, Detail: kind.Detail, Again: page}.Write(w, r, kind.Status)
		return
	}
	failure := Failure{kind.Status, kind.Title, kind.Detail, page}
	answer.WithStatus(w, kind.Status, func(w http.ResponseWriter) { f.Handler(w, r, failure) })
}
