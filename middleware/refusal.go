package middleware

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/answer"
)

// Refusal is why a request was not let through, and the answer it gets: a
// status, the headers that go with it, and a problem of RFC 9457. An
// ErrorHandler is given one; of a Check's error it is made as Refusal{Err: err}.
type Refusal struct {
	// Err is why, in Go: what [Bearer.Check] gives, or what the function of
	// [Bearer.Allow] gave. Do not show it to whoever asked.
	Err error
	// RetryAfter is for an outage, 0 otherwise.
	RetryAfter time.Duration
	// LoginURL is where to sign in: for a 401 of a Bearer with a RedirectURI, the
	// hosted login; for a sign-in that failed at a Browser, the page of this site
	// that was asked for, which begins another.
	LoginURL string

	kind *refusalKind
}

// refusalKind is one sort of refusal, with texts that are part of the API.
type refusalKind struct {
	problem string // ends the problem's type
	status  int
	title   string
	detail  string
	oauth   string // the challenge's error (RFC 6750 section 3.1), "" for none
	code    string // the service's
}

// problemTypes is where the types of problems are explained.
const problemTypes = "https://github.com/secureflows/secureflows-go/blob/main/docs/problems.md#"

var (
	noCredentials = refusalKind{
		problem: "no-credentials", status: http.StatusUnauthorized, title: "Sign-in required",
		detail: "The request carries no bearer token.",
	}
	malformed = refusalKind{
		problem: "malformed-credentials", status: http.StatusBadRequest, title: "Malformed credentials",
		detail: "The request must carry exactly one Authorization header with one bearer token.", oauth: "invalid_request",
	}
	invalidToken = refusalKind{
		problem: "invalid-token", status: http.StatusUnauthorized, title: "Sign-in required",
		detail: "The token is not valid.", oauth: "invalid_token",
	}
	expiredToken = refusalKind{
		problem: "expired-token", status: http.StatusUnauthorized, title: "Sign-in has expired",
		detail: "The token has expired. The data is intact.", oauth: "invalid_token",
	}
	revokedToken = refusalKind{
		problem: "revoked-token", status: http.StatusUnauthorized, title: "Signed out",
		detail: "The token was signed out.", oauth: "invalid_token",
	}
	billingLock = refusalKind{
		problem: "billing-lock", status: http.StatusForbidden, title: "Workspace locked",
		detail: "The workspace is locked over billing. You are still signed in.", code: "BILLING_GRACE_LOCK",
	}
	notAllowed = refusalKind{
		problem: "not-allowed", status: http.StatusForbidden, title: "Not allowed",
		detail: "You are signed in, but may not do this.",
	}
	noSession = refusalKind{
		problem: "no-credentials", status: http.StatusUnauthorized, title: "Sign-in required",
		detail: "You are not signed in. Open the page anew to sign in.",
	}
	signInFailed = refusalKind{
		problem: "sign-in-failed", status: http.StatusBadRequest, title: "Sign-in failed",
		detail: "The sign-in did not succeed. You can try again.",
	}
	unknownReturn = refusalKind{
		problem: "sign-in-failed", status: http.StatusBadRequest, title: "Sign-in failed",
		detail: "This sign-in has been used already, took more than five minutes, or was not begun in this browser. You can try again.",
	}
	signInLoop = refusalKind{
		problem: "sign-in-loop", status: http.StatusBadRequest, title: "Sign-in stopped",
		detail: "Signing in has failed several times in a row, and was stopped. Wait a minute before you try again.",
	}
	crossOrigin = refusalKind{
		problem: "cross-origin", status: http.StatusForbidden, title: "Refused",
		detail: "Another site asked for this. You are still signed in.",
	}
	guardedCallback = refusalKind{
		problem: "guarded-callback", status: http.StatusInternalServerError, title: "Misconfigured",
		detail: "The callback route needs a sign-in, which it is there to complete. Mount Browser.Callback outside of Require.",
	}
	dataUnavailable = refusalKind{
		problem: "unavailable", status: http.StatusServiceUnavailable, title: "Temporarily unavailable",
		detail: "Your data could not be reached just now. You are still signed in; try again.",
	}
	unavailable = refusalKind{
		problem: "unavailable", status: http.StatusServiceUnavailable, title: "Temporarily unavailable",
		detail: "Who you are could not be established just now. You are still signed in; try again.",
	}
)

