package tokenparse

import (
	"go/constant"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// libraries read JWTs, by the beginnings of their packages' paths.
var libraries = []string{
	"github.com/golang-jwt/jwt", "github.com/dgrijalva/jwt-go", "github.com/form3tech-oss/jwt-go",
	"github.com/go-jose/go-jose", "gopkg.in/go-jose/go-jose.v2", "gopkg.in/square/go-jose.v2",
	"github.com/lestrrat-go/jwx", "github.com/coreos/go-oidc", "github.com/auth0/go-jwt-middleware",
	"github.com/clerk/clerk-sdk-go", "github.com/clerkinc/clerk-sdk-go", "github.com/cristalhq/jwt",
	"github.com/gbrlsnchz/jwt", "github.com/pascaldekloe/jwt", "github.com/kataras/jwt",
	"github.com/MicahParks/jwkset", "firebase.google.com/go", "google.golang.org/api/idtoken",
}

// reading begin the names of what reads one.
var reading = []string{"Parse", "Verify", "Validate", "Decode", "Decrypt", "Check", "Unmarshal"}

// reads reports whether fn reads a JWT that it is given.
func reads(fn *types.Func) bool {
	return under(sdk.Of(fn).Package, libraries...) && begins(fn, reading)
}

// readsRequest reports whether fn finds a JWT in the request that it is given.
func readsRequest(fn *types.Func) bool {
	path := sdk.Of(fn).Package
	switch {
	case under(path, "github.com/golang-jwt/jwt", "github.com/dgrijalva/jwt-go"):
		return begins(fn, []string{"ParseFromRequest"})
	case under(path, "github.com/lestrrat-go/jwx"):
		return begins(fn, []string{"ParseRequest", "ParseHeader"})
	}
	return false
}

func begins(fn *types.Func, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(fn.Name(), prefix) })
}

func under(path string, roots ...string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return path == root || strings.HasPrefix(path, root+"/") })
}

// decodes and encodes are of the alphabet that the parts of a JWT are in.
func decodes(fn *types.Func) bool {
	name := sdk.Of(fn)
	return name.Package == "encoding/base64" && (begins(fn, []string{"Decode", "AppendDecode"}) || name.Func == "NewDecoder")
}

func encodes(fn *types.Func) bool {
	return sdk.Of(fn).Package == "encoding/base64" && begins(fn, []string{"Encode", "AppendEncode"})
}

// splitting are the functions of strings and bytes that take a text apart at
// what they are given next.
var splitting = []string{"Split", "SplitN", "SplitAfter", "SplitAfterN", "SplitSeq", "SplitAfterSeq", "Cut"}

// pieces gives what is between the dots of the texts reached.
func pieces(program *flow.Program, reached *flow.Reached) []ssa.Value {
	var found []ssa.Value
	for call := range program.Calls() {
		name, arguments := sdk.Of(flow.Callee(call)), flow.Args(call)
		if (name.Package == "strings" || name.Package == "bytes") && slices.Contains(splitting, name.Func) &&
			isDot(arguments[1]) && reached.Has(arguments[0]) && call.Value() != nil {
			found = append(found, call.Value())
		}
	}
	return found
}

func isDot(v ssa.Value) bool {
	if converted, ok := v.(*ssa.Convert); ok {
		v = converted.X
	}
	c, ok := v.(*ssa.Const)
	return ok && c.Value != nil && c.Value.Kind() == constant.String && constant.StringVal(c.Value) == "."
}
