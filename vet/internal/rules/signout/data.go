package signout

import (
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/purpose"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// belongings are words for what people have stored.
var belongings = []string{
	"data", "user", "users", "account", "accounts", "profile", "profiles", "person", "customer", "note", "notes",
	"record", "records", "file", "files", "document", "documents", "history", "draft", "drafts", "content", "everything",
}

// deletesData reports whether a call deletes what people have stored, by what
// it is called or by its SQL. What only holds the sign-in may go.
func (c *checker) deletesData(call *ssa.Call) bool {
	callee := flow.Callee(call)
	name := sdk.Of(callee)
	switch {
	case callee == nil || sdk.Belongs(callee.Pkg()):
		return false
	case name.Package == "os":
		return (name.Func == "Remove" || name.Func == "RemoveAll") && !c.ofSignIn(call.Call.Args[0])
	case strings.HasPrefix(name.Package, "gorm.io/gorm"), strings.HasPrefix(name.Package, "go.mongodb.org/mongo-driver"):
		return strings.HasPrefix(name.Func, "Delete")
	case strings.HasPrefix(name.Func, "Exec"):
		return c.deletesRows(call)
	}
	words := purpose.Words(name.Func)
	return purpose.Deletes(name.Func) && slices.ContainsFunc(words, func(word string) bool { return slices.Contains(belongings, word) })
}

// deletesRows reports whether a statement deletes from a table that is not one
// of sign-ins.
func (c *checker) deletesRows(call *ssa.Call) bool {
	for _, argument := range call.Call.Args {
		for origin := range c.program.Origins(argument) {
			statement, ok := text(origin)
			if !ok {
				continue
			}
			words := strings.Fields(strings.ToUpper(statement))
			if len(words) > 2 && (words[0] == "DELETE" || words[0] == "DROP" || words[0] == "TRUNCATE") {
				return !purpose.Credential(strings.ToLower(words[2]))
			}
		}
	}
	return false
}

// ofSignIn reports whether a path is that of a token, a session or a cache, by
// its words and those it comes from.
func (c *checker) ofSignIn(path ssa.Value) bool {
	for origin := range c.program.Origins(path) {
		switch origin := origin.(type) {
		case *ssa.Const:
			if text, _ := text(origin); purpose.Credential(text) {
				return true
			}
		case *ssa.Call:
			for _, argument := range origin.Call.Args {
				for _, element := range flow.Elements(argument) {
					if text, ok := text(element); ok && purpose.Credential(text) {
						return true
					}
				}
			}
		}
		if purpose.Credential(origin.Name()) {
			return true
		}
	}
	load, ok := path.(*ssa.UnOp)
	if !ok {
		return false
	}
	field := flow.Field(load.X)
	return field != nil && purpose.Credential(field.Name())
}
