package signout

import (
	"go/constant"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/answer"
	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/outcome"
	"github.com/secureflows/secureflows-go/vet/internal/purpose"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// ends says how a call at this place ends a sign-in, or "".
func (c *checker) ends(place outcome.Place, call *ssa.Call) string {
	for number, may := range answer.Statuses(place, call) {
		if number == 401 && may.Has(stay) {
			return "becomes a 401, which signs people out"
		}
	}
	if sdk.In(flow.Callee(call), sdk.ReauthURL) && place.Is(flow.Args(call)[0]) && unread(flow.Result(call, 1)) {
		return "reaches ReauthURL, whose ok nobody looks at"
	}
	if what := c.ending(call); what != "" {
		return what
	}
	if slices.ContainsFunc(call.Call.Args, place.Concerns) {
		return "" // what is given the error is looked into
	}
	return c.through(call, 0)
}

func unread(v ssa.Value) bool { return v == nil || len(*v.Referrers()) == 0 }

// helperDeep bounds the helpers that are looked into.
const helperDeep = 3

// through says how the function of the package that is called ends a sign-in,
// whatever else it does.
func (c *checker) through(call *ssa.Call, deep int) string {
	if deep > helperDeep {
		return ""
	}
	for _, fn := range c.program.Callees(call) {
		for instruction := range flow.Instructions(fn) {
			inner, ok := instruction.(*ssa.Call)
			if !ok || !always(inner) {
				continue
			}
			if what := c.ending(inner); what != "" {
				return what
			}
			if what := c.through(inner, deep+1); what != "" {
				return what
			}
		}
	}
	return ""
}

// always reports whether an instruction is on every way through its function.
func always(instruction ssa.Instruction) bool {
	for _, block := range instruction.Parent().Blocks {
		if _, ok := block.Instrs[len(block.Instrs)-1].(*ssa.Return); ok && !instruction.Block().Dominates(block) {
			return false
		}
	}
	return true
}

// ending says how a call ends a sign-in, whatever the error, or "".
func (c *checker) ending(call *ssa.Call) string {
	if builtin, ok := call.Call.Value.(*ssa.Builtin); ok {
		if builtin.Name() == "delete" && holdsSessions(call.Call.Args[0].Type()) {
			return "drops the session"
		}
		return ""
	}
	callee := flow.Callee(call)
	name := sdk.Of(callee)
	switch {
	case sdk.In(callee, sdk.SessionLogout, sdk.LogoutURL, sdk.BrowserLogout, sdk.SessionRevoke):
		return "signs people out"
	case strings.HasPrefix(name.Package, "github.com/alexedwards/scs") && (name.Func == "Destroy" || name.Func == "Clear"),
		strings.HasPrefix(name.Package, "github.com/gin-contrib/sessions") && name.Func == "Clear":
		return "destroys the sign-in"
	case name.Func == "SetCookie" && c.deletesCookie(call):
		return "deletes the cookie"
	}
	if target := answer.Redirect(call); target != nil && c.isLogin(target) {
		return "sends people to the login"
	}
	return ""
}

// holdsSessions reports whether a map has sessions or tokens of the SDK.
func holdsSessions(t types.Type) bool {
	held, ok := t.Underlying().(*types.Map)
	if !ok {
		return false
	}
	isOurs := func(t types.Type) bool { return sdk.Is(t, sdk.Path, "Session") || sdk.Is(t, sdk.Path, "Token") }
	if isOurs(held.Elem()) {
		return true
	}
	element := held.Elem().Underlying()
	if pointer, ok := element.(*types.Pointer); ok {
		element = pointer.Elem().Underlying()
	}
	structure, ok := element.(*types.Struct)
	if !ok {
		return false
	}
	for field := range structure.Fields() {
		if isOurs(field.Type()) {
			return true
		}
	}
	return false
}

// isLogin reports whether a redirect goes to the hosted login, or to a path
// that says sign-in or sign-out.
func (c *checker) isLogin(target ssa.Value) bool {
	for origin := range c.program.Origins(target) {
		switch origin := origin.(type) {
		case *ssa.Const:
			text, _ := text(origin)
			text, _, _ = strings.Cut(text, "?")
			if purpose.SignsIn(text) || purpose.SignsOut(text) {
				return true
			}
		case *ssa.Extract:
			if call, ok := origin.Tuple.(*ssa.Call); ok && sdk.In(flow.Callee(call), sdk.LoginURL, sdk.RenewURL, sdk.LogoutURL) {
				return true
			}
		}
	}
	return false
}

// notSignIns are words of cookies that no sign-in hangs on.
var notSignIns = []string{"flash", "csrf", "xsrf", "state", "nonce", "notice", "message", "theme", "lang", "language", "return", "next", "consent", "preview"}

// deletesCookie reports whether a call has the browser drop a cookie that a
// sign-in may hang on.
func (c *checker) deletesCookie(call *ssa.Call) bool {
	arguments := flow.Args(call)
	if sdk.Of(flow.Callee(call)).Receiver == "Context" && len(arguments) > 3 { // gin: name, value, maxAge
		age, ok := outcome.Number(arguments[2])
		return ok && age < 0 && signIn(arguments[0])
	}
	for origin := range c.program.Origins(arguments[len(arguments)-1]) {
		cookie, ok := origin.(*ssa.Alloc)
		if !ok {
			continue
		}
		gone, ours := false, true
		for field, value := range stored(cookie) {
			switch field {
			case "MaxAge":
				age, ok := outcome.Number(value)
				gone = gone || ok && age < 0
			case "Expires":
				gone = gone || past(value)
			case "Name":
				ours = signIn(value)
			}
		}
		if gone && ours {
			return true
		}
	}
	return false
}

func stored(cookie *ssa.Alloc) map[string]ssa.Value {
	found := map[string]ssa.Value{}
	for _, referrer := range *cookie.Referrers() {
		address, ok := referrer.(*ssa.FieldAddr)
		if !ok {
			continue
		}
		for _, use := range *address.Referrers() {
			if store, ok := use.(*ssa.Store); ok && store.Addr == address {
				found[flow.Field(address).Name()] = store.Val
			}
		}
	}
	return found
}

func signIn(name ssa.Value) bool {
	text, ok := text(name)
	if !ok {
		return true
	}
	return !slices.ContainsFunc(purpose.Words(text), func(word string) bool { return slices.Contains(notSignIns, word) })
}

// past reports whether a time is long ago: time.Unix(0, 0), or before now.
func past(v ssa.Value) bool {
	call, ok := v.(*ssa.Call)
	if !ok {
		return false
	}
	name := sdk.Of(flow.Callee(call))
	if name.Package != "time" {
		return false
	}
	for _, argument := range flow.Args(call) {
		number, ok := outcome.Number(argument)
		if ok && (name.Func == "Unix" && number < 1e9 && number >= 0 || (name.Func == "Add" || name.Func == "AddDate") && number < 0) {
			return true
		}
	}
	return false
}

func text(v ssa.Value) (string, bool) {
	c, ok := v.(*ssa.Const)
	if !ok || c.Value == nil || c.Value.Kind() != constant.String {
		return "", false
	}
	return constant.StringVal(c.Value), true
}
