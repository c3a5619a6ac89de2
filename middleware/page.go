package middleware

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"

	"github.com/secureflows/secureflows-go"
)

// What a Browser refuses for, besides the errors of a token.
var (
	errNoSession       = fmt.Errorf("%w: the visitor is not signed in", secureflows.ErrUnauthenticated)
	errLoop            = fmt.Errorf("%w: the sign-in goes round: it has failed, or was refused right afterwards, %d times within a minute", secureflows.ErrUnauthenticated, loopLimit)
	errLegacyTwice     = fmt.Errorf("%w: callback: a return that was completed came back incomplete", secureflows.ErrUnavailable)
	errNothing         = fmt.Errorf("%w: Refuse was called without an error", secureflows.ErrInvalidRequest)
	errGuardedCallback = fmt.Errorf("%w: the callback route is behind Require: mount Browser.Callback outside of it", secureflows.ErrInvalidRequest)
)

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

// refuse answers a request of a visitor that is not let through: with a page
// where one would be seen, but for a form that is to be sent again after a
// sign-in, which is a 401 like that of a Bearer.
func (b *Browser) refuse(w http.ResponseWriter, r *http.Request, refusal *Refusal) {
	handler := b.config.ErrorHandler
	if handler == nil && isDocument(r) && (isNavigation(r) || refusal.kind.status != http.StatusUnauthorized) {
		handler = writePage
	}
	refusal.answer(w, r, "", handler)
}

// writePage shows a refusal to a person.
func writePage(w http.ResponseWriter, r *http.Request, refusal *Refusal) {
	var body bytes.Buffer
	var failure *secureflows.CallbackError
	said := ""
	if refusal.kind == &signInFailed && errors.As(refusal.Err, &failure) {
		said = failure.Description
	}
	err := page.Execute(&body, map[string]any{
		"Style": template.CSS(pageStyle), "Refusal": refusal, "Said": said, "Again": refusal.LoginURL,
	})
	if err != nil {
		panic(err) // template and values are ours
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", pagePolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(refusal.Status())
	if r.Method != http.MethodHead {
		_, _ = w.Write(body.Bytes()) // whoever left does not read it
	}
}
