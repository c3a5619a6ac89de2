package vertesia

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"

	"github.com/secureflows/secureflows-go"
	"github.com/secureflows/secureflows-go/internal/remote"
)

// ErrNoUser says that somebody is signed in whom Vertesia does not know as a
// user, or not yet: they must sign up there.
var ErrNoUser = errors.New("vertesia: no user: the person must sign up with Vertesia first")

// Error is a refusal of the STS, or of the Studio API where a user is to be
// made. What to decide by is the sentinel that it carries:
// secureflows.ErrUnauthenticated for a credential that is no good,
// secureflows.ErrForbidden where a scope or a person is refused, [ErrNoUser], or
// secureflows.ErrInvalidRequest.
type Error struct {
	// Op is the operation in words: "exchange".
	Op string
	// Status is the HTTP status.
	Status int
	// Code is the service's, such as requested_scope_unavailable,
	// no_accessible_account, restricted_environment or token_issuance_forbidden;
	// "" where it gave none.
	Code string

	kind error
}

// Error reads "vertesia: exchange: 403 no_accessible_account: " and the text of
// the sentinel.
func (e *Error) Error() string {
	text := "vertesia: " + e.Op + ": " + strconv.Itoa(e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	return text + ": " + e.kind.Error()
}

// Unwrap gives the sentinel.
func (e *Error) Unwrap() error { return e.kind }

// refusal reads an answer that is not the one hoped for. What is not in the
// service's table, or has not the form of its refusals, may be somebody else's
// answer.
func refusal(op string, answer *remote.Answer) error {
	kinds := map[int]error{
		http.StatusBadRequest:         secureflows.ErrInvalidRequest,
		http.StatusUnauthorized:       secureflows.ErrUnauthenticated,
		http.StatusForbidden:          secureflows.ErrForbidden,
		http.StatusNotFound:           ErrNoUser,
		http.StatusPreconditionFailed: ErrNoUser,
	}
	kind, known := kinds[answer.Status]
	switch {
	case !known:
		return answer.Outage("a status that the service does not document")
	case !isOfItsForm(op, answer):
		return answer.Outage("a refusal that is not of the form that the service documents")
	}
	return &Error{Op: op, Status: answer.Status, Code: code(answer.Body), kind: kind}
}

// isOfItsForm reports whether a refusal can be the service's. The forms of a 401
// and a 403 of the STS are published; an older one says a 403 in prose. Those of
// the rest, and of the Studio API, are not: an empty body must do there, or
// newcomers would be told of an outage for ever, and nobody is signed out by it.
// A page is nobody's.
func isOfItsForm(op string, answer *remote.Answer) bool {
	text := bytes.TrimSpace(answer.Body)
	var said map[string]json.RawMessage
	isObject := bytes.HasPrefix(text, []byte("{")) && json.Unmarshal(text, &said) == nil
	switch {
	case answer.IsPage():
		return false
	case answer.Status == http.StatusUnauthorized:
		return isObject && isText(said["error"])
	case answer.Status != http.StatusForbidden || op == ensuring:
		return isObject || len(text) == 0
	case isObject:
		return isText(said["error"]) || isText(said["message"]) || isText(said["errorCode"])
	}
	return len(text) > 0 && !json.Valid(text) && text[0] != '{'
}

func isText(value json.RawMessage) bool { return bytes.HasPrefix(value, []byte(`"`)) }

// codes are what a code looks like. A token does not: it has dots, dashes or
// capitals.
var codes = regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)

const maxCodeBytes = 64

// code gives that of a refusal. An old STS says what it has to say in prose,
// which is kept out of errors.
func code(body []byte) string {
	var said struct {
		Code string `json:"errorCode"`
	}
	if json.Unmarshal(body, &said) != nil || len(said.Code) > maxCodeBytes || !codes.MatchString(said.Code) {
		return ""
	}
	return said.Code
}
