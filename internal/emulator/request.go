package emulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// maxBody bounds what is read of a request. Plans allow kilobytes.
const maxBody = 8 << 20

// request is an HTTP request as the endpoints see it.
type request struct {
	*http.Request
	now     instant // one moment for everything the request decides
	arrived time.Time
	path    string // as sent, percent-encoded
	segment string // the last segment of a path that ends in a key or token, as sent
	body    []byte
	// oversize is a body longer than maxBody, which is cut.
	oversize bool

	// For the log and the page of the emulator, as far as they become known.
	person  *person
	session *session
}

// concerns notes the session that a token has just been issued for.
func (e *Emulator) concerns(r *request, token string) {
	c, ok := e.signer.verify(token, typeSession)
	if !ok {
		return
	}
	if s := e.store.Load().sessions.find(c.Subject); s != nil {
		r.person, r.session = s.owner, s
	}
}

// newRequest reads the body first: only then does net/http notice that a client
// goes away during a delay.
func (e *Emulator) newRequest(r *http.Request) *request {
	x := &request{Request: r, now: e.clock.now(), arrived: time.Now(), path: r.URL.EscapedPath()}
	if r.Body != nil && r.ContentLength != 0 {
		// A body that breaks off is treated as the text that arrived.
		x.body, _ = io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if len(x.body) > maxBody {
			x.body, x.oversize = x.body[:maxBody], true
		}
	}
	return x
}

// bearer returns the credentials of the Authorization header (RFC 6750, section
// 2.1). Another scheme than Bearer is no credentials; two headers are neither.
func (r *request) bearer() (string, *refusal) {
	values := r.Header["Authorization"]
	if len(values) > 1 {
		return "", errTwoCredentials
	}
	if len(values) == 0 {
		return "", errNoCredentials
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimLeft(token, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", errNoCredentials
	}
	return token, nil
}

// signedIn returns the person whose ID token the request carries.
func (e *Emulator) signedIn(r *request) (*person, *refusal) {
	token, refused := r.bearer()
	if refused != nil {
		return nil, refused
	}
	owner, refused := e.bearerOf(token, r.now)
	r.person = owner
	return owner, refused
}

// json is the body as one JSON text of valid UTF-8, with nothing after it.
func (r *request) json() ([]byte, *refusal) {
	text := bytes.TrimSpace(r.body)
	switch {
	case r.oversize:
		return nil, errBodyTooLarge
	case len(text) == 0:
		return nil, badRequest("Request body is missing")
	case !utf8.Valid(text) || !json.Valid(text):
		return nil, badRequest("Request body is not valid JSON")
	}
	return text, nil
}

// object is json for endpoints that take an object.
func (r *request) object() (fields, *refusal) {
	text, refused := r.json()
	if refused != nil {
		return nil, refused
	}
	object, ok := parseObject(text)
	if !ok {
		return nil, badRequest("Request body must be a JSON object")
	}
	return object, nil
}

// fields are those of a JSON object, exactly as spelled.
type fields map[string]json.RawMessage

// text returns a string field; one that is absent or null is "".
func (f fields) text(name string) (string, *refusal) {
	raw, present := f[name]
	if !present || string(raw) == "null" {
		return "", nil
	}
	var value string
	if json.Unmarshal(raw, &value) != nil {
		return "", badRequest(name + " must be a string")
	}
	return value, nil
}

// key is the segment percent-decoded once.
func (r *request) key() (string, *refusal) {
	key, err := url.PathUnescape(r.segment)
	switch {
	case err != nil || !utf8.ValidString(key):
		return "", badRequest("Key is not percent-encoded UTF-8")
	case key == "":
		return "", badRequest("Key is missing")
	case key == "." || key == "..":
		// Every URL parser on the way resolves these as path segments, so a
		// client that builds them has changed the endpoint, not named a key.
		return "", badRequest("Key is a dot segment")
	}
	return key, nil
}
