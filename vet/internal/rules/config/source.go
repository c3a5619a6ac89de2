package config

import (
	constants "go/constant"
	"go/types"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/flow"
	"github.com/secureflows/secureflows-go/vet/internal/input"
	"github.com/secureflows/secureflows-go/vet/internal/report"
	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Packages beside the standard library's, by the beginning of their paths.
var (
	// settings read the environment, or files that are written for a deployment.
	settings = []string{"github.com/spf13/viper", "github.com/knadh/koanf", "github.com/joho/godotenv"}
	// fillers fill a struct from the environment.
	fillers = []string{
		"github.com/kelseyhightower/envconfig", "github.com/caarlos0/env", "github.com/sethvargo/go-envconfig",
		"github.com/joeshaw/envdecode", "github.com/ilyakaznacheev/cleanenv", "github.com/vrischmann/envconfig",
	}
	flaggers = []string{"flag", "github.com/spf13/pflag", "github.com/urfave/cli", "github.com/alecthomas/kingpin"}
)

func under(path string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return input.Under(path, root) })
}

// environment gives what is read from the environment: by os, by packages for
// it, and in fields whose tags say so.
func environment(pass *report.Pass, program *flow.Program) []ssa.Value {
	var found []ssa.Value
	filled := tagged(pass)
	for call := range program.Calls() {
		name := sdk.Of(flow.Callee(call))
		switch {
		case name.Package == "os" && slices.Contains([]string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"}, name.Func),
			name.Package == "syscall" && name.Func == "Getenv",
			under(name.Package, settings) && strings.HasPrefix(name.Func, "Get"),
			under(name.Package, settings) && slices.Contains([]string{"String", "MustString", "Read"}, name.Func):
			if v := call.Value(); v != nil {
				found = append(found, v)
			}
		case under(name.Package, fillers), under(name.Package, settings) && strings.HasPrefix(name.Func, "Unmarshal"):
			for _, argument := range flow.Args(call) {
				found = append(found, fill(filled, argument)...)
			}
		}
	}
	return append(found, input.Uses(program, func(field *types.Var) bool { return filled[field] })...)
}

// fill notes the fields of what a call fills, and gives those of a Config which
// it fills itself.
func fill(filled map[*types.Var]bool, into ssa.Value) []ssa.Value {
	if made, ok := into.(*ssa.MakeInterface); ok {
		into = made.X
	}
	if constant(into) != "" || sdk.Is(into.Type(), sdk.Path, "Config") {
		return []ssa.Value{into}
	}
	if pointer, ok := into.Type().Underlying().(*types.Pointer); ok && sdk.Named(pointer) != nil {
		for _, field := range input.Fields(pointer) {
			filled[field.Variable] = field.Variable.Pkg() == sdk.Named(pointer).Obj().Pkg()
		}
	}
	return nil
}

// tagged gives the fields of the package's structs whose tags name a variable of
// the environment.
func tagged(pass *report.Pass) map[*types.Var]bool {
	found := map[*types.Var]bool{}
	scope := pass.Pkg.Scope()
	for _, name := range scope.Names() {
		declared, ok := scope.Lookup(name).(*types.TypeName)
		if !ok {
			continue
		}
		if _, ok := declared.Type().Underlying().(*types.Struct); !ok {
			continue
		}
		for _, field := range input.Fields(declared.Type()) {
			_, env := field.Tags.Lookup("env")
			_, envconfig := field.Tags.Lookup("envconfig")
			if env || envconfig {
				found[field.Variable] = true
			}
		}
	}
	return found
}

// flags gives what the call of the program says.
func flags(program *flow.Program) []ssa.Value {
	var found []ssa.Value
	fields := map[*types.Var]bool{}
	for call := range program.Calls() {
		name, arguments := sdk.Of(flow.Callee(call)), flow.Args(call)
		if !under(name.Package, flaggers) || !strings.HasPrefix(name.Func, "String") && !strings.HasPrefix(name.Func, "GetString") &&
			name.Func != "Arg" && name.Func != "Args" && name.Func != "TextVar" && name.Func != "Var" {
			continue
		}
		if strings.Contains(name.Func, "Var") && len(arguments) > 0 {
			into := arguments[0]
			if field := flow.Field(into); field != nil && constant(into) == "" {
				fields[field] = true
				continue
			}
			found = append(found, into)
		} else if v := call.Value(); v != nil {
			found = append(found, v)
		}
	}
	for _, fn := range program.Functions {
		for instruction := range flow.Instructions(fn) {
			if load, ok := instruction.(*ssa.UnOp); ok && isArgs(load.X) {
				found = append(found, load)
			}
		}
	}
	return append(found, input.Uses(program, func(field *types.Var) bool { return fields[field] })...)
}

func isArgs(v ssa.Value) bool {
	variable, ok := v.(*ssa.Global)
	return ok && variable.Pkg.Pkg.Path() == "os" && variable.Name() == "Args"
}

// serves reports whether a package is of a server: it listens for requests, or
// guards routes. The flags of a tool, which its user gives, are no concern.
func serves(program *flow.Program) bool {
	for call := range program.Calls() {
		name := sdk.Of(flow.Callee(call))
		switch {
		case name.Package == "net/http" && (strings.HasPrefix(name.Func, "ListenAndServe") || strings.HasPrefix(name.Func, "Serve") && name.Receiver != "ServeMux" && name.Func != "ServeHTTP"),
			name.Package == sdk.MiddlewarePath && (name.Func == "NewBearer" || name.Func == "NewBrowser"),
			input.Under(name.Package, "github.com/gin-gonic/gin") && strings.HasPrefix(name.Func, "Run"),
			input.Under(name.Package, "github.com/labstack/echo") && strings.HasPrefix(name.Func, "Start"):
			return true
		}
	}
	return false
}

// demonstrates reports whether a program runs without a deployment unless its
// flags say otherwise: it has the mock within, or its origin is on loopback by
// default. Such a program belongs to no workspace that could be written into it.
func demonstrates(pass *report.Pass, program *flow.Program, sinks []sink) bool {
	for _, imported := range pass.Pkg.Imports() {
		if imported.Path() == sdk.TestPath {
			return true
		}
	}
	for _, flag := range flags(program) {
		call, ok := flag.(*ssa.Call)
		if !ok || !slices.ContainsFunc(flow.Args(call), onLoopback) {
			continue
		}
		reached := program.Reach(flow.Query{Sources: []ssa.Value{call}, Stop: harmless})
		for _, sink := range sinks {
			if sink.field == "Origin" && reached.Has(sink.store.Val) {
				return true
			}
		}
	}
	return false
}

func onLoopback(v ssa.Value) bool {
	c, ok := v.(*ssa.Const)
	if !ok || c.Value == nil || c.Value.Kind() != constants.String {
		return false
	}
	address, err := url.Parse(constants.StringVal(c.Value))
	return err == nil && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, address.Hostname())
}
