// Package answer knows the calls by which a handler answers with a status, of
// net/http and the frameworks.
package answer

import (
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/outcome"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// frameworks are known by the beginnings of their packages' paths.
var frameworks = []string{"github.com/gin-gonic/gin", "github.com/labstack/echo"}

// Status gives the status that a call answers with, or nil.
func Status(call ssa.CallInstruction) ssa.Value {
	if !answers(sdk.Of(flow.Callee(call))) {
		return nil
	}
	for _, argument := range flow.Args(call) {
		if basic, ok := argument.Type().Underlying().(*types.Basic); ok && basic.Kind() == types.Int {
			return argument
		}
	}
	return nil
}

func answers(name sdk.Name) bool {
	switch name.Package {
	case "net/http":
		return name.Func == "Error" || name.Func == "WriteHeader" || name.Func == "Redirect"
	case "github.com/go-chi/render":
		return name.Func == "Status"
	}
	for _, framework := range frameworks {
		if strings.HasPrefix(name.Package, framework) {
			return true
		}
	}
	return false
}

// Statuses gives the statuses that a call at this place may answer with, and
// what the error may stand for with each.
func Statuses(place outcome.Place, call ssa.CallInstruction) map[int64]outcome.Set {
	if status := Status(call); status != nil {
		return place.Statuses(status)
	}
	return nil
}

// Redirect gives the URL that a call redirects to, or nil.
func Redirect(call ssa.CallInstruction) ssa.Value {
	name := sdk.Of(flow.Callee(call))
	if name.Func != "Redirect" || !answers(name) {
		return nil
	}
	for _, argument := range flow.Args(call) {
		if basic, ok := argument.Type().Underlying().(*types.Basic); ok && basic.Kind() == types.String {
			return argument
		}
	}
	return nil
}
