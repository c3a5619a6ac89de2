package hosted

import (
	"go/constant"
	"go/token"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// leaving reports post-logout pages that sign in again at once.
func (c *checker) leaving() {
	for call := range c.program.Calls() {
		if sdk.In(flow.Callee(call), sdk.LogoutURL) && len(flow.Args(call)) == 2 {
			c.check(call, flow.Args(call)[1])
		}
	}
	for store, field := range c.program.FieldStores() {
		address, ok := store.Addr.(*ssa.FieldAddr)
		if ok && field.Name() == "AfterLogout" && sdk.Is(address.X.Type(), sdk.MiddlewarePath, "BrowserConfig") {
			c.check(store, store.Val)
		}
	}
}

func (c *checker) check(at ssa.Instruction, page ssa.Value) {
	texts := c.texts(page)
	switch {
	case slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, "session_token") }):
		c.pass.Reportf(at, "the page after a sign-out carries session_token, which signs the user straight in again: leave it out")
	case c.returnsHere(page, texts):
		c.pass.Reportf(at, "the page after a sign-out is the callback, which signs the user straight in again: use another, such as /")
	}
}

// returnsHere reports whether a page is a callback: the same text, a path that
// ends in /callback, or the field or variable that holds the callback.
func (c *checker) returnsHere(page ssa.Value, texts []string) bool {
	if named := holder(page); named != nil && slices.Contains(c.named, named) {
		return true
	}
	return slices.ContainsFunc(texts, func(text string) bool {
		path := strings.TrimSuffix(pathOf(text), ".html")
		return strings.HasSuffix(path, "/callback") || len(path) > 1 && slices.Contains(c.callbacks, text)
	})
}

// farthest bounds how far the parts of a text are looked for.
const farthest = 6

// texts gives the constants that a text is made of: the whole where it is one,
// the parts where it is put together.
func (c *checker) texts(v ssa.Value) []string { return c.parts(v, 0) }

func (c *checker) parts(v ssa.Value, deep int) []string {
	if deep > farthest {
		return nil
	}
	var found []string
	for origin := range c.program.Origins(v) {
		switch origin := origin.(type) {
		case *ssa.Const:
			if text, ok := text(origin); ok {
				found = append(found, text)
			}
		case *ssa.BinOp:
			found = append(found, c.sum(origin, deep)...)
		case *ssa.Call:
			name := sdk.Of(flow.Callee(origin))
			if name.Package == "fmt" && strings.HasPrefix(name.Func, "Sprint") {
				for _, argument := range origin.Call.Args {
					for _, element := range flow.Elements(argument) {
						found = append(found, c.parts(element, deep+1)...)
					}
				}
			}
		}
	}
	return found
}

// sum gives the text of a sum, as one where its parts are known.
func (c *checker) sum(v *ssa.BinOp, deep int) []string {
	if v.Op != token.ADD {
		return nil
	}
	left, right := c.parts(v.X, deep+1), c.parts(v.Y, deep+1)
	if len(left) == 1 && len(right) == 1 {
		return []string{left[0] + right[0]}
	}
	return append(left, right...)
}

func text(v ssa.Value) (string, bool) {
	c, ok := v.(*ssa.Const)
	if !ok || c.Value == nil || c.Value.Kind() != constant.String {
		return "", false
	}
	return constant.StringVal(c.Value), true
}
