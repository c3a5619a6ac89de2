package tokenleak

import (
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Loggers and databases beside the standard library's, by the beginning of
// their packages' paths.
var (
	loggers   = []string{"log", "log/slog", "go.uber.org/zap", "github.com/rs/zerolog", "github.com/sirupsen/logrus", "github.com/go-logr/logr"}
	databases = []string{
		"database/sql", "github.com/jmoiron/sqlx", "github.com/jackc/pgx", "gorm.io/gorm", "go.mongodb.org/mongo-driver",
		"github.com/redis/go-redis", "github.com/gomodule/redigo", "go.etcd.io/bbolt", "github.com/dgraph-io/badger",
	}
)

// functions are sinks by name: what they are, for the message.
var functions = map[sdk.Name]string{
	{Package: "os", Func: "WriteFile"}:                      "a file",
	{Package: "os", Func: "Setenv"}:                         "the environment",
	{Package: "fmt", Func: "Errorf"}:                        "an error",
	{Package: "errors", Func: "New"}:                        "an error",
	{Package: "net/http", Func: "Error"}:                    "an answer",
	{Package: "net/http", Func: "Redirect"}:                 "a URL",
	{Package: "net/http", Func: "RedirectHandler"}:          "a URL",
	{Package: "net/http", Func: "NewRequest"}:               "a URL",
	{Package: "net/http", Func: "NewRequestWithContext"}:    "a URL",
	{Package: "net/http", Func: "Get"}:                      "a URL",
	{Package: "net/http", Func: "Head"}:                     "a URL",
	{Package: "net/http", Receiver: "Client", Func: "Get"}:  "a URL",
	{Package: "net/http", Receiver: "Client", Func: "Head"}: "a URL",
	{Package: "net/url", Func: "Parse"}:                     "a URL",
	{Package: "net/url", Receiver: "URL", Func: "Parse"}:    "a URL",
	{Package: "net/url", Receiver: "URL", Func: "JoinPath"}: "a URL",
}

// sink says what a call sends its arguments to, and gives those that count; ""
// for nothing of concern.
func sink(program *flow.Program, call ssa.CallInstruction) (place string, given []ssa.Value) {
	callee := flow.Callee(call)
	if callee == nil || callee.Pkg() == nil {
		return "", nil
	}
	name, arguments := sdk.Of(callee), flow.Args(call)
	if name.Package == "net/http" && strings.HasPrefix(name.Func, "NewRequest") {
		// The URL is the argument before the body; a body of one's own client's
		// request is an answer to nobody.
		return functions[name], arguments[len(arguments)-2 : len(arguments)-1]
	}
	if place := functions[name]; place != "" {
		return place, arguments
	}
	if place := framework(name); place != "" {
		return place, arguments
	}
	switch {
	case under(name.Package, loggers):
		return "a log", arguments
	case under(name.Package, databases):
		return "a database", arguments
	case name.Package == "fmt" && strings.HasPrefix(name.Func, "Print"):
		return "the standard output", arguments
	}
	return written(program, call, name)
}

func under(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return path == root || strings.HasPrefix(path, root+"/") })
}

// written says where a call writes to: the answer to a request, or a file, also
// through an encoder or a buffer in front of it.
func written(program *flow.Program, call ssa.CallInstruction, name sdk.Name) (string, []ssa.Value) {
	receiver, arguments := flow.Receiver(call), flow.Args(call)
	switch {
	case name.Func == "Write" || name.Func == "WriteString" || name.Func == "Encode" || name.Func == "WriteAt":
		if receiver != nil {
			return writer(program, receiver), arguments
		}
		if name.Package == "io" && len(arguments) == 2 {
			return writer(program, arguments[0]), arguments[1:]
		}
	case name.Package == "fmt" && strings.HasPrefix(name.Func, "Fprint"), name.Package == "io" && strings.HasPrefix(name.Func, "Copy"):
		return writer(program, arguments[0]), arguments[1:]
	case strings.HasSuffix(name.Package, "/template") && strings.HasPrefix(name.Func, "Execute"):
		return writer(program, arguments[0]), arguments[1:]
	case name.Package == "net/http" && name.Receiver == "Header" && (name.Func == "Set" || name.Func == "Add"):
		return header(program, receiver), arguments
	}
	return "", nil
}

// writer says what is written to, or "".
func writer(program *flow.Program, v ssa.Value) string {
	for origin := range program.Origins(v) {
		if call, ok := origin.(*ssa.Call); ok && wraps(flow.Callee(call)) {
			if place := writer(program, flow.Args(call)[0]); place != "" {
				return place
			}
		}
		switch {
		case sdk.Is(origin.Type(), "net/http", "ResponseWriter"):
			return "an answer"
		case sdk.Is(origin.Type(), "os", "File"):
			return "a file"
		}
	}
	return ""
}

// wraps reports whether fn makes a writer in front of its first argument.
func wraps(fn *types.Func) bool {
	name := sdk.Of(fn)
	switch name.Package {
	case "bufio", "encoding/json", "encoding/xml", "encoding/gob", "compress/gzip", "encoding/base64":
		return strings.HasPrefix(name.Func, "New") && fn.Signature().Params().Len() > 0
	}
	return false
}

// header tells the header of an answer, which a browser keeps, from that of a
// request, which is where a token belongs.
func header(program *flow.Program, v ssa.Value) string {
	for origin := range program.Origins(v) {
		call, ok := origin.(*ssa.Call)
		if ok && sdk.In(flow.Callee(call), sdk.Name{Package: "net/http", Receiver: "ResponseWriter", Func: "Header"}) {
			return "the header of an answer"
		}
	}
	return ""
}

// fieldSink says what a field that is stored to makes of its value.
func fieldSink(store *ssa.Store, field *types.Var) string {
	address, ok := store.Addr.(*ssa.FieldAddr)
	if !ok {
		return ""
	}
	switch {
	case sdk.Is(address.X.Type(), "net/http", "Cookie") && field.Name() == "Value":
		return "a cookie"
	case sdk.Is(address.X.Type(), "net/url", "URL") && (field.Name() == "RawQuery" || field.Name() == "Path" || field.Name() == "Fragment"):
		return "a URL"
	}
	return ""
}
