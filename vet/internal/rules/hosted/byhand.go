package hosted

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// The paths of the hosted pages (contract, "Hosted login"). Those that are
// common elsewhere need something beside them that is the service's.
var (
	pages  = []string{"/app/sessions/login", "/app/sessions/logout"}
	common = []string{"/app/login", "/api/v1/auth/logout", "/api/v1/auth/callback"}
	// parameters are the service's own.
	parameters = []string{"app_id", "workspace_name", "session_token", "client_redirect_uri", "firebaseToken"}
)

const host = "secure-flows.com"

// byHand reports URLs of the hosted pages that the package builds itself.
func (c *checker) byHand() {
	for _, file := range c.pass.Files() {
		for _, declaration := range file.Decls {
			b := &builder{checker: c, parameters: c.namesParameters(declaration)}
			ast.Inspect(declaration, b.look)
		}
	}
}

// builder looks for URLs in one declaration.
type builder struct {
	*checker
	parameters bool // the declaration names parameters of the hosted pages
	above      []ast.Node
}

func (b *builder) look(node ast.Node) bool {
	if node == nil {
		b.above = b.above[:len(b.above)-1]
		return false
	}
	b.above = append(b.above, node)
	expr, ok := node.(ast.Expr)
	if !ok {
		return true
	}
	value := b.pass.TypesInfo.Types[expr].Value
	if value == nil || value.Kind() != constant.String {
		return true
	}
	b.constant(expr, constant.StringVal(value))
	b.above = b.above[:len(b.above)-1]
	return false // its parts are in it
}

// constant looks at one whole constant.
func (b *builder) constant(expr ast.Expr, text string) {
	page, legacy := hostedPage(text)
	if page == "" || !b.builds(text) || !b.ours(page, text) {
		return
	}
	if legacy {
		b.pass.Reportf(expr, "/app/login is the legacy login page, of which nobody returns: use Client.LoginURL")
		return
	}
	b.pass.Reportf(expr, "a URL of %s built by hand: use LoginURL, RenewURL, ReauthURL, LogoutURL or CompleteURL of the Client", page)
}

// hostedPage gives the hosted page that a text has the whole path of.
func hostedPage(text string) (page string, legacy bool) {
	for _, candidate := range append(append([]string{}, pages...), common...) {
		before, after, ok := strings.Cut(text, candidate)
		if !ok || after != "" && !strings.ContainsAny(after[:1], "?&#%") {
			continue
		}
		// What is in front is a host, a format, or nothing.
		if i := strings.LastIndexAny(before, " \t\"'"); i >= 0 {
			before = before[i+1:]
		}
		_, rest, absolute := strings.Cut(before, "://")
		if !absolute && before != "" && before != "%s" && before != "%v" || absolute && strings.Contains(rest, "/") {
			continue
		}
		return candidate, candidate == "/app/login"
	}
	return "", false
}

// ours reports whether a page is the service's: by its path alone, its host, or
// the parameters beside it.
func (b *builder) ours(page, text string) bool {
	if b.parameters || strings.Contains(text, host) {
		return true
	}
	for _, parameter := range parameters {
		if strings.Contains(text, parameter+"=") {
			return true
		}
	}
	if slices.Contains(pages, page) {
		return !strings.HasPrefix(text, "/") || b.joined()
	}
	return b.besideOrigin()
}

// builds reports whether the constant becomes a URL: it is one, or is put
// together with others. What it is compared with, or a route, is none.
func (b *builder) builds(text string) bool {
	for i := len(b.above) - 2; i >= 0; i-- {
		switch above := b.above[i].(type) {
		case *ast.ParenExpr:
			continue
		case *ast.BinaryExpr:
			return above.Op == token.ADD
		case *ast.CallExpr:
			return b.makesURL(above)
		case *ast.KeyValueExpr:
			key, ok := above.Key.(*ast.Ident)
			return ok && key.Name == "Path" && i > 0 && b.isURL(b.above[i-1]) || strings.Contains(text, "://")
		case *ast.AssignStmt:
			selector, ok := above.Lhs[0].(*ast.SelectorExpr)
			return ok && selector.Sel.Name == "Path" && sdk.Is(b.pass.TypesInfo.TypeOf(selector.X), "net/url", "URL") ||
				strings.Contains(text, "://")
		case *ast.CaseClause:
			return false
		default:
			return strings.Contains(text, "://")
		}
	}
	return false
}

// joined reports whether the constant is put together with something else.
func (b *builder) joined() bool {
	switch above := b.above[len(b.above)-2].(type) {
	case *ast.BinaryExpr, *ast.KeyValueExpr, *ast.AssignStmt:
		return true
	case *ast.CallExpr:
		return !strings.Contains(b.calleeName(above), "Redirect")
	}
	return false
}

// besideOrigin reports whether the constant is put together with the origin of
// the service.
func (b *builder) besideOrigin() bool {
	found := false
	ast.Inspect(b.above[len(b.above)-2], func(node ast.Node) bool {
		if id, ok := node.(*ast.Ident); ok {
			object := b.pass.TypesInfo.Uses[id]
			if object != nil && object.Pkg() != nil && object.Pkg().Path() == sdk.Path && object.Name() == "ProductionOrigin" {
				found = true
			}
		}
		return !found
	})
	return found
}

func (b *builder) isURL(node ast.Node) bool {
	expr, ok := node.(ast.Expr)
	return ok && sdk.Is(b.pass.TypesInfo.TypeOf(expr), "net/url", "URL")
}

// makesURL reports whether a function makes a URL, or a text, of its arguments.
func (b *builder) makesURL(call *ast.CallExpr) bool {
	switch name := b.calleeName(call); name {
	case "fmt.Sprintf", "fmt.Sprint", "fmt.Fprintf", "net/url.Parse", "net/url.JoinPath", "strings.Builder.WriteString",
		"net/url.URL.Parse", "net/url.URL.JoinPath", "net/http.Get", "net/http.Post", "net/http.PostForm",
		"net/http.NewRequest", "net/http.NewRequestWithContext":
		return true
	default:
		return strings.HasSuffix(name, ".Redirect") || strings.HasSuffix(name, ".RedirectHandler")
	}
}

func (b *builder) calleeName(call *ast.CallExpr) string {
	var id *ast.Ident
	switch fun := call.Fun.(type) {
	case *ast.Ident:
		id = fun
	case *ast.SelectorExpr:
		id = fun.Sel
	default:
		return ""
	}
	fn, _ := b.pass.TypesInfo.Uses[id].(*types.Func)
	name := sdk.Of(fn)
	if name.Receiver != "" {
		return name.Package + "." + name.Receiver + "." + name.Func
	}
	return name.Package + "." + name.Func
}

// namesParameters reports whether a declaration has keys of the hosted pages'
// own parameters, as for url.Values.
func (c *checker) namesParameters(declaration ast.Decl) bool {
	found := false
	ast.Inspect(declaration, func(node ast.Node) bool {
		if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			for _, parameter := range parameters {
				found = found || literal.Value == `"`+parameter+`"`
			}
		}
		return !found
	})
	return found
}
