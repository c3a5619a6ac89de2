// Package config finds a workspace, an app id or an origin that is no constant
// of the application.
package config

import (
	"go/token"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/input"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Analyzer reports Workspace, AppID and Origin of a Config that come from the
// environment, from flags of a server, or from a request.
var Analyzer = report.Analyzer(report.Rule{
	ID:        "config",
	Doc:       "reports a workspace, app id or origin from the environment, from flags of a server, or from a request",
	Requires:  []*analysis.Analyzer{flow.Analyzer},
	SkipTests: true, // they ask the environment for what they run against
	Run:       run,
})

// An origin is where values come from that are no constants.
type origin struct {
	name    string
	sources []ssa.Value
	through func(ssa.CallInstruction) bool
}

func run(pass *report.Pass) {
	program := flow.Of(pass.Pass)
	sinks := stores(program)
	origins := []origin{
		{"the environment", environment(pass, program), nil},
		{"a request", append(input.Requests(program), input.Bound(program)...), input.Reads},
	}
	if serves(program) && !demonstrates(pass, program, sinks) {
		origins = append(origins, origin{"a flag", flags(program), nil})
	}
	for _, from := range origins {
		if len(from.sources) == 0 {
			continue
		}
		reached := program.Reach(flow.Query{Sources: from.sources, Through: from.through, Stop: harmless})
		for _, sink := range sinks {
			if reached.Has(sink.store.Val) {
				say(pass, sink.store, sink.field, from.name)
			}
		}
		for _, v := range from.sources {
			if field := constant(v); field != "" {
				say(pass, v, field, from.name)
			} else if from.through == nil && sdk.Is(v.Type(), sdk.Path, "Config") {
				say(pass, v, "this Config", from.name)
			}
		}
	}
}

func say(pass *report.Pass, at interface{ Pos() token.Pos }, field, from string) {
	pass.Reportf(at, "%s comes from %s: workspace, app id and origin are constants of the application, written in its code", field, from)
}

// harmless stops at what a Config was made into, and at what is looked up in a
// table of the package: its values are those that were written there.
func harmless(v ssa.Value) bool {
	if lookup, ok := v.(*ssa.Lookup); ok {
		if load, ok := lookup.X.(*ssa.UnOp); ok {
			_, table := load.X.(*ssa.Global)
			return table
		}
	}
	return sdk.Is(v.Type(), sdk.Path, "Client")
}

// sink is a store to a field of a Config that has to be constant.
type sink struct {
	store *ssa.Store
	field string
}

func stores(program *flow.Program) []sink {
	var found []sink
	for store := range program.FieldStores() {
		if field := constant(store.Addr); field != "" {
			found = append(found, sink{store, field})
		}
	}
	return found
}

// constant gives the name of the field that has to be constant, which an address
// is of, or "".
func constant(address ssa.Value) string {
	field, ok := address.(*ssa.FieldAddr)
	if !ok || !sdk.Is(field.X.Type(), sdk.Path, "Config") {
		return ""
	}
	name := flow.Field(field).Name()
	if !slices.Contains([]string{"Workspace", "AppID", "Origin"}, name) {
		return ""
	}
	return name
}
