package authreturn

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/middleware"
)

// Failure is a sign-in that did not succeed, for an ErrorHandler to show. Why it
// did not is for the Logger.
type Failure struct {
	// Status is the answer's: 400, 403 where Done has refused the person, 503 for
	// an outage.
	Status int
	// Title and Detail say what happened, in words that hold nothing of the
	// request.
	Title, Detail string
	// Page is where the sign-in would have gone on, a path of this site: a link to
	// it is the way to try again.
	Page string
}

// kind is one sort of failure.
type kind struct {
	outcome       string // in a cookie
	status        int
	title, detail string
}

var (
	unknown = kind{"", http.StatusBadRequest, "Sign-in failed",
		"This sign-in has been used already, took more than five minutes, or was not begun in this browser. You can try again."}
	failed = kind{"failed", http.StatusBadRequest, "Sign-in failed",
		"The sign-in did not succeed. You can try again."}
	notAllowed = kind{"refused", http.StatusForbidden, "Not allowed",
		"You have signed in, but may not come in here."}
	unavailable = kind{"outage", http.StatusServiceUnavailable, "Temporarily unavailable",
		"Who you are could not be established just now. Try again in a moment."}
)

func kindNamed(outcome string) *kind {
	for _, k := range []*kind{&failed, &notAllowed, &unavailable} {
		if k.outcome == outcome {
			return k
		}
	}
	return &unknown
}

// unknownReturn is a return of no sign-in that is waited for.
type unknownReturn struct{ error }

// doneError is an error of Done's that is not about the person. It is not
// unwrapped: whatever the application met, its own ErrSignedOut or
// ErrInvalidRequest say nothing about the token here.
type doneError struct{ error }

func kindOf(err error) *kind {
	var unexpected *unknownReturn
	switch {
	case errors.As(err, &unexpected):
		return &unknown
	case errors.Is(err, middleware.ErrNotAllowed):
		return &notAllowed
	case errors.Is(err, secureflows.ErrSignedOut), errors.Is(err, errNoToken):
		return &failed
	default:
		return &unavailable
	}
}

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

var page = template.Must(template.New("page").Parse(pageText))

// pagePolicy lets the page's own style be, and nothing else.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

func (s *SignIn) refuse(w http.ResponseWriter, r *http.Request, k *kind, page string) {
	failure := Failure{Status: k.status, Title: k.title, Detail: k.detail, Page: page}
	if k.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	if s.config.ErrorHandler == nil {
		writePage(w, failure)
		return
	}
	rendering := &rendering{ResponseWriter: w, status: k.status}
	s.config.ErrorHandler(rendering, r, failure)
	rendering.begin()
}

func writePage(w http.ResponseWriter, failure Failure) {
	var body bytes.Buffer
	if err := page.Execute(&body, map[string]any{"Style": template.CSS(pageStyle), "Failure": failure}); err != nil {
		panic(err) // template and values are ours
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(failure.Status)
	_, _ = w.Write(body.Bytes()) // whoever left does not read it
}

// rendering is what an ErrorHandler writes to. It keeps the status: a page without
// one would say 200.
type rendering struct {
	http.ResponseWriter
	status int
	begun  bool
}

func (w *rendering) begin() {
	if !w.begun {
		w.begun = true
		w.ResponseWriter.WriteHeader(w.status)
	}
}

func (w *rendering) WriteHeader(int) { w.begin() }

func (w *rendering) Write(body []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(body)
}
