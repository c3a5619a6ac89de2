package signin

import (
	"errors"
	"log/slog"
	"maps"
	"net/http"

	"github.com/secureflows/secureflows-go/internal/answer"
)

// DoneError is an error of an application's Done that is not about the person. It
// is not unwrapped: whatever the application met, its own ErrSignedOut or
// ErrInvalidRequest say nothing about the token here.
type DoneError struct{ Err error }

func (e *DoneError) Error() string { return e.Err.Error() }

var (
	errWrote    = errors.New("SignInConfig.Done must not write: the answer is the redirect to the page that was asked for")
	errAnswered = errors.New("a mistake of the application: SignInConfig.Done has written an answer and returned nil. Nobody was signed in, and nothing of the answer was sent: return an error instead, which wraps middleware.ErrNotAllowed to refuse the person")
)

// Complete calls an application's Done, and redirects to the page of the attempt
// where it succeeds. What Done has set goes out only then. Where it panics, the
// browser is at its end before the panic goes on: else it would stay at a URL, or
// keep a form, that holds the token.
func (f *Flow) Complete(w http.ResponseWriter, r *http.Request, begun Attempt, done func(http.ResponseWriter) error) error {
	own := &headerOnly{header: w.Header().Clone()}
	returned := false
	defer func() {
		if !returned {
			f.log(r, slog.LevelError, "SignInConfig.Done has panicked, which is a mistake of the application: nobody was signed in")
			w.Header().Set("Content-Length", "0") // so that the answer is a whole one, whatever becomes of the connection
			f.leave(w, begun.Nonce, begun, Unavailable.Outcome)
			_ = http.NewResponseController(w).Flush() // nothing better is left where that cannot be
		}
	}()
	err := done(own)
	returned = true
	if err == nil && own.answered {
		err = &DoneError{errAnswered}
	}
	if err != nil {
		return err
	}
	clear(w.Header())
	maps.Copy(w.Header(), own.header)
	answer.Redirect(w, begun.Page)
	return nil
}

// headerOnly is what an application's Done sets its cookie on. An answer of its
// own would be shown at the URL of the callback, which may hold a token.
type headerOnly struct {
	header   http.Header
	answered bool
}

func (w *headerOnly) Header() http.Header { return w.header }

// WriteHeader notes an answer.
func (w *headerOnly) WriteHeader(status int) { w.answered = w.answered || status/100 != 1 }

// Write writes nothing, and gives an error that says so.
func (w *headerOnly) Write([]byte) (int, error) {
	w.answered = true
	return 0, errWrote
}
