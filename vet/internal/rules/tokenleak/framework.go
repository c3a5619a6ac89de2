package tokenleak

import (
	"slices"
	"strings"

	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// answering are the methods of the contexts of gin and echo that write the
// answer; that of each is the beginning of some names.
var answering = []string{
	"String", "JSON", "XML", "HTML", "YAML", "TOML", "ProtoBuf", "Data", "Blob", "Stream", "Render", "SSEvent",
	"AsciiJSON", "IndentedJSON", "PureJSON", "SecureJSON", "AbortWithStatusJSON",
}

// framework says what a method of gin or echo sends its arguments to, or "".
func framework(name sdk.Name) string {
	gin, echo := under(name.Package, []string{"github.com/gin-gonic/gin"}), under(name.Package, []string{"github.com/labstack/echo"})
	switch {
	case !gin && !echo:
		return ""
	case echo && name.Receiver == "Logger":
		return "a log"
	case echo && name.Func == "NewHTTPError", gin && name.Func == "AbortWithError":
		return "an error"
	case name.Receiver != "Context":
		return ""
	case name.Func == "Redirect":
		return "a URL"
	case gin && name.Func == "SetCookie":
		return "a cookie"
	case gin && name.Func == "Header":
		return "the header of an answer"
	case slices.ContainsFunc(answering, func(prefix string) bool { return strings.HasPrefix(name.Func, prefix) }):
		return "an answer"
	}
	return ""
}
