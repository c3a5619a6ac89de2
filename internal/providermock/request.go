package providermock

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Request is one as a provider's endpoints see it, with its body read.
type Request struct {
	*http.Request
	Now  time.Time // one moment for everything the request decides
	body []byte
}

// Body is the body's text, at most 1 MiB.
func (r *Request) Body() []byte { return r.body }

// Bearer gives the credentials of the Authorization header (RFC 6750, section
// 2.1), or "": another scheme, or several headers, are none.
func (r *Request) Bearer() string {
	values := r.Header["Authorization"]
	if len(values) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimLeft(token, " ")
}

// Object is a body that is one JSON object. Members are found by their exact
// names; encoding/json would take any letter case.
type Object map[string]json.RawMessage

// Object reads the body. The error says what is wrong, and quotes nothing.
func (r *Request) Object() (Object, error) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil || mediaType != "application/json":
		return nil, errors.New("the Content-Type is not application/json")
	case len(r.body) > maxBody:
		return nil, errors.New("body too large")
	}
	decoder := json.NewDecoder(bytes.NewReader(r.body))
	var object Object
	if err := decoder.Decode(&object); err != nil || object == nil {
		return nil, errNoObject
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoObject
	}
	return object, nil
}

var errNoObject = errors.New("invalid JSON")

// Text gives the member, "" when it is missing. It reports whether that is no
// other kind of JSON.
func (o Object) Text(name string) (string, bool) {
	raw, found := o[name]
	if !found {
		return "", true
	}
	var text *string
	if json.Unmarshal(raw, &text) != nil || text == nil {
		return "", false
	}
	return *text, true
}

// sameOrigin lets no other page press a hosted page's button for a person.
var sameOrigin http.CrossOriginProtection

// Form is the body of a form that a hosted page of the mock posted.
func (r *Request) Form() (url.Values, bool) {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" || sameOrigin.Check(r.Request) != nil {
		return nil, false
	}
	values, err := url.ParseQuery(string(r.body))
	return values, err == nil
}

// ReturnURL reads the URL that a hosted page is to lead back to. It has to be an
// absolute http or https URL without a user; the error names what is missing.
func ReturnURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, errors.New("redirect_uri is missing")
	}
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" || parsed.User != nil {
		return nil, errors.New("redirect_uri is not an absolute http or https URL")
	}
	return parsed, nil
}
