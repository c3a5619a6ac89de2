// Package input knows how a program gets at what the sender of a request wrote,
// with net/http, chi, gin, echo and gorilla/mux.
package input

import (
	"go/types"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Requests gives the parameters by which a request comes in. The one that a
// RoundTrip is given goes out.
func Requests(program *flow.Program) []ssa.Value {
	var found []ssa.Value
	for _, fn := range program.Functions {
		if fn.Name() == "RoundTrip" {
			continue
		}
		for _, parameter := range fn.Params {
			if IsRequest(parameter.Type()) {
				found = append(found, parameter)
			}
		}
	}
	return found
}

// IsRequest reports whether values of a type stand for a request.
func IsRequest(t types.Type) bool {
	return sdk.Is(t, "net/http", "Request") || sdk.Is(t, "github.com/gin-gonic/gin", "Context") ||
		IsEcho(t)
}

// IsEcho reports whether t is echo's context, of any version.
func IsEcho(t types.Type) bool {
	named := sdk.Named(t)
	return named != nil && named.Obj().Name() == "Context" && named.Obj().Pkg() != nil &&
		strings.HasPrefix(named.Obj().Pkg().Path(), "github.com/labstack/echo")
}

// readers are the functions that give what a request says under a name, by
// package; the name is their last argument but for a default.
var readers = map[string][]string{
	"net/http":                 {"FormValue", "PostFormValue", "PathValue", "Get", "Values", "Cookie"},
	"net/url":                  {"Get"},
	"mime/multipart":           {"Get"},
	"net/textproto":            {"Get"},
	"github.com/go-chi/chi":    {"URLParam", "URLParamFromCtx"},
	"github.com/gin-gonic/gin": {"Param", "Query", "DefaultQuery", "GetQuery", "QueryArray", "PostForm", "DefaultPostForm", "GetPostForm", "GetHeader", "Cookie"},
	"github.com/labstack/echo": {"Param", "QueryParam", "FormValue", "Cookie", "PathParam"},
	"github.com/gorilla/mux":   {"Vars"},
}

// Reads reports whether a call gives a part of the request it is given.
func Reads(call ssa.CallInstruction) bool {
	callee := flow.Callee(call)
	if callee == nil || callee.Pkg() == nil {
		return false
	}
	for root, names := range readers {
		if Under(callee.Pkg().Path(), root) && slices.Contains(names, callee.Name()) {
			return true
		}
	}
	return Under(callee.Pkg().Path(), "github.com/labstack/echo") && (callee.Name() == "Request" || callee.Name() == "QueryParams")
}

// Under reports whether a package is, or is below, the one at root.
func Under(path, root string) bool { return path == root || strings.HasPrefix(path, root+"/") }

// Decoded gives the struct that a call fills from what it is given: by an
// encoding, or by a binder of a framework; nil for any other call.
func Decoded(call ssa.CallInstruction) ssa.Value {
	callee := flow.Callee(call)
	arguments := flow.Args(call)
	if callee == nil || callee.Pkg() == nil || len(arguments) == 0 {
		return nil
	}
	path, name := callee.Pkg().Path(), callee.Name()
	var into ssa.Value
	switch {
	case name == "Unmarshal" || name == "Decode" || name == "DecodeJSON" || name == "UnmarshalRead":
		into = arguments[len(arguments)-1]
		if name == "Decode" && strings.HasPrefix(path, "github.com/gorilla/schema") {
			into = arguments[0]
		}
	case Binds(call):
		into = arguments[0]
	default:
		return nil
	}
	if made, ok := into.(*ssa.MakeInterface); ok {
		return made.X
	}
	return into
}

// Filled gives the fields of the structs that a call which decodes may fill:
// also those that are handed to the function it is in, or that are made there
// for a type parameter.
func Filled(program *flow.Program, call ssa.CallInstruction) []Field {
	into := Decoded(call)
	if into == nil {
		return nil
	}
	found := Fields(into.Type())
	for origin := range program.Origins(into) {
		found = append(found, Fields(origin.Type())...)
	}
	if pointer, ok := into.Type().Underlying().(*types.Pointer); ok {
		if _, generic := types.Unalias(pointer.Elem()).(*types.TypeParam); generic {
			for _, site := range program.Sites(call.Parent()) {
				if result := flow.Result(site, 0); result != nil {
					found = append(found, Fields(result.Type())...)
				}
			}
		}
	}
	return found
}

// Binds reports whether a call is a framework's, which fills a struct from the
// request.
func Binds(call ssa.CallInstruction) bool {
	callee := flow.Callee(call)
	if callee == nil || callee.Pkg() == nil || len(flow.Args(call)) == 0 {
		return false
	}
	path, name := callee.Pkg().Path(), callee.Name()
	return Under(path, "github.com/gin-gonic/gin") && (strings.HasPrefix(name, "Bind") || strings.HasPrefix(name, "ShouldBind")) ||
		Under(path, "github.com/labstack/echo") && name == "Bind"
}

// A Field is one of a struct that is filled, and the names it goes by: its own,
// and those that tags give it.
type Field struct {
	Variable *types.Var
	Names    []string
	Tags     reflect.StructTag
}

// Fields gives the fields of a type, of what it points to or is a list of, and
// of the structs in it.
func Fields(t types.Type) []Field { return fields(t, nil) }

func fields(t types.Type, seen []types.Type) []Field {
	if slices.Contains(seen, t) {
		return nil
	}
	seen = append(seen, t)
	var found []Field
	switch t := t.Underlying().(type) {
	case *types.Pointer:
		return fields(t.Elem(), seen)
	case *types.Slice:
		return fields(t.Elem(), seen)
	case *types.Map:
		return fields(t.Elem(), seen)
	case *types.Struct:
		for i := range t.NumFields() {
			field := Field{Variable: t.Field(i).Origin(), Names: []string{t.Field(i).Name()}, Tags: reflect.StructTag(t.Tag(i))}
			for _, key := range []string{"json", "form", "query", "param", "uri", "header", "xml", "schema"} {
				name, _, _ := strings.Cut(field.Tags.Get(key), ",")
				if name != "" && name != "-" {
					field.Names = append(field.Names, name)
				}
			}
			found = append(found, field)
			found = append(found, fields(t.Field(i).Type(), seen)...)
		}
	}
	return found
}

// Uses gives the places where one of the fields is read or addressed.
func Uses(program *flow.Program, of func(*types.Var) bool) []ssa.Value {
	var found []ssa.Value
	for _, fn := range program.Functions {
		for instruction := range flow.Instructions(fn) {
			v, ok := instruction.(ssa.Value)
			if !ok {
				continue
			}
			if field := flow.Field(v); field != nil && of(field) {
				found = append(found, v)
			}
		}
	}
	return found
}

// Bound gives the places where fields are read that a framework filled from the
// request.
func Bound(program *flow.Program) []ssa.Value {
	filled := map[*types.Var]bool{}
	for call := range program.Calls() {
		if Binds(call) {
			for _, field := range Filled(program, call) {
				filled[field.Variable] = true
			}
		}
	}
	return Uses(program, func(field *types.Var) bool { return filled[field] })
}
