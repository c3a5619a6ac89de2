package secureflows

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/secureflows/secureflows-go/internal/transport"
)

// Each sentinel stands for one decision of the caller; test for it with
// [errors.Is], through any wrapping. The facts (status, message, request id)
// are in [*Error]. An error carries exactly one of them, and [ErrSignedOut]
// beside the four that are sign-outs. The caller's own cancellation carries
// none: it is [context.Canceled] or [context.DeadlineExceeded].
//
// Source: CONTRACT "Errors".
var (
	// ErrSignedOut is what the next four have in common: this token is done
	// with. Send the user to [Client.ReauthURL]; never repeat the call with
	// the same token.
	ErrSignedOut error = &sentinel{text: "signed out"}

	// ErrUnauthenticated says that the token is missing or invalid: a 401, a
	// 403 without a body, or "Access denied". Sign in afresh.
	ErrUnauthenticated error = &sentinel{
		text: "token missing or invalid", advice: "sign in through hosted login",
		parent: ErrSignedOut,
	}

	// ErrTokenExpired says that the token or its session has run out. The data
	// is intact: renew through hosted login ([Client.RenewURL]), or, with an
	// ID token at hand, by [Client.RenewSession].
	ErrTokenExpired error = &sentinel{
		text: "session token expired", advice: "the data is intact; renew through hosted login",
		parent: ErrSignedOut,
	}

	// ErrSessionRevoked says that the session was revoked, or that this token
	// was superseded by a logout or a renewal; also anything asked of a
	// session that this client revoked. Sign in afresh, without the old token.
	ErrSessionRevoked error = &sentinel{
		text: "session revoked or token superseded", advice: "sign in afresh, without the old token",
		parent: ErrSignedOut,
	}

	// ErrSessionNotFound says that the service does not know the session (any
	// more). Sign in afresh.
	ErrSessionNotFound error = &sentinel{
		text: "session not found", advice: "sign in afresh, without the old token",
		parent: ErrSignedOut,
	}

	// ErrKeyNotFound says that the key was never written, which is normal: use
	// a default ([GetOr] and [Key] do).
	ErrKeyNotFound error = &sentinel{text: "key not found", advice: "it was never written; use a default"}

	// ErrGraceLock says that the workspace is locked over billing. It is not a
	// sign-out: keep the token and tell the user.
	ErrGraceLock error = &sentinel{text: "workspace locked over billing", advice: "keep the token and tell the user; this is not a sign-out"}

	// ErrForbidden is any other 403: a permission, an intermediary, or a
	// renewal by somebody who does not own the session. It is not a sign-out.
	ErrForbidden error = &sentinel{text: "forbidden", advice: "a permission or an intermediary refused; this is not a sign-out"}

	// ErrSessionLimit says that the plan allows no more concurrent sessions.
	// Tell the user; a retry changes nothing.
	ErrSessionLimit error = &sentinel{text: "too many concurrent sessions", advice: "tell the user; a retry changes nothing"}

	// ErrPayloadTooLarge says that the payload would outgrow the plan. What was
	// stored before is unchanged. Tell the user; a retry changes nothing.
	ErrPayloadTooLarge error = &sentinel{text: "payload too large", advice: "the stored payload is unchanged; store less"}

	// ErrRateLimited says that the edge refused for now and nothing was
	// executed. Try again after [Error.RetryAfter].
	ErrRateLimited error = &sentinel{text: "rate limited", advice: "nothing was executed; try again later"}

	// ErrInvalidRequest is a bug in the calling program: a 400, or something
	// refused before any I/O (an empty key, a bad redirect URI). The message
	// names the mistake.
	ErrInvalidRequest error = &sentinel{text: "invalid request"}

	// ErrUnavailable says that the service did not answer, or that something
	// else did: a 5xx, a broken connection, a proxy's page, an answer of the
	// wrong shape. It says nothing about the user and is never a sign-out.
	ErrUnavailable error = &sentinel{text: "service unavailable", advice: "this says nothing about the user; try again later"}
)

// sentinel is the type of the errors above: comparable, and one below another.
type sentinel struct {
	text   string
	advice string
	parent error
}

func (s *sentinel) Error() string { return "secureflows: " + s.text }

