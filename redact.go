package secureflows

import (
	"net/url"
	"strings"
)

// RedactURL gives u for a log or a trace, with every token of the service's
// URLs replaced: in the path of a renewal, and in the queries of hosted login,
// its return and sign-out. Access logs and instrumented transports that see
// such URLs should record this text.
func RedactURL(u *url.URL) string {
	safe := *u
	if rest, ok := strings.CutPrefix(u.Path, opRenew.path); ok && rest != "" {
		safe.Path, safe.RawPath = opRenew.path+"REDACTED", ""
	}
	if u.User != nil {
		safe.User = url.User("REDACTED")
	}
	if u.RawQuery != "" {
		safe.RawQuery = redactQuery(u.RawQuery)
	}
	return safe.String()
}

// redactQuery keeps the rest of a query as it is: a log should show what came.
func redactQuery(query string) string {
	parameters := strings.Split(query, "&")
	for i, parameter := range parameters {
		name, _, _ := strings.Cut(parameter, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		switch strings.ToLower(strings.ReplaceAll(name, "_", "")) {
		case "sessiontoken", "firebasetoken", "idtoken", "token":
			parameters[i] = url.QueryEscape(name) + "=REDACTED"
		}
	}
	return strings.Join(parameters, "&")
}
