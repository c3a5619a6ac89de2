package middleware

import (
	"net/http"

	"github.com/secureflows/secureflows-go/internal/answer"
)

// Logout is the handler that signs a visitor out, for POST from a form of this
// site; what comes from another is refused with 403. It ends the sign-in here,
// whether the service can be reached or not (a Store that cannot be is a 503),
// and sends the window through the hosted logout, which ends the session's token
// and the sign-in there, to AfterLogout. The data stays. Somebody who is not
// signed in just comes to AfterLogout.
func (b *Browser) Logout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		// A link to it would sign out whoever a page shows an image to.
		w.Header().Set("Allow", "POST")
		http.Error(w, "sign out by a form with method POST", http.StatusMethodNotAllowed)
		return
	}
	if err := b.origins.Check(r); err != nil {
		b.refuse(w, r, &Refusal{Err: err, kind: &crossOrigin})
		return
	}
	visitor, err := b.visitors.find(r)
	if err == nil {
		err = b.visitors.signOut(w, r)
	}
	if err != nil {
		b.storeFailed(w, r, err)
		return
	}
	b.attempts.forget(w, r)
	// The pages behind the back button are somebody's who is no longer here.
	w.Header().Set("Clear-Site-Data", `"cache"`)
	if visitor == nil {
		answer.Redirect(w, b.config.AfterLogout)
		return
	}
	b.cache.Forget(visitor.Token.Token)
	target, err := b.client.LogoutURL(visitor.Token.Token, b.config.AfterLogout)
	if err != nil {
		b.logger.ErrorContext(r.Context(), "secureflows: no logout URL", "error", err) // NewBrowser has tried one
		target = b.config.AfterLogout
	}
	answer.Redirect(w, target)
}
