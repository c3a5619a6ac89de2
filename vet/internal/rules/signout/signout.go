// Package signout finds people who are signed out by an outage or a billing
// lock, and data that goes with a token that expired.
package signout

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/outcome"
	"github.com/secureflows/secureflows-go/vet/internal/purpose"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/route"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Analyzer reports sign-outs for errors that are none, and data that is deleted
// for a token that expired.
var Analyzer = report.Analyzer(report.Rule{
	ID:        "signout",
	Doc:       "reports sign-outs by an outage, a billing lock or an unexamined error, and data deleted on ErrTokenExpired",
	Requires:  []*analysis.Analyzer{flow.Analyzer, route.Analyzer},
	SkipTests: true, // they clean up
	Run:       run,
})

func run(pass *report.Pass) {
	program := flow.Of(pass.Pass)
	c := &checker{pass: pass, program: program, routes: route.Of(pass.Pass), reported: map[*ssa.Call]bool{}}
	for _, call := range program.CallsTo(asks) {
		outcome.Follow(program, call, outcome.All, c.visit)
	}
}

// asks names the calls whose errors say whether somebody is signed in. Whoever
// calls Logout or Revoke wants to be signed out.
func asks(fn *types.Func) bool {
	if sdk.In(fn, sdk.SessionLogout, sdk.SessionRevoke) {
		return false
	}
	return sdk.IsSessionCall(fn) || sdk.In(fn, sdk.BearerCheck, sdk.ClientResolve)
}

// checker looks at what is done about errors.
type checker struct {
	pass    *report.Pass
	program *flow.Program
	routes  *route.Table
	// reported are the calls that have a finding, by whichever error.
	reported map[*ssa.Call]bool
}

// stay are the errors in spite of which people stay signed in.
const stay = outcome.GraceLock | outcome.Unavailable | outcome.RateLimited

func (c *checker) visit(place outcome.Place) {
	call, ok := place.At.(*ssa.Call)
	if !ok || place.May.Has(outcome.Nil) || c.reported[call] {
		return
	}
	if place.May.Has(stay) && !c.wanted(place.At.Parent()) {
		if what := c.ends(place, call); what != "" {
			c.reported[call] = true
			c.pass.Reportf(call, "%s%s: only ErrSignedOut ends a sign-in; test for it with errors.Is, or leave the error to Browser.Refuse",
				subject(place.May), what)
		}
	}
	if place.Told.Has(outcome.Expired) && place.May.Only(outcome.SignedOut) && place.May.Has(outcome.Expired) {
		if c.deletesData(call) {
			c.reported[call] = true
			c.pass.Reportf(call, "data is deleted because a token expired: the data is intact; "+
				"renew through hosted login (Client.ReauthURL) and go on")
		}
	}
}

// subject names the error that has the better of somebody.
func subject(may outcome.Set) string {
	switch {
	case may.Only(outcome.GraceLock):
		return "a billing lock "
	case may.Only(stay):
		return "an outage "
	default:
		return "an error that may be an outage or a billing lock "
	}
}

// wanted reports whether fn is a sign-out or a deletion, by its name, its
// routes, or the function it is written in.
func (c *checker) wanted(fn *ssa.Function) bool {
	if fn == nil {
		return false
	}
	if slices.ContainsFunc(c.routes.For(fn), func(route route.Route) bool {
		return purpose.SignsOut(route.Path) || purpose.Deletes(route.Path)
	}) {
		return true
	}
	if declared := flow.FuncOf(fn); declared != nil && (purpose.SignsOut(declared.Name()) || purpose.Deletes(declared.Name())) {
		return true
	}
	return c.wanted(fn.Parent())
}
