// Package sdk knows the names of the SDK, by what the type checker resolved and
// never by text: a method Revoke of another type is none of ours.
package sdk

import (
	"go/types"
	"slices"
	"strings"
)

// Where the packages of the SDK lie.
const (
	Path           = "github.com/secureflows/secureflows-go"
	MiddlewarePath = Path + "/middleware"
	TestPath       = Path + "/secureflowstest"
)

// Imported reports whether pkg is built on the SDK, itself or by a package of
// its own. All other packages are of no concern to any rule, and nothing is
// built for them.
func Imported(pkg *types.Package) bool {
	return everywhere || reaches(pkg, map[*types.Package]bool{})
}

var everywhere bool

// LookEverywhere has the rules look at every package, for the survey of code
// that is not built on the SDK. It is to be called before they run.
func LookEverywhere() { everywhere = true }

func reaches(pkg *types.Package, seen map[*types.Package]bool) bool {
	if seen[pkg] {
		return false
	}
	seen[pkg] = true
	for _, imported := range pkg.Imports() {
		if Belongs(imported) || reaches(imported, seen) {
			return true
		}
	}
	return false
}

// Belongs reports whether pkg is one of the SDK's packages.
func Belongs(pkg *types.Package) bool {
	return pkg != nil && (pkg.Path() == Path || strings.HasPrefix(pkg.Path(), MiddlewarePath) || pkg.Path() == TestPath)
}

// Own reports whether the path is of the SDK's own implementation, where tokens
// are revealed to be sent. The examples are a user's code and are looked at.
func Own(path string) bool {
	path, _, _ = strings.Cut(path, " ") // "p [p.test]" is p, built for its test
	path = strings.TrimSuffix(strings.TrimSuffix(path, ".test"), "_test")
	return path == Path || strings.HasPrefix(path, MiddlewarePath) || path == TestPath ||
		strings.HasPrefix(path, Path+"/internal/")
}

// A Name is a function, or a method with its receiver's type, of a package.
type Name struct{ Package, Receiver, Func string }

// Of gives the name of a function as declared; an instance of a generic
// function has the name of what it is an instance of.
func Of(fn *types.Func) Name {
	if fn == nil || fn.Pkg() == nil {
		return Name{}
	}
	name := Name{Package: fn.Pkg().Path(), Func: fn.Name()}
	if receiver := fn.Signature().Recv(); receiver != nil {
		name.Receiver = TypeName(receiver.Type())
	}
	return name
}

// TypeName gives the name of a type without its package, through one pointer;
// "" for a type that has none.
func TypeName(t types.Type) string {
	if named := Named(t); named != nil {
		return named.Obj().Name()
	}
	return ""
}

// Named gives the named type that t is, or points to, or nil.
func Named(t types.Type) *types.Named {
	t = types.Unalias(t)
	if pointer, ok := t.(*types.Pointer); ok {
		t = types.Unalias(pointer.Elem())
	}
	named, _ := t.(*types.Named)
	return named
}

// Is reports whether t is, or points to, the named type of the package.
func Is(t types.Type, path, name string) bool {
	named := Named(t)
	return named != nil && named.Obj().Name() == name && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == path
}

// In reports whether fn is one of the names.
func In(fn *types.Func, names ...Name) bool { return slices.Contains(names, Of(fn)) }
