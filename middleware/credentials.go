package middleware

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/secureflows/secureflows-go"
)

// maxTokenBytes is the bound of secureflows.NewToken, applied before a token is
// looked at.
const maxTokenBytes = 16 << 10

// The two ways in which a request can fail to present a token.
var (
	errNoCredentials = fmt.Errorf("%w: the request carries no bearer token", secureflows.ErrUnauthenticated)
	errMalformed     = fmt.Errorf("%w: the credentials are malformed", secureflows.ErrInvalidRequest)
)

// bearerText gives the token a request presents in its Authorization header
// (RFC 9110 section 11.6.2, RFC 6750 section 2.1), as sent.
func bearerText(r *http.Request) (string, error) {
	values := r.Header["Authorization"]
	if len(values) == 0 {
		return "", errNoCredentials
	}
	if len(values) > 1 {
		// RFC 9110 section 5.3: not a list, so there is no telling which of
		// them a proxy in front has checked.
		return "", errMalformed
	}
	if text, found := strings.CutPrefix(values[0], "Bearer "); found && text != "" && text[0] != ' ' && len(text) <= maxTokenBytes {
		return text, nil // as nearly every request has it
	}
	scheme, text := parts(values[0])
	switch {
	case values[0] == "":
		return "", errNoCredentials
	case scheme == "":
		return "", errMalformed
	case !strings.EqualFold(scheme, "Bearer"): // RFC 9110 section 11.1: its case does not matter
		return "", errNoCredentials
	case text == "" || len(text) > maxTokenBytes:
		return "", errMalformed
	}
	return text, nil
}

// parts takes credentials apart into the scheme, which ends where a token in
// the sense of RFC 9110 section 5.6.2 does, and what follows the spaces behind
// it (section 11.4: one or more). What else may follow, a tab above all, makes
// them malformed, and not those of another scheme: somebody meant to sign in.
func parts(value string) (scheme, text string) {
	end := 0
	for end < len(value) && schemeChar[value[end]] {
		end++
	}
	scheme, text = value[:end], value[end:]
	if text != "" && text[0] != ' ' {
		return scheme, ""
	}
	for text != "" && text[0] == ' ' {
		text = text[1:]
	}
	return scheme, text
}

var schemeChar = func() (allowed [256]bool) {
	for c := range 256 {
		b := byte(c)
		allowed[c] = 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' ||
			strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0
	}
	return allowed
}()
