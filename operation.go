package secureflows

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/secureflows/secureflows-go/internal/transport"
)

// operation is what the contract says of one call, beside its arguments.
type operation struct {
	name   string // in errors and logs
	method string
	path   string
	policy transport.Policy
	// missing is what a 404 in the API's form means.
	missing error
	// public calls carry no token, so that no answer to them is a sign-out.
	public bool
	// uncertain is said when the call may have been executed and cannot be
	// repeated.
	uncertain string
}

// Source: CONTRACT "Session API".
var (
	opCreate = operation{
		name: "create session", method: http.MethodPost, path: "/api/v1/sessions",
		policy: transport.Unsafe, missing: ErrInvalidRequest, uncertain: "a session may have been created all the same",
	}
	opGetOrCreate = operation{
		name: "get or create session", method: http.MethodPost, path: "/api/v1/sessions/get-or-create",
		policy: transport.Safe, missing: ErrInvalidRequest,
	}
	opRenew = operation{
		name: "renew session", method: http.MethodPost, path: "/api/v1/sessions/renew/",
		policy: transport.Safe, missing: ErrSessionNotFound,
	}
	opPayload = operation{
		name: "payload", method: http.MethodGet, path: "/api/v1/sessions",
		policy: transport.Safe, missing: ErrSessionNotFound,
	}
	opIdentity = operation{
		name: "identity", method: http.MethodGet, path: "/api/v1/sessions/identity",
		policy: transport.Safe, missing: ErrSessionNotFound,
	}
	opGet = operation{
		name: "get", method: http.MethodGet, path: "/api/v1/sessions/get/",
		policy: transport.Safe, missing: ErrKeyNotFound,
	}
	opSet = operation{
		name: "set", method: http.MethodPost, path: "/api/v1/sessions/set/",
		policy: transport.Safe, missing: ErrSessionNotFound,
	}
	opDelete = operation{
		name: "delete", method: http.MethodDelete, path: "/api/v1/sessions/delete/",
		policy: transport.Safe, missing: ErrSessionNotFound,
	}
	opRevoke = operation{
		name: "revoke", method: http.MethodPost, path: "/api/v1/sessions/revoke",
		policy: transport.Unsafe, missing: ErrSessionNotFound, uncertain: "the session may have been revoked all the same",
	}
	opLogout = operation{
		name: "logout", method: http.MethodPost, path: "/api/v1/auth/logout",
		policy: transport.Safe, missing: ErrSessionNotFound,
	}
	opSearchDocs = operation{
		name: "search docs", method: http.MethodGet, path: "/api/v1/docs/search",
		policy: transport.WhenReady, public: true,
	}
	opValidateRedirect = operation{
		name: "validate redirect", method: http.MethodPost, path: "/api/v1/applications/validate-redirect",
		policy: transport.Safe, public: true,
	}
)

// request is one use of an operation.
type request struct {
	op         *operation
	credential string // bearer, "" on public calls
	segment    string // appended to the operation's path, raw
	query      string
	body       []byte
}

// send is the one way to the service: it gives a 200, or an error.
func (c *Client) send(ctx context.Context, r request) (*transport.Answer, *Error) {
	if !r.op.public && r.credential == "" {
		return nil, &Error{Op: r.op.name, Message: "no token: the zero value was used", kind: ErrUnauthenticated}
	}
	answer, failure := c.transport.Do(ctx, transport.Request{
		Op: r.op.name, Method: r.op.method, Path: r.op.path, Policy: r.op.policy,
		Segment: r.segment, SecretSegment: r.op == &opRenew,
		Query: r.query, Credential: r.credential, Body: r.body,
	})
	if failure != nil {
		return nil, failed(r.op, failure)
	}
	if answer.Status != http.StatusOK {
		return nil, refused(r.op, answer)
	}
	return answer, nil
}

// object decodes the JSON object of a 200 into v, exactly one and nothing
// behind it.
func object(op *operation, answer *transport.Answer, v any) *Error {
	text := bytes.TrimLeft(answer.Body, " \t\r\n")
	if len(text) == 0 || text[0] != '{' {
		return malformed(op, answer, "not a JSON object")
	}
	if err := json.Unmarshal(text, v); err != nil {
		return malformed(op, answer, "not the JSON object the contract promises")
	}
	return nil
}

// encode gives the JSON of v as it is: no HTML escaping, no final newline. A
// value that has no JSON form is refused; what went wrong is in the cause, not
// in the text, which must not quote data.
func encode(op *operation, what string, v any) ([]byte, *Error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		e := invalid(op.name, "%s of type %T cannot be written as JSON%s", what, v, unsupported(err))
		e.silent = err
		return nil, e
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// unsupported names the Go type that has no JSON form, where that is the
// reason.
func unsupported(err error) string {
	var wrongType *json.UnsupportedTypeError
	if errors.As(err, &wrongType) {
		return ": " + wrongType.Type.String() + " has no JSON form"
	}
	return ""
}
