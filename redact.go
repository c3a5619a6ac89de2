package secureflows

import (
	"net/url"
	"strings"

	"github.com/secureflows/secureflows-go/internal/transport"
)

// RedactURL gives u for a log or a trace, with every token of the service's
// URLs replaced: in the path of a renewal, and in the queries of hosted login,
// its return and sign-out. Access logs and instrumented transports that see
// such URLs should record this text.
func RedactURL(u *url.URL) string {
	safe := *u
	// A reverse proxy may have put a path of its own in front.
	if before, rest, ok := strings.Cut(u.Path, opRenew.path); ok && rest != "" {
		safe.Path, safe.RawPath = before+opRenew.path+"REDACTED", ""
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
		name, value, _ := strings.Cut(parameter, "=")
		switch {
		case namesToken(name): // its = is encoded
			parameters[i] = "REDACTED"
		case value != "" && namesToken(parameter):
			parameters[i] = name + "=REDACTED"
		}
	}
	return strings.Join(parameters, "&")
}

// namesToken reports whether a parameter is a token, or holds one in a query of
// its own: a URL to return to, or what a server that parts at ; would find.
func namesToken(parameter string) bool {
	for decoded := transport.Unescape(parameter); decoded != parameter; decoded = transport.Unescape(parameter) {
		parameter = decoded
	}
	return strings.Contains(strings.ToLower(strings.ReplaceAll(parameter, "_", "")), "token=")
}