// refuse turns an error into a refusal.
func refuse(err error) *Refusal {
	switch {
	case errors.Is(err, errNoCredentials):
		return &Refusal{kind: &noCredentials, Err: err}
	case errors.Is(err, errNoSession):
		return &Refusal{kind: &noSession, Err: err}
	case errors.Is(err, errMalformed):
		return &Refusal{kind: &malformed, Err: err}
	case errors.Is(err, secureflows.ErrTokenExpired):
		return &Refusal{kind: &expiredToken, Err: err}
	case errors.Is(err, secureflows.ErrSessionRevoked), errors.Is(err, secureflows.ErrSessionNotFound):
		return &Refusal{kind: &revokedToken, Err: err}
	case errors.Is(err, secureflows.ErrSignedOut):
		return &Refusal{kind: &invalidToken, Err: err}
	case errors.Is(err, ErrNotAllowed):
		return &Refusal{kind: &notAllowed, Err: err}
	case errors.Is(err, secureflows.ErrGraceLock):
		return &Refusal{kind: &billingLock, Err: err}
	}
	refusal := &Refusal{kind: &unavailable, Err: err, RetryAfter: answer.DefaultRetryAfter}
	var facts *secureflows.Error
	if errors.As(err, &facts) && facts.RetryAfter > 0 {
		refusal.RetryAfter = facts.RetryAfter
	}
	return refusal
}

// sort is the kind, found in Err for a Refusal that somebody else made.
func (r *Refusal) sort() *refusalKind {
	if r.kind != nil {
		return r.kind
	}
	return refuse(r.Err).kind
}

// Status is the answer's HTTP status.
func (r *Refusal) Status() int { return r.sort().status }

// Type is the problem's type, a URI that stays the same.
func (r *Refusal) Type() string { return problemTypes + r.sort().problem }

// Title says what happened, for people. Like Detail it holds nothing of the
// request.
func (r *Refusal) Title() string { return r.sort().title }

// Detail explains the Title.
func (r *Refusal) Detail() string { return r.sort().detail }

// Write writes status and problem, and no header but the Content-Type: an
// ErrorHandler finds the others set.
func (r *Refusal) Write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(r.Status())
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // a URL should be legible, and this is no HTML
	_ = encoder.Encode(struct {
		Type     string `json:"type"`
		Title    string `json:"title"`
		Status   int    `json:"status"`
		Detail   string `json:"detail"`
		Code     string `json:"code,omitempty"`
		LoginURL string `json:"loginUrl,omitempty"`
	}{r.Type(), r.Title(), r.Status(), r.Detail(), r.sort().code, r.LoginURL}) // whoever left does not read it
}

// refuse answers a request that is not let through.
func (b *Bearer) refuse(w http.ResponseWriter, r *http.Request, refusal *Refusal) {
	if refusal.kind.status == http.StatusUnauthorized {
		refusal.LoginURL = b.loginURL
	}
	refusal.answer(w, r, b.config.Realm, b.config.ErrorHandler)
}

// answer sets the headers that a refusal calls for, and leaves the rest to
// handler, or to Write where that is nil.
func (r *Refusal) answer(w http.ResponseWriter, request *http.Request, realm string, handler func(http.ResponseWriter, *http.Request, *Refusal)) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	if r.kind.status == http.StatusUnauthorized || r.kind.oauth != "" {
		header.Set("WWW-Authenticate", challenge(realm, r.kind))
	}
	if r.RetryAfter > 0 {
		answer.SetRetryAfter(header, r.RetryAfter)
	}
	if handler == nil {
		r.Write(w)
		return
	}
	answer.WithStatus(w, r.kind.status, func(w http.ResponseWriter) { handler(w, request, r) })
}

// challenge writes the header of RFC 6750 section 3.
func challenge(realm string, kind *refusalKind) string {
	var parameters []string
	if realm != "" {
		parameters = append(parameters, "realm="+quote(realm))
	}
	if kind.oauth != "" {
		parameters = append(parameters, "error="+quote(kind.oauth), "error_description="+quote(kind.detail))
	}
	return strings.TrimSpace("Bearer " + strings.Join(parameters, ", "))
}

// quote writes a quoted-string (RFC 9110 section 5.6.4).
func quote(text string) string { return `"` + quoting.Replace(text) + `"` }

var quoting = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