// Unwrap makes errors.Is(ErrTokenExpired, ErrSignedOut) true for the bare
// sentinels too, which resolvers of the caller's own return.
func (s *sentinel) Unwrap() error { return s.parent }

// Error holds the facts of a failed call; get at it with [errors.As]. What to
// decide by is the sentinel it carries. Neither the fields nor the text ever
// hold a token or a stored value: what the service says is scrubbed first.
type Error struct {
	// Op is the operation in words: "get", "renew session".
	Op string
	// StatusCode is the HTTP status, 0 when there was no answer.
	StatusCode int
	// Code is the service's machine-readable code, such as
	// BILLING_GRACE_LOCK, or "".
	Code string
	// Message is the reason: the service's own words, or this package's for
	// what it refused itself.
	Message string
	// RequestID identifies the call at the service, or, when the service named
	// none, in this client's log and request header. Quote it to support. ""
	// when nothing was sent.
	RequestID string
	// RetryAfter is how long the service asked to wait; 0 when it did not say.
	RetryAfter time.Duration

	kind  error
	cause error
	// silent is a cause that is not in the text, because it may quote data.
	silent error
	// uncertain says that the service may have executed the call, and note says
	// so where it cannot simply be repeated.
	uncertain bool
	note      string
	// notOwner says that the session to renew is somebody else's.
	notOwner bool
}

// Error reads "secureflows: get: session token expired (410 Session expired,
// request 7f…): the data is intact; renew through hosted login".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("secureflows: " + e.Op)
	kind, _ := e.kind.(*sentinel)
	if kind != nil {
		b.WriteString(": " + kind.text)
	}
	if facts := e.facts(); facts != "" {
		if e.StatusCode == 0 && e.RequestID == "" {
			b.WriteString(": " + facts)
		} else {
			b.WriteString(" (" + facts + ")")
		}
	}
	if kind != nil && kind.advice != "" {
		b.WriteString(": " + kind.advice)
	}
	return b.String()
}

func (e *Error) facts() string {
	var facts []string
	status := ""
	if e.StatusCode != 0 {
		status = fmt.Sprint(e.StatusCode)
	}
	if reason := strings.TrimSpace(status + " " + e.Message); reason != "" {
		facts = append(facts, reason)
	}
	if e.Code != "" {
		facts = append(facts, "code "+e.Code)
	}
	if e.cause != nil {
		facts = append(facts, e.cause.Error())
	}
	if e.note != "" {
		facts = append(facts, e.note)
	}
	if e.RetryAfter > 0 {
		facts = append(facts, "retry after "+e.RetryAfter.String())
	}
	if e.RequestID != "" {
		facts = append(facts, "request "+e.RequestID)
	}
	return strings.Join(facts, ", ")
}

// Unwrap gives the sentinel and, where something else failed first, the cause.
func (e *Error) Unwrap() []error {
	var below []error
	if e.kind != nil {
		below = append(below, e.kind)
	}
	for _, err := range []error{e.cause, e.silent} {
		if err != nil {
			below = append(below, foreign{err})
		}
	}
	return below
}

// signsOut reports whether e is one of the four of ErrSignedOut. It is asked
// instead of errors.Is wherever this package acts on an error.
func (e *Error) signsOut() bool { return errors.Is(e.kind, ErrSignedOut) }

// foreign is a cause, which hands out everything but the sentinels it carries:
// those were decided about something else. errgroup, for one, cancels the
// remaining calls with the error of the first as their cause, and an expired
// token there must not sign out the users of the others.
type foreign struct{ error }

func (f foreign) Is(target error) bool {
	_, ours := target.(*sentinel)
	return !ours && errors.Is(f.error, target)
}

func (f foreign) As(target any) bool { return errors.As(f.error, target) }

// invalid is the refusal of a caller's mistake before any I/O.
func invalid(op, format string, args ...any) *Error {
	return &Error{Op: op, Message: fmt.Sprintf(format, args...), kind: ErrInvalidRequest}
}

// failed turns a call that got no answer into an error: the caller's own
// cancellation, or an outage.
func failed(op *operation, failure *transport.Failure) *Error {
	e := &Error{Op: op.name, RequestID: failure.RequestID, cause: failure.Cause}
	if !failure.Canceled {
		e.kind = ErrUnavailable
	}
	if failure.Uncertain {
		e.uncertain, e.note = true, op.uncertain
	}
	return e
}

