package emulator

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	redacted = "[REDACTED]"
	// tokenChars are those of a JWT.
	tokenChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"

	maxRecordedBody = 4 << 10
	// maxRedactedBody bounds the work on a body that is cut afterwards anyway.
	maxRedactedBody = 64 << 10
)

// jwtStart is how every JWT begins, good or not: {" in base64url.
const jwtStart = "eyJ"

var (
	// A JWT and every part of one that starts it.
	jwtPattern = regexp.MustCompile(`eyJ[A-Za-z0-9_\-.]*`)
	// A string field of JSON, or a parameter, whose name speaks of a token.
	tokenFieldPattern = regexp.MustCompile(`(?i)("[^"\\]*token"\s*:\s*)"(?:[^"\\]|\\.)*"?`)
	tokenParamPattern = regexp.MustCompile(`(?i)(token(?:=|%3d|%253d))[^&\s"'<>]*`)
)

// redactNamed takes out what stands beside a name that speaks of a token.
func redactNamed(text string) string {
	if !strings.Contains(strings.ToLower(text), "token") {
		return text // most; the patterns are slow
	}
	text = tokenFieldPattern.ReplaceAllString(text, `${1}"`+redacted+`"`)
	return tokenParamPattern.ReplaceAllString(text, "${1}"+redacted)
}

// redactRequest is the request as it may be kept. What is secret is known by
// where it stands (Authorization, the renew path, parameters and fields named
// after tokens), by its shape (a JWT), and by being one of the former again
// somewhere else.
func redactRequest(r *request) Request {
	secrets := r.secrets()
	kept := Request{
		Time:   r.now.time(),
		Method: redactText(r.Method, secrets),
		Path:   redactPath(r.path, secrets),
		Header: redactHeader(r.Header, secrets),
	}
	if r.URL.RawQuery != "" {
		kept.Query = redactQuery(r.URL.RawQuery, secrets)
	}
	if len(r.body) > 0 {
		kept.Body = redactBody(string(r.body[:min(len(r.body), maxRedactedBody)]), secrets)
	}
	return kept
}

// secrets are the credentials that the request names as such.
func (r *request) secrets() []string {
	var secrets []string
	add := func(secret string) {
		// Shorter ones are no tokens, and would riddle the record with holes.
		if len(secret) >= 8 {
			secrets = append(secrets, secret)
		}
	}
	for _, value := range r.Header["Authorization"] {
		_, credentials, found := strings.Cut(value, " ")
		if !found {
			credentials = value
		}
		add(strings.TrimSpace(credentials))
	}
	if segment, found := strings.CutPrefix(r.path, renewPrefix); found {
		add(segment)
		add(unescape(segment))
	}
	if r.URL.RawQuery != "" {
		for name, values := range r.URL.Query() {
			if namesToken(name) {
				for _, value := range values {
					add(value)
				}
			}
		}
	}
	return secrets
}

func namesToken(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "token") || strings.Contains(name, "authorization")
}

// redactText takes out JWTs and the secrets.
func redactText(text string, secrets []string) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, redacted)
	}
	if strings.Contains(text, jwtStart) {
		text = jwtPattern.ReplaceAllLiteralString(text, redacted)
	}
	return text
}

func redactHeader(header http.Header, secrets []string) http.Header {
	kept := make(http.Header, len(header))
	for name, values := range header {
		switch {
		case name == "Authorization" || name == "Proxy-Authorization":
			kept[name] = redactCredentials(values)
		case name == "Cookie" || headerNamesToken(name):
			kept[name] = []string{redacted}
		default:
			kept[name] = redactValues(values, secrets)
		}
	}
	return kept
}

// headerNamesToken is namesToken for a canonical header name.
func headerNamesToken(name string) bool {
	return strings.Contains(name, "oken") || strings.Contains(name, "uthorization")
}

// Shared by the records of nearly all requests; they are cloned when read.
var valueRedactedBearer = []string{"Bearer " + redacted}

// redactCredentials leaves the scheme, which tests want to see.
func redactCredentials(values []string) []string {
	if len(values) == 1 && strings.HasPrefix(values[0], "Bearer ") {
		return valueRedactedBearer
	}
	kept := make([]string, len(values))
	for i, value := range values {
		kept[i] = redacted
		scheme, _, found := strings.Cut(value, " ")
		if found && (strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "Basic")) {
			kept[i] = scheme + " " + redacted
		}
	}
	return kept
}

// redactValues copies only if it changes something: most headers carry no
// secret, and net/http does not write into the ones it has handed out.
func redactValues(values []string, secrets []string) []string {
	kept := values
	for i, value := range values {
		clean := redactText(value, secrets)
		if strings.Contains(clean, "=") { // a Referer, say
			clean = redactNamed(clean)
		}
		if clean == value {
			continue
		}
		if &kept[0] == &values[0] {
			kept = slices.Clone(values)
		}
		kept[i] = clean
	}
	return kept
}

func redactPath(path string, secrets []string) string {
	if segment, found := strings.CutPrefix(path, renewPrefix); found && segment != "" {
		return renewPrefix + redacted
	}
	if !strings.Contains(path, "%") && redactText(path, secrets) == path {
		return path
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if decoded := unescape(segment); redactText(decoded, secrets) != decoded {
			segments[i] = redacted
		}
	}
	return strings.Join(segments, "/")
}

// redactQuery works on the pairs as sent, also those that do not parse.
func redactQuery(query string, secrets []string) string {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		decoded := unescapeQuery(unescapeQuery(value)) // a URL in a parameter has parameters itself
		switch {
		case namesToken(unescapeQuery(name)),
			redactText(decoded, secrets) != decoded,
			redactNamed(decoded) != decoded:
			pairs[i] = redactText(name, secrets) + "=" + redacted
		default:
			pairs[i] = redactText(pair, secrets)
		}
	}
	return strings.Join(pairs, "&")
}

func unescapeQuery(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		return decoded
	}
	return text
}

func redactBody(body string, secrets []string) string {
	if len(body) == maxRedactedBody {
		// The cut may have gone through a token, which no longer looks like one.
		body = strings.TrimRight(body, tokenChars)
	}
	body = redactNamed(redactText(body, secrets))
	return strings.ToValidUTF8(body[:min(len(body), maxRecordedBody)], "")
}
