package route_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/route"
)

// say reports every route, so that a program's comments can say what is meant.
var say = &analysis.Analyzer{
	Name:     "say",
	Doc:      "reports every route",
	Requires: []*analysis.Analyzer{route.Analyzer},
	Run: func(pass *analysis.Pass) (any, error) {
		table := route.Of(pass)
		for _, found := range table.Routes {
			var handlers, guards []string
			for _, handler := range found.Handlers {
				handlers = append(handlers, handler.Name())
			}
			for _, guard := range found.Guards {
				guards = append(guards, guard.Receiver+"."+guard.Func)
			}
			if guards == nil {
				guards = []string{"nothing"}
			}
			text := fmt.Sprintf("%s %s: %s behind %s", found.Method, found.Path, strings.Join(handlers, " "), strings.Join(guards, " "))
			if found.Opaque {
				text += ", opaque"
			}
			pass.Reportf(found.Call.Pos(), "%s.", text)
		}
		return nil, nil
	},
}

// judge reports of every declared function whether it is behind a guard.
var judge = &analysis.Analyzer{
	Name:     "judge",
	Doc:      "reports the verdict on every function",
	Requires: []*analysis.Analyzer{flow.Analyzer, route.Analyzer},
	Run: func(pass *analysis.Pass) (any, error) {
		table := route.Of(pass)
		for _, fn := range flow.Of(pass).Functions {
			if fn.Object() == nil {
				continue
			}
			verdict := map[route.Verdict]string{route.Behind: "behind", route.Open: "open"}[table.Verdict(fn)]
			pass.Reportf(fn.Pos(), "%s: %s, %d for it, %d reach it", fn.Name(), cmp.Or(verdict, "unknown"),
				len(table.For(fn)), len(table.Reaching(fn)))
		}
		return nil, nil
	},
}

func TestVerdicts(t *testing.T) {
	analysistest.Run(t, "../../testdata", judge, "./src/verdict/...")
}

func TestRoutes(t *testing.T) {
	analysistest.Run(t, "../../testdata", say, "./src/route")
}