// refused turns an answer other than 200 into an error. It is the one place
// where an HTTP answer becomes a decision.
func refused(op *operation, answer *transport.Answer) *Error {
	e := &Error{
		Op: op.name, StatusCode: answer.Status, Code: answer.Code, Message: answer.Message,
		RequestID: answer.RequestID(), RetryAfter: answer.RetryAfter,
	}
	if answer.Status/100 != 4 { // only a 4xx says that nothing was done
		e.uncertain, e.note = true, op.uncertain
	}
	e.kind = op.decide(answer)
	e.notOwner = e.kind == ErrForbidden && op == &opRenew && strings.Contains(answer.Said.Message, "does not own")
	return e
}

// malformed is a 200 that is not what the contract promises for op: somebody
// else answered, or the answer was damaged on its way.
func malformed(op *operation, answer *transport.Answer, reason string) *Error {
	return &Error{
		Op: op.name, StatusCode: answer.Status, Message: reason, RequestID: answer.RequestID(),
		kind: ErrUnavailable, uncertain: true, note: op.uncertain,
	}
}

// decide reads the table of CONTRACT "Errors".
func (op *operation) decide(answer *transport.Answer) error {
	switch status := answer.Status; status {
	case http.StatusBadRequest, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		return ErrInvalidRequest
	case http.StatusUnauthorized, http.StatusGone:
		return op.signedOut(ended(answer))
	case http.StatusForbidden:
		return op.forbidden(answer)
	case http.StatusNotFound:
		return op.notFound(answer)
	case http.StatusRequestEntityTooLarge:
		return ErrPayloadTooLarge
	case http.StatusTooManyRequests:
		return limited(answer)
	default:
		// A 4xx in the API's own form is its refusal of this request; in any
		// other form, and with any other status, it is somebody else's answer.
		if answer.FromAPI && status/100 == 4 {
			return ErrInvalidRequest
		}
		return ErrUnavailable
	}
}

// ended tells apart the 401s and 410s. A 410 whose body cannot be read still
// means expired: if that is wrong, the renewal is refused and nothing is lost.
func ended(answer *transport.Answer) error {
	message := strings.ToLower(answer.Said.Message)
	switch {
	case answer.Status == http.StatusUnauthorized && strings.HasPrefix(message, "session token expired"):
		return ErrTokenExpired
	case answer.Status == http.StatusUnauthorized:
		return ErrUnauthenticated
	case strings.Contains(message, "revoked"), strings.Contains(message, "superseded"):
		return ErrSessionRevoked
	default:
		return ErrTokenExpired
	}
}

// signedOut is kind, except on calls that carry no token: whoever demanded one
// there was not the API, and said nothing about a user.
func (op *operation) signedOut(kind error) error {
	if op.public {
		return ErrUnavailable
	}
	return kind
}

func (op *operation) forbidden(answer *transport.Answer) error {
	switch {
	case answer.Said.Code == "BILLING_GRACE_LOCK":
		return ErrGraceLock
	case op.public:
		return ErrForbidden
	case answer.Empty, answer.FromAPI && strings.EqualFold(answer.Said.Message, "Access denied"):
		return ErrUnauthenticated
	default:
		return ErrForbidden
	}
}

// notFound believes a 404 only in the API's own form: a proxy that lost its
// route also answers 404, and neither a default value nor a sign-out may come
// of that.
func (op *operation) notFound(answer *transport.Answer) error {
	switch {
	case !answer.FromAPI:
		return ErrUnavailable
	case op.missing == ErrKeyNotFound && strings.EqualFold(answer.Said.Message, "Session not found"):
		return ErrSessionNotFound
	default:
		return cmp.Or(op.missing, ErrUnavailable)
	}
}

func limited(answer *transport.Answer) error {
	switch answer.Said.Code {
	case "BILLING_SESSION_LIMIT":
		return ErrSessionLimit
	case "BILLING_PAYLOAD_LIMIT":
		return ErrPayloadTooLarge
	default:
		return ErrRateLimited
	}
}
