package flow

import (
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// texts are the packages whose functions give back what they are given, in
// another form.
var texts = []string{
	"bytes", "strings", "slices", "maps", "strconv", "html", "path", "path/filepath", "net/url", "regexp",
	"encoding/json", "encoding/base64", "encoding/base32", "encoding/hex", "encoding/xml", "encoding/binary",
	"unicode/utf8", "unsafe", "bufio", "text/template", "html/template", "net/textproto",
}

// handOn names functions of other packages that give back what they are given.
var handOn = map[string][]string{
	"fmt":      {"Sprint", "Sprintf", "Sprintln", "Append", "Appendf", "Appendln", "Errorf"},
	"errors":   {"New", "Join", "Unwrap"},
	"io":       {"ReadAll", "TeeReader", "LimitReader", "NopCloser", "MultiReader"},
	"net/http": {"Get", "Values", "Clone", "Header", "FormValue", "PathValue"},
	"sync":     {"Load", "LoadOrStore", "Swap", "Get"},
	"context":  {"WithValue", "Value", "WithCancel", "WithTimeout", "WithDeadline"},
	"cmp":      {"Or"},
	"log/slog": {"String", "Any", "Group", "StringValue", "AnyValue", "GroupValue", "With"},
	"math/big": {"SetString", "String", "SetBytes", "Bytes"},
	"mime":     {"FormatMediaType"},
	"net/mail": {"ParseAddress"},
}

// keeps are the methods that put their arguments into their receiver, by name,
// in packages that texts or handOn have.
var keeps = []string{
	"Write", "WriteString", "WriteByte", "WriteRune", "Set", "Add", "Store", "SetString", "ReadFrom", "Encode",
	"SetPathValue", "Put", "Reset", "UnmarshalJSON",
}

// foreign makes the edges past a function of another package.
func (p *Program) foreign(call ssa.CallInstruction) {
	callee := Callee(call)
	if callee == nil || callee.Pkg() == nil {
		return
	}
	path, name := callee.Pkg().Path(), callee.Name()
	switch {
	case p.writes(call, path, name):
		return
	case !slices.Contains(texts, path) && !slices.Contains(handOn[path], name):
		return
	}
	receiver := Receiver(call)
	if receiver != nil && slices.Contains(keeps, name) {
		for _, argument := range Args(call) {
			p.into(receiver, argument, keep)
		}
	}
	p.past(call)
}

// past makes the edges from everything a call is given to what it results in.
func (p *Program) past(call ssa.CallInstruction) {
	for _, result := range results(call) {
		for _, argument := range allArgs(call) {
			p.edge(argument, result, print)
		}
	}
}

// results gives what a call results in, but for conditions, and for errors that
// are not made of what the call is given, as those of fmt and errors are.
func results(call ssa.CallInstruction) []ssa.Value {
	v := call.Value()
	if v == nil {
		return nil
	}
	n := call.Common().Signature().Results().Len()
	var found []ssa.Value
	for i := range n {
		if result := resultOf(call, i); result != nil && !isBool(result.Type()) && (makesErrors(call) || !isError(result.Type())) {
			found = append(found, result)
		}
	}
	return found
}

func makesErrors(call ssa.CallInstruction) bool {
	callee := Callee(call)
	return callee != nil && callee.Pkg() != nil && (callee.Pkg().Path() == "fmt" || callee.Pkg().Path() == "errors")
}

// writes makes the edges of functions that write to one of their arguments, and
// reports whether this was one.
func (p *Program) writes(call ssa.CallInstruction, path, name string) bool {
	arguments := Args(call)
	switch {
	case path == "fmt" && strings.HasPrefix(name, "Fprint"),
		path == "io" && (name == "WriteString" || strings.HasPrefix(name, "Copy")):
		for _, argument := range arguments[1:] {
			p.into(arguments[0], argument, keep)
		}
	case path == "fmt" && strings.HasPrefix(name, "Sscan"),
		path == "encoding/json" && (name == "Unmarshal" || name == "Indent" || name == "Compact" || name == "HTMLEscape"),
		path == "encoding/xml" && name == "Unmarshal":
		for _, v := range arguments {
			for _, w := range arguments {
				if v != w && writable(w) {
					p.into(w, v, keep)
				}
			}
		}
	case (path == "encoding/json" || path == "encoding/xml") && name == "Decode":
		p.into(arguments[0], Receiver(call), keep)
	default:
		return false
	}
	return true
}

// writable reports whether a function can write through v.
func writable(v ssa.Value) bool {
	if made, ok := v.(*ssa.MakeInterface); ok {
		v = made.X
	}
	switch v.Type().Underlying().(type) {
	case *types.Pointer, *types.Map, *types.Slice, *types.Interface:
		return true
	}
	return false
}
