// Package flow follows values through a package: through assignments, fields,
// slices and maps, closures, calls inside the package, and those of the
// standard library that hand on what they are given.
//
// It has no order of statements and no elements of containers: what is stored
// in a map is in all of it. It has calls apart, three deep: what one caller
// passes does not come out at another.
package flow

import (
	"go/ast"
	"go/types"
	"iter"
	"reflect"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/secureflows/secureflows-go/vet/internal/sdk"
)

// Analyzer builds the Program of a package that is built on the SDK, and gives
// nil for any other. It is not buildssa, which builds every package, and has
// facts computed for all they import.
var Analyzer = &analysis.Analyzer{
	Name:       "flow",
	Doc:        "builds the SSA form of packages that are built on the SDK",
	ResultType: reflect.TypeFor[*Program](),
	Run:        build,
}

// Program is one package and the values that flow through it.
type Program struct {
	// Package is the package in SSA form.
	Package *ssa.Package
	// Functions are those of the package with a body, literals included, in the
	// order of the source.
	Functions []*ssa.Function

	own        map[*ssa.Function]bool
	named      []types.Type // those of the package, for calls by interface
	sites      map[*ssa.Function][]ssa.CallInstruction
	closures   map[*ssa.Function][]*ssa.MakeClosure
	stores     map[any][]ssa.Value // by cell: a field, a global, the root of an address
	edges      map[any][]edge
	returnsAt  map[*ssa.Function][][]ssa.Value
	calleeMemo map[ssa.CallInstruction][]*ssa.Function
}

// Of gives the Program of a pass whose analyzer requires Analyzer.
func Of(pass *analysis.Pass) *Program {
	program, _ := pass.ResultOf[Analyzer].(*Program)
	return program
}

func build(pass *analysis.Pass) (any, error) {
	if sdk.Own(pass.Pkg.Path()) || !sdk.Imported(pass.Pkg) {
		return (*Program)(nil), nil
	}
	prog := ssa.NewProgram(pass.Fset, ssa.BuilderMode(0))
	prog.SetNoReturn(noReturn)
	for _, imported := range pass.Pkg.Imports() {
		prog.CreatePackage(imported, nil, nil, true)
	}
	p := &Program{
		Package:    prog.CreatePackage(pass.Pkg, pass.Files, pass.TypesInfo, false),
		own:        map[*ssa.Function]bool{},
		sites:      map[*ssa.Function][]ssa.CallInstruction{},
		closures:   map[*ssa.Function][]*ssa.MakeClosure{},
		stores:     map[any][]ssa.Value{},
		edges:      map[any][]edge{},
		returnsAt:  map[*ssa.Function][][]ssa.Value{},
		calleeMemo: map[ssa.CallInstruction][]*ssa.Function{},
	}
	p.Package.Build()
	p.collect(pass)
	p.index()
	p.connect()
	return p, nil
}

// noReturn names what ends a program, so that no value flows on from there.
func noReturn(fn *types.Func) bool {
	return sdk.In(fn,
		sdk.Name{Package: "os", Func: "Exit"}, sdk.Name{Package: "runtime", Func: "Goexit"},
		sdk.Name{Package: "log", Func: "Fatal"}, sdk.Name{Package: "log", Func: "Fatalf"}, sdk.Name{Package: "log", Func: "Fatalln"})
}

func (p *Program) collect(pass *analysis.Pass) {
	var add func(fn *ssa.Function)
	add = func(fn *ssa.Function) {
		if fn == nil || p.own[fn] {
			return
		}
		p.own[fn] = true
		p.Functions = append(p.Functions, fn)
		for _, anonymous := range fn.AnonFuncs {
			add(anonymous)
		}
	}
	add(p.Package.Func("init")) // the initial values of variables
	for _, file := range pass.Files {
		for _, declaration := range file.Decls {
			if declared, ok := declaration.(*ast.FuncDecl); ok {
				if fn, ok := pass.TypesInfo.Defs[declared.Name].(*types.Func); ok {
					add(p.Package.Prog.FuncValue(fn))
				}
			}
		}
	}
	for _, member := range p.Package.Members {
		if t, ok := member.(*ssa.Type); ok && !types.IsInterface(t.Type()) {
			p.named = append(p.named, t.Type())
		}
	}
}

// instructions gives every instruction of the package.
func (p *Program) instructions() iter.Seq[ssa.Instruction] {
	return func(yield func(ssa.Instruction) bool) {
		for _, fn := range p.Functions {
			for _, block := range fn.Blocks {
				for _, instruction := range block.Instrs {
					if !yield(instruction) {
						return
					}
				}
			}
		}
	}
}

// Instructions gives every instruction of one function.
func Instructions(fn *ssa.Function) iter.Seq[ssa.Instruction] {
	return func(yield func(ssa.Instruction) bool) {
		for _, block := range fn.Blocks {
			for _, instruction := range block.Instrs {
				if !yield(instruction) {
					return
				}
			}
		}
	}
}

// Calls gives every call of the package, go and defer included.
func (p *Program) Calls() iter.Seq[ssa.CallInstruction] {
	return func(yield func(ssa.CallInstruction) bool) {
		for instruction := range p.instructions() {
			if call, ok := instruction.(ssa.CallInstruction); ok && !yield(call) {
				return
			}
		}
	}
}

// Own reports whether fn is a function of this package, with a body.
func (p *Program) Own(fn *ssa.Function) bool { return fn != nil && p.own[fn] }

// Sites gives the calls of a function of this package that are seen in it.
func (p *Program) Sites(fn *ssa.Function) []ssa.CallInstruction { return p.sites[fn] }

// FieldStores gives every store to a field of a struct, and the field.
func (p *Program) FieldStores() iter.Seq2[*ssa.Store, *types.Var] {
	return func(yield func(*ssa.Store, *types.Var) bool) {
		for instruction := range p.instructions() {
			store, ok := instruction.(*ssa.Store)
			if !ok {
				continue
			}
			if field := Field(store.Addr); field != nil && !yield(store, field) {
				return
			}
		}
	}
}
