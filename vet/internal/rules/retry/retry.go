// Package retry finds calls that are repeated with a token that was refused.
package retry

import (
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/outcome"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Analyzer reports retries, and second calls with the same session, after
// ErrSignedOut.
var Analyzer = report.Analyzer(report.Rule{
	ID:        "retry",
	Doc:       "reports calls that are repeated with a session whose token was refused",
	Requires:  []*analysis.Analyzer{flow.Analyzer},
	SkipTests: true, // they ask whether it stays refused
	Run:       run,
})

func run(pass *report.Pass) {
	program := flow.Of(pass.Pass)
	c := &checker{pass: pass, program: program, returned: map[*ssa.Function]outcome.Set{}}
	for _, call := range program.CallsTo(asks) {
		outcome.Follow(program, call, outcome.All, c.visit)
	}
	for call := range program.Calls() {
		if c.repeats(call) {
			c.pass.Reportf(call, "this retries what was refused: ErrSignedOut is the token's end; "+
				"stop on it (backoff.Permanent, retry.Unrecoverable), and retry on ErrUnavailable and ErrRateLimited only")
		}
	}
}

// asks names the calls with a session. To log out what has ended is no error.
func asks(fn *types.Func) bool { return sdk.IsSessionCall(fn) && !sdk.In(fn, sdk.SessionLogout) }

// checker looks at what is called after a refusal.
type checker struct {
	pass    *report.Pass
	program *flow.Program
	// returned is what the errors of session calls may be that a function
	// returns.
	returned map[*ssa.Function]outcome.Set
}

func (c *checker) visit(place outcome.Place) {
	switch at := place.At.(type) {
	case *ssa.Return:
		if n := len(at.Results); n > 0 && place.Is(at.Results[n-1]) {
			c.returned[at.Parent()] |= place.May
		}
	case *ssa.Call:
		if place.Origin() != nil && !place.May.Has(outcome.Nil) && place.May.Has(outcome.SignedOut) {
			c.again(place, at)
		}
	}
}

// again looks at a call on a way on which an earlier one has failed.
func (c *checker) again(place outcome.Place, call *ssa.Call) {
	found := place.May.Only(outcome.SignedOut) && place.Told.Has(outcome.SignedOut)
	origin := place.Origin()
	switch {
	case call == origin && (found && c.sameSession(call) || c.unchanged(call)):
		c.pass.Reportf(call, "this is repeated after a refusal: ErrSignedOut is the token's end, and no retry changes it; "+
			"retry on ErrUnavailable and ErrRateLimited only")
	case call != origin && found && c.asksAgain(origin, call):
		c.pass.Reportf(call, "this asks with a session that was refused: ErrSignedOut is the token's end; "+
			"send the user to Client.ReauthURL, or renew and use the new session")
	case call != origin && c.recurs(call):
		c.pass.Reportf(call, "this is repeated after a refusal: ErrSignedOut is the token's end, and no retry changes it; "+
			"retry on ErrUnavailable and ErrRateLimited only")
	}
}

// asksAgain reports whether a call asks the service with the session that an
// earlier one was refused with.
func (c *checker) asksAgain(origin ssa.CallInstruction, call *ssa.Call) bool {
	if !asks(flow.Callee(call)) && !c.hands(call) {
		return false
	}
	before, now := session(origin), session(call)
	return before != nil && now != nil && c.same(before, now) && !c.between(now, origin, call)
}

// hands reports whether all that a call may reach asks the service with a
// session it is given.
func (c *checker) hands(call *ssa.Call) bool {
	callees := c.program.Callees(call)
	return len(callees) > 0 && !slices.ContainsFunc(callees, func(fn *ssa.Function) bool { return !asksWithParameter(fn) })
}

func asksWithParameter(fn *ssa.Function) bool {
	for instruction := range flow.Instructions(fn) {
		call, ok := instruction.(ssa.CallInstruction)
		if !ok || flow.Callee(call) == nil || !asks(flow.Callee(call)) {
			continue
		}
		if _, given := session(call).(*ssa.Parameter); given {
			return true
		}
	}
	return false
}

// session gives the session that a call is made with: its receiver or an
// argument; nil for none.
func session(call ssa.CallInstruction) ssa.Value {
	for _, v := range append([]ssa.Value{flow.Receiver(call)}, flow.Args(call)...) {
		if v != nil && sdk.Is(v.Type(), sdk.Path, "Session") {
			return v
		}
	}
	return nil
}

// recurs reports whether a call calls the function it is in, with the same
// session and whatever else is a pointer.
func (c *checker) recurs(call *ssa.Call) bool {
	fn := call.Parent()
	if call.Call.StaticCallee() != fn || len(fn.Params) == 0 {
		return false
	}
	for i, parameter := range fn.Params {
		if _, pointer := parameter.Type().Underlying().(*types.Pointer); pointer && call.Call.Args[i] != parameter {
			return false
		}
	}
	return !c.renews(fn, 0)
}

// libraries retry an operation that they are given, whatever its error, unless
// that says that it is final.
var libraries = []string{"github.com/cenkalti/backoff", "github.com/avast/retry-go"}

// repeats reports whether a call has a library retry an operation that does not
// stop on ErrSignedOut.
func (c *checker) repeats(call ssa.CallInstruction) bool {
	name := sdk.Of(flow.Callee(call))
	if !slices.ContainsFunc(libraries, func(path string) bool { return strings.HasPrefix(name.Package, path) }) ||
		!strings.HasPrefix(name.Func, "Retry") && !strings.HasPrefix(name.Func, "Do") || name.Func == "RetryIf" {
		return false
	}
	for _, argument := range flow.Args(call) {
		for _, fn := range c.program.Targets(argument) {
			may := c.returned[fn]
			for _, only := range c.onlyIf(call) {
				may &= only
			}
			if may.Has(outcome.SignedOut) && !c.renews(fn, 0) {
				return true
			}
		}
	}
	return false
}

// onlyIf gives what RetryIf among the options of retry-go accepts; nothing of
// what is not known.
func (c *checker) onlyIf(call ssa.CallInstruction) []outcome.Set {
	var found []outcome.Set
	for _, argument := range flow.Args(call) {
		for _, option := range flow.Elements(argument) {
			made, ok := option.(*ssa.Call)
			if !ok || sdk.Of(flow.Callee(made)).Func != "RetryIf" {
				continue
			}
			accepted := outcome.Set(0)
			for _, fn := range c.program.Targets(made.Call.Args[0]) {
				accepted |= outcome.Accepted(c.program, fn, outcome.Failed)
			}
			found = append(found, accepted)
		}
	}
	return found
}
