package middleware

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/answer"
)

// What a Browser refuses for, besides the errors of a token.
var (
	errNoSession       = fmt.Errorf("%w: the visitor is not signed in", secureflows.ErrUnauthenticated)
	errLoop            = fmt.Errorf("%w: the sign-in goes round: it has failed, or was refused right afterwards, %d times within a minute", secureflows.ErrUnauthenticated, loopLimit)
	errLegacyTwice     = fmt.Errorf("%w: callback: a return that was completed came back incomplete", secureflows.ErrUnavailable)
	errNothing         = fmt.Errorf("%w: Refuse was called without an error", secureflows.ErrInvalidRequest)
	errGuardedCallback = fmt.Errorf("%w: the callback route is behind Require: mount Browser.Callback outside of it", secureflows.ErrInvalidRequest)
)

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
	page := answer.RefusalPage{Title: refusal.Title(), Detail: refusal.Detail(), Again: refusal.LoginURL}
	var failure *secureflows.CallbackError
	if refusal.kind == &signInFailed && errors.As(refusal.Err, &failure) {
		page.Said = failure.Description
	}
	page.Write(w, r, refusal.Status())
}
